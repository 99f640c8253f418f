//! Organisations, their sites and tills, and the users who belong to them.

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use uuid::Uuid;

use crate::{AuditEntry, Millis, StoreError};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its short name in addresses and on the command line: lower case letters, digits and hyphens.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// An organisation to add.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Unique.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A place where an organisation works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: Uuid,
    /// Its organisation.
    pub organization_id: Uuid,
    /// Its name, unique within the organisation, archived sites included.
    pub name: String,
    /// Since when nobody new works there.
    pub archived_at: Option<Millis>,
}

/// A site, told apart from those of all other organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedSite {
    /// Its id.
    pub id: Uuid,
    /// Its organisation's slug.
    pub organization_slug: String,
    /// Its name.
    pub name: String,
}

/// A site to add.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Its organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub name: String,
}

/// A place to sell at within a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// Its id.
    pub id: Uuid,
    /// Its organisation.
    pub organization_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// Its name, unique among the site's tills that are not archived.
    pub name: String,
    /// When it was added.
    pub created_at: Millis,
    /// Since when it is out of use.
    pub archived_at: Option<Millis>,
}

/// A till to add.
#[derive(Clone, Debug)]
pub struct NewTill {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Its organisation.
    pub organization_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// Its name.
    pub name: String,
}

/// A user as sign-in needs it.
#[derive(Clone)]
pub struct User {
    /// The user's id.
    pub id: Uuid,
    /// The normalised name to sign in with, unique over all organisations.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The password's argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed before anything else.
    pub one_time_password: bool,
    /// Since when the account is disabled.
    pub disabled_at: Option<Millis>,
    /// Whether the user stands above all organisations.
    pub super_admin: bool,
    /// When the user last began a session.
    pub last_sign_in_at: Option<Millis>,
    /// Organisations with the role and the site in each, in the order in which they were joined.
    pub memberships: Vec<Membership>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A user's place in one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organisation.
    pub organization: Organization,
    /// The role there.
    pub role: OrganizationRole,
    /// The site the user works at, if one.
    pub site: Option<Site>,
}

/// A user to add, with a first membership.
#[derive(Clone)]
pub struct NewUser {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Normalised.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The password's argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether the password must be changed.
    pub one_time_password: bool,
    /// The organisation.
    pub organization_id: Uuid,
    /// The role there.
    pub role: OrganizationRole,
    /// The site.
    pub site_id: Option<Uuid>,
}

/// A user on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserListing {
    /// The user's id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The role in the organisation listed; `None` on the list of all users.
    pub role: Option<OrganizationRole>,
    /// The site in the organisation listed; `None` on the list of all users.
    pub site: Option<Site>,
    /// Whether the user stands above all organisations.
    pub super_admin: bool,
    /// Since when the account is disabled.
    pub disabled_at: Option<Millis>,
    /// When the user last began a session, in whatever organisation.
    pub last_sign_in_at: Option<Millis>,
}

/// Which users are wanted; every condition given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Members of this organisation.
    pub organization_id: Option<Uuid>,
    /// Whose name to sign in with or to show contains this, in capitals or not.
    pub search: Option<String>,
}

/// Organisations, sites, tills and users.
///
/// A call that names something unknown, or something of another organisation than the one it names, changes nothing and
/// says so by its answer; its audit entry is then not written.
#[async_trait]
pub trait Directory {
    /// Adds an organisation.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] where the slug is.
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError>;

    /// All organisations, by slug.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// Gives an organisation another name; its slug stays. Returns whether there is such an organisation.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn rename_organization(
        &self,
        id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Adds a site.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], or [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError>;

    /// An organisation's sites, by name, archived ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError>;

    /// The first sites of all organisations by their creation, archived ones too, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn oldest_sites(&self, limit: u32) -> Result<Vec<PlacedSite>, StoreError>;

    /// Gives a site another name. Returns whether the organisation has such a site.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`]
    async fn rename_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Archives a site: no user is placed there and no till added from then on; who works there still does. Returns
    /// whether the organisation has such a site that was not archived.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn archive_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Takes an archived site into use again. Returns whether the organisation has such an archived site.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn restore_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Adds a till.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], or [`StoreError::UnknownReference`] where the organisation has no such site, or an
    /// archived one.
    async fn add_till(&self, new: NewTill, audit: AuditEntry) -> Result<(), StoreError>;

    /// An organisation's tills, by name, archived ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn tills(&self, organization_id: Uuid) -> Result<Vec<Till>, StoreError>;

    /// Gives a till another name. Returns whether the organisation has such a till.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`]
    async fn rename_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Takes a till out of use: its name is free again. Returns whether the organisation has such a till in use.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn archive_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Takes an archived till into use again. Returns whether the organisation has such an archived till.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] where another till of the site has its name by now.
    async fn restore_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Adds a user with a first membership.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], or [`StoreError::UnknownReference`] where organisation or site do not exist, the site
    /// is another organisation's, or it is archived.
    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError>;

    /// A user by id, disabled ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError>;

    /// A user by normalised name, disabled ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError>;

    /// The users that pass the filter, by name, at most `limit`, from after the name `after` on.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn users(
        &self,
        filter: UserFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<UserListing>, StoreError>;

    /// Gives a user another name to show. Returns whether there is such a user.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn rename_user(
        &self,
        user_id: Uuid,
        display_name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Disables an account and ends its sessions in the same transaction.
    ///
    /// Returns how many sessions ended, `None` where there is no such user.
    ///
    /// # Errors
    /// [`StoreError::LastOwner`] where an organisation would be left without an owner who can sign in;
    /// [`StoreError::RankLost`] where the account stands above all organisations and the entry's actor does not, or cannot
    /// sign in any more.
    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError>;

    /// Enables a disabled account; its ended sessions stay ended. Returns whether there is such a disabled account.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn enable_user(&self, user_id: Uuid, audit: AuditEntry) -> Result<bool, StoreError>;

    /// Puts a user above all organisations, or no longer. Returns whether that changed something.
    ///
    /// The rank of the entry's actor is read in the same transaction: of two who would take it from each other, one keeps
    /// it. An entry without an actor is the program's own, which needs no rank.
    ///
    /// # Errors
    /// [`StoreError::RankLost`] where the entry's actor does not stand above all organisations, or cannot sign in any more.
    async fn set_super_admin(
        &self,
        user_id: Uuid,
        super_admin: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Makes a user a member of an organisation, or changes the role and the site that the user has there.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where user or organisation do not exist, or the site is another organisation's,
    /// or an archived one that the user does not have already; [`StoreError::LastOwner`] where the organisation would be
    /// left without an owner who can sign in.
    async fn put_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        role: OrganizationRole,
        site_id: Option<Uuid>,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;

    /// Ends a membership, and in the same transaction the user's sessions that work in the organisation.
    ///
    /// Returns how many sessions ended, `None` where there is no such membership.
    ///
    /// # Errors
    /// [`StoreError::LastOwner`] where the organisation would be left without an owner who can sign in.
    async fn remove_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError>;

    /// Sets a new password hash, and in the same transaction ends the user's sessions except for `keep`.
    ///
    /// Returns how many sessions ended, `None` where there is no such user.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn set_password(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        keep: Option<Uuid>,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError>;
}
