//! What commands and their answers look like between the command line and the server.

use protocol::Secret;
use protocol::alert::AlertLanguage;
use protocol::auth::{DeviceKind, OrganizationRole};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A report to make on the impersonations of a month.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskReport {
    /// The month, as in `2026-10`.
    pub month: String,
    /// Its language; without it, the one that all organisations have set for letters.
    pub language: Option<AlertLanguage>,
}

/// A report that was made.
#[derive(Debug, Serialize, Deserialize)]
pub struct MadeReport {
    /// What the page is called as a file.
    pub html_name: String,
    /// The page.
    pub html: String,
    /// What the PDF is called as a file.
    pub pdf_name: String,
    /// The PDF, in base64 (RFC 4648).
    pub pdf: String,
}

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

/// A till to add.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddTill {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// The site's name; without it, the only one in use.
    pub site: Option<String>,
    /// Its name.
    pub name: String,
}

/// A till on a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedTill {
    /// The site's name.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub state: PlaceState,
}

/// Whether a place is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlaceState {
    /// It is.
    #[strum(serialize = "in use")]
    InUse,
    /// Not any more.
    Archived,
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
    /// The role in the organisation listed; none on the list of all users.
    pub role: Option<OrganizationRole>,
    /// Where the user stands towards the organisations.
    pub standing: UserStanding,
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

impl AccountState {
    /// From the time since when it is disabled, if it is.
    pub const fn of(disabled_at: Option<store::Millis>) -> Self {
        match disabled_at {
            Some(_) => Self::Disabled,
            None => Self::Enabled,
        }
    }
}

/// Where a user stands towards the organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStanding {
    /// Within them, by the role in each.
    Within,
    /// Above all of them: a super admin.
    Above,
}

/// A membership to make or to change.
#[derive(Debug, Serialize, Deserialize)]
pub struct Join {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// The site's name; without it, none in particular.
    pub site: Option<String>,
    /// The role there.
    pub role: OrganizationRole,
}

/// A password to set.
#[derive(Debug, Serialize, Deserialize)]
pub struct SetPassword {
    /// The password; without it, the server makes one for one use.
    pub password: Option<Secret>,
}

/// A password that was set.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordSet {
    /// The name to sign in with, as it is stored.
    pub username: String,
    /// The password that was made, shown this once.
    pub one_time_password: Option<Secret>,
    /// How many sessions ended.
    pub sessions: u32,
    /// Whether the account can sign in with it.
    pub state: AccountState,
}

/// What came of a command that may find everything as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is so now.
    Changed,
    /// It was so already.
    AlreadySo,
}

impl Outcome {
    /// From whether something changed.
    pub const fn of(changed: bool) -> Self {
        if changed { Self::Changed } else { Self::AlreadySo }
    }
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

/// Whose users a list is of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct UsersOf {
    /// The organisation's short name; without it, the only one there is.
    pub organization: Option<String>,
    /// Users of all organisations, and those of none.
    #[serde(default)]
    pub everywhere: bool,
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
