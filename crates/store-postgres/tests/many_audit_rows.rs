//! Pages of a long audit log: each filter finds a full page in order, and reads no row but by an index. Prints how long each
//! first page took and by which indexes; with `VIGIE_AUDIT_ROWS=1000000` that is the figure for a log of a million rows.

use std::time::Instant;

use protocol::audit::AuditResult;
use store::{AuditFilter, AuditLog as _};
use uuid::Uuid;
use vigie_tests::{Disk, Postgres};

mod scene;

/// From the next connection on the server's log holds the plan of every statement.
const EXPLAIN: &str = "ALTER DATABASE vigie SET session_preload_libraries = 'auto_explain';
    ALTER DATABASE vigie SET auto_explain.log_min_duration = 0";

/// Rows of two organisations and fifty people; one in a hundred was denied, one in two hundred impersonated.
const FILL: &str = "ALTER TABLE audit_log DISABLE TRIGGER audit_log_has_no_gap; INSERT INTO audit_log
    SELECT n, gen_random_uuid(), 1700000000000 + n * 1000,
        lpad((n % 10 = 0)::int::text, 32, '0')::uuid, lpad((n % 50)::text, 32, '0')::uuid, lpad((n / 500)::text, 32, '0')::uuid,
        CASE n % 10 WHEN 0 THEN 'login.denied' WHEN 1 THEN 'site.renamed' WHEN 2 THEN 'session.revoked'
            ELSE 'session.created' END,
        'till:' || n % 1000, '{\"n\":1}', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64)', md5(n::text),
        CASE WHEN n % 100 = 0 THEN 'denied' ELSE 'done' END, NULL,
        CASE WHEN n % 200 = 1 THEN lpad((n % 7)::text, 32, '0')::uuid END, '{}', '{}', 'Caisse 1'
    FROM generate_series(1, ROWS) n; ALTER TABLE audit_log ENABLE TRIGGER audit_log_has_no_gap; ANALYZE audit_log";

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long a page took is printed; nothing is decided by it"
)]
async fn each_filter_finds_a_full_page_of_a_long_log() {
    let id = |n: i64| format!("{n:032}").parse::<Uuid>().unwrap();
    let rows: i64 = std::env::var("VIGIE_AUDIT_ROWS").map_or(20_000, |text| text.parse().unwrap());
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = scene::open(&server).await.unwrap();
    server
        .sql("vigie", &FILL.replace("ROWS", &rows.to_string()))
        .unwrap();
    let (all, port) = (AuditFilter::default, Some(id(1)));
    let actions = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let oldest = 1_700_000_000_000 + rows * 100;
    let cases = [
        ("nothing", all()),
        (
            "an organisation",
            AuditFilter {
                organization_id: port,
                ..all()
            },
        ),
        (
            "an action",
            AuditFilter {
                actions: actions(&["session.revoked"]),
                ..all()
            },
        ),
        (
            "an action of an organisation",
            AuditFilter {
                actions: actions(&["login.denied"]),
                organization_id: port,
                ..all()
            },
        ),
        (
            "a group",
            AuditFilter {
                actions: actions(&[
                    "session.revoked",
                    "login.denied",
                    "session.displaced",
                    "user.added",
                ]),
                ..all()
            },
        ),
        (
            "an actor",
            AuditFilter {
                actor_user_id: Some(id(3)),
                ..all()
            },
        ),
        (
            "an actor in an organisation",
            AuditFilter {
                actor_user_id: Some(id(10)),
                organization_id: port,
                ..all()
            },
        ),
        (
            "an impersonated user",
            AuditFilter {
                impersonated_user_id: Some(id(4)),
                ..all()
            },
        ),
        (
            "a session",
            AuditFilter {
                session_id: Some(id(rows / 1_000)),
                ..all()
            },
        ),
        (
            "a target",
            AuditFilter {
                target: Some("till:7".to_owned()),
                ..all()
            },
        ),
        (
            "denied",
            AuditFilter {
                result: Some(AuditResult::Denied),
                ..all()
            },
        ),
        (
            "denied in an organisation",
            AuditFilter {
                result: Some(AuditResult::Denied),
                organization_id: port,
                ..all()
            },
        ),
        (
            "done",
            AuditFilter {
                result: Some(AuditResult::Done),
                ..all()
            },
        ),
        (
            "long ago",
            AuditFilter {
                to: Some(oldest),
                ..all()
            },
        ),
        (
            "long ago in an organisation",
            AuditFilter {
                from: Some(1_700_000_000_001),
                to: Some(oldest),
                organization_id: port,
                ..all()
            },
        ),
    ];
    for (what, filter) in &cases {
        let mut took = Vec::new();
        let mut page = Vec::new();
        for _ in 0..5 {
            let begun = Instant::now();
            page = store.audit_page(filter.clone(), None, 51).await.unwrap();
            took.push(begun.elapsed());
        }
        took.sort();
        println!(
            "{rows} rows, by {what}: {} rows; median {:?}, most {:?}",
            page.len(),
            took[2],
            took[4]
        );
        assert!(page.len() >= 10, "{what}: {}", page.len());
        assert!(
            page.is_sorted_by(|one, next| (one.row.at, one.row.sequence) > (next.row.at, next.row.sequence)),
            "{what}"
        );
    }

    server.sql("vigie", EXPLAIN).unwrap();
    let explained = scene::open(&server).await.unwrap();
    for (what, filter) in cases {
        let logged = server.log().len();
        explained.audit_page(filter, None, 51).await.unwrap();
        let log = server.log();
        let scans = scans_of_the_log(&log[logged..]);
        println!("{rows} rows, by {what}: {}", scans.join(", "));
        assert!(!scans.is_empty(), "{what}: no plan in the log");
        assert!(
            !scans.iter().any(|scan| scan.contains("Seq Scan")),
            "{what}: {scans:?}"
        );
    }
}

/// How the plans in this part of the server's log read the audit log, once each.
fn scans_of_the_log(log: &str) -> Vec<&str> {
    let mut scans: Vec<_> = log
        .lines()
        .filter(|line| line.contains("Scan") && line.contains(" on audit_log"))
        .filter_map(|line| line.split_once("  (").map(|(scan, _)| scan))
        .map(|scan| scan.trim_start_matches([' ', '\t', '-', '>']))
        .collect();
    scans.sort_unstable();
    scans.dedup();
    scans
}
