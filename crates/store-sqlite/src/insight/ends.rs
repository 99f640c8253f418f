//! Taking note of sessions that have ended: each one once.

use rusqlite::{Connection, Row, params};
use store::insight::EndedSession;
use store::{Millis, RevokeReason};
use uuid::Uuid;

use super::adding;
use crate::column::{device_kind, unreadable};
use crate::fault::Fault;
use crate::session_row::default_idle_minutes;

const ANY: &str = "SELECT EXISTS (SELECT 1 FROM sessions WHERE revoked_at IS NOT NULL AND end_noted_at IS NULL)
    OR EXISTS (SELECT 1 FROM sessions WHERE revoked_at IS NULL AND end_noted_at IS NULL AND expires_at <= ?1)";

/// What [`ended`] reads; `?1` is the idle time of organisations that set none, in minutes.
macro_rules! ended_where {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.organization_id, s.site_id, s.device_kind, s.device_name, s.ip_address, s.user_agent,
                s.created_at, s.last_input_at, s.expires_at, s.revoked_at, s.revoke_reason,
                60000 * coalesce(t.idle_timeout_minutes, ?1)
            FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
            WHERE s.end_noted_at IS NULL AND ",
            $condition
        )
    };
}

const CLOSED: &str = ended_where!("s.revoked_at IS NOT NULL ORDER BY s.revoked_at LIMIT ?2");
const EXPIRED: &str =
    ended_where!("s.revoked_at IS NULL AND s.expires_at <= ?3 ORDER BY s.expires_at LIMIT ?2");
const ONE: &str = ended_where!("s.id = ?2");

const NOTED: &str = "UPDATE sessions SET end_noted_at = ?2 WHERE id = ?1 AND end_noted_at IS NULL";

/// Whether anything ended that is not noted.
pub(super) fn any(connection: &Connection, now: Millis) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(ANY)?
        .query_row([now], |row| row.get(0))?)
}

/// Notes them, at most `limit`.
pub(super) fn note(
    connection: &Connection,
    told_idle: &[Uuid],
    now: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let idle_minutes = default_idle_minutes();
    let mut found: Vec<EndedSession> = connection
        .prepare_cached(CLOSED)?
        .query_map(params![idle_minutes, limit], ended)?
        .collect::<rusqlite::Result<_>>()?;
    let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    let mut expired = connection.prepare_cached(EXPIRED)?;
    for row in expired.query_map(params![idle_minutes, left, now], ended)? {
        found.push(row?);
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut one = connection.prepare_cached(ONE)?;
    for id in told_idle {
        if found.len() >= most || found.iter().any(|known| known.id == *id) {
            continue;
        }
        for row in one.query_map(params![idle_minutes, id], ended)? {
            found.push(row?);
        }
    }
    let mut noted = connection.prepare_cached(NOTED)?;
    let mut events = Vec::with_capacity(found.len());
    for session in found {
        let id = session.id;
        if let Some(event) = session.event(now)
            && noted.execute(params![id, now])? > 0
        {
            events.push(event);
        }
    }
    if !events.is_empty() {
        adding::add_events(connection, &events)?;
    }
    Ok(u32::try_from(events.len()).unwrap_or(u32::MAX))
}

fn ended(row: &Row<'_>) -> rusqlite::Result<EndedSession> {
    let revoked = match row.get::<_, Option<Millis>>(11)? {
        None => None,
        Some(at) => {
            let word = row.get_ref(12)?.as_str()?;
            let reason = RevokeReason::parse(word).ok_or_else(|| unreadable(12, "reason", word))?;
            Some((at, reason))
        }
    };
    Ok(EndedSession {
        id: row.get(0)?,
        user_id: row.get(1)?,
        organization_id: row.get(2)?,
        site_id: row.get(3)?,
        device_kind: device_kind(4, row.get_ref(4)?.as_str()?)?,
        device_name: row.get(5)?,
        ip_address: row.get(6)?,
        user_agent: row.get(7)?,
        created_at: row.get(8)?,
        last_input_at: row.get(9)?,
        expires_at: row.get(10)?,
        revoked,
        idle_timeout_ms: row.get(13)?,
    })
}
