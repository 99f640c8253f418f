//! Organisations, their sites, and the users who belong to them.

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
    /// Its name, unique within the organisation.
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
    /// The role in the organisation listed.
    pub role: OrganizationRole,
    /// Since when the account is disabled.
    pub disabled_at: Option<Millis>,
}

/// Organisations, sites and users.
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

    /// Adds a site.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], or [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError>;

    /// An organisation's sites, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError>;

    /// Adds a user with a first membership.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], or [`StoreError::UnknownReference`] where organisation or site do not exist or the site
    /// is another organisation's.
    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError>;

    /// A user by normalised name, disabled ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError>;

    /// An organisation's users, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn users(&self, organization_id: Uuid) -> Result<Vec<UserListing>, StoreError>;

    /// Disables an account and ends its sessions in the same transaction.
    ///
    /// Returns how many sessions ended, `None` where there is no such user.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError>;

    /// Sets a new password hash.
    ///
    /// Returns whether there is such a user.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn set_password_hash(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;
}
