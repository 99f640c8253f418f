//! Opening a database: what is refused, with which error, and what a reopened one still knows.

use std::path::Path;

use store::{AuditEntry, AuditLog, Directory, NewOrganization, Store, StoreError};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Options::default())
}

fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        id: Uuid::now_v7(),
        now: 1,
        organization_id: None,
        actor_user_id: None,
        session_id: None,
        action,
        target: None,
        detail: serde_json::json!({}),
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "r".to_owned(),
    }
}

fn organization(slug: &str) -> NewOrganization {
    NewOrganization {
        id: Uuid::now_v7(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
    }
}

#[tokio::test]
async fn what_was_written_before_close_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    let store = open(&path).unwrap();
    store
        .add_organization(organization("quai"), entry("organization.added"))
        .await
        .unwrap();
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let again = open(&path).unwrap();
    assert_eq!(again.organizations().await.unwrap().len(), 1);
    assert_eq!(again.audit_rows(None, 10).await.unwrap().len(), 1);
    again.ping().await.unwrap();
}
