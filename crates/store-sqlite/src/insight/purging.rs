//! Deleting what is older than it is kept.

use rusqlite::{Connection, params};
use store::Millis;
use store::insight::MINUTE_MS;
use uuid::Uuid;

use crate::fault::Fault;

/// The packs of one organisation, or of none, until so many events are gone.
const EVENTS: &str = "DELETE FROM event_packs WHERE sequence IN (
    SELECT sequence FROM (
        SELECT sequence, sum(events) OVER (ORDER BY minute, sequence) - events AS before FROM (
            SELECT sequence, minute, events FROM event_packs WHERE organization_id IS ?1 AND minute < ?2
            ORDER BY minute, sequence LIMIT ?3))
    WHERE before < ?3) RETURNING events";

/// Deletes single events; how many.
pub(super) fn events(
    connection: &Connection,
    organization_id: Option<Uuid>,
    before: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let mut statement = connection.prepare_cached(EVENTS)?;
    let deleted = statement.query_map(
        params![organization_id, before.div_euclid(MINUTE_MS), limit],
        |row| row.get::<_, u32>(0),
    )?;
    let mut events = 0_u32;
    for pack in deleted {
        events = events.saturating_add(pack?);
    }
    Ok(events)
}

/// Whole minutes, the first ones, until about `?2` rows are gone.
macro_rules! first_of {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE minute < ?1 AND minute <= coalesce((SELECT minute FROM ",
            $table,
            " ORDER BY minute LIMIT 1 OFFSET ?2), ?1)"
        )
    };
}

const SUMS: [&str; 8] = [
    first_of!("event_minutes"),
    first_of!("event_hours"),
    first_of!("failure_minutes"),
    first_of!("failure_hours"),
    first_of!("latency_minutes"),
    first_of!("latency_hours"),
    first_of!("device_minutes"),
    first_of!("device_hours"),
];

const BATCHES: &str =
    "DELETE FROM event_batches WHERE id IN (SELECT id FROM event_batches WHERE at < ?1 LIMIT ?2)";

/// Deletes sums and batches; how many rows.
pub(super) fn sums(
    connection: &Connection,
    sums_before: Millis,
    batches_before: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let mut deleted = connection
        .prepare_cached(BATCHES)?
        .execute(params![batches_before, limit])?;
    for sql in SUMS {
        deleted += connection
            .prepare_cached(sql)?
            .execute(params![sums_before.div_euclid(MINUTE_MS), limit])?;
    }
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}
