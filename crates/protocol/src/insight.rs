//! What happens to sessions, in figures: how many live, how refreshes and sign-ins fare, why sessions end, and which tills
//! suffer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

use crate::auth::OrganizationRole;

/// How far back figures reach.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type), serde(rename = "InsightRange"))]
pub enum Range {
    /// One hour, in steps of a minute.
    #[default]
    #[serde(rename = "1h")]
    #[strum(serialize = "1h")]
    OneHour,
    /// Six hours, in steps of five minutes.
    #[serde(rename = "6h")]
    #[strum(serialize = "6h")]
    SixHours,
    /// A day, in steps of a quarter of an hour.
    #[serde(rename = "24h")]
    #[strum(serialize = "24h")]
    OneDay,
    /// A week, in steps of two hours.
    #[serde(rename = "7d")]
    #[strum(serialize = "7d")]
    SevenDays,
    /// Thirty days, in steps of eight hours.
    #[serde(rename = "30d")]
    #[strum(serialize = "30d")]
    ThirtyDays,
}

impl Range {
    /// How long it is, in minutes.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::OneHour => 60,
            Self::SixHours => 6 * 60,
            Self::OneDay => 24 * 60,
            Self::SevenDays => 7 * 24 * 60,
            Self::ThirtyDays => 30 * 24 * 60,
        }
    }

    /// How long one step of it is, in minutes.
    pub const fn step_minutes(self) -> u32 {
        match self {
            Self::OneHour => 1,
            Self::SixHours => 5,
            Self::OneDay => 15,
            Self::SevenDays => 120,
            Self::ThirtyDays => 480,
        }
    }
}

/// How a session ended.
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
#[cfg_attr(
    feature = "bindings",
    derive(specta::Type),
    serde(rename = "SessionEndReason")
)]
pub enum EndReason {
    /// Its owner signed out.
    SignedOut,
    /// Its owner closed it from another session.
    ByOwner,
    /// An administrator closed it.
    ByAdministrator,
    /// Its owner's account was disabled.
    AccountDisabled,
    /// Its owner's password was changed.
    PasswordChanged,
    /// Its owner is no member of the organisation any more.
    MembershipEnded,
    /// Its owner signed in on one device too many.
    DeviceLimit,
    /// Two holders showed its refresh token.
    RefreshReused,
    /// Nobody touched the desk for too long.
    Idle,
    /// It reached its absolute end.
    Expired,
}

impl EndReason {
    /// Whether somebody ended it on purpose from within; every other end is forced on whoever was signed in.
    pub const fn is_manual(self) -> bool {
        match self {
            Self::SignedOut | Self::ByOwner => true,
            Self::ByAdministrator
            | Self::AccountDisabled
            | Self::PasswordChanged
            | Self::MembershipEnded
            | Self::DeviceLimit
            | Self::RefreshReused
            | Self::Idle
            | Self::Expired => false,
        }
    }

    /// As it stands on the wire, in the store and in metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a refresh of a token that this server made came to nothing.
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
pub enum RefreshFailure {
    /// The session was closed by its owner, an administrator, a new password, a device limit or a membership's end.
    SessionClosed,
    /// The session was signed out.
    SessionSignedOut,
    /// The session ended for lack of activity.
    SessionIdle,
    /// The session reached its absolute end.
    SessionEnded,
    /// The account is disabled.
    AccountDisabled,
    /// Two holders showed one token; the session is closed by this.
    RefreshReused,
    /// A late duplicate, answered before.
    StaleAttempt,
    /// It must be rotated now, and was asked for without.
    RotationRequired,
    /// Without a good proof of the device's key.
    ProofRefused,
    /// The token is whole, and there is no such session.
    SessionUnknown,
    /// Too many of one session.
    RateLimited,
    /// The database could not be asked, or the server was busy.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl RefreshFailure {
    /// As it stands on the wire, in the store and in metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a sign-in was denied.
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
pub enum LoginFailure {
    /// Nobody of that name.
    UnknownUser,
    /// The password is wrong.
    WrongPassword,
    /// The account is disabled.
    AccountDisabled,
    /// The user is no member of the organisation asked for.
    NotAMember,
    /// Too many tries.
    RateLimited,
    /// Without a good proof of a device key.
    ProofRefused,
    /// The database could not be asked, or the server was busy.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl LoginFailure {
    /// As it stands on the wire, in the store and in metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What became of refreshes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RefreshCounts {
    /// Answered with tokens.
    pub success: u32,
    /// Refused or failed, with a token of this server.
    pub failure: u32,
    /// With something that is no token of this server; they count in no rate and in no alert.
    pub rejected: u32,
}

/// What became of sign-ins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LoginCounts {
    /// Signed in.
    pub success: u32,
    /// Denied.
    pub failure: u32,
}

/// How many users have a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RoleCount {
    /// The role.
    pub role: OrganizationRole,
    /// Users who have it and whose accounts are not disabled.
    pub users: u32,
}

