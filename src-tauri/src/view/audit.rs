//! What administrators ask the audit log for; its lines come as the server says them.

use chrono::{DateTime, Utc};
use protocol::audit::{AuditGroup, AuditResult};
use serde::Deserialize;
use specta::Type;

/// Which lines of the audit log to show: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Deeds of this kind.
    pub group: Option<AuditGroup>,
    /// This deed, as in `session.revoked`.
    pub action: Option<String>,
    /// Done by this user.
    pub actor_user_id: Option<String>,
    /// Done as this user.
    pub impersonated_user_id: Option<String>,
    /// Done through this session.
    pub session_id: Option<String>,
    /// Done to this, as in `session:0190…`.
    pub target: Option<String>,
    /// That came to this.
    pub result: Option<AuditResult>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Of this organisation; absent: of the operator's own, or of all for a super admin.
    pub organization_id: Option<String>,
}

/// As what lines of the audit log are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// One JSON object a line.
    Jsonl,
}
