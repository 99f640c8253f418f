//! Deleting what is older than it is kept.

use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::PgConnection;
use store::Millis;
use store::insight::MINUTE_MS;
use uuid::Uuid;

use crate::column::count;
use crate::fault::Fault;

/// The packs of one organisation, or of none, until so many events are gone. Several processes may purge at once.
const EVENTS: &str = "WITH old AS MATERIALIZED (
        SELECT sequence, minute, events FROM event_packs
        WHERE (organization_id = $1 OR ($1 IS NULL AND organization_id IS NULL)) AND minute < $2
        ORDER BY minute, sequence LIMIT $3 FOR UPDATE SKIP LOCKED),
    counted AS (SELECT sequence, sum(events) OVER (ORDER BY minute, sequence) - events AS before FROM old)
    DELETE FROM event_packs WHERE sequence = ANY(ARRAY(SELECT sequence FROM counted WHERE before < $3)) RETURNING events";

/// Deletes single events; how many.
pub(super) async fn events(
    connection: &mut PgConnection,
    organization_id: Option<Uuid>,
    before: Millis,
    limit: u32,
) -> Result<u32, Fault> {
    let deleted: Vec<i64> = query_scalar(EVENTS)
        .bind(organization_id)
        .bind(before.div_euclid(MINUTE_MS))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    Ok(count(deleted.into_iter().map(i64::unsigned_abs).sum()))
}

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
