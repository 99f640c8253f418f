//! Single events in packs: each is a row of the view again, also those that stood in a table of their own before.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use protocol::auth::DeviceKind;
use scene::open;
use store::insight::{ClientKind, EventBatch, EventKind, EventOutcome, Keeping, SessionEvent};
use store::{Insight as _, Store as _};
use uuid::Uuid;
use vigie_tests::{Disk, Postgres};

mod scene;

/// A database as the schema before packs left it, with two events of an organisation and one of none.
const BEFORE_PACKS: &str = concat!(
    include_str!("../src/migrations/0001_foundation.sql"),
    include_str!("../src/migrations/0002_insight.sql"),
    include_str!("../src/migrations/0003_alerts.sql"),
    include_str!("../src/migrations/0004_categories.sql"),
    include_str!("../src/migrations/0005_audit_chain.sql"),
    include_str!("../src/migrations/0006_impersonation.sql"),
    include_str!("../src/migrations/0007_oversight.sql"),
    "CREATE TABLE vigie_schema (version bigint PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO vigie_schema (version) SELECT generate_series(1, 7);
    INSERT INTO session_events VALUES
        (1, 60001, 'refresh', 'success', '', '01010101010101010101010101010101', '00000000000000000000000000000000',
            '02020202020202020202020202020202', '03030303030303030303030303030303', '192.0.2.7', '192.0.2.0/24',
            'Caisse \"1\", été', 'till', 'app', 1500, NULL),
        (2, 60002, 'end', 'success', 'expired', NULL, '00000000000000000000000000000000', NULL, NULL, '', '', '', NULL,
            'other', NULL, 77),
        (3, 120000, 'login', 'failure', 'wrong_password', NULL, NULL, NULL, NULL, '::1', '::/48', '', 'desk', 'browser',
            NULL, NULL);"
);

/// Every column of the view but the sequence.
const ROWS: &str =
    "SELECT at, kind, outcome, reason, user_id, organization_id, site_id, session_id, ip_address, network,
    device_name, device_kind, client_kind, latency_us, duration_seconds FROM session_events ORDER BY at";

fn rows(server: &Postgres) -> String {
    server.sql("vigie", ROWS).unwrap()
}

#[tokio::test]
async fn events_of_the_schema_before_are_packed_and_read_as_they_were() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    server.sql("vigie", BEFORE_PACKS).unwrap();
    let before = rows(&server);
    assert_eq!(before.lines().count(), 3, "{before}");
    let store = open(&server).await.unwrap();
    assert_eq!(rows(&server), before);
    assert_eq!(store.purge_events(None, i64::MAX, 10).await.unwrap(), 1);
    assert_eq!(
        store.purge_events(Some(Uuid::nil()), i64::MAX, 10).await.unwrap(),
        2
    );
    store.close().await;
    assert_eq!(rows(&server), "");
}

#[tokio::test]
async fn each_event_of_a_batch_is_a_row_of_the_view() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
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
    let ids = |n: u8| Uuid::from_bytes([n; 16]).to_string();
    let place = format!("{}|{}|{}", ids(0), ids(2), ids(3));
    let address = "192.0.2.7|192.0.2.0/24|Caisse \"1\", été\u{fffd}";
    assert_eq!(
        rows(&server).lines().collect::<Vec<_>>(),
        [
            format!(
                "60001|refresh|success||{}|{place}|{address}|till|app|1500|",
                ids(1)
            ),
            format!("60002|end|success|expired||{place}|{address}||app||77"),
        ]
    );
    store.close().await;
}
