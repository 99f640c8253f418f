//! What happens to sessions, as it is noted, written, summed and shown: the same to the unit wherever it is read.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use protocol::ErrorCode;
use serde_json::{Value, json};
use server::ServerOptions;
use server::background::Background;
use server::options::{Limits, Recording};
use store::insight::{EventKind, EventOutcome};
use store::{Insight as _, Totals};
use uuid::Uuid;

use crate::house::{House, SignedIn};
use crate::unreliable::Mood;

const METRICS: &str = "/v1/admin/sessions/metrics";

/// Writes what waits, as an orderly end does.
async fn written(house: &House) {
    Background::start(&house.server).stop().await;
}

async fn denied(house: &House, username: &str) {
    let body =
        json!({ "username": username, "password": "wrong", "device_name": "X", "device_kind": "till" });
    house.login(body).await.problem(ErrorCode::InvalidCredentials);
}

/// Refreshes so many times. Returns the token at hand.
async fn refreshes(house: &House, who: &SignedIn, times: u128) -> String {
    let mut token = who.refresh.clone();
    for n in 0..times {
        house.pass(1);
        let answer = house.refresh(&token, who.id.as_u128() ^ n).await.fine();
        token = answer["refresh_token"].as_str().unwrap().to_owned();
    }
    token
}

fn total(totals: &Totals, kind: EventKind, outcome: EventOutcome) -> u64 {
    let of = totals
        .events
        .iter()
        .filter(|total| total.sum.kind == kind && total.sum.outcome == outcome);
    of.map(|total| total.sum.events).sum()
}

/// The last line of the table, by the names of its columns.
fn totals_of_table(table: &Value) -> BTreeMap<String, u64> {
    let table = table.as_str().unwrap();
    let mut lines = table.split_terminator("\r\n");
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let last: Vec<_> = lines.last().unwrap().split(',').collect();
    assert_eq!((head.len(), last[0]), (last.len(), "total"));
    let numbers = head.iter().zip(&last).skip(1);
    numbers
        .filter_map(|(name, value)| Some(((*name).to_owned(), value.parse().ok()?)))
        .collect()
}

