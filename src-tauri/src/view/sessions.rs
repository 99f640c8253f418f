//! Sessions, and what their owner is told about them, as the screen shows them.

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::notice::NoticeKind;
use serde::Serialize;
use specta::Type;

use super::Millis;

/// An organisation the operator belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct OwnOrganization {
    /// Its id.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// The operator's role there.
    pub role: OrganizationRole,
    /// The operator's site there, if there is one.
    pub site_name: Option<String>,
    /// Whether the session works in it.
    pub is_current: bool,
}

/// One of the operator's own live sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct MySession {
    /// The session's id.
    pub session_id: String,
    /// Its organisation.
    pub organization_name: String,
    /// The role there.
    pub role: OrganizationRole,
    /// The site, if it is bound to one.
    pub site_name: Option<String>,
    /// Address of its last use.
    pub ip_address: String,
    /// What the device is called.
    pub device_name: String,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// The application or browser with its version; empty where none is known.
    pub application: String,
    /// When it began.
    pub created_at_ms: Millis,
    /// When it was last used.
    pub last_used_at_ms: Millis,
    /// Its absolute end.
    pub expires_at_ms: Millis,
    /// When it ends for lack of input, where it does.
    pub idle_end_ms: Option<Millis>,
    /// Whether it is bound to a key of its device.
    pub is_bound: bool,
    /// Whether it is this one.
    pub is_current: bool,
}

/// Something about the operator's account that the operator should know of.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct SecurityNotice {
    /// Its id.
    pub id: String,
    /// What happened.
    pub kind: NoticeKind,
    /// When.
    pub at_ms: Millis,
    /// The device, where one is known.
    pub device_name: Option<String>,
    /// The address, where one is known.
    pub ip_address: Option<String>,
    /// The application or browser with its version, where one is known.
    pub application: Option<String>,
}

/// Until when the password need not be given again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Type)]
pub struct Reauthenticated {
    /// Until then.
    pub until_ms: Millis,
}
