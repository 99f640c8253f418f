//! Faults with what happened to sessions.

use async_trait::async_trait;
use uuid::Uuid;

use super::Mutant;
use crate::insight::{DeviceSum, EventBatch, EventSum, FailureQuery, FailureSum};
use crate::{Insight, Millis, SessionGauges, Steps, StoreError, Totals};

#[async_trait]
impl Insight for Mutant {
    async fn add_events(&self, batch: EventBatch) -> Result<bool, StoreError> {
        self.store.add_events(batch).await
    }

    async fn note_ended_sessions(
        &self,
        told_idle: Vec<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<u32, StoreError> {
        self.store.note_ended_sessions(told_idle, now, limit).await
    }

    async fn event_window(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<EventSum>, StoreError> {
        self.store.event_window(organization_id, from, to).await
    }

    async fn event_steps(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        step_minutes: u32,
    ) -> Result<Steps, StoreError> {
        self.store
            .event_steps(organization_id, from, to, step_minutes)
            .await
    }

    async fn failure_sums(&self, asked: FailureQuery) -> Result<Vec<FailureSum>, StoreError> {
        self.store.failure_sums(asked).await
    }

    async fn event_totals(&self) -> Result<Totals, StoreError> {
        self.store.event_totals().await
    }

    async fn session_gauges(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
    ) -> Result<SessionGauges, StoreError> {
        self.store.session_gauges(organization_id, now).await
    }

    async fn suffering_devices(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        limit: u32,
    ) -> Result<Vec<DeviceSum>, StoreError> {
        self.store
            .suffering_devices(organization_id, from, to, limit)
            .await
    }

    async fn purge_events(
        &self,
        organization_id: Option<Uuid>,
        before: Millis,
        limit: u32,
    ) -> Result<u32, StoreError> {
        self.store.purge_events(organization_id, before, limit).await
    }

    async fn purge_sums(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        self.store.purge_sums(now, limit).await
    }
}
