//! What administrators see and ask for: everybody's sessions, people, organisations, sites, tills and categories.

use protocol::administration::UserActions;
use protocol::auth::OrganizationRole;
use serde::{Deserialize, Serialize};
use specta::Type;

use super::Millis;
use super::sessions::MySession;

/// A live session of anybody.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct LiveSession {
    /// What its owner would see of it; `is_current` marks the one of this app.
    pub session: MySession,
    /// Whose it is.
    pub user_id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// When the device was last touched, as far as known.
    pub last_input_at_ms: Millis,
    /// Whether that counts as active.
    pub is_active: bool,
}

/// Which live sessions to show. What is absent does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SessionQuery {
    /// Those of this organisation.
    pub organization_id: Option<String>,
    /// Those of this person.
    pub user_id: Option<String>,
    /// Those at this site.
    pub site_id: Option<String>,
    /// Those whose address begins so.
    pub ip_address: Option<String>,
    /// Those whose device's name holds this.
    pub device: Option<String>,
    /// Those without input for this many minutes or more.
    pub idle_minutes: Option<u32>,
    /// Those after this mark of a page before.
    pub after: Option<String>,
}

/// A page of live sessions, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<LiveSession>,
    /// The mark to ask for the next page with, if there is one.
    pub next: Option<String>,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct Person {
    /// The user's id.
    pub user_id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The role in the current organisation; absent for somebody who does not belong to it.
    pub role: Option<OrganizationRole>,
    /// The site there, if there is one.
    pub site_id: Option<String>,
    /// Its name.
    pub site_name: Option<String>,
    /// Whether the account is disabled.
    pub is_disabled: bool,
    /// Whether the person stands above all organisations.
    pub is_super_admin: bool,
    /// The last sign-in, if there was one.
    pub last_sign_in_at_ms: Option<Millis>,
}

/// Which people to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Those whose name holds this.
    pub search: Option<String>,
    /// Those of all organisations, for a super admin.
    pub everywhere: bool,
    /// Those after this mark of a page before.
    pub after: Option<String>,
}

/// A page of people, by user name.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct PeoplePage {
    /// The people.
    pub people: Vec<Person>,
    /// The mark to ask for the next page with, if there is one.
    pub next: Option<String>,
}

/// Somebody, with what the operator may do to them.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct PersonDetail {
    /// The person.
    pub person: Person,
    /// Whether the password is for one use and still to be changed.
    pub must_change_password: bool,
    /// Names of the person's organisations, as far as the operator may know of them.
    pub organizations: Vec<String>,
    /// What the operator may do.
    pub allowed: UserActions,
}

/// A new account, or an old one with a new password, which is shown this once.
#[derive(Clone, PartialEq, Serialize, Type)]
pub struct OneTimePassword {
    /// The name to sign in with.
    pub username: String,
    /// The password for the next sign-in.
    pub password: String,
    /// How many sessions ended.
    pub revoked: u32,
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimePassword")
            .field("username", &self.username)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// A site of the current organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Site {
    /// Its id.
    pub site_id: String,
    /// Its name.
    pub name: String,
    /// Whether it is out of use.
    pub is_archived: bool,
}

/// A till of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Till {
    /// Its id.
    pub till_id: String,
    /// Its site.
    pub site_id: String,
    /// Its name.
    pub name: String,
    /// Whether it is out of use.
    pub is_archived: bool,
}

/// Every site and till of the current organisation, archived ones too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Type)]
pub struct Places {
    /// By name.
    pub sites: Vec<Site>,
    /// By site, then by name.
    pub tills: Vec<Till>,
}

/// A category of the current organisation as administrators keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct ShopCategory {
    /// Its id.
    pub category_id: String,
    /// The name on the tile.
    pub name: String,
    /// The usual price of one piece in cents; absent where it is asked for each time.
    pub price_cents: Option<u32>,
    /// The key that picks it.
    pub shortcut: Option<String>,
    /// Its barcodes.
    pub barcodes: Vec<String>,
    /// Whether tills sell it no longer.
    pub is_archived: bool,
}
