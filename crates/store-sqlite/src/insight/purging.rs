//! Deleting what is older than it is kept.

use rusqlite::{Connection, params};
use store::Millis;
use store::insight::MINUTE_MS;

use crate::fault::Fault;

/// The single events of one organisation, or of none.
pub(super) const EVENTS: &str = "DELETE FROM session_events WHERE sequence IN (
    SELECT sequence FROM session_events WHERE organization_id IS ?1 AND at < ?2 ORDER BY at LIMIT ?3)";

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