#[tokio::test]
async fn figures_counters_and_table_agree_to_the_unit() {
    let house = House::new().await;
    let admin = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let other = house.sign_in("camille", "till").await;
    let third = house.sign_in("camille", "desk").await;
    let eva = house.sign_in("eva", "desk").await;
    refreshes(&house, &camille, 12).await;
    // An attempt too late, for a token that was spent and spent again.
    house
        .refresh(&camille.refresh, camille.id.as_u128())
        .await
        .problem(ErrorCode::StaleAttempt);
    refreshes(&house, &eva, 3).await;
    for n in 0..7 {
        house
            .refresh("no token of ours", n)
            .await
            .problem(ErrorCode::RefreshInvalid);
    }
    for _ in 0..4 {
        denied(&house, "camille").await;
    }
    denied(&house, "nobody").await;
    house
        .post("/v1/auth/logout", &other.access, json!({}))
        .await
        .fine();
    house.confirm(&admin).await;
    let revoke = format!("/v1/admin/sessions/{}/revoke", third.id);
    house.post(&revoke, &admin.access, json!({})).await.fine();
    house
        .refresh(&third.refresh, 5)
        .await
        .problem(ErrorCode::SessionRevoked);
    written(&house).await;

    let own = house.get(METRICS, &admin.access).await.fine();
    assert_eq!(
        own["refreshes"],
        json!({ "success": 12, "failure": 2, "rejected": 0 })
    );
    assert_eq!(own["logins"], json!({ "success": 4, "failure": 4 }));
    assert_eq!(
        own["failures"],
        json!([{ "reason": "session_closed", "refreshes": 1 }, { "reason": "stale_attempt", "refreshes": 1 }])
    );
    assert_eq!(
        own["ends"],
        json!([{ "reason": "by_administrator", "sessions": 1 }, { "reason": "signed_out", "sessions": 1 }])
    );
    assert_eq!(own["active_sessions"], 2);
    let percent = own["refresh_success_percent"].as_f64().unwrap();
    assert!((percent - 100.0 * 12.0 / 14.0).abs() < 1e-9, "{percent}");
    assert!(own["latency"]["p99_ms"].as_f64().unwrap() > 0.0);
    let roles: Vec<_> = own["users_by_role"].as_array().unwrap().clone();
    assert_eq!(roles.len(), 4);
    assert!(roles.contains(&json!({ "role": "admin", "users": 1 })));

    let alix = house.super_admin().await;
    written(&house).await;
    let all = house
        .get("/v1/monitoring/sessions/metrics", &alix.access)
        .await
        .fine();
    assert_eq!(
        all["refreshes"],
        json!({ "success": 15, "failure": 2, "rejected": 7 })
    );
    assert_eq!(all["logins"], json!({ "success": 6, "failure": 5 }));
    let totals = house.store.event_totals().await.unwrap();
    for (kind, outcome, events) in [
        (EventKind::Refresh, EventOutcome::Success, 15),
        (EventKind::Refresh, EventOutcome::Failure, 2),
        (EventKind::Refresh, EventOutcome::Rejected, 7),
        (EventKind::Login, EventOutcome::Success, 6),
        (EventKind::Login, EventOutcome::Failure, 5),
        (EventKind::End, EventOutcome::Success, 2),
    ] {
        assert_eq!(total(&totals, kind, outcome), events, "{kind:?} {outcome:?}");
    }

    for range in ["1h", "6h", "24h", "7d", "30d"] {
        let path = format!("{METRICS}?range={range}&organization_id={}", house.organization);
        let metrics = house.get(&path, &alix.access).await.fine();
        assert_eq!(metrics["refreshes"]["success"], 12, "{range}");
        let of_steps: u64 = metrics["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["refreshes"]["success"].as_u64().unwrap())
            .sum();
        assert_eq!(of_steps, 12, "{range}");
        let path = format!("{METRICS}/export?range={range}");
        let answer = house.get(&path, &admin.access).await;
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        let name = answer.headers["content-disposition"].to_str().unwrap();
        assert!(name.ends_with(&format!("vigie-sessions-{range}.csv\"")), "{name}");
        let table = totals_of_table(&answer.fine());
        for (column, number) in [
            ("refreshes_success", 12),
            ("refreshes_failure", 2),
            ("refreshes_rejected", 0),
            ("logins_success", 5),
            ("logins_failure", 4),
            ("ends_forced", 1),
            ("ends_manual", 1),
            ("failure_stale_attempt", 1),
            ("failure_session_closed", 1),
            ("end_signed_out", 1),
            ("end_by_administrator", 1),
            ("end_idle", 0),
        ] {
            assert_eq!(table[column], number, "{range} {column}");
        }
    }
}

#[tokio::test]
async fn what_fails_most_comes_first_in_pages() {
    let house = House::new().await;
    let admin = house.sign_in("dominique", "desk").await;
    for _ in 0..5 {
        denied(&house, "camille").await;
    }
    let camille = house.sign_in("camille", "till").await;
    refreshes(&house, &camille, 2).await;
    for _ in 0..2 {
        house
            .refresh(&camille.refresh, camille.id.as_u128())
            .await
            .problem(ErrorCode::StaleAttempt);
    }
    written(&house).await;
    let errors = "/v1/admin/sessions/errors";
    let by = async |query: &str| {
        let path = format!("{errors}?{query}");
        house.get(&path, &admin.access).await.fine()
    };
    let networks = by("by=network").await;
    assert_eq!(
        networks["errors"][0],
        json!({
            "key": "local", "refreshes": 2, "logins": 5, "reason": "wrong_password",
            "last_at": networks["errors"][0]["last_at"]
        })
    );
    let users = by("by=user&range=30d").await;
    assert_eq!(users["errors"][0]["name"], "camille");
    assert_eq!(users["errors"][0]["key"], camille.user_id.to_string());
    let sites = by("by=site").await;
    assert_eq!(
        (&sites["errors"][0]["key"], &sites["errors"][0]["name"]),
        (&json!(house.site), &json!("Quai"))
    );
    let first = by("by=reason&limit=1").await;
    assert_eq!(first["errors"][0]["reason"], "wrong_password");
    let next = first["next"].as_str().unwrap();
    let second = by(&format!("by=reason&limit=1&after={next}")).await;
    assert_eq!(second["errors"][0]["reason"], "stale_attempt");
    assert!(second.get("next").is_none());
    house
        .get(&format!("{errors}?after=bm9uc2Vuc2U"), &admin.access)
        .await
        .problem(ErrorCode::ValidationFailed);

    let eva = house.sign_in("eva", "desk").await;
    let none = house.get(errors, &eva.access).await.fine();
    assert_eq!(none["errors"], json!([]), "another organisation sees them");
}

#[tokio::test]
async fn a_desk_that_was_told_of_its_idleness_ended_by_it() {
    let house = House::new().await;
    let desk = house.sign_in("camille", "desk").await;
    house.pass(481 * 60);
    house
        .refresh(&desk.refresh, 1)
        .await
        .problem(ErrorCode::SessionIdle);
    written(&house).await;
    written(&house).await;
    let admin = house.sign_in("dominique", "desk").await;
    let metrics = house
        .get(&format!("{METRICS}?range=24h"), &admin.access)
        .await
        .fine();
    assert_eq!(metrics["ends"], json!([{ "reason": "idle", "sessions": 1 }]));
    assert_eq!(
        metrics["failures"],
        json!([{ "reason": "session_idle", "refreshes": 1 }])
    );
}

#[tokio::test]
async fn what_cannot_be_written_waits_for_the_store() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let background = Background::start(&house.server);
    refreshes(&house, &camille, 4).await;
    house.store.becomes(Mood::Away);
    house
        .refresh(&camille.refresh, 9)
        .await
        .problem(ErrorCode::StoreUnavailable);
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    house.store.becomes(Mood::Works);
    background.stop().await;
    let totals = house.store.event_totals().await.unwrap();
    let refreshes = |outcome| total(&totals, EventKind::Refresh, outcome);
    assert_eq!(
        (refreshes(EventOutcome::Success), refreshes(EventOutcome::Failure)),
        (4, 1)
    );
    let failed = totals
        .events
        .iter()
        .find(|total| total.sum.outcome == EventOutcome::Failure)
        .unwrap();
    assert_eq!(
        (failed.organization_id, failed.sum.reason.as_str()),
        (Some(house.organization), "unavailable"),
        "whose it was is found out afterwards"
    );
}

