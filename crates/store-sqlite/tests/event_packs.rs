//! Single events in packs: each is a row of the view again, also those that stood in a table of their own before.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use protocol::auth::DeviceKind;
use rusqlite::Connection;
use store::insight::{ClientKind, EventBatch, EventKind, EventOutcome, Keeping, SessionEvent};
use store::{Insight as _, Store as _};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

/// A database as the schema before packs left it, with three events of two organisations and one of none.
const BEFORE_PACKS: &str = concat!(
    include_str!("../src/migrations/0001_foundation.sql"),
    include_str!("../src/migrations/0002_administration.sql"),
    include_str!("../src/migrations/0003_insight.sql"),
    include_str!("../src/migrations/0004_alerts.sql"),
    include_str!("../src/migrations/0005_categories.sql"),
    include_str!("../src/migrations/0006_audit_chain.sql"),
    include_str!("../src/migrations/0007_impersonation.sql"),
    include_str!("../src/migrations/0008_oversight.sql"),
    "PRAGMA application_id = 0x56494749;
    PRAGMA user_version = 8;
    PRAGMA journal_mode = WAL;
    INSERT INTO session_events VALUES
        (1, 60001, 'refresh', 'success', '', x'01010101010101010101010101010101', zeroblob(16),
            x'02020202020202020202020202020202', x'03030303030303030303030303030303', '192.0.2.7', '192.0.2.0/24',
            'Caisse \"1\", été', 'till', 'app', 1500, NULL),
        (2, 60002, 'end', 'success', 'expired', NULL, zeroblob(16), NULL, NULL, '', '', '', NULL, 'other', NULL, 77),
        (3, 120000, 'login', 'failure', 'wrong_password', NULL, NULL, NULL, NULL, '::1', '::/48', '', 'desk', 'browser',
            NULL, NULL);"
);

/// Every column of the view but the sequence, as text.
const ROWS: &str = "SELECT concat_ws('|', at, kind, outcome, reason, iif(user_id IS NULL, '-', hex(user_id)),
    iif(organization_id IS NULL, '-', hex(organization_id)), iif(site_id IS NULL, '-', hex(site_id)),
    iif(session_id IS NULL, '-', hex(session_id)), ip_address, network, device_name, coalesce(device_kind, '-'),
    client_kind, coalesce(latency_us, '-'), coalesce(duration_seconds, '-')) FROM session_events ORDER BY at";

fn rows(path: &std::path::Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(ROWS).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn events_of_the_schema_before_are_packed_and_read_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(BEFORE_PACKS)
        .unwrap();
    let before = rows(&path);
    assert_eq!(before.len(), 3);
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(rows(&path), before);
    assert_eq!(store.purge_events(None, i64::MAX, 10).await.unwrap(), 1);
    assert_eq!(
        store.purge_events(Some(Uuid::nil()), i64::MAX, 10).await.unwrap(),
        2
    );
    store.close().await;
    assert_eq!(rows(&path), Vec::<String>::new());
}

#[tokio::test]
async fn each_event_of_a_batch_is_a_row_of_the_view() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let event = SessionEvent {
        at: 60_001,
        kind: EventKind::Refresh,
        outcome: EventOutcome::Success,
        reason: "",
        user_id: Some(Uuid::from_bytes([1; 16])),
        organization_id: Some(Uuid::nil()),
        site_id: Some(Uuid::from_bytes([2; 16])),
        session_id: Some(Uuid::from_bytes([3; 16])),
        ip_address: "192.0.2.7".to_owned(),
        network: "192.0.2.0/24".to_owned(),
        device_name: "Caisse \"1\", été\0".to_owned(),
        device_kind: Some(DeviceKind::Till),
        client_kind: ClientKind::App,
        latency_us: Some(1_500),
        duration_seconds: None,
        keeping: Keeping::Row,
    };
    let later = SessionEvent {
        at: 60_002,
        kind: EventKind::End,
        reason: "expired",
        user_id: None,
        device_kind: None,
        latency_us: None,
        duration_seconds: Some(77),
        ..event.clone()
    };
    let only_counted = SessionEvent {
        keeping: Keeping::SumsAlone,
        ..event.clone()
    };
    let batch = EventBatch {
        id: Uuid::now_v7(),
        at: 60_003,
        events: vec![event, later, only_counted],
        reports: Vec::new(),
    };
    assert!(store.add_events(batch).await.unwrap());
    let ids = |n: u8| format!("{n:02X}").repeat(16);
    let place = format!("{}|{}|{}", ids(0), ids(2), ids(3));
    let address = "192.0.2.7|192.0.2.0/24|Caisse \"1\", été\u{fffd}";
    assert_eq!(
        rows(&path),
        [
            format!(
                "60001|refresh|success||{}|{place}|{address}|till|app|1500|-",
                ids(1)
            ),
            format!("60002|end|success|expired|-|{place}|{address}|-|app|-|77"),
        ]
    );
    store.close().await;
}
