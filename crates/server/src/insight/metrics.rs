//! The figures of a range of time, step by step and together: everything else that shows them begins here.

use std::collections::BTreeMap;

use axum::extract::State;
use protocol::auth::OrganizationRole;
use protocol::insight::{
    EndCount, EndReason, FailureCount, LatencyPercentiles, LoginCounts, MetricsStep, Range, RefreshCounts,
    RefreshFailure, RoleCount, SessionMetrics,
};
use store::insight::bounds::{LATENCY_US, percentile};
use store::insight::{EventKind, EventOutcome, Steps};
use store::{EventSum, Millis, SessionGauges};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::range::{Wanted, WantedOfServer, bounds, scope};
use super::writing::WRITE_EVERY;
use crate::body::Queried;
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::monitoring::Overseer;
use crate::server::Server;

/// What happens to the organisation's sessions, in figures.
#[utoipa::path(
    get,
    path = "/admin/sessions/metrics",
    tag = "admin",
    params(Wanted),
    responses((status = 200, description = "The figures, step by step and together", body = SessionMetrics))
)]
pub(super) async fn of_organization(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Wanted>,
) -> Result<axum::Json<SessionMetrics>, Failure> {
    let organization_id = scope(&caller, wanted.organization_id)?;
    let figures = Figures::read(&server, organization_id, wanted.range, caller.now).await?;
    Ok(axum::Json(figures.metrics()))
}

/// What happens to all sessions of this server, in figures. For a super admin, or with the scrape token.
#[utoipa::path(
    get,
    path = "/monitoring/sessions/metrics",
    tag = "monitoring",
    params(WantedOfServer),
    responses((status = 200, description = "The figures, step by step and together", body = SessionMetrics))
)]
pub(super) async fn of_server(
    State(server): State<Server>,
    _: Overseer,
    Queried(wanted): Queried<WantedOfServer>,
) -> Result<axum::Json<SessionMetrics>, Failure> {
    let figures = Figures::read(&server, None, wanted.range, server.now()).await?;
    Ok(axum::Json(figures.metrics()))
}

/// The figures of one step, with every reason.
#[derive(Clone, Debug, Default)]
pub(super) struct StepFigures {
    pub(super) refreshes: RefreshCounts,
    pub(super) logins: LoginCounts,
    pub(super) failures: BTreeMap<&'static str, u32>,
    pub(super) ends: BTreeMap<&'static str, u32>,
    latency: Vec<u64>,
}

impl StepFigures {
    fn add(&mut self, sum: &EventSum) {
        let events = u32::try_from(sum.events).unwrap_or(u32::MAX);
        let counted = match (sum.kind, sum.outcome) {
            (EventKind::Refresh, EventOutcome::Success) => &mut self.refreshes.success,
            (EventKind::Refresh, EventOutcome::Failure) => {
                if let Ok(reason) = sum.reason.parse::<RefreshFailure>() {
                    more(self.failures.entry(reason.as_str()).or_default(), events);
                }
                &mut self.refreshes.failure
            }
            (EventKind::Refresh, EventOutcome::Rejected) => &mut self.refreshes.rejected,
            (EventKind::Login, EventOutcome::Success) => &mut self.logins.success,
            (EventKind::Login, EventOutcome::Failure | EventOutcome::Rejected) => &mut self.logins.failure,
            (EventKind::End, _) => {
                if let Ok(reason) = sum.reason.parse::<EndReason>() {
                    more(self.ends.entry(reason.as_str()).or_default(), events);
                }
                return;
            }
        };
        more(counted, events);
    }

    fn add_latency(&mut self, bucket: usize, events: u64) {
        self.latency.resize(LATENCY_US.len() + 1, 0);
        if let Some(count) = self.latency.get_mut(bucket.min(LATENCY_US.len())) {
            *count = count.saturating_add(events);
        }
    }

    fn add_all(&mut self, other: &Self) {
        let pairs = [
            (&mut self.refreshes.success, other.refreshes.success),
            (&mut self.refreshes.failure, other.refreshes.failure),
            (&mut self.refreshes.rejected, other.refreshes.rejected),
            (&mut self.logins.success, other.logins.success),
            (&mut self.logins.failure, other.logins.failure),
        ];
        for (all, some) in pairs {
            more(all, some);
        }
        for (reason, some) in &other.failures {
            more(self.failures.entry(*reason).or_default(), *some);
        }
        for (reason, some) in &other.ends {
            more(self.ends.entry(*reason).or_default(), *some);
        }
        for (bucket, some) in other.latency.iter().enumerate() {
            self.add_latency(bucket, *some);
        }
    }

    /// Ends against the will of whoever was signed in, and ends by them.
    pub(super) fn forced_and_manual(&self) -> (u32, u32) {
        EndReason::iter().fold((0, 0), |(forced, manual), reason| {
            let some = self.ends.get(reason.as_str()).copied().unwrap_or(0);
            if reason.is_manual() {
                (forced, manual + some)
            } else {
                (forced + some, manual)
            }
        })
    }

