//! From SQLite's failures to the store's: which of them is the disk, the file, or this program.

use rusqlite::ErrorCode;
use store::StoreError;

/// Why a deed on a connection did not happen.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite could not.
    Engine(rusqlite::Error),
    /// The deed itself was refused.
    Refused(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Engine(error) => from_sqlite(&error),
            Fault::Refused(error) => error,
        }
    }
}

/// What SQLite's error means to the server.
pub(crate) fn from_sqlite(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    let Some(code) = error.sqlite_error_code() else {
        return StoreError::Failed(text);
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "SQLite's codes are not exhaustive")]
    match code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::SchemaChanged => StoreError::Unavailable(text),
        ErrorCode::DiskFull => StoreError::DiskFull(text),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly(text),
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => StoreError::Damaged(text),
        _ => StoreError::Failed(text),
    }
}

/// What a failure of the file system means to the server.
pub(crate) fn from_io(what: &str, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let text = format!("{what}: {error}");
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the kinds of failure are not exhaustive"
    )]
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(text),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull(text),
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use store::StoreError;

    use super::from_sqlite;

    fn code_of(code: i32) -> String {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let text = from_sqlite(&error).to_string();
        text.split(':').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn each_fault_of_the_disk_has_its_code() {
        assert_eq!(code_of(ffi::SQLITE_FULL), "disk_full");
        assert_eq!(code_of(ffi::SQLITE_READONLY), "disk_read_only");
        assert_eq!(code_of(ffi::SQLITE_READONLY_DBMOVED), "disk_read_only");
        assert_eq!(code_of(ffi::SQLITE_CORRUPT), "database_damaged");
        assert_eq!(code_of(ffi::SQLITE_NOTADB), "database_damaged");
        assert_eq!(code_of(ffi::SQLITE_BUSY), "store_unavailable");
        assert_eq!(code_of(ffi::SQLITE_IOERR_FSYNC), "store_unavailable");
        assert_eq!(code_of(ffi::SQLITE_CONSTRAINT_CHECK), "store_failed");
    }

    #[test]
    fn a_failure_of_the_file_system_says_which_file() {
        let refused = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
        let error = super::from_io("/srv/vigie.db", &refused);
        assert!(
            matches!(&error, StoreError::ReadOnly(text) if text.starts_with("/srv/vigie.db: ")),
            "{error}"
        );
    }
}
