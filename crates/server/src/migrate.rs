//! Moving a whole database from one engine to the other: every row in one transaction, kept only where both sides add up
//! to the same.

use store::StoreError;
use store::transfer::{Count, Source, Target};
use store_postgres::{EmptyDatabase, WholeDatabase};
use store_sqlite::{NewDatabase, SqliteStore};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::database::Database;

/// Parts that may wait between the side that reads and the one that writes.
const PARTS_WAITING: usize = 4;

/// Why nothing was moved.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// Both are files, or both PostgreSQL.
    #[error(
        "migrate_same_engine: both databases are of the same kind; for a copy use `vigie-server backup`, or pg_dump"
    )]
    SameEngine,
    /// There is nothing to copy from.
    #[error("no_database: there is no database at {0}")]
    NoDatabase(String),
    /// There is something already.
    #[error("target_not_empty: {place} holds {what} already; nothing was changed. Name an empty database")]
    NotEmpty {
        /// The target.
        place: String,
        /// What is there.
        what: String,
    },
    /// What was written is not what was read.
    #[error(
        "copy_differs: what the new database gives back is not what was read ({}); everything there was undone",
        .0.iter().filter(|table| !table.agree()).map(|table| table.read.table).collect::<Vec<_>>().join(", ")
    )]
    Differs(Vec<Compared>),
    /// One of the two databases cannot be worked on.
    #[error("{error} ({place})")]
    Store {
        /// Which one.
        place: String,
        /// Why.
        error: StoreError,
    },
}

/// One table, as it was read and as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// In the database that was copied.
    pub read: Count,
    /// In the new one.
    pub written: Count,
}

impl Compared {
    /// Whether both have the same rows.
    pub fn agree(&self) -> bool {
        self.read == self.written
    }
}

/// Copies everything. Neither database may have a server on it; the new one must be empty.
///
/// # Errors
/// See [`MigrateError`]. The target then is as it was.
pub async fn migrate(from: &Database, to: &Database) -> Result<Vec<Compared>, MigrateError> {
    match (from, to) {
        (Database::Sqlite(_), Database::Sqlite(_))
        | (Database::Postgres { .. }, Database::Postgres { .. }) => {
            return Err(MigrateError::SameEngine);
        }
        (Database::Sqlite(_), Database::Postgres { .. })
        | (Database::Postgres { .. }, Database::Sqlite(_)) => {}
    }
    let mut source = source(from).await?;
    let outcome = copy(source.as_mut(), from, to).await;
    source.close().await;
    outcome
}

async fn copy(
    source: &mut dyn Source,
    from: &Database,
    to: &Database,
) -> Result<Vec<Compared>, MigrateError> {
    let mut target = target(to).await?;
    match filled(source, target.as_mut(), from, to).await {
        Ok(compared) if compared.iter().all(Compared::agree) => {
            target.keep().await.map_err(at(to))?;
            Ok(compared)
        }
        outcome => {
            target.undo().await;
            Err(outcome.map_or_else(|error| error, MigrateError::Differs))
        }
    }
}

async fn filled(
    source: &mut dyn Source,
    target: &mut dyn Target,
    from: &Database,
    to: &Database,
) -> Result<Vec<Compared>, MigrateError> {
    if let Some(what) = target.occupied_by().await.map_err(at(to))? {
        return Err(MigrateError::NotEmpty {
            place: to.to_string(),
            what,
        });
    }
    let (parts, coming) = mpsc::channel(PARTS_WAITING);
    let (read, taken) = tokio::join!(source.read_out(parts), target.take_in(coming));
    // A side that fails makes the other fail too: the one that writes knows better why.
    taken.map_err(at(to))?;
    let read = read.map_err(at(from))?;
    let written = target.counts().await.map_err(at(to))?;
    Ok(read
        .into_iter()
        .zip(written)
        .map(|(read, written)| Compared { read, written })
        .collect())
}

async fn source(from: &Database) -> Result<Box<dyn Source>, MigrateError> {
    match from {
        Database::Sqlite(path) => {
            if !path.exists() {
                return Err(MigrateError::NoDatabase(path.display().to_string()));
            }
            let path = path.clone();
            let opened = tokio::task::spawn_blocking(move || {
                SqliteStore::open(&path, store_sqlite::Options::default())
            })
            .await
            .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())));
            Ok(Box::new(opened.map_err(at(from))?))
        }
        Database::Postgres { address, .. } => {
            Ok(Box::new(WholeDatabase::open(address).await.map_err(at(from))?))
        }
    }
}

async fn target(to: &Database) -> Result<Box<dyn Target>, MigrateError> {
    match to {
        Database::Sqlite(path) => {
            crate::open_store::make_folder(path).map_err(at(to))?;
            Ok(Box::new(NewDatabase::begin(path).await.map_err(at(to))?))
        }
        Database::Postgres { address, .. } => {
            Ok(Box::new(EmptyDatabase::begin(address).await.map_err(at(to))?))
        }
    }
}

fn at(database: &Database) -> impl FnOnce(StoreError) -> MigrateError {
    let place = database.to_string();
    move |error| MigrateError::Store { place, error }
}
