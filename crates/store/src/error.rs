//! Why a store could not do what it was asked, each with a stable code.

use thiserror::Error;

/// A store's failure. None of them is a verdict on a session: a server answers them with 503 or 500, never with 401.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// It cannot be asked just now.
    #[error("store_unavailable: {0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("disk_full: {0}")]
    DiskFull(String),
    /// The files cannot be written to.
    #[error("disk_read_only: {0}")]
    ReadOnly(String),
    /// The database was written by a newer version of this program.
    #[error("database_newer: schema {found}, this program knows up to {known}")]
    Newer {
        /// The database's schema version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// Another program has this database open.
    #[error("database_in_use: {0}")]
    InUse(String),
    /// The file is no database, or a damaged one.
    #[error("database_damaged: {0}")]
    Damaged(String),
    /// A name that must be unique is taken.
    #[error("name_taken: {0}")]
    NameTaken(&'static str),
    /// Something that the row refers to does not exist in this organisation.
    #[error("unknown_reference: {0}")]
    UnknownReference(&'static str),
    /// An organisation would be left without an owner who can sign in.
    #[error("last_owner: an organisation needs an owner who can sign in")]
    LastOwner,
    /// Whoever asks has lost the rank that the deed needs.
    #[error("rank_lost: whoever asks does not stand above all organisations any more")]
    RankLost,
    /// A fault of the engine or of this program.
    #[error("store_failed: {0}")]
    Failed(String),
}
