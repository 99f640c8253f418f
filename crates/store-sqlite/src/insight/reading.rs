//! Reading sums, counters and what is so now.

use protocol::insight::ClientReport;
use rusqlite::{Connection, Row, params};
use store::insight::bounds::{DURATION_SECONDS, LATENCY_US};
use store::insight::{
    DeviceSum, EventKind, EventOutcome, Grain, Histogram, MINUTE_MS, Span, StepLatency, StepSum, TotalEvents,
};
use store::{EventSum, Millis, SessionGauges, Steps, Totals};
use uuid::Uuid;

use super::{bucket, known, short, unsigned};
use crate::column::{role, unreadable};
use crate::fault::Fault;
use crate::session_row::default_idle_minutes;

macro_rules! window_of {
    ($table:literal) => {
        concat!(
            "SELECT kind, outcome, reason, sum(events) FROM ",
            $table,
            " WHERE minute >= ?2 AND minute < ?3 AND (?1 IS NULL OR organization_id = ?1)
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
    };
}

macro_rules! steps_of {
    ($table:literal) => {
        concat!(
            "SELECT kind, outcome, reason, sum(events), minute / ?4 * ?4 FROM ",
            $table,
            " WHERE minute >= ?2 AND minute < ?3 AND (?1 IS NULL OR organization_id = ?1)
            GROUP BY 5, 1, 2, 3 ORDER BY 5, 1, 2, 3"
        )
    };
}

macro_rules! latency_of {
    ($table:literal) => {
        concat!(
            "SELECT minute / ?4 * ?4, bucket, sum(events) FROM ",
            $table,
            " WHERE minute >= ?2 AND minute < ?3 AND (?1 IS NULL OR organization_id = ?1)
            GROUP BY 1, 2 ORDER BY 1, 2"
        )
    };
}

macro_rules! devices_of {
    ($table:literal) => {
        concat!(
            "SELECT organization_id, site_id, device_name, sum(observed_seconds), sum(offline_seconds),
                sum(server_fault_seconds), sum(refreshes), sum(incidents), max(last_minute) FROM ",
            $table,
            " WHERE minute >= ?2 AND minute < ?3 AND (?1 IS NULL OR organization_id = ?1)
            GROUP BY 1, 2, 3
            HAVING sum(offline_seconds) + sum(server_fault_seconds) + sum(incidents) > 0
            ORDER BY sum(offline_seconds) + sum(server_fault_seconds) DESC, sum(incidents) DESC, device_name,
                organization_id, site_id
            LIMIT ?4"
        )
    };
}

/// `?1` is now and `?2` the idle time of organisations that set none, in minutes.
macro_rules! live_where {
    ($condition:literal) => {
        concat!(
            "SELECT count(*) FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
            WHERE s.revoked_at IS NULL AND s.expires_at > ?1 AND s.impersonator_session_id IS NULL
                AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))",
            $condition
        )
    };
}

const ROLES: &str =
    "SELECT m.role, count(DISTINCT m.user_id) FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE u.disabled_at IS NULL AND (?1 IS NULL OR m.organization_id = ?1) GROUP BY m.role";

const TOTALS: &str =
    "SELECT kind, outcome, reason, events, organization_id, site_id FROM event_totals ORDER BY 5, 6, 1, 2, 3";

/// The sum in the first four columns.
fn sum(row: &Row<'_>) -> rusqlite::Result<EventSum> {
    let kind = row.get_ref(0)?.as_str()?;
    let outcome = row.get_ref(1)?.as_str()?;
    Ok(EventSum {
        kind: EventKind::parse(kind).ok_or_else(|| unreadable(0, "kind of event", kind))?,
        outcome: EventOutcome::parse(outcome).ok_or_else(|| unreadable(1, "outcome", outcome))?,
        reason: row.get(2)?,
        events: unsigned(row.get(3)?),
    })
}

