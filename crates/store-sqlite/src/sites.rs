//! An organisation's sites and their tills.

use rusqlite::{Connection, OptionalExtension, params};
use store::{AuditEntry, NewSite, NewTill, PlacedSite, Site, StoreError, Till};
use uuid::Uuid;

use crate::audit;
use crate::directory::{change_one, exists, known_organization, open_site};
use crate::fault::Fault;

const SITE_TAKEN: &str = "SELECT 1 FROM sites WHERE organization_id = ?1 AND name = ?2 AND id <> ?3";

const TILL_TAKEN: &str =
    "SELECT 1 FROM tills WHERE site_id = ?1 AND name = ?2 AND id <> ?3 AND archived_at IS NULL";

pub(crate) fn add_site(connection: &Connection, new: &NewSite, entry: &AuditEntry) -> Result<(), Fault> {
    known_organization(connection, new.organization_id)?;
    if exists(
        connection,
        SITE_TAKEN,
        params![new.organization_id, new.name, new.id],
    )? {
        return Err(StoreError::NameTaken("site").into());
    }
    connection
        .prepare_cached("INSERT INTO sites (id, organization_id, name, created_at) VALUES (?, ?, ?, ?)")?
        .execute(params![new.id, new.organization_id, new.name, entry.now])?;
    Ok(audit::add(connection, entry)?)
}

pub(crate) fn sites(connection: &Connection, organization_id: Uuid) -> Result<Vec<Site>, Fault> {
    let rows = connection
        .prepare_cached("SELECT id, name, archived_at FROM sites WHERE organization_id = ? ORDER BY name")?
        .query_map([organization_id], |row| {
            Ok(Site {
                id: row.get(0)?,
                organization_id,
                name: row.get(1)?,
                archived_at: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn oldest_sites(connection: &Connection, limit: u32) -> Result<Vec<PlacedSite>, Fault> {
    let rows = connection
        .prepare_cached(
            "SELECT sites.id, organizations.slug, sites.name FROM sites
             JOIN organizations ON organizations.id = sites.organization_id
             ORDER BY sites.created_at, sites.id LIMIT ?",
        )?
        .query_map([limit], |row| {
            Ok(PlacedSite {
                id: row.get(0)?,
                organization_slug: row.get(1)?,
                name: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn rename_site(
    connection: &Connection,
    organization_id: Uuid,
    site_id: Uuid,
    name: &str,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    if exists(connection, SITE_TAKEN, params![organization_id, name, site_id])? {
        return Err(StoreError::NameTaken("site").into());
    }
    let sql = "UPDATE sites SET name = ?3 WHERE organization_id = ?1 AND id = ?2";
    change_one(connection, sql, params![organization_id, site_id, name], entry)
}

pub(crate) fn add_till(connection: &Connection, new: &NewTill, entry: &AuditEntry) -> Result<(), Fault> {
    open_site(connection, new.organization_id, new.site_id)?;
    if exists(connection, TILL_TAKEN, params![new.site_id, new.name, new.id])? {
        return Err(StoreError::NameTaken("till").into());
    }
    connection
        .prepare_cached(
            "INSERT INTO tills (id, organization_id, site_id, name, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.id,
            new.organization_id,
            new.site_id,
            new.name,
            entry.now
        ])?;
    Ok(audit::add(connection, entry)?)
}

pub(crate) fn tills(connection: &Connection, organization_id: Uuid) -> Result<Vec<Till>, Fault> {
    let rows = connection
        .prepare_cached(
            "SELECT id, site_id, name, created_at, archived_at FROM tills
             WHERE organization_id = ? ORDER BY name, created_at, id",
        )?
        .query_map([organization_id], |row| {
            Ok(Till {
                id: row.get(0)?,
                organization_id,
                site_id: row.get(1)?,
                name: row.get(2)?,
                created_at: row.get(3)?,
                archived_at: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// A till's site and name.
fn till(
    connection: &Connection,
    organization_id: Uuid,
    id: Uuid,
) -> rusqlite::Result<Option<(Uuid, String)>> {
    connection
        .prepare_cached("SELECT site_id, name FROM tills WHERE organization_id = ? AND id = ?")?
        .query_row([organization_id, id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(crate) fn rename_till(
    connection: &Connection,
    organization_id: Uuid,
    till_id: Uuid,
    name: &str,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let Some((site_id, _)) = till(connection, organization_id, till_id)? else {
        return Ok(false);
    };
    if exists(connection, TILL_TAKEN, params![site_id, name, till_id])? {
        return Err(StoreError::NameTaken("till").into());
    }
    let sql = "UPDATE tills SET name = ?2 WHERE id = ?1";
    change_one(connection, sql, params![till_id, name], entry)
}

pub(crate) fn restore_till(
    connection: &Connection,
    organization_id: Uuid,
    till_id: Uuid,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    let Some((site_id, name)) = till(connection, organization_id, till_id)? else {
        return Ok(false);
    };
    if exists(connection, TILL_TAKEN, params![site_id, name, till_id])? {
        return Err(StoreError::NameTaken("till").into());
    }
    let sql = "UPDATE tills SET archived_at = NULL WHERE id = ?1 AND archived_at IS NOT NULL";
    change_one(connection, sql, [till_id], entry)
}
