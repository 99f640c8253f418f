//! Organisations, sites and users.

use async_trait::async_trait;
use sqlx_core::query::{Query, query};
use sqlx_postgres::{PgArguments, PgConnection, PgRow, Postgres};
use store::directory::Membership;
use store::session::RevokeReason;
use store::{
    AuditEntry, Directory, Millis, NewOrganization, NewSite, NewUser, Organization, Site, StoreError, User,
    UserListing,
};
use uuid::Uuid;

use crate::column::{count, get, role, role_word, text};
use crate::fault::Fault;
use crate::work::transaction;
use crate::{PostgresStore, audit};

const USER: &str = "SELECT id, username, display_name, password_hash, one_time_password, disabled_at
    FROM users WHERE username = $1";

const MEMBERSHIPS: &str = "SELECT o.id, o.slug, o.name, m.role, s.id, s.name
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.user_id = $1 ORDER BY m.joined";

const LISTING: &str = "SELECT u.id, u.username, u.display_name, m.role, u.disabled_at
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.organization_id = $1 ORDER BY u.username";

/// Whether the query gives a row.
pub(crate) async fn exists(
    connection: &mut PgConnection,
    asked: Query<'_, Postgres, PgArguments>,
) -> Result<bool, Fault> {
    Ok(asked.fetch_optional(connection).await?.is_some())
}

/// Refuses an organisation that does not exist.
pub(crate) async fn known_organization(connection: &mut PgConnection, id: Uuid) -> Result<(), Fault> {
    let asked = query("SELECT 1 FROM organizations WHERE id = $1").bind(id);
    if exists(connection, asked).await? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("organization").into())
    }
}

/// Refuses a site that is not this organisation's.
pub(crate) async fn known_site(
    connection: &mut PgConnection,
    organization: Uuid,
    site: Option<Uuid>,
) -> Result<(), Fault> {
    let Some(site) = site else { return Ok(()) };
    let asked = query("SELECT 1 FROM sites WHERE organization_id = $1 AND id = $2")
        .bind(organization)
        .bind(site);
    if exists(connection, asked).await? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("site").into())
    }
}

async fn add_organization(
    connection: &mut PgConnection,
    new: &NewOrganization,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    query("INSERT INTO organizations (id, slug, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(new.id)
        .bind(text(&new.slug))
        .bind(text(&new.name))
        .bind(entry.now)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

async fn add_site(connection: &mut PgConnection, new: &NewSite, entry: &AuditEntry) -> Result<(), Fault> {
    query("INSERT INTO sites (id, organization_id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(new.id)
        .bind(new.organization_id)
        .bind(text(&new.name))
        .bind(entry.now)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

async fn add_user(connection: &mut PgConnection, new: &NewUser, entry: &AuditEntry) -> Result<(), Fault> {
    known_organization(connection, new.organization_id).await?;
    known_site(connection, new.organization_id, new.site_id).await?;
    query(
        "INSERT INTO users (id, username, display_name, password_hash, one_time_password, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.id)
    .bind(text(&new.username))
    .bind(text(&new.display_name))
    .bind(&new.password_hash)
    .bind(new.one_time_password)
    .bind(entry.now)
    .execute(&mut *connection)
    .await?;
    query("INSERT INTO memberships (user_id, organization_id, site_id, role) VALUES ($1, $2, $3, $4)")
        .bind(new.id)
        .bind(new.organization_id)
        .bind(new.site_id)
        .bind(role_word(new.role))
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

async fn disable_user(
    connection: &mut PgConnection,
    user_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<Option<u32>, Fault> {
    let held = query("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE").bind(user_id);
    if !exists(connection, held).await? {
        return Ok(None);
    }
    let disabled = query("UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL")
        .bind(now)
        .bind(user_id)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let ended = query(
        "UPDATE sessions SET revoked_at = $1, revoke_reason = $2
         WHERE user_id = $3 AND revoked_at IS NULL AND expires_at > $1",
    )
    .bind(now)
    .bind(RevokeReason::AccountDisabled.as_str())
    .bind(user_id)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if disabled + ended > 0 {
        audit::add(connection, entry).await?;
    }
    Ok(Some(count(ended)))
}

async fn user_by_name(connection: &mut PgConnection, username: &str) -> Result<Option<User>, Fault> {
    let found = query(USER)
        .bind(text(username))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = found else { return Ok(None) };
    let mut user = User {
        id: get(&row, 0)?,
        username: get(&row, 1)?,
        display_name: get(&row, 2)?,
        password_hash: get(&row, 3)?,
        one_time_password: get(&row, 4)?,
        disabled_at: get(&row, 5)?,
        memberships: Vec::new(),
    };
    user.memberships = query(MEMBERSHIPS)
        .bind(user.id)
        .fetch_all(connection)
        .await?
        .iter()
        .map(membership)
        .collect::<Result<_, _>>()?;
    Ok(Some(user))
}

fn membership(row: &PgRow) -> Result<Membership, Fault> {
    let organization = Organization {
        id: get(row, 0)?,
        slug: get(row, 1)?,
        name: get(row, 2)?,
    };
    let site = match get::<Option<Uuid>>(row, 4)? {
        Some(id) => Some(Site {
            id,
            organization_id: organization.id,
            name: get(row, 5)?,
        }),
        None => None,
    };
    Ok(Membership {
        organization,
        role: role(get(row, 3)?)?,
        site,
    })
}

#[async_trait]
impl Directory for PostgresStore {
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| add_organization(connection, &new, &audit)
            .await)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.single(async |connection| {
            let rows = query("SELECT id, slug, name FROM organizations ORDER BY slug")
                .fetch_all(connection)
                .await?;
            let read = |row| {
                Ok(Organization {
                    id: get(row, 0)?,
                    slug: get(row, 1)?,
                    name: get(row, 2)?,
                })
            };
            rows.iter().map(read).collect()
        })
        .await
    }

    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| add_site(connection, &new, &audit).await)
    }

    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError> {
        self.single(async |connection| {
            let rows = query("SELECT id, name FROM sites WHERE organization_id = $1 ORDER BY name")
                .bind(organization_id)
                .fetch_all(connection)
                .await?;
            let read = |row| {
                Ok(Site {
                    id: get(row, 0)?,
                    organization_id,
                    name: get(row, 1)?,
                })
            };
            rows.iter().map(read).collect()
        })
        .await
    }

    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| add_user(connection, &new, &audit).await)
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        transaction!(self, |connection| user_by_name(connection, username).await)
    }

    async fn users(&self, organization_id: Uuid) -> Result<Vec<UserListing>, StoreError> {
        self.single(async |connection| {
            let rows = query(LISTING).bind(organization_id).fetch_all(connection).await?;
            let read = |row| {
                Ok(UserListing {
                    id: get(row, 0)?,
                    username: get(row, 1)?,
                    display_name: get(row, 2)?,
                    role: role(get(row, 3)?)?,
                    disabled_at: get(row, 4)?,
                })
            };
            rows.iter().map(read).collect()
        })
        .await
    }

    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        transaction!(self, |connection| disable_user(connection, user_id, now, &audit)
            .await)
    }

    async fn set_password_hash(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| {
            let changed = query("UPDATE users SET password_hash = $1, one_time_password = $2 WHERE id = $3")
                .bind(&password_hash)
                .bind(one_time_password)
                .bind(user_id)
                .execute(&mut *connection)
                .await?
                .rows_affected();
            if changed > 0 {
                audit::add(connection, &audit).await?;
            }
            Ok(changed > 0)
        })
    }
}