/// What happened in a range of time.
pub(super) fn window(
    connection: &Connection,
    organization_id: Option<Uuid>,
    from: Millis,
    to: Millis,
) -> Result<Vec<EventSum>, Fault> {
    let span = Span::of(from, to);
    let sql = match span.grain {
        Grain::Minute => window_of!("event_minutes"),
        Grain::Hour => window_of!("event_hours"),
    };
    let found = connection
        .prepare_cached(sql)?
        .query_map(params![organization_id, span.from_minute, span.to_minute], sum)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The same step by step.
pub(super) fn steps(
    connection: &Connection,
    organization_id: Option<Uuid>,
    (from, to): (Millis, Millis),
    step_minutes: u32,
) -> Result<Steps, Fault> {
    let span = Span::of(from, to);
    let (events, latency) = match span.grain {
        Grain::Hour if step_minutes.is_multiple_of(60) => {
            (steps_of!("event_hours"), latency_of!("latency_hours"))
        }
        Grain::Minute | Grain::Hour => (steps_of!("event_minutes"), latency_of!("latency_minutes")),
    };
    let values = params![
        organization_id,
        span.from_minute,
        span.to_minute,
        step_minutes.max(1)
    ];
    let sums = connection
        .prepare_cached(events)?
        .query_map(values, |row| {
            Ok(StepSum {
                at: row.get::<_, i64>(4)?.saturating_mul(MINUTE_MS),
                sum: sum(row)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let latency = connection
        .prepare_cached(latency)?
        .query_map(values, |row| {
            Ok(StepLatency {
                at: row.get::<_, i64>(0)?.saturating_mul(MINUTE_MS),
                bucket: bucket(row.get(1)?),
                events: unsigned(row.get(2)?),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Steps { sums, latency })
}

/// Every counter.
pub(super) fn totals(connection: &Connection) -> Result<Totals, Fault> {
    let events = connection
        .prepare_cached(TOTALS)?
        .query_map([], |row| {
            Ok(TotalEvents {
                organization_id: known(row.get(4)?),
                site_id: known(row.get(5)?),
                sum: sum(row)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Totals {
        events,
        latency: histogram(
            connection,
            "SELECT bucket, events, sum_us FROM latency_totals",
            LATENCY_US.len(),
        )?,
        duration: histogram(
            connection,
            "SELECT bucket, events, sum_seconds FROM duration_totals",
            DURATION_SECONDS.len(),
        )?,
    })
}

fn histogram(connection: &Connection, sql: &str, bounds: usize) -> Result<Histogram, Fault> {
    let mut all = Histogram {
        counts: vec![0; bounds + 1],
        sum: 0,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let bucket = bucket(row.get(0)?);
        if let Some(count) = all.counts.get_mut(bucket.min(bounds)) {
            *count += unsigned(row.get(1)?);
        }
        all.sum += unsigned(row.get(2)?);
    }
    Ok(all)
}

/// What is so now.
pub(super) fn gauges(
    connection: &Connection,
    organization_id: Option<Uuid>,
    now: Millis,
) -> Result<SessionGauges, Fault> {
    let idle_minutes = default_idle_minutes();
    let live: i64 = match organization_id {
        Some(id) => connection
            .prepare_cached(live_where!(" AND s.organization_id = ?3"))?
            .query_row(params![now, idle_minutes, id], |row| row.get(0))?,
        None => connection
            .prepare_cached(live_where!(""))?
            .query_row(params![now, idle_minutes], |row| row.get(0))?,
    };
    let users_by_role = connection
        .prepare_cached(ROLES)?
        .query_map([organization_id], |row| {
            Ok((role(0, row.get_ref(0)?.as_str()?)?, short(row.get(1)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(SessionGauges {
        active_sessions: short(live),
        users_by_role,
    })
}

/// Devices that suffered.
pub(super) fn devices(
    connection: &Connection,
    organization_id: Option<Uuid>,
    (from, to): (Millis, Millis),
    limit: u32,
) -> Result<Vec<DeviceSum>, Fault> {
    let span = Span::of(from, to);
    let sql = match span.grain {
        Grain::Minute => devices_of!("device_minutes"),
        Grain::Hour => devices_of!("device_hours"),
    };
    let found = connection
        .prepare_cached(sql)?
        .query_map(
            params![organization_id, span.from_minute, span.to_minute, limit],
            |row| {
                Ok(DeviceSum {
                    organization_id: row.get(0)?,
                    site_id: known(row.get(1)?),
                    device_name: row.get(2)?,
                    counted: ClientReport {
                        observed_seconds: short(row.get(3)?),
                        offline_seconds: short(row.get(4)?),
                        server_fault_seconds: short(row.get(5)?),
                        refreshes: short(row.get(6)?),
                        incidents: short(row.get(7)?),
                    },
                    last_at: row.get::<_, i64>(8)?.saturating_mul(MINUTE_MS),
                })
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}
