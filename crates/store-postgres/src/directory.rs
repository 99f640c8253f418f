//! Organisations, and the one way to everything that belongs to them.

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use sqlx_core::query::{Query, query};
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgArguments, PgConnection, Postgres};
use store::{
    AuditEntry, Directory, Millis, NewOrganization, NewSite, NewTill, NewUser, Organization, PlacedSite,
    Site, StoreError, Till, User, UserFilter, UserListing,
};
use uuid::Uuid;

use crate::column::{get, text};
use crate::fault::Fault;
use crate::users::NewPassword;
use crate::work::{telling, transaction};
use crate::{PostgresStore, audit, memberships, sites, users};

/// Whether the query gives a row.
pub(crate) async fn exists(
    connection: &mut PgConnection,
    asked: Query<'_, Postgres, PgArguments>,
) -> Result<bool, Fault> {
    Ok(asked.fetch_optional(connection).await?.is_some())
}

async fn known(
    connection: &mut PgConnection,
    what: &'static str,
    asked: Query<'_, Postgres, PgArguments>,
) -> Result<(), Fault> {
    if exists(connection, asked).await? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference(what).into())
    }
}

/// Refuses an organisation that does not exist.
pub(crate) async fn known_organization(connection: &mut PgConnection, id: Uuid) -> Result<(), Fault> {
    let asked = query("SELECT 1 FROM organizations WHERE id = $1").bind(id);
    known(connection, "organization", asked).await
}

/// Refuses a user who does not exist.
pub(crate) async fn known_user(connection: &mut PgConnection, id: Uuid) -> Result<(), Fault> {
    let asked = query("SELECT 1 FROM users WHERE id = $1").bind(id);
    known(connection, "user", asked).await
}

/// Whether the user exists; nobody else signs in as that user, disables it or moves it until the transaction ends.
pub(crate) async fn hold_user(connection: &mut PgConnection, id: Uuid) -> Result<bool, Fault> {
    let asked = query("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE").bind(id);
    exists(connection, asked).await
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
    known(connection, "site", asked).await
}

/// Refuses a site that is not this organisation's, or is archived; nobody archives it until the transaction ends.
pub(crate) async fn open_site(
    connection: &mut PgConnection,
    organization: Uuid,
    site: Uuid,
) -> Result<(), Fault> {
    let open = "SELECT 1 FROM sites WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL FOR SHARE";
    known(connection, "site", query(open).bind(organization).bind(site)).await
}

/// Runs a statement that changes one row at most, and writes the entry where it did. Returns whether it did.
pub(crate) async fn change_one(
    connection: &mut PgConnection,
    changing: Query<'_, Postgres, PgArguments>,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let changed = changing.execute(&mut *connection).await?.rows_affected();
    if changed > 0 {
        audit::add(connection, entry).await?;
    }
    Ok(changed > 0)
}

