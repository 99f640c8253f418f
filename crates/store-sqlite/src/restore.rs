//! Putting a backup back in the place of the database, so that a cut at any moment leaves one of the two whole.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use store::StoreError;

use crate::backup::{copied, intact};
use crate::fault::{from_io, from_sqlite};
use crate::lock::{self, DatabaseLock};
use crate::{Options, SqliteStore, connection, migration};

/// A backup that was read and found whole, lying beside the database that it is to replace. Dropped, it is taken away.
#[derive(Debug)]
pub struct Restoring {
    path: PathBuf,
    beside: PathBuf,
    _lock: DatabaseLock,
}

impl Restoring {
    /// Reads a backup for the database at `path`, which no program may work on; it need not exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another program works there, [`StoreError::Damaged`] or [`StoreError::Newer`] where
    /// the backup is not whole, of another program or of a newer one, and what the disk says.
    pub async fn begin(path: &Path, backup: &Path) -> Result<Self, StoreError> {
        let (path, backup) = (path.to_owned(), backup.to_owned());
        on_a_thread(move || {
            let lock = DatabaseLock::take(&path)?;
            let staged = Self {
                beside: lock::beside(&path, ".restoring"),
                path,
                _lock: lock,
            };
            staged.clear()?;
            copied(&backup, &staged.beside)?;
            Ok(staged)
        })
        .await
    }

    /// Ends the sessions of the backup that the present database knows to be ended. Returns how many, `None` where there
    /// is no present database or it cannot be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_what_was_ended(&self) -> Result<Option<u32>, StoreError> {
        let (path, beside) = (self.path.clone(), self.beside.clone());
        on_a_thread(move || {
            if !path.exists() || intact(&path).is_err() {
                return Ok(None);
            }
            let connection =
                connection::writing(&beside, &Options::default()).map_err(|error| from_sqlite(&error))?;
            ended_since(&connection, &path).map_err(|error| from_sqlite(&error))
        })
        .await
    }

    /// Opens it, with its schema brought up to date; to be closed again before it is put in place.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(&self) -> Result<SqliteStore, StoreError> {
        let beside = self.beside.clone();
        on_a_thread(move || SqliteStore::open(&beside, Options::default())).await
    }

    /// Puts it in place. The database that was there stays beside it, its name ended by `aside`; returns where, `None`
    /// where there was none.
    ///
    /// # Errors
    /// See [`StoreError`]; the database that was there still is.
    pub async fn put_in_place(self, aside: &str) -> Result<Option<PathBuf>, StoreError> {
        let aside = lock::beside(&self.path, aside);
        on_a_thread(move || {
            let there = self.path.exists();
            if there {
                set_aside(&self.path, &aside)?;
            }
            lock::put_in_place(&self.beside, &self.path)?;
            Ok(there.then_some(aside))
        })
        .await
    }

    fn clear(&self) -> Result<(), StoreError> {
        for ending in ["", "-wal", "-shm", "-journal", ".lock"] {
            let path = lock::beside(&self.beside, ending);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(from_io(&path.display().to_string(), &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            tracing::warn!(%error, "an unfinished copy is left behind");
        }
    }
}

fn ended_since(connection: &Connection, present: &Path) -> rusqlite::Result<Option<u32>> {
    connection.execute("ATTACH ? AS present", [present.display().to_string()])?;
    let readable = connection
        .prepare("SELECT id, revoked_at, revoke_reason FROM present.sessions")
        .is_ok();
    let ended = if readable {
        let ended = connection.execute(
            "UPDATE sessions SET revoked_at = known.revoked_at, revoke_reason = known.revoke_reason
            FROM present.sessions known
            WHERE known.id = sessions.id AND known.revoked_at IS NOT NULL AND sessions.revoked_at IS NULL",
            [],
        )?;
        Some(u32::try_from(ended).unwrap_or(u32::MAX))
    } else {
        None
    };
    connection.execute_batch("DETACH present")?;
    Ok(ended)
}

/// Gives the database a second name. What its write-ahead log holds is moved into it first; the log of a database that
/// cannot be opened goes along under the second name, so that it is never taken for the restored one's.
fn set_aside(path: &Path, aside: &Path) -> Result<(), StoreError> {
    let moved = connection::writing(path, &Options::default()).and_then(|connection| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    });
    match moved {
        Ok(false) => {}
        Ok(true) => {
            return Err(StoreError::InUse(format!(
                "another program reads {}",
                path.display()
            )));
        }
        Err(error) => tracing::warn!(%error, "the database that is replaced is not whole"),
    }
    for ending in ["-wal", "-shm"] {
        let (from, to) = (lock::beside(path, ending), lock::beside(aside, ending));
        if from.exists() {
            std::fs::rename(&from, to).map_err(|error| from_io(&from.display().to_string(), &error))?;
        }
    }
    std::fs::hard_link(path, aside)
        .or_else(|_| std::fs::copy(path, aside).map(drop))
        .map_err(|error| from_io(&aside.display().to_string(), &error))
}

async fn on_a_thread<T: Send + 'static>(
    deed: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(deed)
        .await
        .map_err(|error| StoreError::Failed(format!("restoring was cut short: {error}")))?
}

/// A connection to a file that is only read, whatever is in it.
pub(crate) fn examining(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

/// Whether it is a database of this program, by its schema's version.
pub(crate) fn of_this_program(connection: &Connection) -> Result<(), StoreError> {
    match migration::version(connection)? {
        0 => Err(StoreError::Damaged(
            "it holds no tables of this program".to_owned(),
        )),
        1.. => Ok(()),
    }
}
