//! The audit log: who did what to what, written in the same transaction as the deed.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Millis, StoreError, new_id};

/// What is written beside a change. No secret belongs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// A new UUIDv7.
    pub id: Uuid,
    /// When.
    pub now: Millis,
    /// The organisation it happened in; `None` above all organisations.
    pub organization_id: Option<Uuid>,
    /// Who acted; `None` for the program itself or somebody unknown.
    pub actor_user_id: Option<Uuid>,
    /// The session the deed came through.
    pub session_id: Option<Uuid>,
    /// What was done, as in `session.created`.
    pub action: &'static str,
    /// What it was done to, as in `session:0190…`.
    pub target: Option<String>,
    /// Particulars as a JSON object, without secrets.
    pub detail: serde_json::Value,
    /// Address of the client.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
    /// The request's id, as in the log.
    pub request_id: String,
}

impl AuditEntry {
    /// An entry for what else the same call did, with an id of its own.
    #[must_use]
    pub fn beside(&self, action: &'static str, target: Option<String>) -> Self {
        Self {
            id: new_id(self.now),
            action,
            target,
            ..self.clone()
        }
    }
}

/// An audit row read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Position in the log, from 1, without gaps.
    pub sequence: u64,
    /// The row's id.
    pub id: Uuid,
    /// When.
    pub at: Millis,
    /// The organisation.
    pub organization_id: Option<Uuid>,
    /// Who.
    pub actor_user_id: Option<Uuid>,
    /// The session.
    pub session_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// Particulars.
    pub detail: serde_json::Value,
}

/// Reading and adding to the audit log.
#[async_trait]
pub trait AuditLog {
    /// Adds an entry of its own, for deeds that change nothing else (a denied sign-in, say).
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// The newest entries of an organisation, newest first; `None`: of all of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_rows(
        &self,
        organization_id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError>;
}
