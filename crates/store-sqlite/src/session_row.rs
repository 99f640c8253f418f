//! A session's row and its identity, as they are read.

use protocol::settings::SessionSettings;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use store::session::RevokeReason;
use store::{Identity, Millis, Origin, SessionRow};
use uuid::Uuid;

use crate::column::{device_kind, role, unpack_attempts, unreadable};

/// The columns of [`session`], in its order, for `RETURNING`.
macro_rules! returning {
    () => {
        " RETURNING id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts, created_at,
            last_used_at, last_input_at, rotated_at, expires_at, revoked_at, revoke_reason, ip_address, user_agent"
    };
}
pub(crate) use returning;

/// What [`identity`] reads; a condition on `s` follows.
macro_rules! select_identity {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.generation,
                s.attempts, s.created_at, s.last_used_at, s.last_input_at, s.rotated_at, s.expires_at, s.revoked_at,
                s.revoke_reason, s.ip_address, s.user_agent,
                u.username, u.display_name, u.disabled_at, o.name, m.role, p.name, t.idle_timeout_minutes
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

const FIRST_BEYOND_SESSION: usize = 17;
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
                s.revoke_reason, s.ip_address, s.user_agent, t.idle_timeout_minutes
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
    })
}

fn revoked(row: &Row<'_>) -> rusqlite::Result<Option<(Millis, RevokeReason)>> {
    let Some(at) = row.get(13)? else { return Ok(None) };
    let word = row.get_ref(14)?.as_str()?;
    let reason = RevokeReason::parse(word).ok_or_else(|| unreadable(14, "reason", word))?;
    Ok(Some((at, reason)))
}

/// The row with what [`select_identity!`] joins to it.
pub(crate) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let role = match row.get_ref(FIRST_BEYOND_SESSION + 4)?.as_str_or_null()? {
        Some(word) => Some(role(FIRST_BEYOND_SESSION + 4, word)?),
        None => None,
    };
    Ok(Identity {
        session: session(row)?,
        username: row.get(FIRST_BEYOND_SESSION)?,
        display_name: row.get(FIRST_BEYOND_SESSION + 1)?,
        disabled_at: row.get(FIRST_BEYOND_SESSION + 2)?,
        organization_name: row.get(FIRST_BEYOND_SESSION + 3)?,
        role,
        site_name: row.get(FIRST_BEYOND_SESSION + 5)?,
        idle_timeout_ms: idle_timeout_ms(row.get(FIRST_BEYOND_SESSION + 6)?),
    })
}

fn idle_timeout_ms(minutes: Option<u32>) -> Millis {
    Millis::from(minutes.unwrap_or_else(default_idle_minutes)) * MINUTE_MS
}
