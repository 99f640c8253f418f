//! The audit log as administrators read it: who did what to what, from where, and what became of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

/// Kinds of deeds that one press filters for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AuditGroup {
    /// Sign-ins, denied ones too, sign-outs, and passwords given again.
    SignIns,
    /// Sessions that somebody or a rule ended.
    Revocations,
    /// People, their roles and passwords.
    People,
    /// Organisations, sites, tills and categories.
    Places,
    /// Lifetimes, alerts, mail.
    Settings,
    /// Somebody at work as somebody else: begun, refused, each call, stopped, expired.
    Impersonation,
    /// Sales.
    Sales,
    /// The database and the log itself: restored, sealed anew, shortened.
    System,
}

impl AuditGroup {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What became of a deed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AuditResult {
    /// It was done.
    #[default]
    Done,
    /// It was refused.
    Denied,
}

impl AuditResult {
    /// As it stands on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Somebody, by the id that stays and the name of today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AuditPerson {
    /// The user.
    pub user_id: Uuid,
    /// The name; `None` when the user is no longer there.
    pub username: Option<String>,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AuditRecord {
    /// Its place in the log, from 1, without gaps; a decimal number as text, since it may pass what a double holds.
    pub sequence: String,
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// The organisation it happened in; `None` above all organisations.
    pub organization_id: Option<Uuid>,
    /// That organisation's name of today.
    pub organization_name: Option<String>,
    /// Who acted; `None` for the program itself or somebody unknown.
    pub actor: Option<AuditPerson>,
    /// As whom, where the actor looked through somebody else's eyes.
    pub impersonated: Option<AuditPerson>,
    /// The session it came through.
    pub session_id: Option<Uuid>,
    /// What was done, as in `session.revoked`.
    pub action: String,
    /// What it was done to, as in `session:0190…`.
    pub target: Option<String>,
    /// The name of today of that, where it has one.
    pub target_name: Option<String>,
    /// What became of it.
    pub result: AuditResult,
    /// Why, in the words of whoever did it.
    pub reason: Option<String>,
    /// What stood before in each field that the deed changed, without secrets.
    pub before: BTreeMap<String, String>,
    /// What stood afterwards.
    pub after: BTreeMap<String, String>,
    /// Further particulars.
    pub detail: BTreeMap<String, String>,
    /// The client's address; empty where there is none.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
    /// The device's name as the session knows it.
    pub device_name: Option<String>,
    /// The request's id, as in the log of the program.
    pub request_id: String,
    /// Whether a signed head covers it already, which happens about a second after it was written.
    pub sealed: bool,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AuditPage {
    /// The lines.
    pub records: Vec<AuditRecord>,
    /// Hand this back as `after` for the next page; `None`: this was the last one.
    pub next: Option<String>,
}
