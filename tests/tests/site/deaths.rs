//! Servers and the database die or hang under load: nothing that was answered is lost, and nobody is signed out.

use crate::client::{Client, Outcome};
use crate::place::Site;
use protocol::Secret;
use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;
use vigie_tests::Disk;

const TILLS: usize = 12;

/// What all tills share.
struct Shift {
    urls: [String; 2],
    over: AtomicBool,
    refreshes: AtomicUsize,
    sales: AtomicUsize,
    retries: AtomicUsize,
    last_reason: Mutex<String>,
}

impl Shift {
    /// Repeats a call at one server after the other until there is a verdict. A refusal is a sign-out by accident.
    async fn until_done<'a, T: Debug, F: Future<Output = Outcome<T>>>(
        &'a self,
        call: impl Fn(&'a str) -> F,
    ) -> T {
        for turn in 0.. {
            match call(&self.urls[turn % 2]).await {
                Outcome::Done(done) => return done,
                Outcome::Refused(code) => panic!("signed out by accident: {code}"),
                Outcome::NotNow(why) => {
                    *self.last_reason.lock().unwrap() = why;
                    self.retries.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
        unreachable!("it tries for as long as it takes")
    }
}

/// Refreshes and sells, one after the other, until the shift is over. Gives the tickets that were acknowledged.
async fn till(client: Client, shift: Arc<Shift>, mut token: Secret, category: Uuid) -> Vec<Uuid> {
    let mut tickets = Vec::new();
    while !shift.over.load(Ordering::Relaxed) {
        let attempt = Uuid::new_v4();
        let tokens = shift.until_done(|url| client.refresh(url, &token, attempt)).await;
        shift.refreshes.fetch_add(1, Ordering::Relaxed);
        let ticket = Uuid::new_v4();
        shift
            .until_done(|url| client.sell(url, &tokens.access_token, ticket, category))
            .await;
        shift.sales.fetch_add(1, Ordering::Relaxed);
        tickets.push(ticket);
        token = tokens.refresh_token;
    }
    tickets
}

/// Waits until every till has got on by so much.
async fn work_goes_on(shift: &Shift) {
    let before = shift.sales.load(Ordering::Relaxed);
    for _ in 0..1_200 {
        if shift.sales.load(Ordering::Relaxed) >= before + 10 * TILLS {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("no work gets done: {}", shift.last_reason.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_of_servers_and_database_lose_nothing_and_sign_nobody_out() {
    let mut site = Site::apart(Disk::Waited);
    let (client, urls) = (site.client(), site.urls());
    let shift = Arc::new(Shift {
        urls,
        over: AtomicBool::new(false),
        refreshes: AtomicUsize::new(0),
        sales: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        last_reason: Mutex::default(),
    });
    let mut tills = Vec::new();
    for _ in 0..TILLS {
        let answer = client.login(&shift.urls[0], "camille").await.done();
        let category = client.category(&shift.urls[0], &answer.tokens.access_token).await;
        let token = answer.tokens.refresh_token;
        tills.push(tokio::spawn(till(
            client.clone(),
            Arc::clone(&shift),
            token,
            category,
        )));
    }

    work_goes_on(&shift).await;
    for round in 0..3 {
        let dying = &mut site.servers[round % 2];
        dying.kill().unwrap();
        work_goes_on(&shift).await;
        dying.serve().unwrap();
        work_goes_on(&shift).await;

        site.postgres.kill().unwrap();
        sleep(Duration::from_millis(300)).await;
        site.postgres.start_again().unwrap();
        work_goes_on(&shift).await;

        site.postgres.freeze().unwrap();
        sleep(Duration::from_secs(2)).await;
        site.postgres.thaw().unwrap();
        work_goes_on(&shift).await;

        let network = site.network.as_ref().unwrap();
        match round {
            0 => network.refuse().unwrap(),
            1 => network.lose(40).unwrap(),
            _ => network.cut_silently().unwrap(),
        }
        sleep(Duration::from_secs(8)).await;
        network.restore().unwrap();
        work_goes_on(&shift).await;
    }
    shift.over.store(true, Ordering::Relaxed);

    let mut acknowledged = Vec::new();
    for till in tills {
        acknowledged.extend(till.await.unwrap());
    }
    let kept = site
        .postgres
        .sql("vigie", "SELECT idempotency_key FROM sales ORDER BY 1")
        .unwrap();
    let mut kept: Vec<Uuid> = kept.lines().filter_map(|line| line.trim().parse().ok()).collect();
    kept.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(
        kept, acknowledged,
        "every ticket that was acknowledged is there once, and no other"
    );
    let revoked = site
        .postgres
        .sql(
            "vigie",
            "SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL",
        )
        .unwrap();
    assert!(revoked.split_whitespace().any(|word| word == "0"), "{revoked}");
    println!(
        "{} refreshes, {} sales, {} retries: nothing lost, nobody signed out",
        shift.refreshes.load(Ordering::Relaxed),
        shift.sales.load(Ordering::Relaxed),
        shift.retries.load(Ordering::Relaxed)
    );
}
