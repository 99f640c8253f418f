//! The figures as metric families. Every label comes from an enum or is one of the few site labels, and each combination is
//! there from the start, so that a rate sees the very first event.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr as _;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use protocol::alert::AlertKind;
use protocol::auth::OrganizationRole;
use protocol::insight::{EndReason, LoginFailure, RefreshFailure};
use store::insight::bounds::{DURATION_SECONDS, LATENCY_US};
use store::insight::{EventKind, EventOutcome, Histogram, SessionGauges, TotalEvents, Totals};
use strum::IntoEnumIterator as _;

use super::site_labels::SiteLabels;

/// The status of a sign-in that was no failure.
const SUCCESS: &str = "success";

/// Microseconds of a second.
const MICROSECONDS: f64 = 1_000_000.0;

const ROLES: [OrganizationRole; 4] = [
    OrganizationRole::User,
    OrganizationRole::Manager,
    OrganizationRole::Admin,
    OrganizationRole::Owner,
];

const fn role_label(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::User => "user",
        OrganizationRole::Manager => "manager",
        OrganizationRole::Admin => "admin",
        OrganizationRole::Owner => "owner",
    }
}

/// All that one scrape tells.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) totals: Totals,
    pub(super) gauges: SessionGauges,
    /// Alerts that last, by kind; kinds without any may be left out.
    pub(super) alerts: Vec<(AlertKind, u32)>,
    /// Impersonations that last.
    pub(super) impersonations: usize,
    pub(super) sites: SiteLabels,
    /// Events that this process could not keep.
    pub(super) dropped: u64,
    /// Posts of heads of the audit log by this process, taken and failed.
    pub(super) posted_heads: (u64, u64),
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counts = Counts::of(&self.totals.events, &self.sites);
        let encoder = &mut encoder;
        counters(
            encoder,
            "session_refresh_success",
            "Refreshes answered with tokens, by site.",
            counts
                .refreshed
                .iter()
                .map(|(site, count)| ([("site", *site)], *count)),
        )?;
        counters(
            encoder,
            "session_refresh_failure",
            "Refreshes of this server's tokens that were refused or failed, by reason and site.",
            counts
                .failed
                .iter()
                .map(|((reason, site), count)| ([("reason", *reason), ("site", *site)], *count)),
        )?;
        counter(
            encoder,
            "session_refresh_rejected",
            "Refreshes with something that is no token of this server.",
            counts.rejected,
        )?;
        counters(
            encoder,
            "session_logout_forced",
            "Sessions that ended against the will of whoever was signed in, by reason.",
            counts
                .forced
                .iter()
                .map(|(reason, count)| ([("reason", *reason)], *count)),
        )?;
        counter(
            encoder,
            "session_logout_manual",
            "Sessions that their owners ended.",
            counts.manual,
        )?;
        counters(
            encoder,
            "logins",
            "Sign-ins, by what they came to.",
            counts
                .logins
                .iter()
                .map(|(status, count)| ([("status", *status)], *count)),
        )?;
        counter(
            encoder,
            "session_events_dropped",
            "Events that this process could not keep because the database was away for too long.",
            self.dropped,
        )?;
        let (taken, failed) = self.posted_heads;
        counters(
            encoder,
            "audit_head_posts",
            "Posts of signed heads of the audit log to the webhook by this process, by what they came to.",
            [([("outcome", "taken")], taken), ([("outcome", "failed")], failed)].into_iter(),
        )?;
        encoder
            .encode_descriptor(
                "active_sessions",
                "Sessions that live now.",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&self.gauges.active_sessions)?;
        let mut family = encoder.encode_descriptor(
            "users_by_role",
            "Users whose accounts are not disabled, by role.",
            None,
            MetricType::Gauge,
        )?;
        for role in ROLES {
            let users = self.gauges.users_by_role.iter().find(|(own, _)| *own == role);
            family
                .encode_family(&[("role", role_label(role))])?
                .encode_gauge(&users.map_or(0, |(_, users)| *users))?;
        }
        let mut family = encoder.encode_descriptor(
            "alerts_active",
            "Alerts of the server's own that last, by kind.",
            None,
            MetricType::Gauge,
        )?;
        for kind in AlertKind::iter() {
            let lasting = self.alerts.iter().find(|(own, _)| *own == kind);
            family
                .encode_family(&[("kind", kind.as_str())])?
                .encode_gauge(&lasting.map_or(0, |(_, alerts)| *alerts))?;
        }
        encoder
            .encode_descriptor(
                "impersonations_active",
                "Impersonations that last.",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&u32::try_from(self.impersonations).unwrap_or(u32::MAX))?;
        histogram(
            encoder,
            "session_refresh_latency",
            "How long the server took to answer a refresh.",
            &LATENCY_US,
            &self.totals.latency,
            MICROSECONDS,
        )?;
        histogram(
            encoder,
            "session_duration",
            "How long sessions lasted that ended.",
            &DURATION_SECONDS,
            &self.totals.duration,
            1.0,
        )?;
        encoder
            .encode_descriptor("vigie_build", "The running program.", None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

/// Counters by their labels, each combination of them.
#[derive(Debug)]
struct Counts<'a> {
    refreshed: BTreeMap<&'a str, u64>,
    failed: BTreeMap<(&'static str, &'a str), u64>,
    rejected: u64,
    forced: BTreeMap<&'static str, u64>,
    manual: u64,
    logins: BTreeMap<&'static str, u64>,
}