/// The site at which a member works, `None` for somebody who stands above all organisations.
///
/// # Errors
/// [`StoreError::UnknownReference`] for everybody else.
pub(crate) async fn site_of_member(
    connection: &mut PgConnection,
    user: Uuid,
    organization: Uuid,
) -> Result<Option<Uuid>, Fault> {
    let site = query_scalar::<Postgres, Option<Uuid>>(
        "SELECT site_id FROM memberships WHERE user_id = $1 AND organization_id = $2",
    )
    .bind(user)
    .bind(organization)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(site) = site {
        return Ok(site);
    }
    let above = query("SELECT 1 FROM users WHERE id = $1 AND super_admin").bind(user);
    known(connection, "membership", above).await?;
    Ok(None)
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

async fn organizations(connection: &mut PgConnection) -> Result<Vec<Organization>, Fault> {
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
}

#[async_trait]
impl Directory for PostgresStore {
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| add_organization(connection, &new, &audit)
            .await)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.single(async |connection| organizations(connection).await)
            .await
    }

    async fn rename_organization(
        &self,
        id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| {
            let renamed = query("UPDATE organizations SET name = $2 WHERE id = $1")
                .bind(id)
                .bind(text(&name));
            change_one(connection, renamed, &audit).await
        })
    }

    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| sites::add_site(connection, &new, &audit).await)
    }

    async fn oldest_sites(&self, limit: u32) -> Result<Vec<PlacedSite>, StoreError> {
        self.single(async |connection| sites::oldest_sites(connection, limit).await)
            .await
    }

    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError> {
        self.single(async |connection| sites::sites(connection, organization_id).await)
            .await
    }

    async fn rename_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| sites::rename_site(
            connection,
            organization_id,
            site_id,
            &name,
            &audit
        )
        .await)
    }

    async fn archive_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sites SET archived_at = $3 WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL";
        transaction!(self, |connection| {
            let archived = query(sql).bind(organization_id).bind(site_id).bind(now);
            change_one(connection, archived, &audit).await
        })
    }

    async fn restore_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sites SET archived_at = NULL
            WHERE organization_id = $1 AND id = $2 AND archived_at IS NOT NULL";
        transaction!(self, |connection| {
            let restored = query(sql).bind(organization_id).bind(site_id);
            change_one(connection, restored, &audit).await
        })
    }

    async fn add_till(&self, new: NewTill, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| sites::add_till(connection, &new, &audit).await)
    }

    async fn tills(&self, organization_id: Uuid) -> Result<Vec<Till>, StoreError> {
        self.single(async |connection| sites::tills(connection, organization_id).await)
            .await
    }

    async fn rename_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| sites::rename_till(
            connection,
            organization_id,
            till_id,
            &name,
            &audit
        )
        .await)
    }

    async fn archive_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE tills SET archived_at = $3 WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL";
        transaction!(self, |connection| {
            let archived = query(sql).bind(organization_id).bind(till_id).bind(now);
            change_one(connection, archived, &audit).await
        })
    }

    async fn restore_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| sites::restore_till(
            connection,
            organization_id,
            till_id,
            &audit
        )
        .await)
    }

    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| users::add(connection, &new, &audit).await)
    }

    async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        self.single(async |connection| users::by_id(connection, id).await)
            .await
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        self.single(async |connection| users::by_name(connection, username).await)
            .await
    }

    async fn users(
        &self,
        filter: UserFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<UserListing>, StoreError> {
        self.single(async |connection| users::page(connection, &filter, after.as_deref(), limit).await)
            .await
    }

    async fn rename_user(
        &self,
        user_id: Uuid,
        display_name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| {
            let renamed = query("UPDATE users SET display_name = $2 WHERE id = $1")
                .bind(user_id)
                .bind(text(&display_name));
            change_one(connection, renamed, &audit).await
        })
    }

    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        telling!(self, |connection| users::disable(
            connection, user_id, now, &audit
        )
        .await)
    }

    async fn enable_user(&self, user_id: Uuid, audit: AuditEntry) -> Result<bool, StoreError> {
        let sql = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
        transaction!(self, |connection| change_one(
            connection,
            query(sql).bind(user_id),
            &audit
        )
        .await)
    }

    async fn set_super_admin(
        &self,
        user_id: Uuid,
        super_admin: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        telling!(self, |connection| users::set_super_admin(
            connection,
            user_id,
            super_admin,
            &audit
        )
        .await)
    }

    async fn put_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        role: OrganizationRole,
        site_id: Option<Uuid>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        transaction!(self, |connection| memberships::put(
            connection,
            user_id,
            organization_id,
            role,
            site_id,
            &audit
        )
        .await)
    }

    async fn remove_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        telling!(self, |connection| memberships::remove(
            connection,
            user_id,
            organization_id,
            now,
            &audit
        )
        .await)
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
        let new = NewPassword {
            hash: password_hash,
            one_time: one_time_password,
            keep,
        };
        telling!(self, |connection| users::set_password(
            connection, user_id, &new, now, &audit
        )
        .await)
    }
}
