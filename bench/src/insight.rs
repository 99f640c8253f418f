//! What it costs to note what happens to sessions, on against off in turn, and how soon a month of a million events is shown.

use std::sync::Arc;
use std::time::Duration;

use protocol::auth::{DeviceKind, LoginAnswer};
use protocol::insight::{EndReason, LoginFailure, RefreshFailure};
use serde_json::json;
use server::clock::{Clock as _, SystemClock};
use store::insight::{ClientKind, EventKind, EventOutcome, Keeping, network_of};
use store::{AuditEntry, EventBatch, NewSite, SessionEvent, Store, new_id};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use uuid::Uuid;
use vigie_tests::{Disk, Postgres, Stopwatch};

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::insight_screen;
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh::{AT_ONCE, runtime};
use crate::refresh_clients::{Pace, RefreshClients};
use crate::refresh_server::{Engine, PASSWORD, Prepared, RefreshServer, Watched};
use crate::report::Report;
use crate::statistics::{median, quantile, ratio_of_medians};

const WARM_UP: Duration = Duration::from_secs(1);
const OFF: &str = "\n[monitoring]\nrecord = false\n";
const ADMIN: &str = "dominique";
const SITES: usize = 20;
const TILLS_PER_SITE: usize = 10;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let folder = folder_on_disk()?;
    let prepared = Prepared::new(&folder.path().join("sqlite-on"), Engine::Sqlite)?;
    cost("sqlite", &prepared, scale, report)?;
    let database = Postgres::start(Disk::Waited).doing("starting PostgreSQL")?;
    let url = database.url("vigie");
    let prepared = Prepared::new(
        &folder.path().join("postgres-on"),
        Engine::Postgres { url: url.clone() },
    )?;
    cost("postgres", &prepared, scale, report)?;

    let events = scale.pick(1_000_000, 50_000);
    report.say(format!(
        "insight: {events} events over 30 days at {SITES} sites with {TILLS_PER_SITE} tills each, one refresh of 20 failed; the \
         figures are asked for over HTTP, 11 times each"
    ));
    let of_a_month = Prepared::new(&folder.path().join("sqlite-month"), Engine::Sqlite)?;
    of_a_month.add_admin(ADMIN)?;
    let load = || async {
        let store = SqliteStore::open(&of_a_month.database(), store_sqlite::Options::default());
        month(Arc::new(store.doing("opening the database")?), events).await
    };
    runtime()?.block_on(load())?;
    let bytes = std::fs::metadata(of_a_month.database())
        .doing("looking at the database")?
        .len();
    report.figure(
        "insight_sqlite_bytes_each_event",
        bytes as f64 / events as f64,
        "bytes",
        None,
    );
    let server = of_a_month.serve(&Watched::No)?;
    shown("sqlite", &server, report)?;
    insight_screen::measure(&server, ADMIN, report)?;
    drop(server);

    prepared.add_admin(ADMIN)?;
    let load = || async {
        let address = url.parse().doing("reading the address of PostgreSQL")?;
        let store = PostgresStore::open(&address, store_postgres::Options::default()).await;
        month(Arc::new(store.doing("opening the database")?), events).await
    };
    runtime()?.block_on(load())?;
    shown("postgres", &prepared.serve(&Watched::No)?, report)
}

/// Two servers over copies of one database, or two in turn over one, of which the second notes nothing.
fn cost(engine: &str, prepared: &Prepared, scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(15, 3);
    let lasts = scale.pick(Duration::from_secs(3), Duration::from_secs(1));
    report.say(format!(
        "insight: {AT_ONCE} sessions refresh at once on {engine}; {rounds} rounds of {} s with what happens noted and of as \
         long without, in turn",
        lasts.as_secs()
    ));
    let silent = prepared.copy_to(&prepared.beside("off"))?;
    silent.set_more(OFF)?;
    let (noting, silent) = (prepared.serve(&Watched::No)?, silent.serve(&Watched::No)?);
    let mut on = RefreshClients::sign_in(&noting, AT_ONCE)?;
    let mut off = RefreshClients::sign_in(&silent, AT_ONCE)?;
    on.refresh_for(WARM_UP)?;
    off.refresh_for(WARM_UP)?;
    let (mut rates, mut p99s) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let one = |clients: &mut RefreshClients| clients.load(AT_ONCE, Pace::AtOnce, lasts);
        let (with, without) = if round % 2 == 0 {
            let with = one(&mut on)?;
            (with, one(&mut off)?)
        } else {
            let without = one(&mut off)?;
            (one(&mut on)?, without)
        };
        rates.push((with.per_second(), without.per_second()));
        p99s.push((
            quantile(&mut with.latencies_us.clone(), 0.99),
            quantile(&mut without.latencies_us.clone(), 0.99),
        ));
    }
    let (with, without): (Vec<f64>, Vec<f64>) = rates.iter().copied().unzip();
    let name = |what: &str| format!("insight_{engine}_{what}");
    report.figure(name("refreshes_noted"), median(&with), "per_s", None);
    report.figure(name("refreshes_not_noted"), median(&without), "per_s", None);
    let rate = ratio_of_medians(&rates);
    report.figure(
        name("rate_ratio"),
        rate.ratio,
        "ratio",
        Some(Target::AtLeast(0.95)),
    );
    report.figure(name("rate_ratio_lower"), rate.lower, "ratio", None);
    let slowest = ratio_of_medians(&p99s);
    report.figure(
        name("p99_ratio"),
        slowest.ratio,
        "ratio",
        Some(Target::AtMost(1.05)),
    );
    Ok(())
}

