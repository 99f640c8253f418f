//! Telling those who look after impersonations: of each that lasted for long, once, and of each month, once.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{LiveImpersonation, Millis, Recipient, Settled, StoreError};

/// How long an impersonation lasts, in milliseconds, before those who look after them are told of it.
pub const LONG_MS: Millis = 60 * 60 * 1_000;

/// An impersonation, over or not, as a letter tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongImpersonation {
    /// What it is.
    pub impersonation: LiveImpersonation,
    /// When it was ended before its deadline, if it was.
    pub revoked_at: Option<Millis>,
}

impl LongImpersonation {
    /// When it was over; `None` while it lasts.
    pub fn ended_at(&self, now: Millis) -> Option<Millis> {
        let deadline = self.impersonation.expires_at;
        self.revoked_at.or_else(|| (deadline <= now).then_some(deadline))
    }
}

/// What a letter tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Matter {
    /// Impersonations that lasted for long.
    LongImpersonations {
        /// Their sessions.
        session_ids: Vec<Uuid>,
    },
    /// All impersonations that began in a month.
    Month {
        /// The month, as in `2026-10`.
        month: String,
        /// Of these organisations; `None`: of all.
        organization_ids: Option<Vec<Uuid>>,
    },
}

/// A letter to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOversightLetter {
    /// What it tells of.
    pub matter: Matter,
    /// Whom, and by which way.
    pub recipient: Recipient,
}

/// A letter that a process has claimed: it alone sends it until its claim runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OversightLetter {
    /// Its id.
    pub id: Uuid,
    /// What it tells of.
    pub matter: Matter,
    /// Whom, and by which way.
    pub recipient: Recipient,
    /// Since when it waits.
    pub made_at: Millis,
    /// How often it was claimed, this time included.
    pub tries: u32,
}

/// Oversight of impersonations.
#[async_trait]
pub trait Oversight {
    /// The user names of those who stand above all organisations and can sign in, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn overseers(&self) -> Result<Vec<String>, StoreError>;

    /// Impersonations that have lasted [`LONG_MS`] by now, over or not, and that nobody was told of, the one begun first
    /// first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn untold_impersonations(
        &self,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<LongImpersonation>, StoreError>;

    /// The impersonations of these sessions that are still kept, the one begun first first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn impersonations_of(&self, session_ids: Vec<Uuid>) -> Result<Vec<LongImpersonation>, StoreError>;

    /// Marks these impersonations as told of and adds the letters, in one transaction and only where nobody was told of any
    /// of them. Returns whether it did: of several processes that want to, one does.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn tell_of_impersonations(
        &self,
        session_ids: Vec<Uuid>,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError>;

    /// The newest month, as in `2026-10`, that letters were made of.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn newest_told_month(&self) -> Result<Option<String>, StoreError>;

    /// Notes that the month is told of and adds the letters, in one transaction and only where it was not told of. Returns
    /// whether it did.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn tell_of_month(
        &self,
        month: String,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError>;

    /// Claims letters that are due for `lease_ms`, at most `limit`. What another process has claimed is left to it until
    /// its claim runs out.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn claim_letters(
        &self,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        limit: u32,
    ) -> Result<Vec<OversightLetter>, StoreError>;

    /// Says what became of a letter, if this claim on it still holds. Returns whether it did.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn settle_letter(&self, id: Uuid, claim: Uuid, settled: Settled) -> Result<bool, StoreError>;

    /// Deletes letters that were made before this time and wait no more, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_letters(&self, made_before: Millis, limit: u32) -> Result<u32, StoreError>;
}
