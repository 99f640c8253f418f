//! What happened to sessions: rows, sums and counters, written together and read apart.

use async_trait::async_trait;
use store::insight::{BATCHES_KEPT_MS, DeviceSum, EventBatch, FailureQuery, FailureSum, SUMS_KEPT_MS};
use store::{EventSum, Insight, Millis, SessionGauges, Steps, StoreError, Totals};
use uuid::Uuid;

use crate::SqliteStore;
use crate::writer::Shape;

mod adding;
mod ends;
mod failures;
mod purging;
mod reading;

use adding::Written;

/// A number that the database keeps signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A bucket's place as the database keeps it.
fn place(bucket: usize) -> i64 {
    i64::try_from(bucket).unwrap_or(i64::MAX)
}

/// A bucket's place as it is counted.
fn bucket(place: i64) -> usize {
    usize::try_from(place).unwrap_or(0)
}

/// A number as callers count; the database keeps none below nothing.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number as the wire counts.
fn short(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// An id that is known: where it is not, sums hold the nil UUID.
fn known(id: Uuid) -> Option<Uuid> {
    (!id.is_nil()).then_some(id)
}

#[async_trait]
impl Insight for SqliteStore {
    async fn add_events(&self, batch: EventBatch) -> Result<bool, StoreError> {
        let batch = Written::of(&batch)?;
        self.writer
            .write(Shape::Several, move |connection| adding::add(connection, &batch))
            .await
    }

    async fn note_ended_sessions(
        &self,
        told_idle: Vec<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<u32, StoreError> {
        // Most often there is nothing to note, and the writer is left alone.
        if told_idle.is_empty() && !self.readers.look_up(move |reader| ends::any(reader, now)).await? {
            return Ok(0);
        }
        self.writer
            .write(Shape::Several, move |connection| {
                ends::note(connection, &told_idle, now, limit)
            })
            .await
    }

    async fn event_window(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<EventSum>, StoreError> {
        self.readers
            .read(move |connection| reading::window(connection, organization_id, from, to))
            .await
    }

    async fn event_steps(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        step_minutes: u32,
    ) -> Result<Steps, StoreError> {
        self.readers
            .read(move |connection| reading::steps(connection, organization_id, (from, to), step_minutes))
            .await
    }

    async fn failure_sums(&self, asked: FailureQuery) -> Result<Vec<FailureSum>, StoreError> {
        self.readers
            .read(move |connection| failures::sums(connection, &asked))
            .await
    }

    async fn event_totals(&self) -> Result<Totals, StoreError> {
        self.readers.read(reading::totals).await
    }

    async fn session_gauges(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
    ) -> Result<SessionGauges, StoreError> {
        self.readers
            .read(move |connection| reading::gauges(connection, organization_id, now))
            .await
    }

    async fn suffering_devices(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        limit: u32,
    ) -> Result<Vec<DeviceSum>, StoreError> {
        self.readers
            .read(move |connection| reading::devices(connection, organization_id, (from, to), limit))
            .await
    }

    async fn purge_events(
        &self,
        organization_id: Option<Uuid>,
        before: Millis,
        limit: u32,
    ) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Single, move |connection| {
                purging::events(connection, organization_id, before, limit)
            })
            .await
    }

    async fn purge_sums(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        let sums_before = now.saturating_sub(SUMS_KEPT_MS);
        let batches_before = now.saturating_sub(BATCHES_KEPT_MS);
        self.writer
            .write(Shape::Several, move |connection| {
                purging::sums(connection, sums_before, batches_before, limit)
            })
            .await
    }
}
