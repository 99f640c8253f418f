//! An organisation's sites and their tills.

use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{AuditEntry, NewSite, NewTill, PlacedSite, Site, StoreError, Till};
use uuid::Uuid;

use crate::audit;
use crate::column::{get, text};
use crate::directory::{change_one, exists, known_organization, open_site};
use crate::fault::Fault;

const SITE_TAKEN: &str = "SELECT 1 FROM sites WHERE organization_id = $1 AND name = $2 AND id <> $3";

const TILL_TAKEN: &str =
    "SELECT 1 FROM tills WHERE site_id = $1 AND name = $2 AND id <> $3 AND archived_at IS NULL";

pub(crate) async fn add_site(
    connection: &mut PgConnection,
    new: &NewSite,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    known_organization(connection, new.organization_id).await?;
    query("INSERT INTO sites (id, organization_id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(new.id)
        .bind(new.organization_id)
        .bind(text(&new.name))
        .bind(entry.now)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

pub(crate) async fn sites(connection: &mut PgConnection, organization_id: Uuid) -> Result<Vec<Site>, Fault> {
    let rows = query("SELECT id, name, archived_at FROM sites WHERE organization_id = $1 ORDER BY name")
        .bind(organization_id)
        .fetch_all(connection)
        .await?;
    let read = |row| {
        Ok(Site {
            id: get(row, 0)?,
            organization_id,
            name: get(row, 1)?,
            archived_at: get(row, 2)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn oldest_sites(
    connection: &mut PgConnection,
    limit: u32,
) -> Result<Vec<PlacedSite>, Fault> {
    let rows = query(
        "SELECT sites.id, organizations.slug, sites.name FROM sites
         JOIN organizations ON organizations.id = sites.organization_id
         ORDER BY sites.created_at, sites.id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let read = |row| {
        Ok(PlacedSite {
            id: get(row, 0)?,
            organization_slug: get(row, 1)?,
            name: get(row, 2)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn rename_site(
    connection: &mut PgConnection,
    organization_id: Uuid,
    site_id: Uuid,
    name: &str,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let taken = query(SITE_TAKEN)
        .bind(organization_id)
        .bind(text(name))
        .bind(site_id);
    if exists(connection, taken).await? {
        return Err(StoreError::NameTaken("site").into());
    }
    let renamed = query("UPDATE sites SET name = $3 WHERE organization_id = $1 AND id = $2")
        .bind(organization_id)
        .bind(site_id)
        .bind(text(name));
    change_one(connection, renamed, entry).await
}

pub(crate) async fn add_till(
    connection: &mut PgConnection,
    new: &NewTill,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    open_site(connection, new.organization_id, new.site_id).await?;
    query("INSERT INTO tills (id, organization_id, site_id, name, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(new.id)
        .bind(new.organization_id)
        .bind(new.site_id)
        .bind(text(&new.name))
        .bind(entry.now)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

pub(crate) async fn tills(connection: &mut PgConnection, organization_id: Uuid) -> Result<Vec<Till>, Fault> {
    let rows = query(
        "SELECT id, site_id, name, created_at, archived_at FROM tills
         WHERE organization_id = $1 ORDER BY name, created_at, id",
    )
    .bind(organization_id)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        Ok(Till {
            id: get(row, 0)?,
            organization_id,
            site_id: get(row, 1)?,
            name: get(row, 2)?,
            created_at: get(row, 3)?,
            archived_at: get(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}

/// A till's site and name.
async fn till(
    connection: &mut PgConnection,
    organization_id: Uuid,
    id: Uuid,
) -> Result<Option<(Uuid, String)>, Fault> {
    let found = query("SELECT site_id, name FROM tills WHERE organization_id = $1 AND id = $2")
        .bind(organization_id)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    found.map(|row| Ok((get(&row, 0)?, get(&row, 1)?))).transpose()
}

async fn free_name(
    connection: &mut PgConnection,
    site_id: Uuid,
    name: &str,
    till_id: Uuid,
) -> Result<(), Fault> {
    let taken = query(TILL_TAKEN).bind(site_id).bind(text(name)).bind(till_id);
    if exists(connection, taken).await? {
        Err(StoreError::NameTaken("till").into())
    } else {
        Ok(())
    }
}

pub(crate) async fn rename_till(
    connection: &mut PgConnection,
    organization_id: Uuid,
    till_id: Uuid,
    name: &str,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let Some((site_id, _)) = till(connection, organization_id, till_id).await? else {
        return Ok(false);
    };
    free_name(connection, site_id, name, till_id).await?;
    let renamed = query("UPDATE tills SET name = $2 WHERE id = $1")
        .bind(till_id)
        .bind(text(name));
    change_one(connection, renamed, entry).await
}

pub(crate) async fn restore_till(
    connection: &mut PgConnection,
    organization_id: Uuid,
    till_id: Uuid,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let Some((site_id, name)) = till(connection, organization_id, till_id).await? else {
        return Ok(false);
    };
    free_name(connection, site_id, &name, till_id).await?;
    let restored =
        query("UPDATE tills SET archived_at = NULL WHERE id = $1 AND archived_at IS NOT NULL").bind(till_id);
    change_one(connection, restored, entry).await
}