    /// What so many of 100 refreshes do not take longer than, in milliseconds.
    pub(super) fn percentile_ms(&self, percent: u64) -> Option<f64> {
        let bound_us = percentile(&LATENCY_US, &self.latency, percent)?;
        Some(f64::from(u32::try_from(bound_us).unwrap_or(u32::MAX)) / 1_000.0)
    }
}

fn more(count: &mut u32, by: u32) {
    *count = count.saturating_add(by);
}

/// The figures of a range.
pub(super) struct Figures {
    pub(super) range: Range,
    /// The beginning of each step, and what happened in it; oldest first, empty ones included.
    pub(super) steps: Vec<(Millis, StepFigures)>,
    now: Millis,
    gauges: SessionGauges,
}

impl Figures {
    /// Reads them: the sums, and what is so now.
    pub(super) async fn read(
        server: &Server,
        organization_id: Option<Uuid>,
        range: Range,
        now: Millis,
    ) -> Result<Self, Failure> {
        let (from, to) = bounds(range, now);
        let step_minutes = range.step_minutes();
        let found = server
            .store
            .event_steps(organization_id, from, to, step_minutes)
            .await?;
        let gauges = server.store.session_gauges(organization_id, now).await?;
        Ok(Self {
            range,
            steps: by_step(&found, from, to, Millis::from(step_minutes) * 60_000),
            now,
            gauges,
        })
    }

    /// All steps together.
    pub(super) fn total(&self) -> StepFigures {
        let mut total = StepFigures::default();
        for (_, step) in &self.steps {
            total.add_all(step);
        }
        total
    }

    fn metrics(&self) -> SessionMetrics {
        let total = self.total();
        let written_ms = Millis::try_from(WRITE_EVERY.as_millis()).unwrap_or(0);
        let ms = |percent| total.percentile_ms(percent);
        SessionMetrics {
            range: self.range,
            from: wire_time(self.steps.first().map_or(self.now, |(at, _)| *at)),
            to: wire_time(self.now.saturating_sub(2 * written_ms)),
            active_sessions: self.gauges.active_sessions,
            users_by_role: users_by_role(&self.gauges),
            refreshes: total.refreshes,
            refresh_success_percent: success_percent(total.refreshes),
            failures: most_first(&total.failures)
                .into_iter()
                .filter_map(|(reason, refreshes)| {
                    Some(FailureCount {
                        reason: reason.parse().ok()?,
                        refreshes,
                    })
                })
                .collect(),
            logins: total.logins,
            ends: most_first(&total.ends)
                .into_iter()
                .filter_map(|(reason, sessions)| {
                    Some(EndCount {
                        reason: reason.parse().ok()?,
                        sessions,
                    })
                })
                .collect(),
            latency: match (ms(50), ms(95), ms(99)) {
                (Some(p50_ms), Some(p95_ms), Some(p99_ms)) => Some(LatencyPercentiles {
                    p50_ms,
                    p95_ms,
                    p99_ms,
                }),
                (None, _, _) | (_, None, _) | (_, _, None) => None,
            },
            steps: self
                .steps
                .iter()
                .map(|(at, step)| on_the_wire(*at, step))
                .collect(),
        }
    }
}

fn by_step(found: &Steps, from: Millis, to: Millis, step_ms: Millis) -> Vec<(Millis, StepFigures)> {
    let mut steps: BTreeMap<Millis, StepFigures> = BTreeMap::new();
    let mut at = from;
    while at < to {
        steps.insert(at, StepFigures::default());
        at += step_ms;
    }
    for one in &found.sums {
        if let Some(step) = steps.get_mut(&one.at) {
            step.add(&one.sum);
        }
    }
    for one in &found.latency {
        if let Some(step) = steps.get_mut(&one.at) {
            step.add_latency(one.bucket, one.events);
        }
    }
    steps.into_iter().collect()
}

fn on_the_wire(at: Millis, step: &StepFigures) -> MetricsStep {
    let (forced_ends, manual_ends) = step.forced_and_manual();
    MetricsStep {
        at: wire_time(at),
        refreshes: step.refreshes,
        logins: step.logins,
        forced_ends,
        manual_ends,
        latency_p95_ms: step.percentile_ms(95),
    }
}

fn users_by_role(gauges: &SessionGauges) -> Vec<RoleCount> {
    let count = |role| {
        let found = gauges.users_by_role.iter().find(|(known, _)| *known == role);
        found.map_or(0, |(_, users)| *users)
    };
    [
        OrganizationRole::Owner,
        OrganizationRole::Admin,
        OrganizationRole::Manager,
        OrganizationRole::User,
    ]
    .into_iter()
    .map(|role| RoleCount {
        role,
        users: count(role),
    })
    .collect()
}

fn success_percent(refreshes: RefreshCounts) -> Option<f64> {
    let all = f64::from(refreshes.success) + f64::from(refreshes.failure);
    (all > 0.0).then(|| 100.0 * f64::from(refreshes.success) / all)
}

/// The most frequent first, and by name where they are as frequent.
fn most_first(counts: &BTreeMap<&'static str, u32>) -> Vec<(&'static str, u32)> {
    let mut counts: Vec<_> = counts.iter().map(|(reason, count)| (*reason, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
