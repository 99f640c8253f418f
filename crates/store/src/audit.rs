//! The audit log: who did what to what, written in the same transaction as the deed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use protocol::audit::AuditResult;
use uuid::Uuid;

use crate::{Millis, StoreError, new_id};

/// Fields of something by their names, as text.
pub type Fields = BTreeMap<String, String>;

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
    /// As whom, where the actor looked through somebody else's eyes.
    pub impersonated_user_id: Option<Uuid>,
    /// The session the deed came through.
    pub session_id: Option<Uuid>,
    /// What was done, as in `session.created`.
    pub action: &'static str,
    /// What it was done to, as in `session:0190…`.
    pub target: Option<String>,
    /// What became of it.
    pub result: AuditResult,
    /// Why, in the words of whoever did it.
    pub reason: Option<String>,
    /// What stood before in each field that the deed changed.
    pub before: Fields,
    /// What stands there afterwards.
    pub after: Fields,
    /// Particulars as a JSON object, without secrets.
    pub detail: serde_json::Value,
    /// Address of the client.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
    /// The device's name as the session knows it.
    pub device_name: Option<String>,
    /// The request's id, as in the log.
    pub request_id: String,
}

impl AuditEntry {
    /// An entry of nobody, from nowhere, on nothing, of a deed that was done.
    pub fn of(action: &'static str, now: Millis) -> Self {
        Self {
            id: new_id(now),
            now,
            organization_id: None,
            actor_user_id: None,
            impersonated_user_id: None,
            session_id: None,
            action,
            target: None,
            result: AuditResult::Done,
            reason: None,
            before: Fields::new(),
            after: Fields::new(),
            detail: serde_json::json!({}),
            ip_address: String::new(),
            user_agent: String::new(),
            device_name: None,
            request_id: String::new(),
        }
    }

    /// An entry for what else the same call did, with an id of its own.
    #[must_use]
    pub fn beside(&self, action: &'static str, target: Option<String>) -> Self {
        Self {
            id: new_id(self.now),
            action,
            target,
            before: Fields::new(),
            after: Fields::new(),
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
    /// As whom.
    pub impersonated_user_id: Option<Uuid>,
    /// The session.
    pub session_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// To what.
    pub target: Option<String>,
    /// With what result.
    pub result: AuditResult,
    /// Why.
    pub reason: Option<String>,
    /// What stood before.
    pub before: Fields,
    /// What stands afterwards.
    pub after: Fields,
    /// Particulars.
    pub detail: serde_json::Value,
    /// Address of the client.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
    /// The device's name.
    pub device_name: Option<String>,
    /// The request's id.
    pub request_id: String,
}

/// Which rows of the log are wanted; every condition given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this organisation.
    pub organization_id: Option<Uuid>,
    /// One of these actions; with an empty list there is no such row.
    pub actions: Option<Vec<String>>,
    /// By this user.
    pub actor_user_id: Option<Uuid>,
    /// As this user.
    pub impersonated_user_id: Option<Uuid>,
    /// Through this session.
    pub session_id: Option<Uuid>,
    /// To this.
    pub target: Option<String>,
    /// With this result.
    pub result: Option<AuditResult>,
    /// From this time on.
    pub from: Option<Millis>,
    /// Before this time.
    pub to: Option<Millis>,
}

/// A row's place on a list of the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey {
    /// When it was written.
    pub at: Millis,
    /// Its place in the log, among rows of the same millisecond.
    pub sequence: u64,
}

/// A row of the log, with the names of today of those it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAuditRow {
    /// The row.
    pub row: AuditRow,
    /// The organisation's name.
    pub organization_name: Option<String>,
    /// The actor's user name.
    pub actor_name: Option<String>,
    /// The impersonated user's name.
    pub impersonated_name: Option<String>,
    /// The name of what it was done to.
    pub target_name: Option<String>,
}

/// What a target names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A user, by the user name.
    User,
    /// An organisation.
    Organization,
    /// A site.
    Site,
    /// A till.
    Till,
    /// A category.
    Category,
    /// A session, by its device's name.
    Session,
}

/// What a target such as `user:0190…` names, where that has a name.
pub fn named_target(target: &str) -> Option<(TargetKind, Uuid)> {
    let (kind, id) = target.split_once(':')?;
    let kind = match kind {
        "user" => TargetKind::User,
        "organization" => TargetKind::Organization,
        "site" => TargetKind::Site,
        "till" => TargetKind::Till,
        "category" => TargetKind::Category,
        "session" => TargetKind::Session,
        _ => return None,
    };
    Some((kind, id.parse().ok()?))
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

    /// The rows wanted that come after `after`, by time and then by place, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_page(
        &self,
        filter: AuditFilter,
        after: Option<AuditKey>,
        limit: u32,
    ) -> Result<Vec<NamedAuditRow>, StoreError>;
}
