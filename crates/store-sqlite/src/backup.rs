//! A copy of the whole database, taken while it works.

use std::path::Path;

use store::StoreError;

use crate::fault::{from_io, from_sqlite};
use crate::restore::{examining, of_this_program};
use crate::{SqliteStore, lock};

impl SqliteStore {
    /// Writes a copy as of now to `to`, which must not exist, and returns once it is on disk. Work goes on meanwhile.
    ///
    /// # Errors
    /// See [`backup`].
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        backup(&self.path, to).await
    }
}

/// Writes a copy of the database at `from` as of now to `to`, which must not exist, checks it, and returns once it is on
/// disk. A server may work on the database meanwhile: SQLite keeps the two apart.
///
/// # Errors
/// [`StoreError::Failed`] where `to` exists, [`StoreError::Damaged`] where the copy is not whole, [`StoreError::DiskFull`]
/// and its kin where it cannot be written. Nothing is left behind then.
pub async fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    tokio::task::spawn_blocking(move || copied(&from, &to))
        .await
        .map_err(|error| StoreError::Failed(format!("the copy was cut short: {error}")))?
}

/// Copies a database and checks the copy.
pub(crate) fn copied(from: &Path, to: &Path) -> Result<(), StoreError> {
    let what = to.display().to_string();
    if to.exists() {
        return Err(StoreError::Failed(format!("{what} exists already")));
    }
    let file = lock::private_file(to).map_err(|error| from_io(&what, &error))?;
    let made = copy(from, &what).and_then(|()| intact(to));
    match made {
        Ok(()) => file.sync_all().map_err(|error| from_io(&what, &error)),
        Err(error) => {
            drop(std::fs::remove_file(to));
            Err(error)
        }
    }
}

fn copy(from: &Path, to: &str) -> Result<(), StoreError> {
    let connection = examining(from).map_err(|error| from_sqlite(&error))?;
    of_this_program(&connection)?;
    connection
        .execute("VACUUM INTO ?", [to])
        .map(drop)
        .map_err(|error| from_sqlite(&error))
}

/// Whether every page and index of a database can be read and agree.
pub(crate) fn intact(path: &Path) -> Result<(), StoreError> {
    let connection = examining(path).map_err(|error| from_sqlite(&error))?;
    of_this_program(&connection)?;
    let said: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| from_sqlite(&error))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!("{}: {said}", path.display())))
    }
}