#[tokio::test]
async fn a_refresh_that_takes_too_long_is_a_failure() {
    let limits = Limits {
        call_timeout: Duration::from_secs(4),
        ..Limits::default()
    };
    let house = House::with(ServerOptions {
        limits,
        ..ServerOptions::default()
    })
    .await;
    let camille = house.sign_in("camille", "till").await;
    house.store.becomes(Mood::Hangs);
    let call = house.refresh(&camille.refresh, 1);
    let time = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        house.pass(10);
    };
    let (answer, ()) = tokio::join!(call, time);
    answer.problem(ErrorCode::Timeout);
    house.store.becomes(Mood::Works);
    written(&house).await;
    let totals = house.store.event_totals().await.unwrap();
    assert_eq!(total(&totals, EventKind::Refresh, EventOutcome::Failure), 1);
}

#[tokio::test]
async fn malformed_tokens_by_the_thousand_are_no_failures() {
    let limits = Limits {
        refused_refreshes_per_minute_per_address: NonZeroU32::new(100).unwrap(),
        ..Limits::default()
    };
    let house = House::with(ServerOptions {
        limits,
        ..ServerOptions::default()
    })
    .await;
    let camille = house.sign_in("camille", "till").await;
    refreshes(&house, &camille, 1).await;
    for n in 0..1_500 {
        house.refresh("vigie.nonsense", n).await;
    }
    written(&house).await;
    let alix = house.super_admin().await;
    let all = house
        .get("/v1/monitoring/sessions/metrics", &alix.access)
        .await
        .fine();
    assert_eq!(
        all["refreshes"],
        json!({ "success": 1, "failure": 0, "rejected": 1_500 })
    );
    assert_eq!(all["refresh_success_percent"], 100.0);
    let rows = house.store.purge_events(None, i64::MAX, 10_000).await.unwrap();
    assert_eq!(rows, 100, "a flood is kept as rows");
}

