//! A session's row and its identity, as they are read.

use protocol::settings::SessionSettings;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::session::RevokeReason;
use store::{Identity, Millis, Origin, SessionRow};
use uuid::Uuid;

use crate::column::{device_kind, get, number, number_if_any, role, unpack_attempts, unreadable};
use crate::fault::Fault;

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
pub(crate) fn default_idle_minutes() -> i64 {
    i64::from(SessionSettings::default().idle_timeout_minutes)
}

/// One session, with its organisation's idle time in milliseconds; nobody else changes it until the transaction ends.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<(SessionRow, Millis)>, Fault> {
    let found = query(
        "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.generation,
            s.attempts, s.created_at, s.last_used_at, s.last_input_at, s.rotated_at, s.expires_at, s.revoked_at,
            s.revoke_reason, s.ip_address, s.user_agent, t.idle_timeout_minutes
        FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
        WHERE s.id = $1 FOR NO KEY UPDATE OF s",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    found
        .map(|row| Ok((session(&row)?, idle_timeout_ms(&row, FIRST_BEYOND_SESSION)?)))
        .transpose()
}

/// The row.
pub(crate) fn session(row: &PgRow) -> Result<SessionRow, Fault> {
    Ok(SessionRow {
        id: get(row, 0)?,
        user_id: get(row, 1)?,
        organization_id: get(row, 2)?,
        site_id: get(row, 3)?,
        device_kind: device_kind(get(row, 4)?)?,
        device_name: get(row, 5)?,
        generation: number(row, 6)?,
        attempts: unpack_attempts(get(row, 7)?)?,
        created_at: get(row, 8)?,
        last_used_at: get(row, 9)?,
        last_input_at: get(row, 10)?,
        rotated_at: get(row, 11)?,
        expires_at: get(row, 12)?,
        revoked: revoked(row)?,
        origin: Origin {
            ip_address: get(row, 15)?,
            user_agent: get(row, 16)?,
        },
    })
}

fn revoked(row: &PgRow) -> Result<Option<(Millis, RevokeReason)>, Fault> {
    let Some(at) = get(row, 13)? else { return Ok(None) };
    let word: &str = get(row, 14)?;
    let reason = RevokeReason::parse(word).ok_or_else(|| unreadable("reason", word))?;
    Ok(Some((at, reason)))
}

/// The row with what [`select_identity!`] joins to it.
pub(crate) fn identity(row: &PgRow) -> Result<Identity, Fault> {
    let word: Option<&str> = get(row, FIRST_BEYOND_SESSION + 4)?;
    Ok(Identity {
        session: session(row)?,
        username: get(row, FIRST_BEYOND_SESSION)?,
        display_name: get(row, FIRST_BEYOND_SESSION + 1)?,
        disabled_at: get(row, FIRST_BEYOND_SESSION + 2)?,
        organization_name: get(row, FIRST_BEYOND_SESSION + 3)?,
        role: word.map(role).transpose()?,
        site_name: get(row, FIRST_BEYOND_SESSION + 5)?,
        idle_timeout_ms: idle_timeout_ms(row, FIRST_BEYOND_SESSION + 6)?,
    })
}

fn idle_timeout_ms(row: &PgRow, column: usize) -> Result<Millis, Fault> {
    let minutes = number_if_any(row, column)?.map_or_else(default_idle_minutes, i64::from);
    Ok(minutes * MINUTE_MS)
}
