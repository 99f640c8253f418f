//! Organisations, and the one way to everything that belongs to them.

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use rusqlite::{Connection, OptionalExtension, Params, params};
use store::{
    AuditEntry, Directory, Millis, NewOrganization, NewSite, NewTill, NewUser, Organization, PlacedSite,
    Site, StoreError, Till, User, UserFilter, UserListing,
};
use uuid::Uuid;

use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, audit, memberships, sites, users};

/// Whether the query gives a row.
pub(crate) fn exists(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<bool> {
    connection.prepare_cached(sql)?.exists(values)
}

/// Refuses an organisation that does not exist.
pub(crate) fn known_organization(connection: &Connection, id: Uuid) -> Result<(), Fault> {
    let known = exists(connection, "SELECT 1 FROM organizations WHERE id = ?", [id])?;
    if known {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("organization").into())
    }
}

/// Refuses a user who does not exist.
pub(crate) fn known_user(connection: &Connection, id: Uuid) -> Result<(), Fault> {
    if exists(connection, "SELECT 1 FROM users WHERE id = ?", [id])? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("user").into())
    }
}

/// Refuses a site that is not this organisation's.
pub(crate) fn known_site(
    connection: &Connection,
    organization: Uuid,
    site: Option<Uuid>,
) -> Result<(), Fault> {
    let Some(site) = site else { return Ok(()) };
    let sql = "SELECT 1 FROM sites WHERE organization_id = ? AND id = ?";
    if exists(connection, sql, [organization, site])? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("site").into())
    }
}

/// Refuses a site that is not this organisation's, or is archived.
pub(crate) fn open_site(connection: &Connection, organization: Uuid, site: Uuid) -> Result<(), Fault> {
    let sql = "SELECT 1 FROM sites WHERE organization_id = ? AND id = ? AND archived_at IS NULL";
    if exists(connection, sql, [organization, site])? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("site").into())
    }
}

/// Runs a statement that changes one row at most, and writes the entry where it did. Returns whether it did.
pub(crate) fn change_one(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let changed = connection.prepare_cached(sql)?.execute(values)?;
    if changed > 0 {
        audit::add(connection, entry)?;
    }
    Ok(changed > 0)
}

/// The site at which a member works, `None` for somebody who stands above all organisations.
///
/// # Errors
/// [`StoreError::UnknownReference`] for everybody else.
pub(crate) fn site_of_member(
    connection: &Connection,
    user: Uuid,
    organization: Uuid,
) -> Result<Option<Uuid>, Fault> {
    let site = connection
        .prepare_cached("SELECT site_id FROM memberships WHERE user_id = ? AND organization_id = ?")?
        .query_row([user, organization], |row| row.get(0))
        .optional()?;
    match site {
        Some(site) => Ok(site),
        None if exists(
            connection,
            "SELECT 1 FROM users WHERE id = ? AND super_admin = 1",
            [user],
        )? =>
        {
            Ok(None)
        }
        None => Err(StoreError::UnknownReference("membership").into()),
    }
}

fn add_organization(connection: &Connection, new: &NewOrganization, entry: &AuditEntry) -> Result<(), Fault> {
    if exists(
        connection,
        "SELECT 1 FROM organizations WHERE slug = ?",
        [&new.slug],
    )? {
        return Err(StoreError::NameTaken("slug").into());
    }
    connection
        .prepare_cached("INSERT INTO organizations (id, slug, name, created_at) VALUES (?, ?, ?, ?)")?
        .execute(params![new.id, new.slug, new.name, entry.now])?;
    Ok(audit::add(connection, entry)?)
}

