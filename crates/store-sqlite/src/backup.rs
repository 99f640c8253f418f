//! A copy of the whole database, taken while it works.

use std::path::Path;

use store::StoreError;

use crate::fault::{from_io, from_sqlite};
use crate::{Options, SqliteStore, connection, lock};

impl SqliteStore {
    /// Writes a copy as of now to `to`, which must not exist, and returns once it is on disk. Work goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where `to` exists, [`StoreError::DiskFull`] and its kin where it cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || copy(&from, &to))
            .await
            .map_err(|error| StoreError::Failed(format!("the copy was cut short: {error}")))?
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let what = to.display().to_string();
    if to.exists() {
        return Err(StoreError::Failed(format!("{what} exists already")));
    }
    let file = lock::private_file(to).map_err(|error| from_io(&what, &error))?;
    connection::copying(from, &Options::default())
        .and_then(|connection| connection.execute("VACUUM INTO ?", [&what]))
        .map_err(|error| from_sqlite(&error))?;
    file.sync_all().map_err(|error| from_io(&what, &error))
}
