//! Impersonation: a super admin at work as somebody else, for a bounded time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Secret;

/// Characters that a reason has at least, without blanks around it.
pub const REASON_LEAST: usize = 10;

/// Characters that a reason has at most.
pub const REASON_MOST: usize = 500;

/// Networks that the settings name at most.
pub const NETWORKS_MOST: usize = 64;

/// `POST /v1/impersonations`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartImpersonationRequest {
    /// As whom.
    pub user_id: Uuid,
    /// In which of that user's organisations; absent: the one joined first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Uuid>,
    /// Why, in 10 to 500 characters; it stands in the audit log.
    #[cfg_attr(feature = "openapi", schema(min_length = 10, max_length = 500))]
    pub reason: String,
}

/// One of the two people of an impersonation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ImpersonationParty {
    /// The user.
    pub user_id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
}

/// Answer to `POST /v1/impersonations` and to `POST /v1/impersonations/{id}/token`: an access token and no refresh token.
/// Another one is asked for with the token of the session that the impersonation was begun from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImpersonationGrant {
    /// The impersonation's session.
    pub session_id: Uuid,
    /// Signed JWT (RFC 9068) with an `act` claim (RFC 8693 §4.1).
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub access_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Life of the access token in seconds.
    pub expires_in: u32,
    /// When to ask for the next one, in seconds.
    pub refresh_in: u32,
    /// As whom.
    pub user: ImpersonationParty,
    /// In which organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ends, whatever happens.
    pub expires_at: DateTime<Utc>,
    /// Until then, in seconds.
    pub absolute_expires_in: u32,
    /// The server's clock; for display only.
    pub server_time: DateTime<Utc>,
}

/// An impersonation that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LiveImpersonation {
    /// Its session.
    pub session_id: Uuid,
    /// Who.
    pub impersonator: ImpersonationParty,
    /// As whom.
    pub user: ImpersonationParty,
    /// In which organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// Why.
    pub reason: String,
    /// What the impersonator's device called itself.
    pub device_name: String,
    /// The address of its last call.
    pub ip_address: String,
    /// The program by name and version, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// When it began.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub started_at: DateTime<Utc>,
    /// When it ends, whatever happens.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub expires_at: DateTime<Utc>,
    /// Whether whoever asks began it.
    pub is_own: bool,
}

/// `GET /v1/impersonations`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LiveImpersonationList {
    /// The one begun last first.
    pub impersonations: Vec<LiveImpersonation>,
    /// The server's clock, to tell how long they have lasted.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub server_time: DateTime<Utc>,
}

/// `GET` and `PUT /v1/admin/settings/impersonation`: the same for the whole server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ImpersonationSettings {
    /// The networks that an impersonation may be begun and renewed from, as in `192.0.2.0/24`; empty: from anywhere. At most 64.
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub allowed_networks: Vec<String>,
    /// Whether the user as whom somebody acts is told.
    pub tell_target: bool,
}

impl Default for ImpersonationSettings {
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            tell_target: true,
        }
    }
}
