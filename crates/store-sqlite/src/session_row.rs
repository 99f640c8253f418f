//! A session's row and its identity, as they are read.

use protocol::settings::SessionSettings;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use store::session::RevokeReason;
use store::{Identity, Impersonator, Millis, Origin, SessionRow};
use uuid::Uuid;

use crate::column::{device_kind, role, unpack_attempts, unreadable};

/// The columns of [`session`], in its order, for `RETURNING`.
macro_rules! returning {
    () => {
        " RETURNING id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts, created_at,
            last_used_at, last_input_at, rotated_at, expires_at, revoked_at, revoke_reason, ip_address, user_agent,
            device_key, reauthenticated_at, impersonator_user_id, impersonator_session_id"
    };
}
pub(crate) use returning;

/// What [`identity`] reads; a condition on `s` follows.
macro_rules! select_identity {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.generation,
                s.attempts, s.created_at, s.last_used_at, s.last_input_at, s.rotated_at, s.expires_at, s.revoked_at,
                s.revoke_reason, s.ip_address, s.user_agent, s.device_key, s.reauthenticated_at,
                s.impersonator_user_id, s.impersonator_session_id,
                u.username, u.display_name, u.disabled_at, u.super_admin, u.one_time_password, o.name, m.role, p.name,
                t.token_expiration_minutes, t.activity_threshold_minutes, t.idle_timeout_minutes, t.session_max_hours,
                t.lock_after_minutes, t.device_limit
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            JOIN organizations o ON o.id = s.organization_id
            LEFT JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = s.organization_id
            LEFT JOIN sites p ON p.organization_id = s.organization_id AND p.id = s.site_id
            LEFT JOIN session_settings t ON t.organization_id = s.organization_id
            WHERE ",
            $condition
        )
    };
}
pub(crate) use select_identity;

const FIRST_BEYOND_SESSION: usize = 21;
const MINUTE_MS: Millis = 60_000;

/// The idle time of an organisation that set none, in minutes.
pub(crate) fn default_idle_minutes() -> u32 {
    SessionSettings::default().idle_timeout_minutes
}

/// One session, with its organisation's idle time in milliseconds.
pub(crate) fn find(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<(SessionRow, Millis)>> {
    connection
        .prepare_cached(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.generation,
                s.attempts, s.created_at, s.last_used_at, s.last_input_at, s.rotated_at, s.expires_at, s.revoked_at,
                s.revoke_reason, s.ip_address, s.user_agent, s.device_key, s.reauthenticated_at,
            s.impersonator_user_id, s.impersonator_session_id, t.idle_timeout_minutes
            FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
            WHERE s.id = ?",
        )?
        .query_row([id], |row| Ok((session(row)?, idle_timeout_ms(row.get(FIRST_BEYOND_SESSION)?))))
        .optional()
}

/// Runs a statement with [`returning!`] that changes one session at most.
pub(crate) fn change(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> rusqlite::Result<Option<SessionRow>> {
    connection
        .prepare_cached(sql)?
        .query_row(values, session)
        .optional()
}

/// The row.
pub(crate) fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: row.get(0)?,
        user_id: row.get(1)?,
        organization_id: row.get(2)?,
        site_id: row.get(3)?,
        device_kind: device_kind(4, row.get_ref(4)?.as_str()?)?,
        device_name: row.get(5)?,
        generation: row.get(6)?,
        attempts: unpack_attempts(7, row.get_ref(7)?.as_blob()?)?,
        created_at: row.get(8)?,
        last_used_at: row.get(9)?,
        last_input_at: row.get(10)?,
        rotated_at: row.get(11)?,
        expires_at: row.get(12)?,
        revoked: revoked(row)?,
        origin: Origin {
            ip_address: row.get(15)?,
            user_agent: row.get(16)?,
        },
        device_key: row.get(17)?,
        reauthenticated_at: row.get(18)?,
        impersonator: impersonator(row)?,
    })
}

fn impersonator(row: &Row<'_>) -> rusqlite::Result<Option<Impersonator>> {
    let Some(user_id) = row.get(19)? else {
        return Ok(None);
    };
    let session_id = row.get(20)?;
    Ok(Some(Impersonator { user_id, session_id }))
}

fn revoked(row: &Row<'_>) -> rusqlite::Result<Option<(Millis, RevokeReason)>> {
    let Some(at) = row.get(13)? else { return Ok(None) };
    let word = row.get_ref(14)?.as_str()?;
    let reason = RevokeReason::parse(word).ok_or_else(|| unreadable(14, "reason", word))?;
    Ok(Some((at, reason)))
}

/// The row with what [`select_identity!`] joins to it.
pub(crate) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let at = |column| FIRST_BEYOND_SESSION + column;
    let role = match row.get_ref(at(6))?.as_str_or_null()? {
        Some(word) => Some(role(at(6), word)?),
        None => None,
    };
    Ok(Identity {
        session: session(row)?,
        username: row.get(at(0))?,
        display_name: row.get(at(1))?,
        disabled_at: row.get(at(2))?,
        super_admin: row.get(at(3))?,
        one_time_password: row.get(at(4))?,
        organization_name: row.get(at(5))?,
        role,
        site_name: row.get(at(7))?,
        settings: settings(row, at(8))?,
    })
}

/// Settings that begin at this column; the defaults where the organisation has none.
pub(crate) fn settings(row: &Row<'_>, at: usize) -> rusqlite::Result<SessionSettings> {
    let Some(token_expiration_minutes) = row.get(at)? else {
        return Ok(SessionSettings::default());
    };
    Ok(SessionSettings {
        token_expiration_minutes,
        activity_threshold_minutes: row.get(at + 1)?,
        idle_timeout_minutes: row.get(at + 2)?,
        session_max_hours: row.get(at + 3)?,
        lock_after_minutes: row.get(at + 4)?,
        device_limit: row.get(at + 5)?,
    })
}

fn idle_timeout_ms(minutes: Option<u32>) -> Millis {
    Millis::from(minutes.unwrap_or_else(default_idle_minutes)) * MINUTE_MS
}
