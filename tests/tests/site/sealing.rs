//! Two processes seal one audit log: its chain is unbroken, also where one of them is killed at it.

use crate::place::Site;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use vigie_tests::Disk;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_seal_one_unbroken_chain() {
    let mut site = Site::open(Disk::NotWaited);
    let over = Arc::new(AtomicBool::new(false));
    let signed_in = Arc::new(AtomicUsize::new(0));
    let tills: Vec<_> = site
        .urls()
        .into_iter()
        .cycle()
        .take(6)
        .map(|url| {
            let (client, over, signed_in) = (site.client(), Arc::clone(&over), Arc::clone(&signed_in));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    if let crate::client::Outcome::Done(_) = client.login(&url, "camille").await {
                        signed_in.fetch_add(1, Ordering::Relaxed);
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    for round in 0..4 {
        sleep(Duration::from_millis(1_700)).await;
        let said = site.servers[0].command(["audit", "verify"], b"").unwrap();
        assert!(said.contains("are as they were sealed"), "{said}");
        let dying = &mut site.servers[round % 2];
        dying.kill().unwrap();
        sleep(Duration::from_millis(600)).await;
        dying.serve().unwrap();
    }
    over.store(true, Ordering::Relaxed);
    for till in tills {
        till.await.unwrap();
    }
    for server in &mut site.servers {
        server.stop().unwrap();
    }
    let said = site.servers[1].command(["audit", "verify"], b"").unwrap();
    assert!(
        said.contains("are as they were sealed") && !said.contains("not sealed"),
        "{said}"
    );
    let counted = |sql: &str| -> usize {
        let answer = site.postgres.sql("vigie", sql).unwrap();
        answer
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .unwrap()
    };
    let rows = counted("SELECT count(*) FROM audit_log");
    assert!(rows >= signed_in.load(Ordering::Relaxed), "{rows}");
    assert_eq!(counted("SELECT max(sequence) FROM audit_log"), rows);
    assert_eq!(counted("SELECT count(*) FROM audit_links"), rows);
    assert_eq!(counted("SELECT max(to_sequence) FROM audit_seals"), rows);
    assert_eq!(
        counted("SELECT count(*) FROM audit_seals"),
        counted("SELECT max(number) FROM audit_seals")
    );
    site.postgres
        .sql(
            "vigie",
            "DROP TRIGGER audit_log_is_not_changed ON audit_log; UPDATE audit_log SET reason = 'x' WHERE sequence = 5",
        )
        .unwrap();
    let refused = site.servers[1]
        .command(["audit", "verify"], b"")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("audit_row_changed: row 5"), "{refused}");
}
