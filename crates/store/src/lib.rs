//! What the server asks of a database: one trait per domain, the rotation rule as pure code, and one conformance suite.
//!
//! Every row carries its organisation, every call that changes something takes an [`AuditEntry`] that is written in the
//! same transaction, and no call takes the time from the air: `now` comes in as milliseconds since 1970, UTC.

use async_trait::async_trait;
use tokio::sync::broadcast;
use uuid::{NoContext, Timestamp, Uuid};

pub mod alert;
pub mod audit;
pub mod category;
pub mod chain;
pub mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod directory;
pub mod error;
pub mod impersonation;
pub mod insight;
pub mod notice;
pub mod oversight;
pub mod rotation;
pub mod sale;
pub mod session;
pub mod settings;
pub mod table;
pub mod till_day;
pub mod transfer;

pub use alert::{
    AlertMessage, AlertPart, AlertPlace, AlertRow, Alerts, Channel, MailRow, Occasion, Recipient, Settled,
    Standing, Stood,
};
pub use audit::{AuditEntry, AuditFilter, AuditKey, AuditLog, AuditRow, NamedAuditRow};
pub use category::{Categories, CategoryPatch, CategoryRow, CategoryState, Direction, NewCategory};
pub use chain::{AuditChain, AuditSealing, Cut, Link, LinkedRow, Seal};
pub use change::{CHANGES_KEPT, Change};
pub use directory::{
    Directory, Membership, NewOrganization, NewSite, NewTill, NewUser, Organization, PlacedSite, Site, Till,
    User, UserFilter, UserListing,
};
pub use error::StoreError;
pub use impersonation::{
    BegunImpersonation, EndedImpersonation, ImpersonationEnd, ImpersonationRefusal, Impersonations,
    Impersonator, LiveImpersonation, NewImpersonation, Party,
};
pub use insight::{
    DeviceReport, DeviceSum, EventBatch, EventKind, EventOutcome, EventSum, FailureKey, FailureQuery,
    FailureSum, Insight, SessionEvent, SessionGauges, Steps, Totals,
};
pub use notice::{NewNotice, Notice, NoticeDetail, NoticeKind, Notices};
pub use oversight::{LongImpersonation, Matter, NewOversightLetter, Oversight, OversightLetter};
pub use rotation::{AttemptHash, Presented, RotationOutcome};
pub use sale::{NewSaleRow, SaleOutcome, SaleRow, Sales};
pub use session::{
    BeginOutcome, DeviceKey, Fingerprint, Identity, NewSession, Origin, PageKey, Place, RevokeReason,
    SessionFilter, SessionRow, Sessions, Touch,
};
pub use settings::SettingsStore;
pub use till_day::{
    ClosedTillDay, CounterTill, DayOperator, NewTillDay, OpenedTillDay, TillDayClosing, TillDayEnd,
    TillDayRow, TillDays,
};

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// A new UUIDv7 (RFC 9562) of this moment, for rows that an engine adds by itself.
pub fn new_id(now: Millis) -> Uuid {
    let now = u64::try_from(now).unwrap_or(0);
    let nanoseconds = u32::try_from(now % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, now / 1_000, nanoseconds))
}

/// The form in which texts are compared where capitals do not matter.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// A whole database engine.
#[async_trait]
pub trait Store:
    Directory
    + Sessions
    + SettingsStore
    + Categories
    + Sales
    + TillDays
    + Notices
    + Impersonations
    + Oversight
    + Alerts
    + AuditLog
    + AuditChain
    + AuditSealing
    + Insight
    + Send
    + Sync
    + 'static
{
    /// Whether the store reads and writes just now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and its kin where it does not.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Hears of changes from now on, of every process that works on this database. They are hints, sent after the change
    /// is durable: one may be missed, and a receiver that falls behind by [`CHANGES_KEPT`] is told so.
    fn changes(&self) -> broadcast::Receiver<Change>;

    /// Waits for what is on its way to disk and lets go of the database.
    async fn close(&self);
}
