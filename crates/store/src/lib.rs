//! What the server asks of a database: one trait per domain, the rotation rule as pure code, and one conformance suite.
//!
//! Every row carries its organisation, every call that changes something takes an [`AuditEntry`] that is written in the
//! same transaction, and no call takes the time from the air: `now` comes in as milliseconds since 1970, UTC.

use async_trait::async_trait;

pub mod audit;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod directory;
pub mod error;
pub mod rotation;
pub mod sale;
pub mod session;
pub mod settings;

pub use audit::{AuditEntry, AuditLog, AuditRow};
pub use directory::{Directory, NewOrganization, NewSite, NewUser, Organization, Site, User, UserListing};
pub use error::StoreError;
pub use rotation::{AttemptHash, Presented, RotationOutcome};
pub use sale::{NewSaleRow, SaleOutcome, SaleRow, Sales};
pub use session::{Identity, NewSession, Origin, SessionRow, Sessions};
pub use settings::SettingsStore;

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// A whole database engine.
#[async_trait]
pub trait Store: Directory + Sessions + SettingsStore + Sales + AuditLog + Send + Sync + 'static {
    /// Whether the store reads and writes just now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and its kin where it does not.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Waits for what is on its way to disk and lets go of the database.
    async fn close(&self);
}
