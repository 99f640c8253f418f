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

fn database(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("vigie.db")
}

#[tokio::test]
async fn two_programs_on_one_database_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let first = open(&path).unwrap();
    assert!(matches!(open(&path), Err(StoreError::InUse(_))));
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(
        matches!(open(&link), Err(StoreError::InUse(_))),
        "under another name"
    );
    drop(first);
    open(&path).unwrap();
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let known = {
        let store = open(&path).unwrap();
        let known = store.schema_version().await.unwrap();
        store.close().await;
        known
    };
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", known + 1).unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(
        matches!(refused, StoreError::Newer { found, known: k } if found == known + 1 && k == known),
        "{refused}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let letter = b"Dear sir, this is a letter and no database at all. ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    assert!(matches!(open(&path), Err(StoreError::Damaged(_))));
    assert_eq!(std::fs::read(&path).unwrap(), letter);
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    assert!(matches!(open(&path), Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn a_damaged_page_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let store = open(&path).unwrap();
    store
        .add_organization(organization("quai"), entry("organization.added"))
        .await
        .unwrap();
    store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[4_096..] {
        *byte = 0xA5;
    }
    std::fs::write(&path, bytes).unwrap();
    let outcome = match open(&path) {
        Ok(store) => store.organizations().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{outcome:?}");
}

#[test]
fn a_folder_that_is_not_there_or_takes_no_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = open(&folder.path().join("gone").join("vigie.db")).err().unwrap();
    assert!(
        matches!(&nowhere, StoreError::Unavailable(text) if text.contains("gone")),
        "{nowhere}"
    );
    let read_only = open(Path::new("/sys/kernel/vigie.db")).err().unwrap();
    assert!(matches!(read_only, StoreError::ReadOnly(_)), "{read_only}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let store = open(&path).unwrap();
    store.ping().await.unwrap();
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_backup_is_a_database_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&database(&folder)).unwrap();
    store
        .add_organization(organization("quai"), entry("organization.added"))
        .await
        .unwrap();
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    store
        .add_organization(organization("port"), entry("organization.added"))
        .await
        .unwrap();
    assert!(
        matches!(store.backup(&copy).await, Err(StoreError::Failed(_))),
        "it would be overwritten"
    );
    let restored = open(&copy).unwrap();
    let slugs: Vec<_> = restored
        .organizations()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.slug)
        .collect();
    assert_eq!(slugs, ["quai"]);
    restored
        .add_organization(organization("anse"), entry("organization.added"))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_accepted_is_written_though_the_store_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let store = open(&path).unwrap();
    for n in 0..50 {
        let adding = store.add_organization(organization(&format!("o{n}")), entry("organization.added"));
        drop(tokio::time::timeout(std::time::Duration::ZERO, adding).await);
    }
    drop(store);
    assert_eq!(open(&path).unwrap().organizations().await.unwrap().len(), 50);
}

#[tokio::test]
async fn the_audit_log_is_not_changed_by_sql_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    let store = open(&path).unwrap();
    store
        .add_organization(organization("quai"), entry("organization.added"))
        .await
        .unwrap();
    store.audit(entry("sign_in.refused")).await.unwrap();
    store.close().await;
    let tamperer = rusqlite::Connection::open(&path).unwrap();
    for sql in [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log WHERE sequence = 2",
        "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE sequence = 1",
        "INSERT INTO audit_log SELECT 9, randomblob(16), at, organization_id, actor_user_id, session_id, action,
            target, detail, ip_address, user_agent, request_id FROM audit_log WHERE sequence = 1",
    ] {
        let refused = tamperer.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{sql}: {refused}");
    }
}
