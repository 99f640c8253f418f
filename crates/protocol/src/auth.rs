//! Signing in, refreshing and signing out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Secret;
use crate::impersonation::ImpersonationParty;
use crate::insight::ClientReport;

/// What the device is: it decides what idleness means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum DeviceKind {
    /// A shared counter: it locks when idle, its session does not end.
    #[default]
    Till,
    /// A personal desk: its session ends when idle.
    Desk,
}

/// A user's role within one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum OrganizationRole {
    /// Works at the counter.
    User,
    /// Looks after a site.
    Manager,
    /// Administers the organisation.
    Admin,
    /// Owns the organisation.
    Owner,
}

/// `POST /v1/auth/login`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// 1 to 128 characters; letter case and surrounding blanks do not matter.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub username: String,
    /// 1 to 1,024 bytes.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub password: Secret,
    /// The organisation's slug; without it, the user's first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What this device is called on the lists of sessions, 1 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub device_name: String,
    /// What this device is.
    #[serde(default)]
    pub device_kind: DeviceKind,
}

/// A fresh access token and what the client must know to keep the session. Answer to login and refresh.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenAnswer {
    /// Signed JWT (RFC 9068).
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub access_token: Secret,
    /// The successor; the same text again where the call did not rotate.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub refresh_token: Secret,
    /// Always `Bearer` (RFC 6750).
    pub token_type: String,
    /// Life of the access token in seconds.
    pub expires_in: u32,
    /// When to refresh ahead of time, in seconds from now.
    pub refresh_in: u32,
    /// Until the session ends for lack of activity, in seconds; absent where it does not (tills).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_expires_in: Option<u32>,
    /// Until the session's absolute end, in seconds.
    pub absolute_expires_in: u32,
    /// The server's clock; for display only.
    pub server_time: DateTime<Utc>,
    /// The session this belongs to.
    pub session_id: Uuid,
    /// How often this session has rotated.
    pub generation: u32,
}

/// Answer to `POST /v1/auth/login`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// The token pair.
    #[serde(flatten)]
    pub tokens: TokenAnswer,
    /// Who signed in.
    pub me: Me,
}

/// `POST /v1/auth/refresh`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// The refresh token in hand.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub refresh_token: Secret,
    /// Made at random once per generation and repeated on every retry of that generation.
    pub attempt_id: Uuid,
    /// `false` renews the access token only, for a client that cannot write its keychain just now.
    #[serde(default = "yes")]
    pub rotate: bool,
    /// Seconds since the operator last touched the device; absent where nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>, maximum = 4_294_967_295_u64))]
    pub last_input_age_seconds: Option<u32>,
}

const fn yes() -> bool {
    true
}

/// `GET /v1/auth/me`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Me {
    /// The user's id.
    pub user_id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The session's organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// The user's role there.
    pub current_organization_role: OrganizationRole,
    /// The session's site, if it is bound to one.
    pub site_id: Option<Uuid>,
    /// Its name.
    pub site_name: Option<String>,
    /// Whether the user stands above all organisations.
    #[serde(default)]
    pub super_admin: bool,
    /// Whether the password is for one use: only changing it, this call and signing out are open until then.
    #[serde(default)]
    pub must_change_password: bool,
    /// A till locks this long after the last input, in minutes; absent: never by itself.
    #[serde(default)]
    pub lock_after_minutes: Option<u32>,
    /// How many organisations the user belongs to.
    #[serde(default)]
    pub organizations: u32,
    /// Who acts as this user; absent where the user does so alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonator: Option<ImpersonationParty>,
    /// When that ends, whatever happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub impersonation_ends_at: Option<DateTime<Utc>>,
}

/// `POST /v1/auth/reauthenticate`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReauthenticateRequest {
    /// The caller's own password, 1 to 1,024 bytes.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub password: Secret,
}

/// Answer to `POST /v1/auth/reauthenticate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Reauthenticated {
    /// Until when calls that need the password again are taken, by the server's clock.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub reauthenticated_until: DateTime<Utc>,
}

/// `POST /v1/auth/password`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePasswordRequest {
    /// The password as it is, 1 to 1,024 bytes.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub current_password: Secret,
    /// The password as it is to be: 8 characters or more, at most 1,024 bytes, any characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub new_password: Secret,
}

/// `POST /v1/auth/organization`
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchOrganizationRequest {
    /// The organisation to work in from now on.
    pub organization_id: Uuid,
}

/// An organisation that the caller may work in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OwnOrganization {
    /// Its id.
    pub organization_id: Uuid,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The caller's role there.
    pub role: OrganizationRole,
    /// The caller's site there, if one.
    pub site_id: Option<Uuid>,
    /// Its name.
    pub site_name: Option<String>,
    /// Whether this session works in it now.
    pub is_current: bool,
}

/// `GET /v1/auth/organizations`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OwnOrganizationList {
    /// In the order in which they were joined; for a super admin, then those of which he is no member, by short name.
    pub organizations: Vec<OwnOrganization>,
}

/// `POST /v1/activity/ping`: the operator's real input. Background work never sends this.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PingRequest {
    /// Seconds since the operator last touched the device.
    #[cfg_attr(feature = "openapi", schema(value_type = u64, maximum = 4_294_967_295_u64))]
    pub last_input_age_seconds: u32,
    /// What the client counted since the last report that got through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ClientReport>,
}

/// Answer to a ping: the deadlines as they now stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PingAnswer {
    /// Until the session ends for lack of activity, in seconds; absent where it does not (tills).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_expires_in: Option<u32>,
    /// Until the session's absolute end, in seconds.
    pub absolute_expires_in: u32,
    /// The server's clock; for display only.
    pub server_time: DateTime<Utc>,
}
