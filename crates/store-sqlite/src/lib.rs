//! The embedded engine: SQLite with one thread that writes in groups and answers once the disk has them, and readers
//! beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use store::{Change, Store, StoreError};
use tokio::sync::broadcast;

mod alert_messages;
mod alert_settings;
mod alerts;
mod audit;
mod audit_chain;
mod audit_page;
mod backup;
mod beginning;
mod categories;
mod column;
mod connection;
mod directory;
mod fault;
mod gather;
mod impersonations;
mod insight;
mod lock;
mod memberships;
mod migration;
mod notices;
mod oversight;
mod places;
mod reader;
mod restore;
mod revocation;
mod rotation;
mod sales;
mod session_page;
mod session_row;
mod sessions;
mod settings;
mod sites;
mod till_days;
mod transfer;
mod users;
mod writer;

pub use audit_chain::ChainInFile;
pub use backup::backup;
use fault::{from_io, from_sqlite};
use lock::DatabaseLock;
use reader::Readers;
pub use restore::Restoring;
pub use transfer::NewDatabase;
use writer::{Shape, Writer};

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that read at once, at least 1.
    pub readers: usize,
    /// Changes that share one transaction and so one sync, at most; at least 1.
    pub group_most: usize,
    /// For how long to wait for another program that holds SQLite's own lock, a backup say.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let readers = std::thread::available_parallelism()
            .map_or(2, std::num::NonZero::get)
            .clamp(2, 8);
        Self {
            readers,
            group_most: 256,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// A database in one file, open.
///
/// Dropped or closed, it first writes what it accepted.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    lock: Mutex<Option<DatabaseLock>>,
}

impl SqliteStore {
    /// Opens the database, makes it where there is none, and brings its schema up to date. Blocks while it does.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another program has it open, [`StoreError::Newer`] where a newer program wrote it,
    /// [`StoreError::Damaged`] where the file is no database of this program, [`StoreError::ReadOnly`],
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`] where the disk does not serve.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let path = settled(path)?;
        let lock = DatabaseLock::take(&path)?;
        // Made here so that only its owner may read it; SQLite gives the files beside it the same permissions.
        lock::private_file(&path).map_err(|error| from_io(&path.display().to_string(), &error))?;
        let connection = prepared(&path, &options)?;
        let readers = Arc::new(Readers::open(&path, &options)?);
        let writer = Arc::new(Writer::start(connection, options.group_most.max(1))?);
        Ok(Self {
            path,
            writer,
            readers,
            lock: Mutex::new(Some(lock)),
        })
    }

    /// The schema's version in this database.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn schema_version(&self) -> Result<u32, StoreError> {
        self.readers
            .read(|connection| Ok(migration::version(connection)?))
            .await
    }

    /// Rows inserted, changed or deleted since the database was opened.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rows_written(&self) -> Result<u64, StoreError> {
        self.writer
            .write(Shape::Single, |connection| Ok(connection.total_changes()))
            .await
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn unlock(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let_go(&self.readers, &self.writer);
        self.unlock();
    }
}

/// Closes the readers first, so that the writer, as the last one, tidies the write-ahead log away.
fn let_go(readers: &Readers, writer: &Writer) {
    readers.close();
    writer.drain();
}

/// The path with its links followed, so that two names of one file share one lock.
fn settled(path: &Path) -> Result<PathBuf, StoreError> {
    match std::fs::canonicalize(path) {
        Ok(settled) => Ok(settled),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(from_io(&path.display().to_string(), &error)),
    }
}

fn prepared(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let mut connection = connection::writing(path, options).map_err(|error| from_sqlite(&error))?;
    migration::version(&connection)?;
    connection::use_write_ahead_log(&connection).map_err(|error| from_sqlite(&error))?;
    migration::apply(&mut connection)?;
    Ok(connection)
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Single, |connection| {
                connection
                    .prepare_cached("UPDATE probe SET written = written + 1")?
                    .execute([])?;
                Ok(())
            })
            .await?;
        self.readers
            .read(|connection| {
                connection
                    .prepare_cached("SELECT written FROM probe")?
                    .query_row([], |row| row.get::<_, i64>(0))?;
                Ok(())
            })
            .await
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.writer.changes()
    }

    async fn close(&self) {
        let (readers, writer) = (Arc::clone(&self.readers), Arc::clone(&self.writer));
        if let Err(error) = tokio::task::spawn_blocking(move || let_go(&readers, &writer)).await {
            tracing::error!(%error, "the store was not closed to its end");
        }
        self.unlock();
    }
}
