//! Sessions as their owner sees them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::{DeviceKind, OrganizationRole};

/// One live session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SessionSummary {
    /// The session's id.
    pub session_id: Uuid,
    /// The organisation it works in.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// The owner's role there.
    pub organization_role: OrganizationRole,
    /// Address of the last refresh or login.
    pub ip_address: String,
    /// User agent of the last refresh or login.
    pub user_agent: String,
    /// The program behind that user agent by name and version, as in `Firefox 140` or `Vigie 0.1.0`; absent where it does
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The site, if the session is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// Name the device gave itself.
    pub device_name: String,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// When the session began.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub created_at: DateTime<Utc>,
    /// When it was last renewed or used.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub last_used_at: DateTime<Utc>,
    /// Its absolute end.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub expires_at: DateTime<Utc>,
    /// When it ends for lack of input; absent where it does not (tills).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub idle_expires_at: Option<DateTime<Utc>>,
    /// Whether its refresh token is bound to a key of the device (RFC 9449).
    #[serde(default)]
    pub is_bound: bool,
    /// Whether this is the session that asks.
    pub is_current: bool,
}

/// `GET /v1/auth/sessions`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SessionList {
    /// Newest first.
    pub sessions: Vec<SessionSummary>,
}

/// Answer to the calls that revoke sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Revoked {
    /// How many sessions this call ended.
    pub revoked: u32,
}

/// One live session as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AdminSession {
    /// The session.
    #[serde(flatten)]
    pub session: SessionSummary,
    /// Whose.
    pub user_id: Uuid,
    /// The owner's name to sign in with.
    pub username: String,
    /// The owner's name to show.
    pub display_name: String,
    /// The operator's last real input, as far as the server knows.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub last_input_at: DateTime<Utc>,
    /// Whether that was within the organisation's `activity_threshold_minutes`.
    pub is_active: bool,
}

/// `GET /v1/admin/sessions`: a page of live sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AdminSessionList {
    /// Newest first.
    pub sessions: Vec<AdminSession>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
