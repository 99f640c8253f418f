//! Users: their accounts, passwords and the lists of them.

use sqlx_core::query::{Query, query};
use sqlx_postgres::{PgArguments, PgConnection, PgRow, Postgres};
use store::{AuditEntry, Change, Millis, NewUser, RevokeReason, StoreError, User, UserFilter, UserListing};
use uuid::Uuid;

use crate::column::{get, role, role_word, text};
use crate::directory::{exists, known_organization, open_site};
use crate::fault::Fault;
use crate::revocation::{self, Which};
use crate::{audit, memberships};

/// What [`whole`] reads; a condition follows.
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

/// After the name `$1`, with `$2` in one of the names, at most `$3`.
macro_rules! page_of {
    ($from:literal) => {
        concat!(
            "SELECT u.id, u.username, u.display_name, u.super_admin, u.disabled_at, u.last_sign_in_at, ",
            $from,
            r#" u.username > $1
                AND (position(lower($2 COLLATE "und-x-icu") IN lower(u.username COLLATE "und-x-icu")) > 0
                OR position(lower($2 COLLATE "und-x-icu") IN lower(u.display_name COLLATE "und-x-icu")) > 0)
            ORDER BY u.username LIMIT $3"#
        )
    };
}

const OF_ORGANIZATION: &str = page_of!(
    "m.role, s.id, s.name, s.archived_at
    FROM memberships m
    JOIN users u ON u.id = m.user_id
    LEFT JOIN sites s ON s.organization_id = m.organization_id AND s.id = m.site_id
    WHERE m.organization_id = $4 AND"
);

const ALL: &str = page_of!("NULL::text, NULL::uuid, NULL::text, NULL::bigint FROM users u WHERE");

pub(crate) async fn add(
    connection: &mut PgConnection,
    new: &NewUser,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    known_organization(connection, new.organization_id).await?;
    if let Some(site) = new.site_id {
        open_site(connection, new.organization_id, site).await?;
    }
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

pub(crate) async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<User>, Fault> {
    whole(connection, query(select_account!("id = $1")).bind(id)).await
}

pub(crate) async fn by_name(connection: &mut PgConnection, username: &str) -> Result<Option<User>, Fault> {
    let asked = query(select_account!("username = $1")).bind(text(username));
    whole(connection, asked).await
}

async fn whole(
    connection: &mut PgConnection,
    asked: Query<'_, Postgres, PgArguments>,
) -> Result<Option<User>, Fault> {
    let Some(row) = asked.fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let id = get(&row, 0)?;
    Ok(Some(User {
        id,
        username: get(&row, 1)?,
        display_name: get(&row, 2)?,
        password_hash: get(&row, 3)?,
        one_time_password: get(&row, 4)?,
        disabled_at: get(&row, 5)?,
        super_admin: get(&row, 6)?,
        last_sign_in_at: get(&row, 7)?,
        memberships: memberships::of_user(connection, id).await?,
    }))
}

/// The page of users after the name `after`.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &UserFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<UserListing>, Fault> {
    let sql = if filter.organization_id.is_some() {
        OF_ORGANIZATION
    } else {
        ALL
    };
    let asked = query(sql)
        .bind(text(after.unwrap_or_default()))
        .bind(text(filter.search.as_deref().unwrap_or_default()))
        .bind(i64::from(limit));
    let asked = match filter.organization_id {
        Some(id) => asked.bind(id),
        None => asked,
    };
    let organization_id = filter.organization_id.unwrap_or_default();
    let rows = asked.fetch_all(connection).await?;
    rows.iter().map(|row| listing(row, organization_id)).collect()
}

fn listing(row: &PgRow, organization_id: Uuid) -> Result<UserListing, Fault> {
    let word: Option<&str> = get(row, 6)?;
    Ok(UserListing {
        id: get(row, 0)?,
        username: get(row, 1)?,
        display_name: get(row, 2)?,
        super_admin: get(row, 3)?,
        disabled_at: get(row, 4)?,
        last_sign_in_at: get(row, 5)?,
        role: word.map(role).transpose()?,
        site: memberships::site(row, 7, organization_id)?,
    })
}

