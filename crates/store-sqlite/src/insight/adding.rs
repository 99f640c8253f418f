//! Adding a batch: its events, and what it adds to sums and counters.

use rusqlite::{Connection, params};
use store::insight::packs::packs;
use store::insight::sums::{DeviceBy, DeviceCount, EventKey, FailureBy, FailureCount, Grains};
use store::insight::{BatchSums, EventBatch, EventPack, SessionEvent};
use store::{Millis, StoreError};
use uuid::Uuid;

use super::{place, signed};
use crate::fault::Fault;

const BATCH: &str = "INSERT INTO event_batches (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING";

const PACK: &str = "INSERT INTO event_packs (organization_id, minute, events, body) VALUES (?, ?, ?, ?)";

macro_rules! events_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (minute, organization_id, site_id, kind, outcome, reason, events) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET events = events + excluded.events"
        )
    };
}

macro_rules! failures_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (minute, organization_id, site_id, network, user_id, kind, reason, events, last_minute)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET events = events + excluded.events,
                last_minute = max(last_minute, excluded.last_minute)"
        )
    };
}

macro_rules! latency_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (minute, organization_id, bucket, events) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET events = events + excluded.events"
        )
    };
}

macro_rules! devices_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (minute, organization_id, site_id, device_name, observed_seconds, offline_seconds, server_fault_seconds,
                refreshes, incidents, last_minute)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET observed_seconds = observed_seconds + excluded.observed_seconds,
                offline_seconds = offline_seconds + excluded.offline_seconds,
                server_fault_seconds = server_fault_seconds + excluded.server_fault_seconds,
                refreshes = refreshes + excluded.refreshes,
                incidents = incidents + excluded.incidents,
                last_minute = max(last_minute, excluded.last_minute)"
        )
    };
}

const TOTAL: &str = "INSERT INTO event_totals (organization_id, site_id, kind, outcome, reason, events)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events";

const LATENCY_TOTAL: &str = "INSERT INTO latency_totals (bucket, events, sum_us) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET events = events + excluded.events, sum_us = sum_us + excluded.sum_us";

const DURATION_TOTAL: &str = "INSERT INTO duration_totals (bucket, events, sum_seconds) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET events = events + excluded.events, sum_seconds = sum_seconds + excluded.sum_seconds";

/// A batch as it is written, made up before the writer's turn comes.
pub(super) struct Written {
    id: Uuid,
    at: Millis,
    packs: Vec<EventPack>,
    sums: BatchSums,
}

impl Written {
    pub(super) fn of(batch: &EventBatch) -> Result<Self, StoreError> {
        Ok(Self {
            id: batch.id,
            at: batch.at,
            packs: packs(&batch.events)?,
            sums: BatchSums::of(&batch.events, &batch.reports),
        })
    }
}

/// Adds the batch unless it is known; whether it was new.
pub(super) fn add(connection: &Connection, batch: &Written) -> Result<bool, Fault> {
    let new = connection
        .prepare_cached(BATCH)?
        .execute(params![batch.id, batch.at])?;
    if new == 0 {
        return Ok(false);
    }
    keep(connection, &batch.packs)?;
    sums(connection, &batch.sums)?;
    Ok(true)
}

/// Adds events with what they add to sums and counters.
pub(super) fn add_events(connection: &Connection, events: &[SessionEvent]) -> Result<(), Fault> {
    keep(connection, &packs(events)?)?;
    sums(connection, &BatchSums::of(events, &[]))
}

fn keep(connection: &Connection, packs: &[EventPack]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(PACK)?;
    for pack in packs {
        statement.execute(params![pack.organization_id, pack.minute, pack.events, pack.body])?;
    }
    Ok(())
}

fn sums(connection: &Connection, sums: &BatchSums) -> Result<(), Fault> {
    add_event_sums(connection, &sums.events)?;
    add_failures(connection, &sums.failures)?;
    for (sql, by_time) in [
        (latency_into!("latency_minutes"), &sums.latency.minutes),
        (latency_into!("latency_hours"), &sums.latency.hours),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for ((minute, (organization_id, bucket)), events) in by_time {
            statement.execute(params![minute, organization_id, place(*bucket), signed(*events)])?;
        }
    }
    add_devices(connection, &sums.devices)?;
    let mut statement = connection.prepare_cached(TOTAL)?;
    for (key, events) in &sums.totals {
        statement.execute(params![
            key.organization_id,
            key.site_id,
            key.kind.as_str(),
            key.outcome.as_str(),
            key.reason,
            signed(*events)
        ])?;
    }
    for (sql, counters) in [
        (LATENCY_TOTAL, &sums.latency_totals),
        (DURATION_TOTAL, &sums.duration_totals),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for (bucket, grown) in counters {
            statement.execute(params![place(*bucket), signed(grown.events), signed(grown.sum)])?;
        }
    }
    Ok(())
}

fn add_event_sums(connection: &Connection, events: &Grains<EventKey, u64>) -> Result<(), Fault> {
    for (sql, by_time) in [
        (events_into!("event_minutes"), &events.minutes),
        (events_into!("event_hours"), &events.hours),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for ((minute, key), events) in by_time {
            statement.execute(params![
                minute,
                key.organization_id,
                key.site_id,
                key.kind.as_str(),
                key.outcome.as_str(),
                key.reason,
                signed(*events)
            ])?;
        }
    }
    Ok(())
}

fn add_failures(connection: &Connection, failures: &Grains<FailureBy, FailureCount>) -> Result<(), Fault> {
    for (sql, by_time) in [
        (failures_into!("failure_minutes"), &failures.minutes),
        (failures_into!("failure_hours"), &failures.hours),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for ((minute, by), count) in by_time {
            statement.execute(params![
                minute,
                by.organization_id,
                by.site_id,
                by.network,
                by.user_id,
                by.kind.as_str(),
                by.reason,
                signed(count.events),
                count.last_minute
            ])?;
        }
    }
    Ok(())
}

fn add_devices(connection: &Connection, devices: &Grains<DeviceBy, DeviceCount>) -> Result<(), Fault> {
    for (sql, by_time) in [
        (devices_into!("device_minutes"), &devices.minutes),
        (devices_into!("device_hours"), &devices.hours),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for ((minute, by), count) in by_time {
            let counted = count.counted;
            statement.execute(params![
                minute,
                by.organization_id,
                by.site_id,
                by.device_name,
                counted.observed_seconds,
                counted.offline_seconds,
                counted.server_fault_seconds,
                counted.refreshes,
                counted.incidents,
                count.last_minute
            ])?;
        }
    }
    Ok(())
}
