//! Faults with what happened to sessions.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation, Opening};
use crate::insight::{DeviceSum, EventBatch, EventKind, EventSum, FailureQuery, FailureSum, MINUTE_MS};
use crate::{Insight, Millis, SessionGauges, Steps, StoreError, Totals};

#[async_trait]
impl Insight for Mutant {
    async fn add_events(&self, mut batch: EventBatch) -> Result<bool, StoreError> {
        if self.is(Mutation::BatchCountsAgain) {
            batch.id = Uuid::now_v7();
        }
        self.store.add_events(batch).await
    }

    async fn note_ended_sessions(
        &self,
        told_idle: Vec<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let told_idle = if self.is(Mutation::ToldIdleForgotten) {
            Vec::new()
        } else {
            told_idle
        };
        let limit = if self.is(Mutation::EndLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let noted = self.store.note_ended_sessions(told_idle, now, limit).await?;
        let mut seen = self.seen();
        seen.noted = seen.noted.max(noted);
        Ok(if self.is(Mutation::EndNotedAgain) {
            seen.noted
        } else {
            noted
        })
    }

    async fn event_window(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<EventSum>, StoreError> {
        let organization_id = organization_id.filter(|_| !self.is(Mutation::EventsOfAll));
        let to = if self.is(Mutation::WindowEndsEarly) {
            to - MINUTE_MS
        } else if self.is(Mutation::WindowEndsLate) {
            to + 1
        } else {
            to
        };
        self.store.event_window(organization_id, from, to).await
    }

    async fn event_steps(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        step_minutes: u32,
    ) -> Result<Steps, StoreError> {
        let step_minutes = if self.is(Mutation::StepsOfOneHour) {
            60
        } else {
            step_minutes
        };
        let mut steps = self
            .store
            .event_steps(organization_id, from, to, step_minutes)
            .await?;
        if self.is(Mutation::LatencyForgotten) {
            steps.latency.clear();
        }
        Ok(steps)
    }

    async fn failure_sums(&self, mut asked: FailureQuery) -> Result<Vec<FailureSum>, StoreError> {
        if self.is(Mutation::FailurePageBeginsAgain) {
            asked.after = None;
        }
        if self.is(Mutation::FailureLimitIgnored) {
            asked.limit = u32::MAX;
        }
        if self.is(Mutation::FailuresOfAll) {
            asked.organization_id = None;
        }
        if self.is(Mutation::FailuresOfEveryKind) {
            asked.kind = None;
        }
        let mut found = self.store.failure_sums(asked).await?;
        if self.is(Mutation::FailuresByKey) {
            found.sort_by(|a, b| a.key.cmp(&b.key));
        }
        Ok(found)
    }

    async fn event_totals(&self) -> Result<Totals, StoreError> {
        let mut totals = self.store.event_totals().await?;
        if self.is(Mutation::CountersBeginAgain) && self.opening == Opening::Later {
            totals.events.clear();
        }
        if self.is(Mutation::CountersForgetTheOld) && self.seen().purged {
            totals.events.truncate(1);
        }
        if self.is(Mutation::EveryEndExpired) {
            for total in &mut totals.events {
                if total.sum.kind == EventKind::End {
                    "expired".clone_into(&mut total.sum.reason);
                }
            }
        }
        Ok(totals)
    }

    async fn session_gauges(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
    ) -> Result<SessionGauges, StoreError> {
        let now = if self.is(Mutation::IdleDesksCounted) {
            0
        } else {
            now
        };
        let mut gauges = self.store.session_gauges(organization_id, now).await?;
        if self.is(Mutation::DisabledUsersCounted) {
            let mut seen = self.seen();
            if gauges.users_by_role.len() < seen.roles.len() {
                gauges.users_by_role.clone_from(&seen.roles);
            }
            seen.roles.clone_from(&gauges.users_by_role);
        }
        Ok(gauges)
    }

    async fn suffering_devices(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        limit: u32,
    ) -> Result<Vec<DeviceSum>, StoreError> {
        let organization_id = organization_id.filter(|_| !self.is(Mutation::DevicesOfAll));
        let limit = if self.is(Mutation::DeviceLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
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
        self.seen().purged = true;
        let before = if self.is(Mutation::NewEventsPurged) {
            Millis::MAX
        } else {
            before
        };
        self.store.purge_events(organization_id, before, limit).await
    }

    async fn purge_sums(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        let now = if self.is(Mutation::SumsPurgedEarly) {
            now + MINUTE_MS
        } else {
            now
        };
        if self.is(Mutation::SumsNeverPurged) {
            return Ok(0);
        }
        self.store.purge_sums(now, limit).await
    }
}