impl<'a> Counts<'a> {
    fn of(events: &[TotalEvents], sites: &'a SiteLabels) -> Self {
        let reasons = || RefreshFailure::iter().map(RefreshFailure::as_str);
        let pairs = sites
            .all()
            .flat_map(|site| reasons().map(move |reason| (reason, site)));
        let forced = EndReason::iter().filter(|reason| !reason.is_manual());
        let denials = LoginFailure::iter().map(LoginFailure::as_str);
        let mut counts = Self {
            refreshed: sites.all().map(|site| (site, 0)).collect(),
            failed: pairs.map(|pair| (pair, 0)).collect(),
            rejected: 0,
            forced: forced.map(|reason| (reason.as_str(), 0)).collect(),
            manual: 0,
            logins: denials.chain([SUCCESS]).map(|status| (status, 0)).collect(),
        };
        for total in events {
            counts.add(total, sites.label(total.site_id));
        }
        counts
    }

    /// A failure for a reason that a newer server wrote and this one does not know counts as a fault of the server: no
    /// label is made up, and the sum stays right. An end for such a reason is counted where it is known.
    fn add(&mut self, total: &TotalEvents, site: &'a str) {
        let sum = &total.sum;
        let counter = match (sum.kind, sum.outcome) {
            (EventKind::Refresh, EventOutcome::Success) => self.refreshed.entry(site).or_default(),
            (EventKind::Refresh, EventOutcome::Failure) => {
                let reason = RefreshFailure::from_str(&sum.reason).unwrap_or(RefreshFailure::Internal);
                self.failed.entry((reason.as_str(), site)).or_default()
            }
            (EventKind::Refresh, EventOutcome::Rejected) => &mut self.rejected,
            (EventKind::Login, EventOutcome::Success) => self.logins.entry(SUCCESS).or_default(),
            (EventKind::Login, EventOutcome::Failure | EventOutcome::Rejected) => {
                let reason = LoginFailure::from_str(&sum.reason).unwrap_or(LoginFailure::Internal);
                self.logins.entry(reason.as_str()).or_default()
            }
            (EventKind::End, EventOutcome::Success | EventOutcome::Failure | EventOutcome::Rejected) => {
                let Ok(reason) = EndReason::from_str(&sum.reason) else {
                    return;
                };
                if reason.is_manual() {
                    &mut self.manual
                } else {
                    self.forced.entry(reason.as_str()).or_default()
                }
            }
        };
        *counter = counter.saturating_add(sum.events);
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Counter)?
        .encode_counter::<NoLabelSet, u64, f64>(&value, None)
}

fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl Iterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in rows {
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, u64, f64>(&value, None)?;
    }
    Ok(())
}

