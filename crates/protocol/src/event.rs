//! What `GET /v1/events` sends (WHATWG server-sent events): hints only, which a client checks by a call of its own.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

use crate::error::ErrorCode;
use crate::notice::NoticeKind;

/// The `event:` field.
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
pub enum EventName {
    /// The caller's session ended; `data:` is a [`SessionEnded`]. The stream ends after it.
    SessionEnded,
    /// The settings of the session's organisation changed; `data:` is `{}`.
    SettingsChanged,
    /// The categories of the session's organisation changed; `data:` is `{}`.
    CategoriesChanged,
    /// An alert of the session's organisation began, ended, or was told to somebody; for administrators; `data:` is `{}`.
    AlertsChanged,
    /// Impersonations began or ended; for super admins; `data:` is `{}`.
    ImpersonationsChanged,
    /// There is a new security notice; `data:` is a [`NoticeAdded`].
    Notice,
    /// The session works in another organisation now; `data:` is `{}`.
    OrganizationChanged,
}

/// Data of `session_ended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEnded {
    /// The session.
    pub session_id: Uuid,
    /// What its next request is refused with.
    pub code: ErrorCode,
}

/// Data of `notice`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeAdded {
    /// The notice.
    pub id: Uuid,
    /// What happened.
    pub kind: NoticeKind,
}
