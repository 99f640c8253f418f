//! Why the work journal does not do what it is asked.

use std::io;

use rusqlite::ErrorCode;

use super::seal::SealError;
use crate::view::UiErrorCode;

/// Why the work journal does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The folder or the file cannot be written to.
    #[error("the work journal cannot be written to")]
    ReadOnly,
    /// A newer version of the app wrote it.
    #[error("the work journal is of version {found}, this app knows {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The newest this app knows.
        known: i64,
    },
    /// Another program holds it.
    #[error("another program holds the work journal")]
    InUse,
    /// The ticket belongs to another operator.
    #[error("the ticket belongs to another operator")]
    NotYours,
    /// There is no such ticket or sale any more.
    #[error("there is no such ticket or sale any more")]
    Gone,
    /// The server has not refused the sale for good.
    #[error("the server has not refused this sale for good")]
    OutcomeUnknown,
    /// Something could not be sealed or opened.
    #[error("the work cannot be sealed or opened")]
    Seal(#[from] SealError),
    /// The disk fails, or the file is damaged.
    #[error("the work journal fails")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The journal's thread has ended.
    #[error("the work journal has stopped")]
    Stopped,
}

impl JournalFault {
    /// The code the screen has words for.
    pub const fn code(&self) -> UiErrorCode {
        match self {
            Self::Full => UiErrorCode::DiskFull,
            Self::ReadOnly => UiErrorCode::DiskReadOnly,
            Self::Newer { .. } => UiErrorCode::DataNewer,
            Self::InUse => UiErrorCode::DataInUse,
            Self::NotYours => UiErrorCode::Forbidden,
            Self::Gone => UiErrorCode::TicketNotFound,
            Self::OutcomeUnknown => UiErrorCode::SaleOutcomeUnknown,
            Self::Failed(_) | Self::Seal(SealError::Damaged) => UiErrorCode::DiskFailed,
            Self::Seal(SealError::OtherKey) => UiErrorCode::KeychainFailed,
            Self::Seal(SealError::NoRandomness) | Self::Stopped => UiErrorCode::Internal,
        }
    }

    /// Whether the disk is at fault, and not what was asked of it.
    pub const fn is_of_the_disk(&self) -> bool {
        match self {
            Self::NotYours
            | Self::Gone
            | Self::OutcomeUnknown
            | Self::Seal(SealError::OtherKey | SealError::Damaged) => false,
            Self::Full
            | Self::ReadOnly
            | Self::Newer { .. }
            | Self::InUse
            | Self::Seal(SealError::NoRandomness)
            | Self::Failed(_)
            | Self::Stopped => true,
        }
    }

    /// Whether the file itself is no database any more.
    pub(super) fn is_damage(&self) -> bool {
        let Self::Failed(source) = self else { return false };
        source
            .downcast_ref::<rusqlite::Error>()
            .and_then(rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| matches!(code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
    }
}

impl From<rusqlite::Error> for JournalFault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Failed(Box::new(error)),
        }
    }
}

impl From<io::Error> for JournalFault {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the list of I/O errors is open")]
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Failed(Box::new(error)),
        }
    }
}

impl From<serde_json::Error> for JournalFault {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}
