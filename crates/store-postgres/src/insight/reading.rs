//! Reading sums, counters and what is so now.

use protocol::insight::ClientReport;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::insight::bounds::{DURATION_SECONDS, LATENCY_US};
use store::insight::{
    DeviceSum, EventKind, EventOutcome, Grain, Histogram, MINUTE_MS, Span, StepLatency, StepSum, TotalEvents,
};
use store::{EventSum, Millis, SessionGauges, Steps, Totals};
use uuid::Uuid;

use super::{bucket, known, short, unsigned};
use crate::column::{get, role, unreadable};
use crate::fault::Fault;
use crate::session_row::default_idle_minutes;

macro_rules! window_of {
    ($table:literal) => {
        concat!(
            "SELECT kind, outcome, reason, sum(events)::bigint FROM ",
            $table,
            " WHERE minute >= $2 AND minute < $3 AND ($1::uuid IS NULL OR organization_id = $1)
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
    };
}

macro_rules! steps_of {
    ($table:literal) => {
        concat!(
            "SELECT kind, outcome, reason, sum(events)::bigint, minute / $4 * $4 FROM ",
            $table,
            " WHERE minute >= $2 AND minute < $3 AND ($1::uuid IS NULL OR organization_id = $1)
            GROUP BY 5, 1, 2, 3 ORDER BY 5, 1, 2, 3"
        )
    };
}

macro_rules! latency_of {
    ($table:literal) => {
        concat!(
            "SELECT minute / $4 * $4, bucket, sum(events)::bigint FROM ",
            $table,
            " WHERE minute >= $2 AND minute < $3 AND ($1::uuid IS NULL OR organization_id = $1)
            GROUP BY 1, 2 ORDER BY 1, 2"
        )
    };
}

macro_rules! devices_of {
    ($table:literal) => {
        concat!(
            "SELECT organization_id, site_id, device_name, sum(observed_seconds)::bigint, sum(offline_seconds)::bigint,
                sum(server_fault_seconds)::bigint, sum(refreshes)::bigint, sum(incidents)::bigint, max(last_minute) FROM ",
            $table,
            " WHERE minute >= $2 AND minute < $3 AND ($1::uuid IS NULL OR organization_id = $1)
            GROUP BY 1, 2, 3
            HAVING sum(offline_seconds) + sum(server_fault_seconds) + sum(incidents) > 0
            ORDER BY sum(offline_seconds) + sum(server_fault_seconds) DESC, sum(incidents) DESC, device_name,
                organization_id, site_id
            LIMIT $4"
        )
    };
}

/// `$1` is now, `$2` the idle time of organisations that set none, in minutes, and `$3` the organisation.
macro_rules! live_where {
    ($condition:literal) => {
        concat!(
            "SELECT count(*) FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
            WHERE s.revoked_at IS NULL AND s.expires_at > $1 AND s.impersonator_session_id IS NULL
                AND (s.device_kind = 'till' OR $1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))
                AND ",
            $condition
        )
    };
}

const LIVE_IN: &str = live_where!("s.organization_id = $3");
const LIVE: &str = live_where!("$3::uuid IS NULL");

const ROLES: &str =
    "SELECT m.role, count(DISTINCT m.user_id) FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE u.disabled_at IS NULL AND ($1::uuid IS NULL OR m.organization_id = $1) GROUP BY m.role";

const TOTALS: &str =
    "SELECT kind, outcome, reason, events, organization_id, site_id FROM event_totals ORDER BY 5, 6, 1, 2, 3";

/// The sum in the first four columns.
fn sum(row: &PgRow) -> Result<EventSum, Fault> {
    let kind: &str = get(row, 0)?;
    let outcome: &str = get(row, 1)?;
    Ok(EventSum {
        kind: EventKind::parse(kind).ok_or_else(|| unreadable("kind of event", kind))?,
        outcome: EventOutcome::parse(outcome).ok_or_else(|| unreadable("outcome", outcome))?,
        reason: get(row, 2)?,
        events: unsigned(get(row, 3)?),
    })
}

/// What happened in a range of time.
pub(super) async fn window(
    connection: &mut PgConnection,
    organization_id: Option<Uuid>,
    from: Millis,
    to: Millis,
) -> Result<Vec<EventSum>, Fault> {
    let span = Span::of(from, to);
    let sql = match span.grain {
        Grain::Minute => window_of!("event_minutes"),
        Grain::Hour => window_of!("event_hours"),
    };
    let rows = query(sql)
        .bind(organization_id)
        .bind(span.from_minute)
        .bind(span.to_minute)
        .fetch_all(connection)
        .await?;
    rows.iter().map(sum).collect()
}

