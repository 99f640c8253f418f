//! Opening a database: what is refused, with which error, and what a reopened one still knows.

use std::path::Path;

use rusqlite::Connection;
use store::{
    AuditEntry, AuditLog, Directory, NewOrganization, NewSession, Origin, Presented, RevokeReason,
    RotationOutcome, Sessions, Store, StoreError,
};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Options::default())
}

fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "r".to_owned(),
        ..AuditEntry::of(action, 1)
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
    let other = Connection::open(&path).unwrap();
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
    Connection::open(&path)
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
    let tamperer = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log WHERE sequence = 2",
        "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE sequence = 1",
        "INSERT INTO audit_log SELECT 9, randomblob(16), at, organization_id, actor_user_id, session_id, action,
            target, detail, ip_address, user_agent, request_id, result, reason, impersonated_user_id, before_fields,
            after_fields, device_name FROM audit_log WHERE sequence = 1",
    ] {
        let refused = tamperer.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{sql}: {refused}");
    }
}

/// A database as the first version of the schema left it, with a user who has one live and one ended session.
const FIRST_VERSION: &str = concat!(
    include_str!("../src/migrations/0001_foundation.sql"),
    "PRAGMA application_id = 0x56494749;
    PRAGMA user_version = 1;
    PRAGMA journal_mode = WAL;
    INSERT INTO organizations VALUES (zeroblob(16), 'quai', 'The quai', 1);
    INSERT INTO sites VALUES (x'01010101010101010101010101010101', zeroblob(16), 'Dock', 2);
    INSERT INTO users VALUES (x'02020202020202020202020202020202', 'anna', 'Anna', '$hash', 0, 3, NULL),
        (x'05050505050505050505050505050505', 'paul', 'Paul', '$hash', 1, 3, 7);
    INSERT INTO memberships VALUES
        (1, x'02020202020202020202020202020202', zeroblob(16), x'01010101010101010101010101010101', 'owner');
    INSERT INTO session_settings VALUES (zeroblob(16), 5, 6, 70, 80, 9);
    INSERT INTO sessions VALUES
        (x'03030303030303030303030303030303', x'02020202020202020202020202020202', zeroblob(16), NULL, 'till', 'Counter',
            1, zeroblob(20), 10, 11, 12, 13, 9000000000000, NULL, NULL, '192.0.2.1', 'program'),
        (x'04040404040404040404040404040404', x'02020202020202020202020202020202', zeroblob(16), NULL, 'desk', 'Office',
            0, x'', 20, 20, 20, 20, 9000000000000, 30, 'by_owner', '192.0.2.2', 'program');
    INSERT INTO audit_log VALUES (1, zeroblob(16), 1, NULL, NULL, NULL, 'organization.added', NULL, '{}', '', '', '');"
);

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    Connection::open(&path)
        .unwrap()
        .execute_batch(FIRST_VERSION)
        .unwrap();
    let store = open(&path).unwrap();
    assert_eq!(store.schema_version().await.unwrap(), 11);

    let anna = store.user_by_name("anna").await.unwrap().unwrap();
    assert!(!anna.super_admin);
    assert_eq!(anna.last_sign_in_at, Some(20));
    assert_eq!(anna.memberships[0].site.as_ref().unwrap().name, "Dock");
    let paul = store.user_by_name("paul").await.unwrap().unwrap();
    assert_eq!((paul.disabled_at, paul.last_sign_in_at), (Some(7), None));

    let live = store.identity(Uuid::from_bytes([3; 16])).await.unwrap().unwrap();
    assert_eq!((live.session.generation, live.session.last_input_at), (1, 12));
    assert_eq!(live.session.attempts, [(0, [0; 16])]);
    assert_eq!(
        (live.session.device_key, live.session.reauthenticated_at),
        (None, None)
    );
    assert_eq!(
        (
            live.settings.idle_timeout_minutes,
            live.settings.lock_after_minutes,
            live.settings.device_limit
        ),
        (70, Some(9), None)
    );
    let ended = store.identity(Uuid::from_bytes([4; 16])).await.unwrap().unwrap();
    assert_eq!(ended.session.revoked, Some((30, RevokeReason::ByOwner)));
    assert_eq!(store.audit_rows(None, 10).await.unwrap().len(), 1);

    let presented = Presented {
        session_id: live.session.id,
        generation: 1,
        attempt: [9; 16],
        rotate: true,
        input_age_ms: None,
        device_key: None,
        origin: live.session.origin.clone(),
        now: 50,
    };
    let outcome = store.rotate(presented, entry("session.refreshed")).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(row) if row.generation == 2));
    store.close().await;
    let again = open(&path).unwrap();
    assert_eq!(again.schema_version().await.unwrap(), 11);
}

/// The changes that SQLite counts, the audit log's included, of one call each.
#[tokio::test]
async fn a_refresh_writes_one_row_bound_or_not() {
    for device_key in [None, Some([1; 32])] {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder);
        Connection::open(&path)
            .unwrap()
            .execute_batch(FIRST_VERSION)
            .unwrap();
        let store = open(&path).unwrap();
        let new = NewSession {
            id: Uuid::now_v7(),
            user_id: Uuid::from_bytes([2; 16]),
            organization_id: Uuid::nil(),
            site_id: None,
            device_kind: protocol::auth::DeviceKind::Till,
            device_name: "till".to_owned(),
            origin: Origin {
                ip_address: String::new(),
                user_agent: String::new(),
            },
            expires_at: i64::MAX,
            device_key,
            device_limit: None,
            place: None,
            now: 50,
        };
        let mut row = store
            .begin_session(new, entry("session.created"))
            .await
            .unwrap()
            .session;
        let before = store.rows_written().await.unwrap();
        for attempt in 0..10_u8 {
            let presented = Presented {
                session_id: row.id,
                generation: row.generation,
                attempt: [attempt; 16],
                rotate: true,
                input_age_ms: Some(1),
                device_key,
                origin: row.origin.clone(),
                now: 51,
            };
            let outcome = store.rotate(presented, entry("session.refreshed")).await.unwrap();
            let RotationOutcome::Rotated(rotated) = outcome else {
                panic!("a rotation gave {outcome:?}")
            };
            row = rotated;
        }
        assert_eq!(store.rows_written().await.unwrap() - before, 10);
    }
}