fn organizations(connection: &Connection) -> Result<Vec<Organization>, Fault> {
    let rows = connection
        .prepare_cached("SELECT id, slug, name FROM organizations ORDER BY slug")?
        .query_map([], |row| {
            Ok(Organization {
                id: row.get(0)?,
                slug: row.get(1)?,
                name: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

impl SqliteStore {
    async fn change<T, D>(&self, deed: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.write(Shape::Several, deed).await
    }
}

#[async_trait]
impl Directory for SqliteStore {
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError> {
        self.change(move |connection| add_organization(connection, &new, &audit))
            .await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.readers.read(organizations).await
    }

    async fn rename_organization(
        &self,
        id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE organizations SET name = ?2 WHERE id = ?1";
        self.change(move |connection| change_one(connection, sql, params![id, name], &audit))
            .await
    }

    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError> {
        self.change(move |connection| sites::add_site(connection, &new, &audit))
            .await
    }

    async fn oldest_sites(&self, limit: u32) -> Result<Vec<PlacedSite>, StoreError> {
        self.readers
            .read(move |connection| sites::oldest_sites(connection, limit))
            .await
    }

    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError> {
        self.readers
            .read(move |connection| sites::sites(connection, organization_id))
            .await
    }

    async fn rename_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.change(move |connection| sites::rename_site(connection, organization_id, site_id, &name, &audit))
            .await
    }

    async fn archive_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sites SET archived_at = ?3 WHERE organization_id = ?1 AND id = ?2 AND archived_at IS NULL";
        self.change(move |connection| {
            change_one(connection, sql, params![organization_id, site_id, now], &audit)
        })
        .await
    }

    async fn restore_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sites SET archived_at = NULL WHERE organization_id = ?1 AND id = ?2 AND archived_at IS NOT NULL";
        self.change(move |connection| change_one(connection, sql, [organization_id, site_id], &audit))
            .await
    }

    async fn add_till(&self, new: NewTill, audit: AuditEntry) -> Result<(), StoreError> {
        self.change(move |connection| sites::add_till(connection, &new, &audit))
            .await
    }

    async fn tills(&self, organization_id: Uuid) -> Result<Vec<Till>, StoreError> {
        self.readers
            .read(move |connection| sites::tills(connection, organization_id))
            .await
    }

    async fn rename_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.change(move |connection| sites::rename_till(connection, organization_id, till_id, &name, &audit))
            .await
    }

    async fn archive_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE tills SET archived_at = ?3 WHERE organization_id = ?1 AND id = ?2 AND archived_at IS NULL";
        self.change(move |connection| {
            change_one(connection, sql, params![organization_id, till_id, now], &audit)
        })
        .await
    }

    async fn restore_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.change(move |connection| sites::restore_till(connection, organization_id, till_id, &audit))
            .await
    }

    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError> {
        self.change(move |connection| users::add(connection, &new, &audit))
            .await
    }

    async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        self.readers
            .read(move |connection| users::by_id(connection, id))
            .await
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let username = username.to_owned();
        self.readers
            .read(move |connection| users::by_name(connection, &username))
            .await
    }

    async fn users(
        &self,
        filter: UserFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<UserListing>, StoreError> {
        self.readers
            .read(move |connection| users::page(connection, &filter, after, limit))
            .await
    }

    async fn rename_user(
        &self,
        user_id: Uuid,
        display_name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE users SET display_name = ?2 WHERE id = ?1";
        self.change(move |connection| change_one(connection, sql, params![user_id, display_name], &audit))
            .await
    }

    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                users::disable(connection, user_id, now, &audit)
            })
            .await
    }

    async fn enable_user(&self, user_id: Uuid, audit: AuditEntry) -> Result<bool, StoreError> {
        let sql = "UPDATE users SET disabled_at = NULL WHERE id = ?1 AND disabled_at IS NOT NULL";
        self.change(move |connection| change_one(connection, sql, [user_id], &audit))
            .await
    }

    async fn set_super_admin(
        &self,
        user_id: Uuid,
        super_admin: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                users::set_super_admin(connection, user_id, super_admin, &audit)
            })
            .await
    }

    async fn put_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        role: OrganizationRole,
        site_id: Option<Uuid>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.change(move |connection| {
            memberships::put(connection, user_id, organization_id, role, site_id, &audit)
        })
        .await
    }

    async fn remove_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                memberships::remove(connection, user_id, organization_id, now, &audit)
            })
            .await
    }

    async fn set_password(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        keep: Option<Uuid>,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                users::set_password(
                    connection,
                    user_id,
                    &password_hash,
                    one_time_password,
                    keep,
                    now,
                    &audit,
                )
            })
            .await
    }
}
