//! Sessions as their owner sees them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::{DeviceKind, OrganizationRole};

/// One live session of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// Name the device gave itself.
    pub device_name: String,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// When the session began.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed or used.
    pub last_used_at: DateTime<Utc>,
    /// Its absolute end.
    pub expires_at: DateTime<Utc>,
    /// Whether this is the session that asks.
    pub is_current: bool,
}

/// `GET /v1/auth/sessions`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