/// The same step by step.
pub(super) async fn steps(
    connection: &mut PgConnection,
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
    let step_minutes = i64::from(step_minutes.max(1));
    let sums = query(events)
        .bind(organization_id)
        .bind(span.from_minute)
        .bind(span.to_minute)
        .bind(step_minutes)
        .fetch_all(&mut *connection)
        .await?;
    let latency = query(latency)
        .bind(organization_id)
        .bind(span.from_minute)
        .bind(span.to_minute)
        .bind(step_minutes)
        .fetch_all(connection)
        .await?;
    let step_sum = |row| {
        Ok(StepSum {
            at: get::<i64>(row, 4)?.saturating_mul(MINUTE_MS),
            sum: sum(row)?,
        })
    };
    let step_latency = |row| {
        Ok(StepLatency {
            at: get::<i64>(row, 0)?.saturating_mul(MINUTE_MS),
            bucket: bucket(get(row, 1)?),
            events: unsigned(get(row, 2)?),
        })
    };
    Ok(Steps {
        sums: sums.iter().map(step_sum).collect::<Result<_, Fault>>()?,
        latency: latency.iter().map(step_latency).collect::<Result<_, Fault>>()?,
    })
}

/// Every counter.
pub(super) async fn totals(connection: &mut PgConnection) -> Result<Totals, Fault> {
    let rows = query(TOTALS).fetch_all(&mut *connection).await?;
    let total = |row| {
        Ok(TotalEvents {
            organization_id: known(get(row, 4)?),
            site_id: known(get(row, 5)?),
            sum: sum(row)?,
        })
    };
    Ok(Totals {
        events: rows.iter().map(total).collect::<Result<_, Fault>>()?,
        latency: histogram(
            connection,
            "SELECT bucket, events, sum_us FROM latency_totals",
            LATENCY_US.len(),
        )
        .await?,
        duration: histogram(
            connection,
            "SELECT bucket, events, sum_seconds FROM duration_totals",
            DURATION_SECONDS.len(),
        )
        .await?,
    })
}

async fn histogram(
    connection: &mut PgConnection,
    sql: &'static str,
    bounds: usize,
) -> Result<Histogram, Fault> {
    let mut all = Histogram {
        counts: vec![0; bounds + 1],
        sum: 0,
    };
    for row in query(sql).fetch_all(connection).await? {
        let place = bucket(get(&row, 0)?).min(bounds);
        if let Some(count) = all.counts.get_mut(place) {
            *count += unsigned(get(&row, 1)?);
        }
        all.sum += unsigned(get(&row, 2)?);
    }
    Ok(all)
}

/// What is so now.
pub(super) async fn gauges(
    connection: &mut PgConnection,
    organization_id: Option<Uuid>,
    now: Millis,
) -> Result<SessionGauges, Fault> {
    let sql = match organization_id {
        Some(_) => LIVE_IN,
        None => LIVE,
    };
    let live = query_scalar::<Postgres, i64>(sql)
        .bind(now)
        .bind(default_idle_minutes())
        .bind(organization_id)
        .fetch_one(&mut *connection)
        .await?;
    let rows = query(ROLES).bind(organization_id).fetch_all(connection).await?;
    let with_role = |row| Ok((role(get(row, 0)?)?, short(get(row, 1)?)));
    Ok(SessionGauges {
        active_sessions: short(live),
        users_by_role: rows.iter().map(with_role).collect::<Result<_, Fault>>()?,
    })
}

/// Devices that suffered.
pub(super) async fn devices(
    connection: &mut PgConnection,
    organization_id: Option<Uuid>,
    (from, to): (Millis, Millis),
    limit: u32,
) -> Result<Vec<DeviceSum>, Fault> {
    let span = Span::of(from, to);
    let sql = match span.grain {
        Grain::Minute => devices_of!("device_minutes"),
        Grain::Hour => devices_of!("device_hours"),
    };
    let rows = query(sql)
        .bind(organization_id)
        .bind(span.from_minute)
        .bind(span.to_minute)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let device = |row| {
        Ok(DeviceSum {
            organization_id: get(row, 0)?,
            site_id: known(get(row, 1)?),
            device_name: get(row, 2)?,
            counted: ClientReport {
                observed_seconds: short(get(row, 3)?),
                offline_seconds: short(get(row, 4)?),
                server_fault_seconds: short(get(row, 5)?),
                refreshes: short(get(row, 6)?),
                incidents: short(get(row, 7)?),
            },
            last_at: get::<i64>(row, 8)?.saturating_mul(MINUTE_MS),
        })
    };
    rows.iter().map(device).collect()
}
