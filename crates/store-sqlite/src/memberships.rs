//! Who belongs to which organisation, in what role and at which site.

use protocol::auth::OrganizationRole;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{AuditEntry, Change, Membership, Millis, Organization, RevokeReason, Site, StoreError};
use uuid::Uuid;

use crate::audit;
use crate::column::{role, role_word};
use crate::directory::{exists, known_organization, known_user, open_site};
use crate::fault::Fault;
use crate::revocation::{self, Which};

const OF_USER: &str = "SELECT o.id, o.slug, o.name, m.role, s.id, s.name, s.archived_at
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.user_id = ? ORDER BY m.joined";

/// Whether an organisation, or this one, has this user for its only owner who can sign in.
const ONLY_OWNER: &str = "SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.user_id = ?1 AND (?2 IS NULL OR m.organization_id = ?2) AND m.role = 'owner' AND u.disabled_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM memberships o JOIN users p ON p.id = o.user_id
            WHERE o.organization_id = m.organization_id AND o.user_id <> ?1 AND o.role = 'owner'
                AND p.disabled_at IS NULL)";

const PUT: &str = "INSERT INTO memberships (user_id, organization_id, site_id, role) VALUES (?, ?, ?, ?)
    ON CONFLICT (user_id, organization_id) DO UPDATE SET site_id = excluded.site_id, role = excluded.role";

/// A user's memberships, in the order in which they were joined.
pub(crate) fn of_user(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Vec<Membership>> {
    connection
        .prepare_cached(OF_USER)?
        .query_map([user_id], membership)?
        .collect()
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Membership> {
    let organization = Organization {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
    };
    Ok(Membership {
        role: role(3, row.get_ref(3)?.as_str()?)?,
        site: site(row, 4, organization.id)?,
        organization,
    })
}

/// A site whose id, name and archiving begin at this column, where there is one.
pub(crate) fn site(row: &Row<'_>, at: usize, organization_id: Uuid) -> rusqlite::Result<Option<Site>> {
    let Some(id) = row.get(at)? else { return Ok(None) };
    Ok(Some(Site {
        id,
        organization_id,
        name: row.get(at + 1)?,
        archived_at: row.get(at + 2)?,
    }))
}

/// Refuses to take the last owner who can sign in from an organisation, or from this one.
pub(crate) fn leave_an_owner(
    connection: &Connection,
    user_id: Uuid,
    organization_id: Option<Uuid>,
) -> Result<(), Fault> {
    if exists(connection, ONLY_OWNER, params![user_id, organization_id])? {
        Err(StoreError::LastOwner.into())
    } else {
        Ok(())
    }
}

pub(crate) fn put(
    connection: &Connection,
    user_id: Uuid,
    organization_id: Uuid,
    role: OrganizationRole,
    site_id: Option<Uuid>,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    known_user(connection, user_id)?;
    known_organization(connection, organization_id)?;
    let present: Option<Option<Uuid>> = connection
        .prepare_cached("SELECT site_id FROM memberships WHERE user_id = ? AND organization_id = ?")?
        .query_row([user_id, organization_id], |row| row.get(0))
        .optional()?;
    if let Some(site) = site_id
        && present.flatten() != Some(site)
    {
        open_site(connection, organization_id, site)?;
    }
    if role != OrganizationRole::Owner {
        leave_an_owner(connection, user_id, Some(organization_id))?;
    }
    connection
        .prepare_cached(PUT)?
        .execute(params![user_id, organization_id, site_id, role_word(role)])?;
    Ok(audit::add(connection, entry)?)
}

pub(crate) fn remove(
    connection: &Connection,
    user_id: Uuid,
    organization_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    leave_an_owner(connection, user_id, Some(organization_id))?;
    let removed = connection
        .prepare_cached("DELETE FROM memberships WHERE user_id = ? AND organization_id = ?")?
        .execute([user_id, organization_id])?;
    if removed == 0 {
        return Ok((None, Vec::new()));
    }
    let ended = revocation::end(
        connection,
        Which::OfUserWithin(user_id, organization_id, None),
        RevokeReason::MembershipEnded,
        now,
    )?;
    audit::add(connection, entry)?;
    Ok((Some(ended.sessions), ended.told))
}