/// Holds the user and whoever acts, in one order, until the transaction ends.
async fn hold(connection: &mut PgConnection, user_id: Uuid, entry: &AuditEntry) -> Result<(), Fault> {
    let both: Vec<Uuid> = entry.actor_user_id.into_iter().chain([user_id]).collect();
    query("SELECT 1 FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(both)
        .execute(connection)
        .await?;
    Ok(())
}

/// Refuses an actor who does not stand above all organisations, or cannot sign in any more; the actor's row is held.
async fn still_above(connection: &mut PgConnection, entry: &AuditEntry) -> Result<(), Fault> {
    let Some(actor) = entry.actor_user_id else {
        return Ok(());
    };
    let able = "SELECT 1 FROM users WHERE id = $1 AND super_admin AND disabled_at IS NULL";
    if exists(connection, query(able).bind(actor)).await? {
        Ok(())
    } else {
        Err(StoreError::RankLost.into())
    }
}

pub(crate) async fn set_super_admin(
    connection: &mut PgConnection,
    user_id: Uuid,
    super_admin: bool,
    entry: &AuditEntry,
) -> Result<(bool, Vec<Change>), Fault> {
    hold(connection, user_id, entry).await?;
    still_above(connection, entry).await?;
    let changed = query("UPDATE users SET super_admin = $2 WHERE id = $1 AND super_admin <> $2")
        .bind(user_id)
        .bind(super_admin)
        .execute(&mut *connection)
        .await?;
    if changed.rows_affected() == 0 {
        return Ok((false, Vec::new()));
    }
    let told = revocation::end_by_standing(connection, user_id, entry.now).await?;
    audit::add(connection, entry).await?;
    Ok((true, told))
}

pub(crate) async fn disable(
    connection: &mut PgConnection,
    user_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    hold(connection, user_id, entry).await?;
    let known = query("SELECT super_admin FROM users WHERE id = $1").bind(user_id);
    let Some(row) = known.fetch_optional(&mut *connection).await? else {
        return Ok((None, Vec::new()));
    };
    if get(&row, 0)? {
        still_above(connection, entry).await?;
    }
    memberships::leave_an_owner(connection, user_id, None).await?;
    let disabled = query("UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL")
        .bind(now)
        .bind(user_id)
        .execute(&mut *connection)
        .await?;
    let ended = revocation::end(
        connection,
        all_of(user_id, None),
        RevokeReason::AccountDisabled,
        now,
    )
    .await?;
    if disabled.rows_affected() > 0 || !ended.is_nothing() {
        audit::add(connection, entry).await?;
    }
    Ok((Some(ended.sessions), ended.told))
}

/// A new password.
#[derive(Debug)]
pub(crate) struct NewPassword {
    /// Its argon2id hash in PHC form.
    pub(crate) hash: String,
    /// Whether it must be changed.
    pub(crate) one_time: bool,
    /// The session that does not end by it.
    pub(crate) keep: Option<Uuid>,
}

pub(crate) async fn set_password(
    connection: &mut PgConnection,
    user_id: Uuid,
    new: &NewPassword,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<u32>, Vec<Change>), Fault> {
    let changed = query("UPDATE users SET password_hash = $1, one_time_password = $2 WHERE id = $3")
        .bind(&new.hash)
        .bind(new.one_time)
        .bind(user_id)
        .execute(&mut *connection)
        .await?;
    if changed.rows_affected() == 0 {
        return Ok((None, Vec::new()));
    }
    let which = all_of(user_id, new.keep);
    let ended = revocation::end(connection, which, RevokeReason::PasswordChanged, now).await?;
    audit::add(connection, entry).await?;
    Ok((Some(ended.sessions), ended.told))
}

fn all_of(user_id: Uuid, keep: Option<Uuid>) -> Which {
    Which {
        user: Some(user_id),
        keep,
        ..Which::default()
    }
}
