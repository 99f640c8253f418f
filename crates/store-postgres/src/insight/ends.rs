//! Taking note of sessions that have ended: each one once, whichever process does it.

use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::insight::EndedSession;
use store::{Millis, RevokeReason, SessionEvent};
use uuid::Uuid;

use super::adding;
use crate::column::{device_kind, get, unreadable};
use crate::fault::Fault;
use crate::session_row::default_idle_minutes;

const ANY: &str = "SELECT EXISTS (SELECT 1 FROM sessions WHERE revoked_at IS NOT NULL AND end_noted_at IS NULL)
    OR EXISTS (SELECT 1 FROM sessions WHERE revoked_at IS NULL AND end_noted_at IS NULL AND expires_at <= $1)";

/// What [`ended`] reads, locked; what another process is just noting is passed over. `$1` is the idle time of organisations
/// that set none, in minutes, and `$2` how many.
macro_rules! ended_where {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.ip_address, s.user_agent,
                s.created_at, s.last_input_at, s.expires_at, s.revoked_at, s.revoke_reason,
                60000 * coalesce(
                    (SELECT t.idle_timeout_minutes FROM session_settings t WHERE t.organization_id = s.organization_id), $1)
            FROM sessions s WHERE s.end_noted_at IS NULL AND ",
            $condition,
            $order,
            " LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"
        )
    };
}

const CLOSED: &str = ended_where!("s.revoked_at IS NOT NULL", " ORDER BY s.revoked_at");
const EXPIRED: &str = ended_where!(
    "s.revoked_at IS NULL AND s.expires_at <= $3",
    " ORDER BY s.expires_at"
);
const NAMED: &str = ended_where!("s.id = ANY($3)", " ORDER BY s.id");

const NOTED: &str = "UPDATE sessions SET end_noted_at = $2 WHERE id = ANY($1)";

/// Whether anything ended that is not noted.
pub(super) async fn any(connection: &mut PgConnection, now: Millis) -> Result<bool, Fault> {
    Ok(query_scalar::<Postgres, bool>(ANY)
        .bind(now)
        .fetch_one(connection)
        .await?)
}

/// Notes them, at most `limit`.
pub(super) async fn note(
    connection: &mut PgConnection,
    told_idle: &[Uuid],
    now: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let idle_minutes = default_idle_minutes();
    let mut found = query(CLOSED)
        .bind(idle_minutes)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    found.extend(
        query(EXPIRED)
            .bind(idle_minutes)
            .bind(left(limit, &found))
            .bind(now)
            .fetch_all(&mut *connection)
            .await?,
    );
    if !told_idle.is_empty() {
        found.extend(
            query(NAMED)
                .bind(idle_minutes)
                .bind(left(limit, &found))
                .bind(told_idle)
                .fetch_all(&mut *connection)
                .await?,
        );
    }
    let mut ids = Vec::with_capacity(found.len());
    let mut events: Vec<SessionEvent> = Vec::with_capacity(found.len());
    for row in &found {
        let session = ended(row)?;
        let id = session.id;
        if !ids.contains(&id)
            && let Some(event) = session.event(now)
        {
            ids.push(id);
            events.push(event);
        }
    }
    if !events.is_empty() {
        query(NOTED)
            .bind(&ids)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        adding::add_events(connection, &events).await?;
    }
    Ok(u32::try_from(events.len()).unwrap_or(u32::MAX))
}

fn left(limit: u32, found: &[PgRow]) -> i64 {
    i64::from(limit).saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

fn ended(row: &PgRow) -> Result<EndedSession, Fault> {
    let revoked = match get::<Option<Millis>>(row, 11)? {
        None => None,
        Some(at) => {
            let word: &str = get(row, 12)?;
            let reason = RevokeReason::parse(word).ok_or_else(|| unreadable("reason", word))?;
            Some((at, reason))
        }
    };
    Ok(EndedSession {
        id: get(row, 0)?,
        user_id: get(row, 1)?,
        organization_id: get(row, 2)?,
        site_id: get(row, 3)?,
        device_kind: device_kind(get(row, 4)?)?,
        device_name: get(row, 5)?,
        ip_address: get(row, 6)?,
        user_agent: get(row, 7)?,
        created_at: get(row, 8)?,
        last_input_at: get(row, 9)?,
        expires_at: get(row, 10)?,
        revoked,
        idle_timeout_ms: get(row, 13)?,
    })
}