/// A histogram in seconds. `per_second` says how many of the bounds' units a second has.
fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    bounds: &[u64],
    histogram: &Histogram,
    per_second: f64,
) -> fmt::Result {
    let limits = bounds
        .iter()
        .map(|bound| *bound as f64 / per_second)
        .chain([f64::INFINITY]);
    let counts = histogram.counts.iter().copied().chain(std::iter::repeat(0));
    let buckets: Vec<(f64, u64)> = limits.zip(counts).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    encoder
        .encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?
        .encode_histogram::<NoLabelSet>(histogram.sum as f64 / per_second, count, &buckets, None)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use protocol::alert::AlertKind;
    use protocol::auth::OrganizationRole;
    use store::PlacedSite;
    use store::insight::bounds::{DURATION_SECONDS, LATENCY_US};
    use store::insight::{EventKind, EventOutcome, EventSum, Histogram, SessionGauges, TotalEvents, Totals};
    use uuid::Uuid;

    use super::{Figures, SiteLabels};

    fn total(
        site: Option<u128>,
        kind: EventKind,
        outcome: EventOutcome,
        reason: &str,
        events: u64,
    ) -> TotalEvents {
        TotalEvents {
            organization_id: site.map(Uuid::from_u128),
            site_id: site.map(Uuid::from_u128),
            sum: EventSum {
                kind,
                outcome,
                reason: reason.to_owned(),
                events,
            },
        }
    }

    fn text(events: Vec<TotalEvents>) -> String {
        let mut latency = Histogram {
            counts: vec![0; LATENCY_US.len() + 1],
            sum: 1_250_000,
        };
        latency.counts[0] = 3;
        latency.counts[LATENCY_US.len()] = 1;
        let figures = Figures {
            totals: Totals {
                events,
                latency,
                duration: Histogram {
                    counts: vec![0; DURATION_SECONDS.len() + 1],
                    sum: 0,
                },
            },
            gauges: SessionGauges {
                active_sessions: 4,
                users_by_role: vec![(OrganizationRole::Admin, 2)],
            },
            alerts: vec![(AlertKind::NoRefresh, 3)],
            impersonations: 2,
            sites: SiteLabels::of(vec![PlacedSite {
                id: Uuid::from_u128(1),
                organization_slug: "port".to_owned(),
                name: "Quai \"Nord\"\\\n".to_owned(),
            }]),
            dropped: 5,
            posted_heads: (6, 7),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(figures));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn the_text_is_the_documented_one() {
        use EventKind::{End, Login, Refresh};
        use EventOutcome::{Failure, Rejected, Success};
        insta::assert_snapshot!(text(vec![
            total(Some(1), Refresh, Success, "", 90),
            total(Some(2), Refresh, Success, "", 7),
            total(Some(3), Refresh, Success, "", 1),
            total(None, Refresh, Success, "", 2),
            total(Some(1), Refresh, Failure, "session_closed", 3),
            total(Some(2), Refresh, Failure, "unavailable", 4),
            total(None, Refresh, Rejected, "", 1_000_000),
            total(None, Login, Success, "", 8),
            total(None, Login, Failure, "wrong_password", 9),
            total(Some(1), End, Success, "signed_out", 10),
            total(Some(1), End, Success, "by_owner", 1),
            total(Some(1), End, Success, "expired", 12),
        ]));
    }

    #[test]
    fn an_empty_store_has_every_series_already_and_events_add_none() {
        let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        let empty = text(Vec::new());
        let events = (1..500).map(|site| {
            total(
                Some(site),
                EventKind::Refresh,
                EventOutcome::Failure,
                "internal",
                1,
            )
        });
        let full = text(events.collect());
        assert_eq!(series(&empty), series(&full));
        assert!(
            full.contains("session_refresh_failure_total{reason=\"internal\",site=\"other\"} 498\n"),
            "{full}"
        );
    }

    #[test]
    fn a_reason_of_a_newer_server_is_counted_and_makes_no_label() {
        let text = text(vec![
            total(None, EventKind::Refresh, EventOutcome::Failure, "moon_phase", 6),
            total(None, EventKind::Login, EventOutcome::Failure, "moon_phase", 7),
        ]);
        assert!(!text.contains("moon"), "{text}");
        assert!(
            text.contains("session_refresh_failure_total{reason=\"internal\",site=\"none\"} 6\n"),
            "{text}"
        );
        assert!(text.contains("logins_total{status=\"internal\"} 7\n"), "{text}");
    }
}
