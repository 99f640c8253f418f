//! Opening the embedded engine without holding up the runtime.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use store::{Store, StoreError};
use store_sqlite::SqliteStore;

/// Opens or makes the database at `path`, in a directory that is made for its owner only where there is none.
///
/// # Errors
/// See [`StoreError`].
pub async fn open_store(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || open(&path)).await;
    opened.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
}

/// Makes the directory of a database, for its owner only, where there is none.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => crate::private_files::create_dir(folder).map_err(|error| from_io(folder, &error)),
        None => Ok(()),
    }
}

fn open(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    make_folder(path)?;
    let store = SqliteStore::open(path, store_sqlite::Options::default())?;
    Ok(Arc::new(store))
}

fn from_io(path: &Path, error: &std::io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    if matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    ) {
        StoreError::ReadOnly(text)
    } else if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        StoreError::DiskFull(text)
    } else {
        StoreError::Unavailable(text)
    }
}
