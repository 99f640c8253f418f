//! One program per database: a kernel lock on a file beside it, which ends with the program however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use store::StoreError;

use crate::fault::from_io;

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct DatabaseLock {
    _file: File,
}

impl DatabaseLock {
    /// Takes the lock of the database at `path`.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let beside = beside(path, ".lock");
        let what = beside.display().to_string();
        let file = private_file(&beside).map_err(|error| from_io(&what, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(format!(
                "another program works on {}",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(from_io(&what, &error)),
        }
    }
}

/// Opens or makes a file that only its owner may read and write.
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The path with something after its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Gives a finished file its name, durably.
pub(crate) fn put_in_place(finished: &Path, path: &Path) -> Result<(), StoreError> {
    let failed = |error: &std::io::Error| from_io(&path.display().to_string(), error);
    let file = File::open(finished).map_err(|error| failed(&error))?;
    file.sync_all().map_err(|error| failed(&error))?;
    std::fs::rename(finished, path).map_err(|error| failed(&error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    #[cfg(unix)]
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed(&error))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
