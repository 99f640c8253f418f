//! Users: their accounts, passwords and the lists of them.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use store::{
    AuditEntry, Change, Millis, NewUser, RevokeReason, StoreError, User, UserFilter, UserListing, folded,
};
use uuid::Uuid;

use crate::column::{role, role_word};
use crate::directory::{change_one, exists, known_organization, open_site};
use crate::fault::Fault;
use crate::revocation::{self, Which};
use crate::{audit, memberships};

/// What [`account`] reads; a condition follows.
macro_rules! select_account {
    ($condition:literal) => {
        concat!(
            "SELECT id, username, display_name, password_hash, one_time_password, disabled_at, super_admin,
                last_sign_in_at
            FROM users WHERE ",
            $condition
        )
    };
}

const OF_ORGANIZATION: &str =
    "SELECT u.id, u.username, u.display_name, u.super_admin, u.disabled_at, u.last_sign_in_at, m.role,
        s.id, s.name, s.archived_at
    FROM memberships m
    JOIN users u ON u.id = m.user_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.organization_id = ?4 AND u.username > ?1
        AND (instr(folded(u.username), ?2) > 0 OR instr(folded(u.display_name), ?2) > 0)
    ORDER BY u.username LIMIT ?3";

const ALL: &str =
    "SELECT u.id, u.username, u.display_name, u.super_admin, u.disabled_at, u.last_sign_in_at, NULL, NULL, NULL, NULL
    FROM users u
    WHERE u.username > ?1
        AND (instr(folded(u.username), ?2) > 0 OR instr(folded(u.display_name), ?2) > 0)
    ORDER BY u.username LIMIT ?3";

pub(crate) fn add(connection: &Connection, new: &NewUser, entry: &AuditEntry) -> Result<(), Fault> {
    known_organization(connection, new.organization_id)?;
    if let Some(site) = new.site_id {
        open_site(connection, new.organization_id, site)?;
    }
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

pub(crate) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<User>, Fault> {
    whole(connection, select_account!("id = ?"), [id])
}

pub(crate) fn by_name(connection: &Connection, username: &str) -> Result<Option<User>, Fault> {
    whole(connection, select_account!("username = ?"), [username])
}

fn whole(connection: &Connection, sql: &str, values: impl Params) -> Result<Option<User>, Fault> {
    let found = connection
        .prepare_cached(sql)?
        .query_row(values, account)
        .optional()?;
    let Some(mut user) = found else { return Ok(None) };
    user.memberships = memberships::of_user(connection, user.id)?;
    Ok(Some(user))
}

fn account(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        display_name: row.get(2)?,
        password_hash: row.get(3)?,
        one_time_password: row.get(4)?,
        disabled_at: row.get(5)?,
        super_admin: row.get(6)?,
        last_sign_in_at: row.get(7)?,
        memberships: Vec::new(),
    })
}

/// The page of users after the name `after`.
pub(crate) fn page(
    connection: &Connection,
    filter: &UserFilter,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<UserListing>, Fault> {
    let (after, search) = (
        after.unwrap_or_default(),
        folded(filter.search.as_deref().unwrap_or_default()),
    );
    let rows = match filter.organization_id {
        Some(id) => connection
            .prepare_cached(OF_ORGANIZATION)?
            .query_map(params![after, search, limit, id], |row| listing(row, id))?
            .collect::<rusqlite::Result<_>>(),
        None => connection
            .prepare_cached(ALL)?
            .query_map(params![after, search, limit], |row| listing(row, Uuid::nil()))?
            .collect::<rusqlite::Result<_>>(),
    };
    Ok(rows?)
}

fn listing(row: &Row<'_>, organization_id: Uuid) -> rusqlite::Result<UserListing> {
    let role = match row.get_ref(6)?.as_str_or_null()? {
        Some(word) => Some(role(6, word)?),
        None => None,
    };
    Ok(UserListing {
        id: row.get(0)?,
        username: row.get(1)?,
        display_name: row.get(2)?,
        super_admin: row.get(3)?,
        disabled_at: row.get(4)?,
        last_sign_in_at: row.get(5)?,
        role,
        site: memberships::site(row, 7, organization_id)?,
    })
}

/// Refuses an actor who does not stand above all organisations, or cannot sign in any more.
fn still_above(connection: &Connection, entry: &AuditEntry) -> Result<(), Fault> {
    let able = "SELECT 1 FROM users WHERE id = ? AND super_admin = 1 AND disabled_at IS NULL";
    match entry.actor_user_id {
        Some(actor) if !exists(connection, able, [actor])? => Err(StoreError::RankLost.into()),
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn set_super_admin(
    connection: &Connection,
    user_id: Uuid,
    super_admin: bool,
    entry: &AuditEntry,
) -> Result<(bool, Vec<Change>), Fault> {
    still_above(connection, entry)?;
    let sql = "UPDATE users SET super_admin = ?2 WHERE id = ?1 AND super_admin <> ?2";
    if !change_one(connection, sql, params![user_id, super_admin], entry)? {
        return Ok((false, Vec::new()));
    }
    Ok((true, revocation::end_by_standing(connection, user_id, entry.now)?))
}

pub(crate) fn disable(
    connection: &Connection,
    user_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    if !exists(connection, "SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Ok((None, Vec::new()));
    }
    let above = "SELECT 1 FROM users WHERE id = ? AND super_admin = 1";
    if exists(connection, above, [user_id])? {
        still_above(connection, entry)?;
    }
    memberships::leave_an_owner(connection, user_id, None)?;
    let disabled = connection
        .prepare_cached("UPDATE users SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL")?
        .execute(params![now, user_id])?;
    let ended = revocation::end(
        connection,
        Which::OfUser(user_id, None),
        RevokeReason::AccountDisabled,
        now,
    )?;
    if disabled > 0 || !ended.is_nothing() {
        audit::add(connection, entry)?;
    }
    Ok((Some(ended.sessions), ended.told))
}

pub(crate) fn set_password(
    connection: &Connection,
    user_id: Uuid,
    password_hash: &str,
    one_time_password: bool,
    keep: Option<Uuid>,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    let changed = connection
        .prepare_cached("UPDATE users SET password_hash = ?, one_time_password = ? WHERE id = ?")?
        .execute(params![password_hash, one_time_password, user_id])?;
    if changed == 0 {
        return Ok((None, Vec::new()));
    }
    let ended = revocation::end(
        connection,
        Which::OfUser(user_id, keep),
        RevokeReason::PasswordChanged,
        now,
    )?;
    audit::add(connection, entry)?;
    Ok((Some(ended.sessions), ended.told))
}
