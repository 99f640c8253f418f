//! Organisations, sites and users.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use store::directory::Membership;
use store::session::RevokeReason;
use store::{
    AuditEntry, Change, Directory, Millis, NewOrganization, NewSite, NewUser, Organization, Site, StoreError,
    User, UserListing,
};
use uuid::Uuid;

use crate::column::{role, role_word};
use crate::fault::Fault;
use crate::revocation::{self, Which};
use crate::writer::Shape;
use crate::{SqliteStore, audit};

const USER: &str = "SELECT id, username, display_name, password_hash, one_time_password, disabled_at
    FROM users WHERE username = ?";

const MEMBERSHIPS: &str = "SELECT o.id, o.slug, o.name, m.role, s.id, s.name
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.user_id = ? ORDER BY m.joined";

const LISTING: &str = "SELECT u.id, u.username, u.display_name, m.role, u.disabled_at
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.organization_id = ? ORDER BY u.username";

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

fn add_site(connection: &Connection, new: &NewSite, entry: &AuditEntry) -> Result<(), Fault> {
    known_organization(connection, new.organization_id)?;
    let taken = "SELECT 1 FROM sites WHERE organization_id = ? AND name = ?";
    if exists(connection, taken, params![new.organization_id, new.name])? {
        return Err(StoreError::NameTaken("site").into());
    }
    connection
        .prepare_cached("INSERT INTO sites (id, organization_id, name, created_at) VALUES (?, ?, ?, ?)")?
        .execute(params![new.id, new.organization_id, new.name, entry.now])?;
    Ok(audit::add(connection, entry)?)
}

fn add_user(connection: &Connection, new: &NewUser, entry: &AuditEntry) -> Result<(), Fault> {
    known_organization(connection, new.organization_id)?;
    known_site(connection, new.organization_id, new.site_id)?;
    if exists(
        connection,
        "SELECT 1 FROM users WHERE username = ?",
        [&new.username],
    )? {
        return Err(StoreError::NameTaken("username").into());
    }
    connection
        .prepare_cached(
            "INSERT INTO users (id, username, display_name, password_hash, one_time_password, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.id,
            new.username,
            new.display_name,
            new.password_hash,
            new.one_time_password,
            entry.now
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO memberships (user_id, organization_id, site_id, role) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![
            new.id,
            new.organization_id,
            new.site_id,
            role_word(new.role)
        ])?;
    Ok(audit::add(connection, entry)?)
}

fn disable_user(
    connection: &Connection,
    user_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    if !exists(connection, "SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Ok((None, Vec::new()));
    }
    let disabled = connection
        .prepare_cached("UPDATE users SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL")?
        .execute(params![now, user_id])?;
    let ended = revocation::end(
        connection,
        Which::OfUser(user_id, None),
        RevokeReason::AccountDisabled,
        now,
    )?;
    if disabled > 0 || !ended.is_empty() {
        audit::add(connection, entry)?;
    }
    Ok((Some(revocation::count(&ended)), ended))
}

fn user_by_name(connection: &Connection, username: &str) -> Result<Option<User>, Fault> {
    let user = connection
        .prepare_cached(USER)?
        .query_row([username], |row| {
            Ok(User {
                id: row.get(0)?,
                username: row.get(1)?,
                display_name: row.get(2)?,
                password_hash: row.get(3)?,
                one_time_password: row.get(4)?,
                disabled_at: row.get(5)?,
                memberships: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut user) = user else { return Ok(None) };
    user.memberships = connection
        .prepare_cached(MEMBERSHIPS)?
        .query_map([user.id], membership)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(user))
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Membership> {
    let organization = Organization {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
    };
    let site = match row.get::<_, Option<Uuid>>(4)? {
        Some(id) => Some(Site {
            id,
            organization_id: organization.id,
            name: row.get(5)?,
        }),
        None => None,
    };
    Ok(Membership {
        organization,
        role: role(3, row.get_ref(3)?.as_str()?)?,
        site,
    })
}

#[async_trait]
impl Directory for SqliteStore {
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                add_organization(connection, &new, &audit)
            })
            .await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.readers
            .read(|connection| {
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
            })
            .await
    }

    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                add_site(connection, &new, &audit)
            })
            .await
    }

    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached("SELECT id, name FROM sites WHERE organization_id = ? ORDER BY name")?
                    .query_map([organization_id], |row| {
                        Ok(Site {
                            id: row.get(0)?,
                            organization_id,
                            name: row.get(1)?,
                        })
                    })?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }

    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                add_user(connection, &new, &audit)
            })
            .await
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let username = username.to_owned();
        self.readers
            .read(move |connection| user_by_name(connection, &username))
            .await
    }

    async fn users(&self, organization_id: Uuid) -> Result<Vec<UserListing>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached(LISTING)?
                    .query_map([organization_id], |row| {
                        Ok(UserListing {
                            id: row.get(0)?,
                            username: row.get(1)?,
                            display_name: row.get(2)?,
                            role: role(3, row.get_ref(3)?.as_str()?)?,
                            disabled_at: row.get(4)?,
                        })
                    })?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
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
                disable_user(connection, user_id, now, &audit)
            })
            .await
    }

    async fn set_password_hash(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                let changed = connection
                    .prepare_cached("UPDATE users SET password_hash = ?, one_time_password = ? WHERE id = ?")?
                    .execute(params![password_hash, one_time_password, user_id])?;
                if changed > 0 {
                    audit::add(connection, &audit)?;
                }
                Ok(changed > 0)
            })
            .await
    }
}
