//! A session's row and its identity, as they are read.

use protocol::settings::SessionSettings;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::session::RevokeReason;
use store::{Identity, Impersonator, Millis, Origin, SessionRow};
use uuid::Uuid;

use crate::column::{device_kind, get, number, number_if_any, role, unpack_attempts, unreadable};
use crate::fault::Fault;

/// The columns of [`session`], in its order, for `RETURNING`.
macro_rules! returning {
    () => {
        " RETURNING id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts, created_at,
            last_used_at, last_input_at, rotated_at, expires_at, revoked_at, revoke_reason, ip_address, user_agent,
            device_key, reauthenticated_at, impersonator_user_id, impersonator_session_id"
    };
}
pub(crate) use returning;

/// What [`identity`] reads of the sessions in a table or a part of the statement, which is called `s`; what goes on from there
/// follows.
macro_rules! select_identity_from {
    ($sessions:literal, $rest:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.generation,
                s.attempts, s.created_at, s.last_used_at, s.last_input_at, s.rotated_at, s.expires_at, s.revoked_at,
                s.revoke_reason, s.ip_address, s.user_agent, s.device_key, s.reauthenticated_at,
                s.impersonator_user_id, s.impersonator_session_id,
                u.username, u.display_name, u.disabled_at, u.super_admin, u.one_time_password, o.name, m.role, p.name,
                t.token_expiration_minutes, t.activity_threshold_minutes, t.idle_timeout_minutes, t.session_max_hours,
                t.lock_after_minutes, t.device_limit
            FROM ",
            $sessions,
            " s
            JOIN users u ON u.id = s.user_id
            JOIN organizations o ON o.id = s.organization_id
            LEFT JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = s.organization_id
            LEFT JOIN sites p ON p.organization_id = s.organization_id AND p.id = s.site_id
            LEFT JOIN session_settings t ON t.organization_id = s.organization_id ",
            $rest
        )
    };
}
pub(crate) use select_identity_from;

/// What [`identity`] reads; a condition on `s` follows.
macro_rules! select_identity {
    ($condition:literal) => {
        concat!(
            $crate::session_row::select_identity_from!("sessions", "WHERE "),
            $condition
        )
    };
}
pub(crate) use select_identity;

const FIRST_BEYOND_SESSION: usize = 21;
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
            s.revoke_reason, s.ip_address, s.user_agent, s.device_key, s.reauthenticated_at,
            s.impersonator_user_id, s.impersonator_session_id, t.idle_timeout_minutes
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
        device_key: get(row, 17)?,
        reauthenticated_at: get(row, 18)?,
        impersonator: impersonator(row)?,
    })
}

fn impersonator(row: &PgRow) -> Result<Option<Impersonator>, Fault> {
    let Some(user_id) = get(row, 19)? else {
        return Ok(None);
    };
    let session_id = get(row, 20)?;
    Ok(Some(Impersonator { user_id, session_id }))
}

fn revoked(row: &PgRow) -> Result<Option<(Millis, RevokeReason)>, Fault> {
    let Some(at) = get(row, 13)? else { return Ok(None) };
    let word: &str = get(row, 14)?;
    let reason = RevokeReason::parse(word).ok_or_else(|| unreadable("reason", word))?;
    Ok(Some((at, reason)))
}

/// The row with what [`select_identity!`] joins to it.
pub(crate) fn identity(row: &PgRow) -> Result<Identity, Fault> {
    let at = |column| FIRST_BEYOND_SESSION + column;
    let word: Option<&str> = get(row, at(6))?;
    Ok(Identity {
        session: session(row)?,
        username: get(row, at(0))?,
        display_name: get(row, at(1))?,
        disabled_at: get(row, at(2))?,
        super_admin: get(row, at(3))?,
        one_time_password: get(row, at(4))?,
        organization_name: get(row, at(5))?,
        role: word.map(role).transpose()?,
        site_name: get(row, at(7))?,
        settings: settings(row, at(8))?,
    })
}

/// Settings that begin at this column; the defaults where the organisation has none.
pub(crate) fn settings(row: &PgRow, at: usize) -> Result<SessionSettings, Fault> {
    let Some(token_expiration_minutes) = number_if_any(row, at)? else {
        return Ok(SessionSettings::default());
    };
    Ok(SessionSettings {
        token_expiration_minutes,
        activity_threshold_minutes: number(row, at + 1)?,
        idle_timeout_minutes: number(row, at + 2)?,
        session_max_hours: number(row, at + 3)?,
        lock_after_minutes: number_if_any(row, at + 4)?,
        device_limit: number_if_any(row, at + 5)?,
    })
}

fn idle_timeout_ms(row: &PgRow, column: usize) -> Result<Millis, Fault> {
    let minutes = number_if_any(row, column)?.map_or_else(default_idle_minutes, i64::from);
    Ok(minutes * MINUTE_MS)
}
