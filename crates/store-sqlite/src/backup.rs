//! A copy of the whole database, taken while it works.

use std::path::Path;

use store::StoreError;

use crate::fault::from_io;
use crate::{SqliteStore, lock};

impl SqliteStore {
    /// Writes a copy as of now to `to`, which must not exist, and returns once it is on disk. Work goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where `to` exists, [`StoreError::DiskFull`] and its kin where it cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let to = to.to_owned();
        self.readers
            .read(move |connection| {
                let what = to.display().to_string();
                if to.exists() {
                    return Err(StoreError::Failed(format!("{what} exists already")).into());
                }
                let file = lock::private_file(&to).map_err(|error| from_io(&what, &error))?;
                connection.execute("VACUUM INTO ?", [&what])?;
                file.sync_all().map_err(|error| from_io(&what, &error))?;
                Ok(())
            })
            .await
    }
}