#[tokio::test]
async fn what_tills_count_by_themselves_is_added_up() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let ping = async |report: Value| {
        let body = json!({ "last_input_age_seconds": 0, "report": report });
        house.post("/v1/activity/ping", &camille.access, body).await
    };
    let report = json!({
        "observed_seconds": 300, "offline_seconds": 90, "server_fault_seconds": 5, "refreshes": 2, "incidents": 1
    });
    ping(report.clone()).await.fine();
    ping(report.clone()).await.fine();
    for (field, value) in [
        ("observed_seconds", 86_401),
        ("offline_seconds", 301),
        ("server_fault_seconds", 301),
        ("incidents", 100_001),
    ] {
        let mut wrong = report.clone();
        wrong[field] = json!(value);
        let problem = ping(wrong).await.problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], format!("report.{field}"));
    }
    written(&house).await;
    let admin = house.sign_in("dominique", "desk").await;
    let found = house
        .get("/v1/admin/sessions/devices", &admin.access)
        .await
        .fine();
    assert_eq!(
        found["devices"],
        json!([{
            "device_name": "Caisse 1", "site_id": house.site, "site_name": "Quai", "observed_seconds": 600,
            "offline_seconds": 180, "server_fault_seconds": 10, "refreshes": 4, "incidents": 2,
            "last_at": found["devices"][0]["last_at"]
        }])
    );
}

#[tokio::test]
async fn nothing_is_noted_where_recording_is_off() {
    let house = House::with(ServerOptions {
        recording: Recording::Off,
        ..ServerOptions::default()
    })
    .await;
    let camille = house.sign_in("camille", "till").await;
    refreshes(&house, &camille, 2).await;
    house
        .post("/v1/auth/logout", &camille.access, json!({}))
        .await
        .fine();
    written(&house).await;
    assert_eq!(house.store.event_totals().await.unwrap().events, []);
}

#[tokio::test]
async fn events_are_forgotten_after_thirty_days_and_counters_are_not() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    refreshes(&house, &camille, 3).await;
    written(&house).await;
    house.pass(31 * 24 * 60 * 60);
    let background = Background::start(&house.server);
    let mut rows = u32::MAX;
    for _ in 0..500 {
        // Deleting nothing tells how many are left: none that is older than the world.
        rows = house
            .store
            .purge_events(Some(house.organization), 0, 1)
            .await
            .unwrap();
        let left = house.store.event_window(None, 0, house.now_ms()).await.unwrap();
        if left.iter().all(|sum| sum.kind == EventKind::End) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    background.stop().await;
    assert_eq!(rows, 0);
    let left = house
        .store
        .purge_events(Some(house.organization), i64::MAX, 100)
        .await
        .unwrap();
    assert!(left <= 1, "{left} single events are left, not the end alone");
    let totals = house.store.event_totals().await.unwrap();
    assert_eq!(total(&totals, EventKind::Refresh, EventOutcome::Success), 3);
}

#[tokio::test]
async fn an_organisation_keeps_single_events_for_as_many_days_as_it_says() {
    for (retention_days, are_kept) in [(1, false), (3, true)] {
        let house = House::new().await;
        let admin = house.sign_in("dominique", "desk").await;
        let settings = json!({
            "retention_days": retention_days, "refresh_failure_percent": 5, "refresh_least": 20,
            "time_zone": "Europe/Paris"
        });
        house
            .ask(
                Method::PUT,
                "/v1/admin/settings/monitoring",
                &admin.access,
                Some(settings),
            )
            .await
            .fine();
        let camille = house.sign_in("camille", "till").await;
        refreshes(&house, &camille, 3).await;
        written(&house).await;
        house.pass(2 * 24 * 60 * 60);
        let begun = house.now_ms() - 24 * 60 * 60 * 1_000;
        let background = Background::start(&house.server);
        tokio::time::sleep(Duration::from_secs(1)).await;
        background.stop().await;
        let left = house
            .store
            .purge_events(Some(house.organization), begun, 100)
            .await
            .unwrap();
        assert_eq!(left, if are_kept { 5 } else { 0 }, "{retention_days} days");
    }
}

#[tokio::test]
async fn a_range_and_an_order_that_do_not_exist_are_refused() {
    let house = House::new().await;
    let admin = house.sign_in("dominique", "desk").await;
    for path in [
        "/v1/admin/sessions/metrics?range=2h",
        "/v1/admin/sessions/metrics?hours=2",
        "/v1/admin/sessions/errors?by=address",
        "/v1/admin/sessions/errors?limit=0",
    ] {
        house
            .get(path, &admin.access)
            .await
            .problem(ErrorCode::ValidationFailed);
    }
    let elsewhere = format!("{METRICS}?organization_id={}", Uuid::new_v4());
    house
        .get(&elsewhere, &admin.access)
        .await
        .problem(ErrorCode::OrganizationNotFound);
}
