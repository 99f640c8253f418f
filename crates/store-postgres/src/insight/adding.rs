//! Adding a batch: its events, and what it adds to sums and counters, each table in one statement.
//!
//! Several processes add at once. All of them take the rows of sums and counters in the same order, so that nobody waits in
//! a circle.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::insight::packs::packs;
use store::insight::sums::{BucketCount, ByTime, DeviceBy, DeviceCount, EventKey, FailureBy, FailureCount};
use store::insight::{BatchSums, EventBatch, EventPack, SessionEvent};
use uuid::Uuid;

use super::{place, signed};
use crate::column::text;
use crate::fault::Fault;

const BATCH: &str = "INSERT INTO event_batches (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const PACKS: &str = "INSERT INTO event_packs (organization_id, minute, events, body)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[])";

macro_rules! events_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " AS known (minute, organization_id, site_id, kind, outcome, reason, events)
            SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[])
            ON CONFLICT (minute, organization_id, site_id, kind, outcome, reason)
            DO UPDATE SET events = known.events + excluded.events"
        )
    };
}

macro_rules! failures_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " AS known (minute, organization_id, site_id, network, user_id, kind, reason, events, last_minute)
            SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                $8::bigint[], $9::bigint[])
            ON CONFLICT (minute, organization_id, site_id, network, user_id, kind, reason)
            DO UPDATE SET events = known.events + excluded.events,
                last_minute = greatest(known.last_minute, excluded.last_minute)"
        )
    };
}

macro_rules! latency_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " AS known (minute, organization_id, bucket, events)
            SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[])
            ON CONFLICT (minute, organization_id, bucket) DO UPDATE SET events = known.events + excluded.events"
        )
    };
}

macro_rules! devices_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " AS known (minute, organization_id, site_id, device_name, observed_seconds, offline_seconds,
                server_fault_seconds, refreshes, incidents, last_minute)
            SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::bigint[])
            ON CONFLICT (minute, organization_id, site_id, device_name)
            DO UPDATE SET observed_seconds = known.observed_seconds + excluded.observed_seconds,
                offline_seconds = known.offline_seconds + excluded.offline_seconds,
                server_fault_seconds = known.server_fault_seconds + excluded.server_fault_seconds,
                refreshes = known.refreshes + excluded.refreshes,
                incidents = known.incidents + excluded.incidents,
                last_minute = greatest(known.last_minute, excluded.last_minute)"
        )
    };
}

const TOTALS: &str =
    "INSERT INTO event_totals AS known (organization_id, site_id, kind, outcome, reason, events)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    ON CONFLICT (organization_id, site_id, kind, outcome, reason) DO UPDATE SET events = known.events + excluded.events";

const LATENCY_TOTALS: &str = "INSERT INTO latency_totals AS known (bucket, events, sum_us)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
    ON CONFLICT (bucket) DO UPDATE SET events = known.events + excluded.events, sum_us = known.sum_us + excluded.sum_us";

const DURATION_TOTALS: &str = "INSERT INTO duration_totals AS known (bucket, events, sum_seconds)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
    ON CONFLICT (bucket) DO UPDATE
        SET events = known.events + excluded.events, sum_seconds = known.sum_seconds + excluded.sum_seconds";

/// Adds the batch unless it is known; whether it was new.
pub(super) async fn add(connection: &mut PgConnection, batch: &EventBatch) -> Result<bool, Fault> {
    let new = query(BATCH)
        .bind(batch.id)
        .bind(batch.at)
        .execute(&mut *connection)
        .await?;
    if new.rows_affected() == 0 {
        return Ok(false);
    }
    add_packs(connection, &packs(&batch.events)?).await?;
    add_sums(connection, &BatchSums::of(&batch.events, &batch.reports)).await?;
    Ok(true)
}

/// Adds events with what they add to sums and counters.
pub(super) async fn add_events(connection: &mut PgConnection, events: &[SessionEvent]) -> Result<(), Fault> {
    add_packs(connection, &packs(events)?).await?;
    add_sums(connection, &BatchSums::of(events, &[])).await
}

