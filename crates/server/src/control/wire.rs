//! What commands and their answers look like between the command line and the server.

use protocol::Secret;
use protocol::auth::{DeviceKind, OrganizationRole};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An organisation to add.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddOrganization {
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// An organisation on a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedOrganization {
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A site to add.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddSite {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// Its name.
    pub name: String,
}

/// A site on a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedSite {
    /// Its name.
    pub name: String,
}

/// A category to add, or to change where there is one of that name.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddCategory {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// Its name.
    pub name: String,
    /// The usual price in cents.
    pub price_cents: Option<u32>,
    /// The key that picks it.
    pub shortcut: Option<String>,
    /// Where it stands; without it, at the end.
    pub position: Option<u32>,
}

/// A user to add.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddUser {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// The site's name.
    pub site: Option<String>,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The role.
    pub role: OrganizationRole,
    /// The password; without it, the server makes one for one use.
    pub password: Option<Secret>,
}

/// A user that was added.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddedUser {
    /// The name to sign in with, as it is stored.
    pub username: String,
    /// The password that was made, shown this once.
    pub one_time_password: Option<Secret>,
}

/// A user on a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedUser {
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The role in the organisation listed.
    pub role: OrganizationRole,
    /// Whether the account is disabled.
    pub state: AccountState,
}

/// Whether an account can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountState {
    /// It can.
    Enabled,
    /// It cannot.
    Disabled,
}

/// A live session on a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedSession {
    /// Its id.
    pub session_id: Uuid,
    /// Whose.
    pub username: String,
    /// The organisation's name.
    pub organization: String,
    /// What the device is called.
    pub device_name: String,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// Where it was last used from.
    pub ip_address: String,
    /// When it was last used, RFC 3339.
    pub last_used_at: String,
}

/// How many sessions a command ended.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How many.
    pub sessions: u32,
}

/// Which organisation a list is of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Of {
    /// Its short name; without it, the only one there is.
    pub organization: Option<String>,
}

/// Why a command was refused.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// Done, and nothing more to say.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {}
