//! Pages of a long audit log: each filter finds a full page in order. Prints how long each first page took; with
//! `VIGIE_AUDIT_ROWS=1000000` that is the figure for a log of a million rows.

use std::time::Instant;

use protocol::audit::AuditResult;
use rusqlite::Connection;
use store::{AuditFilter, AuditLog as _, Store as _};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

/// Rows of two organisations and fifty people; one in a hundred was denied, one in two hundred impersonated.
const FILL: &str = "INSERT INTO audit_log
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
    SELECT n, randomblob(16), 1700000000000 + n * 1000,
        CAST(substr('aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb', 1 + 16 * (n % 10 = 0), 16) AS BLOB),
        CAST(printf('%016d', n % 50) AS BLOB), CAST(printf('%016d', n / 500) AS BLOB),
        CASE n % 10 WHEN 0 THEN 'login.denied' WHEN 1 THEN 'site.renamed' WHEN 2 THEN 'session.revoked'
            ELSE 'session.created' END,
        printf('till:%d', n % 1000), '{\"n\":1}', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64)', hex(randomblob(16)),
        CASE WHEN n % 100 = 0 THEN 'denied' ELSE 'done' END, NULL,
        CASE WHEN n % 200 = 1 THEN CAST(printf('%016d', n % 7) AS BLOB) END, '{}', '{}', 'Caisse 1' FROM n";

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long a page took is printed; nothing is decided by it"
)]
async fn each_filter_finds_a_full_page_of_a_long_log() {
    let id = |n: u32| Uuid::from_slice(format!("{n:016}").as_bytes()).unwrap();
    let rows: i64 = std::env::var("VIGIE_AUDIT_ROWS").map_or(20_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    SqliteStore::open(&path, Options::default())
        .unwrap()
        .close()
        .await;
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = OFF; DROP TRIGGER audit_log_has_no_gap")
        .unwrap();
    connection.execute(FILL, [rows]).unwrap();
    drop(connection);
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let (all, port) = (
        AuditFilter::default,
        Some(Uuid::from_slice(b"bbbbbbbbbbbbbbbb").unwrap()),
    );
    let actions = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let session = id(u32::try_from(rows / 1_000).unwrap());
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
                session_id: Some(session),
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
    for (what, filter) in cases {
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
}
