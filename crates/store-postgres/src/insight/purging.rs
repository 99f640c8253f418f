//! Deleting what is older than it is kept.

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::Millis;
use store::insight::MINUTE_MS;

use crate::column::count;
use crate::fault::Fault;

/// The single events of one organisation, or of none. Several processes may purge at once.
pub(super) const EVENTS: &str = "DELETE FROM session_events WHERE sequence = ANY(ARRAY(
    SELECT sequence FROM session_events
    WHERE (organization_id = $1 OR ($1 IS NULL AND organization_id IS NULL)) AND at < $2
    ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED))";

/// Whole minutes, the first ones, until about `$2` rows are gone.
macro_rules! first_of {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE minute < $1 AND minute <= coalesce((SELECT minute FROM ",
            $table,
            " ORDER BY minute LIMIT 1 OFFSET $2), $1)"
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

const BATCHES: &str = "DELETE FROM event_batches WHERE id = ANY(ARRAY(
    SELECT id FROM event_batches WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Deletes sums and batches, each table by itself; how many rows.
pub(super) async fn sums(
    connection: &mut PgConnection,
    sums_before: Millis,
    batches_before: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let limit = i64::from(limit);
    let mut deleted = query(BATCHES)
        .bind(batches_before)
        .bind(limit)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    for sql in SUMS {
        deleted += query(sql)
            .bind(sums_before.div_euclid(MINUTE_MS))
            .bind(limit)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(count(deleted))
}
