//! Writing what was noted, taking note of ends, and forgetting what is older than it is kept: all beside the calls.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use protocol::alert::MonitoringSettings;
use store::insight::{DAY_MS, EventBatch};
use store::{Millis, StoreError};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::background::told;
use crate::server::Server;

/// How often what was noted is written: so much a sudden death loses.
pub(crate) const WRITE_EVERY: Duration = Duration::from_secs(1);

/// How many events one transaction takes, so that no refresh waits long behind it.
const EVENTS_AT_ONCE: usize = 1_000;

/// How many ends one transaction takes.
const ENDS_AT_ONCE: u32 = 500;

/// How many old rows one transaction deletes.
const FORGOTTEN_AT_ONCE: u32 = 2_000;

/// How often a batch is tried that the store refuses for what is in it.
const TRIES: u32 = 3;

/// What is being written.
#[derive(Default)]
pub(crate) struct Writing {
    /// Batches that are not known to be written, oldest first. While there are any, what is noted waits behind them.
    unwritten: VecDeque<EventBatch>,
    refused: u32,
    told_idle: Vec<Uuid>,
    dropped_said: u64,
}

/// Writes until it is told to end, and then what is left.
pub(crate) async fn record(server: &Server, mut ends: watch::Receiver<bool>) {
    let mut writing = Writing::default();
    let mut tick = tokio::time::interval(WRITE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = told(&mut ends) => break,
            _ = tick.tick() => {
                writing.write(server).await;
                writing.note_ends(server).await;
            }
            () = server.observed.plenty() => writing.write(server).await,
        }
    }
    writing.note_ends(server).await;
    writing.write(server).await;
    let lost: usize = writing.unwritten.iter().map(size).sum();
    if lost > 0 {
        tracing::error!(
            events = lost,
            "what happened to sessions last is not written down"
        );
    }
}

fn size(batch: &EventBatch) -> usize {
    batch.events.len() + batch.reports.len()
}

impl Writing {
    /// Writes all that waits, unless the store cannot be asked.
    pub(crate) async fn write(&mut self, server: &Server) {
        if self.unwritten.is_empty() {
            let taken = server.observed.take(EVENTS_AT_ONCE, server.now());
            self.unwritten.extend(taken);
        }
        while let Some(mut batch) = self.unwritten.front().cloned() {
            let events = size(&batch);
            let written = match complete(server, &mut batch).await {
                Ok(()) => server.store.add_events(batch).await,
                Err(error) => Err(error),
            };
            match written {
                Ok(_) => {
                    self.refused = 0;
                    self.unwritten.pop_front();
                }
                Err(error) if self.may_pass(&error) => {
                    tracing::warn!(cause = %error, "what happened to sessions is not written yet");
                    break;
                }
                Err(error) => {
                    tracing::error!(cause = %error, events, "what happened to sessions cannot be written");
                    server.observed.lose(events);
                    self.refused = 0;
                    self.unwritten.pop_front();
                }
            }
        }
        let dropped = server.observed.dropped();
        if dropped > self.dropped_said {
            tracing::warn!(
                events = dropped - self.dropped_said,
                "what happened to sessions was lost"
            );
            self.dropped_said = dropped;
        }
    }

    fn may_pass(&mut self, error: &StoreError) -> bool {
        match error {
            StoreError::Unavailable(_)
            | StoreError::DiskFull(_)
            | StoreError::ReadOnly(_)
            | StoreError::Newer { .. }
            | StoreError::InUse(_)
            | StoreError::Damaged(_) => true,
            StoreError::NameTaken(_)
            | StoreError::UnknownReference(_)
            | StoreError::LastOwner
            | StoreError::RankLost
            | StoreError::Failed(_) => {
                self.refused += 1;
                self.refused < TRIES
            }
        }
    }

    /// Takes note of sessions that have ended.
    pub(crate) async fn note_ends(&mut self, server: &Server) {
        if !server.observed.is_on() {
            return;
        }
        self.told_idle.extend(server.observed.take_told_idle());
        loop {
            let at_once = self
                .told_idle
                .len()
                .min(usize::try_from(ENDS_AT_ONCE).unwrap_or(usize::MAX));
            let named = self.told_idle[..at_once].to_vec();
            let named_any = !named.is_empty();
            match server
                .store
                .note_ended_sessions(named, server.now(), ENDS_AT_ONCE)
                .await
            {
                Ok(noted) => {
                    if noted < ENDS_AT_ONCE {
                        self.told_idle.drain(..at_once);
                        if !named_any || self.told_idle.is_empty() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(cause = %error, "ends of sessions are not noted yet");
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Adds whose session it was where only its id is known, and the organisation of a server that has but one.
async fn complete(server: &Server, batch: &mut EventBatch) -> Result<(), StoreError> {
    let mut known = HashMap::new();
    let mut only = None;
    for event in &mut batch.events {
        if event.organization_id.is_some() {
            continue;
        }
        if let Some(session_id) = event.session_id {
            let session = match known.get(&session_id) {
                Some(session) => session,
                None => {
                    let found = server.store.identity(session_id).await?;
                    known
                        .entry(session_id)
                        .or_insert(found.map(|identity| identity.session))
                }
            };
            if let Some(session) = session {
                event.user_id = Some(session.user_id);
                event.organization_id = Some(session.organization_id);
                event.site_id = session.site_id;
                event.device_name.clone_from(&session.device_name);
                event.device_kind = Some(session.device_kind);
                continue;
            }
        }
        event.organization_id = match only {
            Some(only) => only,
            None => *only.insert(only_organization(server).await?),
        };
    }
    Ok(())
}

async fn only_organization(server: &Server) -> Result<Option<Uuid>, StoreError> {
    let all = server.store.organizations().await?;
    Ok(match all.as_slice() {
        [one] => Some(one.id),
        [] | [_, _, ..] => None,
    })
}

/// Deletes events and sums that are older than they are kept.
pub(crate) async fn forget(server: &Server) {
    let now = server.now();
    let organizations = match server.store.organizations().await {
        Ok(organizations) => organizations,
        Err(error) => {
            tracing::warn!(cause = %error, "old events are not deleted yet");
            return;
        }
    };
    let ids = organizations
        .iter()
        .map(|organization| Some(organization.id))
        .chain([None]);
    for organization_id in ids {
        let kept_days = match retention_days(server, organization_id).await {
            Ok(days) => days,
            Err(error) => {
                tracing::warn!(cause = %error, "old events are not deleted yet");
                return;
            }
        };
        let before = now.saturating_sub(Millis::from(kept_days).saturating_mul(DAY_MS));
        loop {
            match server
                .store
                .purge_events(organization_id, before, FORGOTTEN_AT_ONCE)
                .await
            {
                Ok(deleted) if deleted >= FORGOTTEN_AT_ONCE => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(cause = %error, "old events are not deleted yet");
                    return;
                }
            }
        }
    }
    loop {
        match server.store.purge_sums(now, FORGOTTEN_AT_ONCE).await {
            Ok(deleted) if deleted >= FORGOTTEN_AT_ONCE => tokio::task::yield_now().await,
            Ok(_) => break,
            Err(error) => {
                tracing::warn!(cause = %error, "old sums are not deleted yet");
                return;
            }
        }
    }
}

/// For how many days single events are kept; those of nobody's organisation by the default.
async fn retention_days(server: &Server, organization_id: Option<Uuid>) -> Result<u32, StoreError> {
    Ok(match organization_id {
        Some(id) => server.store.monitoring_settings(id).await?,
        None => MonitoringSettings::default(),
    }
    .retention_days)
}
