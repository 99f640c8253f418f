//! Backups of a database in a file, and what becomes of sessions once one is put back.

use std::path::{Path, PathBuf};

use serde_json::json;
use store::{AuditEntry, Millis, RevokeReason, Store, StoreError};
use store_postgres::PostgresStore;
use store_sqlite::{Restoring, SqliteStore};
use thiserror::Error;

use crate::clock::Clock;
use crate::database::Database;
use crate::ids::new_id;

/// How long PostgreSQL may take to mark the sessions.
const MARKING_MOST: std::time::Duration = std::time::Duration::from_secs(600);

/// Why nothing was backed up or restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// There is nothing to back up or to mark.
    #[error("no_database: there is no database at {0}")]
    NoDatabase(String),
    /// There is no such backup.
    #[error("no_backup: there is no file {}", .0.display())]
    NoBackup(PathBuf),
    /// PostgreSQL has its own programs for that.
    #[error(
        "backup_by_postgresql: {0} is backed up with pg_dump and put back with pg_restore; after that run \
         `vigie-server restore --sessions keep` (or `end`) without a file"
    )]
    ByPostgres(String),
    /// The database, or the backup, cannot be worked on.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What becomes of the sessions in a restored database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsAfter {
    /// They go on, though clients hold newer tokens than the backup knows of.
    Keep,
    /// They all end; everybody signs in again.
    End,
}

impl SessionsAfter {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::End => "end",
        }
    }
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Live sessions that were marked to go on, or ended.
    pub sessions: u32,
    /// Of the backup's live sessions, those that the replaced database knew to be ended, and that stay so; `None` where
    /// it could not be asked.
    pub ended_since: Option<u32>,
    /// Where the replaced database is now.
    pub aside: Option<PathBuf>,
}

/// Writes a copy of the database as of now to `to`, whether or not a server works on it.
///
/// # Errors
/// See [`RestoreError`].
pub async fn backup(database: &Database, to: &Path) -> Result<(), RestoreError> {
    match database {
        Database::Sqlite(path) if path.exists() => Ok(store_sqlite::backup(path, to).await?),
        Database::Sqlite(path) => Err(RestoreError::NoDatabase(path.display().to_string())),
        Database::Postgres { address, .. } => Err(RestoreError::ByPostgres(address.to_string())),
    }
}

/// Puts a backup back, if one is named, and settles what becomes of the sessions in the database. No server may work on
/// it.
///
/// # Errors
/// See [`RestoreError`].
pub async fn restore(
    database: &Database,
    backup: Option<&Path>,
    after: SessionsAfter,
    clock: &dyn Clock,
) -> Result<Restored, RestoreError> {
    let now = clock.wall_ms();
    match (database, backup) {
        (Database::Sqlite(path), Some(backup)) => replaced(path, backup, after, now).await,
        (Database::Sqlite(path), None) if path.exists() => {
            let path = path.clone();
            let opened = tokio::task::spawn_blocking(move || {
                SqliteStore::open(&path, store_sqlite::Options::default())
            })
            .await
            .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())));
            in_place(opened?, after, now).await
        }
        (Database::Sqlite(path), None) => Err(RestoreError::NoDatabase(path.display().to_string())),
        (Database::Postgres { address, .. }, Some(_)) => Err(RestoreError::ByPostgres(address.to_string())),
        (Database::Postgres { address, options }, None) => {
            if store_postgres::in_use(address).await? {
                let text = format!("a vigie-server works on {address}; stop every one of them first");
                return Err(StoreError::InUse(text).into());
            }
            let options = store_postgres::Options {
                call_most: MARKING_MOST,
                ..options.clone()
            };
            in_place(PostgresStore::open(address, options).await?, after, now).await
        }
    }
}

async fn replaced(
    path: &Path,
    backup: &Path,
    after: SessionsAfter,
    now: Millis,
) -> Result<Restored, RestoreError> {
    if !backup.exists() {
        return Err(RestoreError::NoBackup(backup.to_owned()));
    }
    crate::open_store::make_folder(path)?;
    let restoring = Restoring::begin(path, backup).await?;
    let ended_since = restoring.end_what_was_ended().await?;
    let restored = in_place(restoring.open().await?, after, now).await?;
    let day = chrono::DateTime::from_timestamp_millis(now).unwrap_or_default();
    let aside = format!(".before-{}", day.format("%Y%m%dT%H%M%S%3fZ"));
    Ok(Restored {
        ended_since,
        aside: restoring.put_in_place(&aside).await?,
        ..restored
    })
}

async fn in_place(store: impl Store, after: SessionsAfter, now: Millis) -> Result<Restored, RestoreError> {
    let settled = settle(&store, after, now).await;
    store.close().await;
    Ok(Restored {
        sessions: settled?,
        ended_since: None,
        aside: None,
    })
}

async fn settle(store: &dyn Store, after: SessionsAfter, now: Millis) -> Result<u32, StoreError> {
    let entry = |action| AuditEntry {
        detail: json!({ "sessions": after.as_str() }),
        ip_address: "local".to_owned(),
        user_agent: "vigie-server restore".to_owned(),
        request_id: new_id(now).simple().to_string(),
        ..AuditEntry::of(action, now)
    };
    match after {
        SessionsAfter::Keep => store.mark_restored(now, entry("database.restored")).await,
        SessionsAfter::End => {
            let reason = RevokeReason::ByAdministrator;
            store.audit(entry("database.restored")).await?;
            store
                .revoke_all_sessions(None, reason, now, entry("sessions.revoked"))
                .await
        }
    }
}
