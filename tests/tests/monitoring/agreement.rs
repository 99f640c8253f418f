//! Counters outlive a kill, are the same in every process of a site, and agree with the JSON of the screens.

use serde_json::Value;
use vigie_tests::{Database, Disk, Postgres};

use crate::load::Load;
use crate::place::{quick_hash, server, stage};
use crate::prometheus::Prometheus;

#[tokio::test(flavor = "multi_thread")]
async fn counters_outlive_a_kill() {
    let stage = stage();
    let mut server = server(&stage, Database::Own);
    let mut load = Load::begin(vec![server.url().to_owned()]).await;
    load.succeed(30).await;
    load.fail(3).await;
    load.denied().await;
    load.shown(0).await;
    for _ in 0..2 {
        server.kill().unwrap();
        server.serve().unwrap();
        load.shown(0).await;
        load.succeed(5).await;
        load.fail(1).await;
        load.shown(0).await;
    }
}

/// Without what a process counts for itself.
fn shared(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| {
            !["session_events_dropped", "audit_head_posts"]
                .iter()
                .any(|own| line.contains(own))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_prometheus_and_json_agree_to_the_unit() {
    let stage = stage();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let first = server(&stage, Database::Postgres(postgres.url("vigie")));
    let second = first.beside(&stage).unwrap();
    let quick = format!("UPDATE users SET password_hash = '{}'", quick_hash());
    postgres.sql("vigie", &quick).unwrap();
    let urls = vec![first.url().to_owned(), second.url().to_owned()];
    let mut load = Load::begin(urls).await;
    let prometheus = Prometheus::watch(&stage, &[first.url(), second.url()], 9).await;
    load.succeed(50).await;
    load.fail(7).await;
    load.denied().await;
    load.sign_out().await;
    load.call_from_everywhere(200, 5).await;
    let here = load.shown(0).await;
    let there = load.shown(1).await;
    assert_eq!(shared(&here), shared(&there));

    let done = load.done;
    for process in [0, 1] {
        let json = load.json(process).await;
        let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_u64);
        assert_eq!(number("/refreshes/success"), Some(done.success), "{json}");
        assert_eq!(number("/refreshes/failure"), Some(done.failure), "{json}");
        assert_eq!(number("/refreshes/rejected"), Some(done.rejected), "{json}");
        assert_eq!(number("/logins/success"), Some(done.logins), "{json}");
        assert_eq!(number("/logins/failure"), Some(done.denied), "{json}");
        let active = here
            .lines()
            .find_map(|line| line.strip_prefix("active_sessions "));
        assert_eq!(
            number("/active_sessions").map(|n| n.to_string()).as_deref(),
            active,
            "{json}"
        );
        let ends = json["ends"].as_array().unwrap().iter();
        let ends: u64 = ends.map(|end| end["sessions"].as_u64().unwrap()).sum();
        assert_eq!(ends, done.signed_out, "{json}");
        let failures = json["failures"].as_array().unwrap();
        for failure in failures {
            let label = format!("reason={}", failure["reason"]);
            let rows = here
                .lines()
                .filter(|line| line.starts_with("session_refresh_failure_total{") && line.contains(&label));
            let sum: u64 = rows
                .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
                .sum();
            assert_eq!(Some(sum), failure["refreshes"].as_u64(), "{json}");
        }
        assert!(!failures.is_empty());
    }
    for (expression, value) in [
        ("sum(max by (site) (session_refresh_success_total))", done.success),
        (
            "sum(max by (site, reason) (session_refresh_failure_total))",
            done.failure,
        ),
        ("max(session_refresh_rejected_total)", done.rejected),
        ("max(logins_total{status=\"success\"})", done.logins),
        ("max(session_logout_manual_total)", done.signed_out),
        (
            "max(session_refresh_latency_seconds_count)",
            done.success + done.failure,
        ),
        ("job:session_refresh_success:total", done.success),
        ("job:session_refresh_failure:total", done.failure),
    ] {
        prometheus.until_value(expression, value as f64).await;
    }
}
