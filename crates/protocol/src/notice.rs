//! What a user is told about the safety of the own account: seen once, then put away.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

/// What happened.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum NoticeKind {
    /// Somebody signed in from a device that this user had not used before.
    NewDevice,
    /// Somebody signed in from a network that this user had not used before.
    NewNetwork,
    /// A session was closed because there were more than the organisation allows.
    DeviceLimit,
    /// The password was changed.
    PasswordChanged,
    /// A refresh token was shown without the key of its device: it may have been copied.
    ProofRefused,
    /// A super admin began to act as this user.
    Impersonated,
    /// For super admins: another one began to act as a user.
    ImpersonationStarted,
}

impl NoticeKind {
    /// As it stands on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One security notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SecurityNotice {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub kind: NoticeKind,
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: DateTime<Utc>,
    /// What the device called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The program by name and version, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
}

/// `GET /v1/auth/notices`: those not seen yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SecurityNoticeList {
    /// Newest first, at most 100.
    pub notices: Vec<SecurityNotice>,
}