/// A month up to now, spread evenly.
async fn month(store: Arc<dyn Store>, events: usize) -> Result<(), Failure> {
    let now = SystemClock::default().wall_ms();
    let organization_id = store
        .organizations()
        .await
        .doing("reading organisations")?
        .first()
        .map(|one| one.id)
        .ok_or_else(|| Failure::found("reading organisations", "there is none"))?;
    let mut sites = Vec::with_capacity(SITES);
    for n in 0..SITES {
        let id = new_id(now);
        let new = NewSite {
            id,
            organization_id,
            name: format!("Site {n}"),
        };
        store.add_site(new, entry(now)).await.doing("adding a site")?;
        sites.push(id);
    }
    let step_ms = 30.0 * DAY_MS as f64 / events as f64;
    let all: Vec<usize> = (0..events).collect();
    for part in all.chunks(1_000) {
        let made = part.iter().map(|n| {
            let at = now - 30 * DAY_MS + (*n as f64 * step_ms) as i64;
            event(*n, at, organization_id, &sites)
        });
        let batch = EventBatch {
            id: new_id(now),
            at: now,
            events: made.collect(),
            reports: Vec::new(),
        };
        store.add_events(batch).await.doing("adding events")?;
    }
    store.close().await;
    Ok(())
}

fn event(n: usize, at: i64, organization_id: Uuid, sites: &[Uuid]) -> SessionEvent {
    let (site, till) = (n % SITES, n / SITES % TILLS_PER_SITE);
    let (kind, outcome, reason) = match n % 100 {
        0 => (EventKind::Login, EventOutcome::Success, ""),
        1 => (
            EventKind::Login,
            EventOutcome::Failure,
            LoginFailure::WrongPassword.as_str(),
        ),
        2 => (
            EventKind::End,
            EventOutcome::Success,
            EndReason::SignedOut.as_str(),
        ),
        3 | 4 => (
            EventKind::Refresh,
            EventOutcome::Failure,
            RefreshFailure::StaleAttempt.as_str(),
        ),
        5..=7 => (
            EventKind::Refresh,
            EventOutcome::Failure,
            RefreshFailure::Unavailable.as_str(),
        ),
        _ => (EventKind::Refresh, EventOutcome::Success, ""),
    };
    // Every failure from another address, as of many small shops behind as many routers.
    let ip_address = format!("10.{}.{}.{till}", n / 256 % 256, n % 256);
    SessionEvent {
        at,
        kind,
        outcome,
        reason,
        user_id: Some(Uuid::from_u128(1 + (site * TILLS_PER_SITE + till) as u128)),
        organization_id: Some(organization_id),
        site_id: sites.get(site).copied(),
        session_id: Some(Uuid::from_u128(1_000 + (site * TILLS_PER_SITE + till) as u128)),
        network: network_of(&ip_address),
        ip_address,
        device_name: format!("Caisse {till}"),
        device_kind: Some(DeviceKind::Till),
        client_kind: ClientKind::App,
        latency_us: (kind == EventKind::Refresh)
            .then(|| u32::try_from(500 + n * 7_919 % 40_000).unwrap_or(u32::MAX)),
        duration_seconds: (kind == EventKind::End).then_some(28_800),
        keeping: Keeping::Row,
    }
}

fn entry(now: i64) -> AuditEntry {
    AuditEntry {
        ip_address: "local".to_owned(),
        user_agent: "bench".to_owned(),
        ..AuditEntry::of("site.added", now)
    }
}

/// How long each of the calls takes that a screen of figures begins with.
fn shown(engine: &str, server: &RefreshServer, report: &mut Report) -> Result<(), Failure> {
    let mut first_ms = 0.0;
    for (what, path, belongs_to_first) in [
        ("metrics_30d", "metrics?range=30d", true),
        ("metrics_7d", "metrics?range=7d", false),
        ("metrics_24h", "metrics?range=24h", false),
        ("metrics_1h", "metrics?range=1h", false),
        ("errors_by_network_30d", "errors?range=30d&by=network", true),
        ("errors_by_site_30d", "errors?range=30d&by=site", true),
        ("errors_by_user_30d", "errors?range=30d&by=user", false),
        ("devices_30d", "devices?range=30d", true),
    ] {
        let took_ms = runtime()?.block_on(asked(server, path))?;
        report.figure(format!("insight_{engine}_{what}"), median(&took_ms), "ms", None);
        if belongs_to_first {
            first_ms += took_ms.first().copied().unwrap_or(0.0);
        }
    }
    report.figure(
        format!("insight_{engine}_first_figures"),
        first_ms,
        "ms",
        Some(Target::Below(1_000.0)),
    );
    Ok(())
}

/// How long each of eleven calls took, in milliseconds, the first one first.
async fn asked(server: &RefreshServer, path: &str) -> Result<Vec<f64>, Failure> {
    let origin = format!("http://{}", server.address());
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .doing("making a client")?;
    let login = json!({
        "username": ADMIN, "password": PASSWORD, "device_name": "desk", "device_kind": "desk",
    });
    let answer: LoginAnswer = http
        .post(format!("{origin}/v1/auth/login"))
        .json(&login)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .doing("signing in")?
        .json()
        .await
        .doing("signing in")?;
    let mut took_ms = Vec::with_capacity(11);
    for _ in 0..11 {
        let watch = Stopwatch::start();
        let call = http
            .get(format!("{origin}/v1/admin/sessions/{path}"))
            .bearer_auth(answer.tokens.access_token.expose());
        let answer = call.send().await.and_then(reqwest::Response::error_for_status);
        answer
            .doing("asking for figures")?
            .bytes()
            .await
            .doing("asking for figures")?;
        took_ms.push(watch.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(took_ms)
}
