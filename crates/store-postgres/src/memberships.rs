//! Who belongs to which organisation, in what role and at which site.

use protocol::auth::OrganizationRole;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::{AuditEntry, Change, Membership, Millis, Organization, RevokeReason, Site, StoreError};
use uuid::Uuid;

use crate::audit;
use crate::column::{get, role, role_word};
use crate::directory::{exists, hold_user, known_organization, open_site};
use crate::fault::Fault;
use crate::revocation::{self, Which};

const OF_USER: &str = "SELECT o.id, o.slug, o.name, m.role, s.id, s.name, s.archived_at
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.user_id = $1 ORDER BY m.joined";

/// The organisations that have this user for an owner, or this one; whoever takes an owner from one of them waits.
const HOLD_OWNED: &str = "SELECT 1 FROM organizations WHERE id = ANY(ARRAY(
        SELECT organization_id FROM memberships
        WHERE user_id = $1 AND ($2::uuid IS NULL OR organization_id = $2) AND role = 'owner'))
    ORDER BY id FOR NO KEY UPDATE";

/// Whether an organisation, or this one, has this user for its only owner who can sign in.
const ONLY_OWNER: &str = "SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.user_id = $1 AND ($2::uuid IS NULL OR m.organization_id = $2) AND m.role = 'owner'
        AND u.disabled_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM memberships o JOIN users p ON p.id = o.user_id
            WHERE o.organization_id = m.organization_id AND o.user_id <> $1 AND o.role = 'owner'
                AND p.disabled_at IS NULL)";

const PUT: &str = "INSERT INTO memberships (user_id, organization_id, site_id, role) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, organization_id) DO UPDATE SET site_id = excluded.site_id, role = excluded.role";

/// A user's memberships, in the order in which they were joined.
pub(crate) async fn of_user(connection: &mut PgConnection, user_id: Uuid) -> Result<Vec<Membership>, Fault> {
    let rows = query(OF_USER).bind(user_id).fetch_all(connection).await?;
    rows.iter().map(membership).collect()
}

fn membership(row: &PgRow) -> Result<Membership, Fault> {
    let organization = Organization {
        id: get(row, 0)?,
        slug: get(row, 1)?,
        name: get(row, 2)?,
    };
    Ok(Membership {
        role: role(get(row, 3)?)?,
        site: site(row, 4, organization.id)?,
        organization,
    })
}

/// A site whose id, name and archiving begin at this column, where there is one.
pub(crate) fn site(row: &PgRow, at: usize, organization_id: Uuid) -> Result<Option<Site>, Fault> {
    let Some(id) = get(row, at)? else { return Ok(None) };
    Ok(Some(Site {
        id,
        organization_id,
        name: get(row, at + 1)?,
        archived_at: get(row, at + 2)?,
    }))
}

/// Refuses to take the last owner who can sign in from an organisation, or from this one; the user's row is held.
pub(crate) async fn leave_an_owner(
    connection: &mut PgConnection,
    user_id: Uuid,
    organization_id: Option<Uuid>,
) -> Result<(), Fault> {
    query(HOLD_OWNED)
        .bind(user_id)
        .bind(organization_id)
        .execute(&mut *connection)
        .await?;
    let only = query(ONLY_OWNER).bind(user_id).bind(organization_id);
    if exists(connection, only).await? {
        Err(StoreError::LastOwner.into())
    } else {
        Ok(())
    }
}

pub(crate) async fn put(
    connection: &mut PgConnection,
    user_id: Uuid,
    organization_id: Uuid,
    role: OrganizationRole,
    site_id: Option<Uuid>,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    if !hold_user(connection, user_id).await? {
        return Err(StoreError::UnknownReference("user").into());
    }
    known_organization(connection, organization_id).await?;
    let present = query_scalar::<Postgres, Option<Uuid>>(
        "SELECT site_id FROM memberships WHERE user_id = $1 AND organization_id = $2",
    )
    .bind(user_id)
    .bind(organization_id)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(site) = site_id
        && present.flatten() != Some(site)
    {
        open_site(connection, organization_id, site).await?;
    }
    if role != OrganizationRole::Owner {
        leave_an_owner(connection, user_id, Some(organization_id)).await?;
    }
    query(PUT)
        .bind(user_id)
        .bind(organization_id)
        .bind(site_id)
        .bind(role_word(role))
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await
}

pub(crate) async fn remove(
    connection: &mut PgConnection,
    user_id: Uuid,
    organization_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    hold_user(connection, user_id).await?;
    leave_an_owner(connection, user_id, Some(organization_id)).await?;
    let removed = query("DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2")
        .bind(user_id)
        .bind(organization_id)
        .execute(&mut *connection)
        .await?;
    if removed.rows_affected() == 0 {
        return Ok((None, Vec::new()));
    }
    let which = Which {
        user: Some(user_id),
        organization: Some(organization_id),
        ..Which::default()
    };
    let ended = revocation::end(connection, which, RevokeReason::MembershipEnded, now).await?;
    audit::add(connection, entry).await?;
    Ok((Some(ended.sessions), ended.told))
}
