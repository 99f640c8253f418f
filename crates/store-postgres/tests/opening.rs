//! Opening a database: what is refused, with which error, what an address shows, and what several may do at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use futures_util::future::join_all;
use scene::{entry, open, organization};
use store::{AuditLog as _, Directory as _, Store as _, StoreError};
use store_postgres::{Address, Options, PostgresStore};
use vigie_tests::{Disk, Postgres};

mod scene;

async fn open_at(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(&url.parse().unwrap(), Options::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_make_the_schema_at_once_and_agree_on_it() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let stores = join_all((0..8).map(|_| open(&server))).await;
    for (n, store) in stores.iter().enumerate() {
        let store = store.as_ref().unwrap();
        let added = store.add_organization(organization(&format!("o{n}")), entry("organization.added"));
        added.await.unwrap();
    }
    let first = stores[0].as_ref().unwrap();
    assert_eq!(first.organizations().await.unwrap().len(), 8);
    assert_eq!(first.schema_version().await.unwrap(), 10);
}

#[tokio::test]
async fn what_is_not_ours_or_not_ours_yet_is_left_alone() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    server.create_database("recipes").unwrap();
    server.sql("recipes", "CREATE TABLE recipes (name text)").unwrap();
    let refused = open_at(&server.url("recipes")).await.err().unwrap();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
    assert_eq!(
        server
            .sql(
                "recipes",
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            )
            .unwrap(),
        "1"
    );

    open(&server).await.unwrap().close().await;
    server
        .sql("vigie", "INSERT INTO vigie_schema (version) VALUES (11)")
        .unwrap();
    let refused = open(&server).await.err().unwrap();
    assert!(
        matches!(refused, StoreError::Newer { found: 11, known: 10 }),
        "{refused}"
    );

    let refused = open_at(&server.url("nowhere")).await.err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

#[tokio::test]
async fn a_password_opens_and_is_never_said() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let address: Address = server.url_by_port("vigie").parse().unwrap();
    assert!(address.has_password());
    let shown = format!("{address} {address:?}");
    assert_eq!(
        address.to_string(),
        format!("postgres://vigie@127.0.0.1:{}/vigie", server.port())
    );
    PostgresStore::open(&address, Options::default())
        .await
        .unwrap()
        .close()
        .await;

    let without: Address = server.url_without_password("vigie").parse().unwrap();
    assert!(!without.has_password());
    let wrong = without.clone().with_password("hush-hush");
    let refused = PostgresStore::open(&wrong, Options::default())
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    for text in [shown, format!("{refused} {refused:?} {wrong:?}")] {
        assert!(
            !text.contains("hush") && !text.contains("abri") && !text.contains(server.password()),
            "{text}"
        );
    }
    let right = without.with_password(server.password());
    PostgresStore::open(&right, Options::default())
        .await
        .unwrap()
        .close()
        .await;
}

#[tokio::test]
async fn a_standby_that_cannot_write_is_said() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
    server
        .sql(
            "vigie",
            "ALTER DATABASE vigie SET default_transaction_read_only = on",
        )
        .unwrap();
    let again = open(&server).await.unwrap();
    let refused = again.ping().await;
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    store.ping().await.unwrap();
}

#[tokio::test]
async fn the_audit_log_and_ended_sessions_are_not_changed_by_sql_either() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
    let people = scene::people(&store).await;
    let session = scene::session(&store, people).await;
    for forbidden in [
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log SELECT 99, gen_random_uuid(), at, NULL, NULL, NULL, action, NULL, detail, '', '', '',
            'done', NULL, NULL, '{}', '{}', NULL FROM audit_log LIMIT 1",
        "UPDATE sessions SET revoked_at = 1, revoke_reason = 'by_owner';
            UPDATE sessions SET revoked_at = NULL, revoke_reason = NULL",
        "UPDATE sessions SET revoked_at = 1",
    ] {
        assert!(server.sql("vigie", forbidden).is_err(), "{forbidden}");
    }
    assert_eq!(store.audit_rows(None, 10).await.unwrap().len(), 3);
    let row = store::Sessions::identity(&store, session.id)
        .await
        .unwrap()
        .unwrap()
        .session;
    assert_eq!(row.revoked, None);
}

#[tokio::test]
async fn signs_that_postgresql_cannot_keep_are_replaced_and_stop_nothing() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
    store
        .add_organization(organization("a\0b"), entry("organization.added"))
        .await
        .unwrap();
    assert!(store.user_by_name("a\0b").await.unwrap().is_none());
    assert_eq!(store.organizations().await.unwrap()[0].slug, "a\u{fffd}b");
}