/// How many sessions ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EndCount {
    /// How.
    pub reason: EndReason,
    /// How many.
    pub sessions: u32,
}

/// How many refreshes failed for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct FailureCount {
    /// Why.
    pub reason: RefreshFailure,
    /// How many.
    pub refreshes: u32,
}

/// How long the server takes over a refresh, in milliseconds, as upper bounds of histogram buckets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LatencyPercentiles {
    /// Half of them are at least as quick.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
}

/// One step of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MetricsStep {
    /// Its beginning.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: DateTime<Utc>,
    /// Refreshes in it.
    pub refreshes: RefreshCounts,
    /// Sign-ins in it.
    pub logins: LoginCounts,
    /// Sessions that ended against the will of whoever was signed in.
    pub forced_ends: u32,
    /// Sessions that their owners ended.
    pub manual_ends: u32,
    /// 95 of 100 refreshes took at most so long, in milliseconds; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p95_ms: Option<f64>,
}

/// `GET /v1/admin/sessions/metrics` and `GET /v1/monitoring/sessions/metrics`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SessionMetrics {
    /// What was asked for.
    pub range: Range,
    /// The beginning of the first step.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub from: DateTime<Utc>,
    /// Up to when the figures are complete.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub to: DateTime<Utc>,
    /// Sessions that live now.
    pub active_sessions: u32,
    /// Users by role, every role once.
    pub users_by_role: Vec<RoleCount>,
    /// Refreshes in the range.
    pub refreshes: RefreshCounts,
    /// Successes among successes and failures, in percent; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_success_percent: Option<f64>,
    /// Failures by reason, every reason that occurred, the most frequent first.
    pub failures: Vec<FailureCount>,
    /// Sign-ins in the range.
    pub logins: LoginCounts,
    /// Ends by reason, every reason that occurred, the most frequent first.
    pub ends: Vec<EndCount>,
    /// How long refreshes took; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyPercentiles>,
    /// The range step by step, oldest first, empty steps included.
    pub steps: Vec<MetricsStep>,
}

/// By what failures are put together.
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
pub enum ErrorsBy {
    /// By network: /24 of IPv4, /48 of IPv6.
    #[default]
    Network,
    /// By site.
    Site,
    /// By user.
    User,
    /// By reason.
    Reason,
}

/// Failures that have one thing in common: refused refreshes and denied sign-ins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TopError {
    /// What they have in common: a network, a reason, or the id of a site or a user; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name of that site or user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Refreshes that failed.
    pub refreshes: u32,
    /// Sign-ins that were denied.
    pub logins: u32,
    /// The most frequent reason among them: a [`RefreshFailure`] or a [`LoginFailure`].
    pub reason: String,
    /// The minute of the latest.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub last_at: DateTime<Utc>,
}

/// `GET /v1/admin/sessions/errors`: a page of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TopErrors {
    /// The most frequent first.
    pub errors: Vec<TopError>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a client counted since the report before, in `POST /v1/activity/ping`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientReport {
    /// Over how many seconds it counted: at most a day.
    #[cfg_attr(feature = "openapi", schema(maximum = 86400))]
    pub observed_seconds: u32,
    /// Of those, seconds without a connection.
    #[cfg_attr(feature = "openapi", schema(maximum = 86400))]
    pub offline_seconds: u32,
    /// Of those, seconds in which the server answered nonsense or faults.
    #[cfg_attr(feature = "openapi", schema(maximum = 86400))]
    pub server_fault_seconds: u32,
    /// Refreshes that brought tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 100000))]
    pub refreshes: u32,
    /// Times at which the banner came up with a warning or worse.
    #[cfg_attr(feature = "openapi", schema(maximum = 100000))]
    pub incidents: u32,
}

/// One device, as it fared in the range by its own count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SufferingDevice {
    /// Name the device gave itself.
    pub device_name: String,
    /// Its site, if its sessions are bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<Uuid>,
    /// The site's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// Seconds that it counted over.
    pub observed_seconds: u32,
    /// Of those, seconds without a connection.
    pub offline_seconds: u32,
    /// Of those, seconds in which the server answered nonsense or faults.
    pub server_fault_seconds: u32,
    /// Refreshes that brought tokens.
    pub refreshes: u32,
    /// Times at which the banner came up with a warning or worse.
    pub incidents: u32,
    /// When it last reported.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub last_at: DateTime<Utc>,
}

/// `GET /v1/admin/sessions/devices`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SufferingDevices {
    /// Those that suffered at all, the one longest cut off first, at most 100.
    pub devices: Vec<SufferingDevice>,
}