async fn add_packs(connection: &mut PgConnection, packs: &[EventPack]) -> Result<(), Fault> {
    if packs.is_empty() {
        return Ok(());
    }
    query(PACKS)
        .bind(column(packs, |pack| pack.organization_id))
        .bind(column(packs, |pack| pack.minute))
        .bind(column(packs, |pack| i64::from(pack.events)))
        .bind(column(packs, |pack| pack.body.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}

fn column<'a, T>(packs: &'a [EventPack], value: impl Fn(&'a EventPack) -> T) -> Vec<T> {
    packs.iter().map(value).collect()
}

async fn add_sums(connection: &mut PgConnection, sums: &BatchSums) -> Result<(), Fault> {
    add_event_sums(connection, events_into!("event_minutes"), &sums.events.minutes).await?;
    add_event_sums(connection, events_into!("event_hours"), &sums.events.hours).await?;
    let failures = &sums.failures;
    add_failures(connection, failures_into!("failure_minutes"), &failures.minutes).await?;
    add_failures(connection, failures_into!("failure_hours"), &failures.hours).await?;
    add_latency(
        connection,
        latency_into!("latency_minutes"),
        &sums.latency.minutes,
    )
    .await?;
    add_latency(connection, latency_into!("latency_hours"), &sums.latency.hours).await?;
    add_devices(connection, devices_into!("device_minutes"), &sums.devices.minutes).await?;
    add_devices(connection, devices_into!("device_hours"), &sums.devices.hours).await?;
    add_totals(connection, &sums.totals).await?;
    add_counters(connection, LATENCY_TOTALS, &sums.latency_totals).await?;
    add_counters(connection, DURATION_TOTALS, &sums.duration_totals).await
}

/// The values of one column.
fn of<K, V, T>(map: &BTreeMap<K, V>, value: impl Fn(&K, &V) -> T) -> Vec<T> {
    map.iter().map(|(key, counted)| value(key, counted)).collect()
}

fn texts<K, V>(map: &BTreeMap<K, V>, value: impl Fn(&K) -> &str) -> Vec<Cow<'_, str>> {
    map.keys().map(|key| text(value(key))).collect()
}

async fn add_event_sums(
    connection: &mut PgConnection,
    sql: &'static str,
    sums: &ByTime<EventKey, u64>,
) -> Result<(), Fault> {
    if sums.is_empty() {
        return Ok(());
    }
    query(sql)
        .bind(of(sums, |(minute, _), _| *minute))
        .bind(of(sums, |(_, key), _| key.organization_id))
        .bind(of(sums, |(_, key), _| key.site_id))
        .bind(of(sums, |(_, key), _| key.kind.as_str()))
        .bind(of(sums, |(_, key), _| key.outcome.as_str()))
        .bind(of(sums, |(_, key), _| key.reason))
        .bind(of(sums, |_, events| signed(*events)))
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_failures(
    connection: &mut PgConnection,
    sql: &'static str,
    sums: &ByTime<FailureBy, FailureCount>,
) -> Result<(), Fault> {
    if sums.is_empty() {
        return Ok(());
    }
    query(sql)
        .bind(of(sums, |(minute, _), _| *minute))
        .bind(of(sums, |(_, by), _| by.organization_id))
        .bind(of(sums, |(_, by), _| by.site_id))
        .bind(texts(sums, |(_, by)| &by.network))
        .bind(of(sums, |(_, by), _| by.user_id))
        .bind(of(sums, |(_, by), _| by.kind.as_str()))
        .bind(of(sums, |(_, by), _| by.reason))
        .bind(of(sums, |_, count| signed(count.events)))
        .bind(of(sums, |_, count| count.last_minute))
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_latency(
    connection: &mut PgConnection,
    sql: &'static str,
    sums: &ByTime<(Uuid, usize), u64>,
) -> Result<(), Fault> {
    if sums.is_empty() {
        return Ok(());
    }
    query(sql)
        .bind(of(sums, |(minute, _), _| *minute))
        .bind(of(sums, |(_, (organization_id, _)), _| *organization_id))
        .bind(of(sums, |(_, (_, bucket)), _| place(*bucket)))
        .bind(of(sums, |_, events| signed(*events)))
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_devices(
    connection: &mut PgConnection,
    sql: &'static str,
    sums: &ByTime<DeviceBy, DeviceCount>,
) -> Result<(), Fault> {
    if sums.is_empty() {
        return Ok(());
    }
    query(sql)
        .bind(of(sums, |(minute, _), _| *minute))
        .bind(of(sums, |(_, by), _| by.organization_id))
        .bind(of(sums, |(_, by), _| by.site_id))
        .bind(texts(sums, |(_, by)| &by.device_name))
        .bind(of(sums, |_, sum| i64::from(sum.counted.observed_seconds)))
        .bind(of(sums, |_, sum| i64::from(sum.counted.offline_seconds)))
        .bind(of(sums, |_, sum| i64::from(sum.counted.server_fault_seconds)))
        .bind(of(sums, |_, sum| i64::from(sum.counted.refreshes)))
        .bind(of(sums, |_, sum| i64::from(sum.counted.incidents)))
        .bind(of(sums, |_, sum| sum.last_minute))
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_totals(connection: &mut PgConnection, totals: &BTreeMap<EventKey, u64>) -> Result<(), Fault> {
    if totals.is_empty() {
        return Ok(());
    }
    query(TOTALS)
        .bind(of(totals, |key, _| key.organization_id))
        .bind(of(totals, |key, _| key.site_id))
        .bind(of(totals, |key, _| key.kind.as_str()))
        .bind(of(totals, |key, _| key.outcome.as_str()))
        .bind(of(totals, |key, _| key.reason))
        .bind(of(totals, |_, events| signed(*events)))
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_counters(
    connection: &mut PgConnection,
    sql: &'static str,
    counters: &BTreeMap<usize, BucketCount>,
) -> Result<(), Fault> {
    if counters.is_empty() {
        return Ok(());
    }
    query(sql)
        .bind(of(counters, |bucket, _| place(*bucket)))
        .bind(of(counters, |_, grown| signed(grown.events)))
        .bind(of(counters, |_, grown| signed(grown.sum)))
        .execute(connection)
        .await?;
    Ok(())
}
