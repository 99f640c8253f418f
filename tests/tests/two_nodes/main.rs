//! The two-node example of `ops/two-nodes`, run as it stands there but for addresses and paths: nginx, two servers and
//! one PostgreSQL.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the spot")]

mod calls;
mod place;
mod till;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use vigie_tests::{Binaries, Signal, Stopwatch};

use crate::calls::{answer, refresh};
use crate::place::{PASSWORD, Site, ops};
use crate::till::Till;

#[tokio::test(flavor = "multi_thread")]
async fn both_nodes_carry_one_session_and_see_where_it_comes_from() {
    let site = Site::open();
    let signed_in = site.login("camille").await;
    let mut token = signed_in["refresh_token"].clone();
    for round in 0..20 {
        let attempt = Uuid::new_v4();
        let call = refresh(&site.http, &site.url, &token, attempt);
        let (status, tokens) = answer(call).await.unwrap();
        assert_eq!(status, 200, "{round}: {tokens}");
        // Not after each: two nodes that take turns would each hear one kind of call alone.
        if round % 3 == 0 {
            let (status, _) = site.get(&site.url, "/v1/auth/me", &tokens["access_token"]).await;
            assert_eq!(status, 200);
        }
        token = tokens["refresh_token"].clone();
    }
    let each = site
        .nodes
        .each_ref()
        .map(|node| node.answered("/v1/auth/refresh"));
    assert!(
        each.iter().all(|calls| *calls > 3) && each.iter().sum::<usize>() == 20,
        "{each:?}"
    );

    let (_, own) = site
        .get(&site.url, "/v1/auth/sessions", &signed_in["access_token"])
        .await;
    assert_eq!(
        own["sessions"][0]["ip_address"], "127.0.0.5",
        "the caller's, not nginx's nor a claim: {own}"
    );
    let direct = site
        .http
        .get(format!("{}/readyz", site.url))
        .send()
        .await
        .unwrap();
    assert_eq!(direct.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_or_hangs_takes_no_session_along() {
    let mut site = Site::open();
    let first = site.login("camille").await;
    let (_, categories) = site
        .get(&site.url, "/v1/categories", &first["access_token"])
        .await;
    let category = categories["categories"][0]["id"].clone();
    let over = Arc::new(AtomicBool::new(false));
    let (done, not_now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tills = Vec::new();
    for _ in 0..4 {
        let token = site.login("camille").await["refresh_token"].clone();
        let till = Till {
            http: site.http.clone(),
            url: site.url.clone(),
            over: Arc::clone(&over),
            done: Arc::clone(&done),
            not_now: Arc::clone(&not_now),
            slowest: Duration::ZERO,
        };
        tills.push(tokio::spawn(till.work(token, category.clone())));
    }
    let goes_on = async |by: usize| {
        let before = done.load(Ordering::Relaxed);
        let begun = Stopwatch::start();
        while done.load(Ordering::Relaxed) < before + by {
            assert!(begun.elapsed() < Duration::from_secs(60), "no work gets done");
            sleep(Duration::from_millis(20)).await;
        }
    };
    goes_on(12).await;
    for dying in [0, 1] {
        site.nodes[dying].running.as_mut().unwrap().kill().unwrap();
        goes_on(12).await;
        site.nodes[dying].serve();
        goes_on(12).await;
        // It is given work again.
        let begun = Stopwatch::start();
        while site.nodes[dying].answered("/v1/auth/refresh") + site.nodes[dying].answered("/v1/sales") == 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", site.nginx_said());
            sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(
        not_now.load(Ordering::Relaxed),
        0,
        "nginx asked the other node by itself: {}",
        site.nginx_said()
    );

    // A node that hangs keeps its connections and says nothing.
    let hanging = site.nodes[0].running.as_ref().unwrap();
    hanging.signal(Signal::STOP).unwrap();
    let begun = Stopwatch::start();
    while site.repeated() == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no call that it kept was given to the other"
        );
        sleep(Duration::from_millis(50)).await;
    }
    goes_on(12).await;
    hanging.signal(Signal::CONT).unwrap();
    goes_on(12).await;

    // No node at all: said in a way that no client takes for the end of its session.
    for node in &mut site.nodes {
        node.running.as_mut().unwrap().kill().unwrap();
    }
    let url = format!("{}/v1/auth/me", site.url);
    let call = site
        .http
        .get(url)
        .bearer_auth(first["access_token"].as_str().unwrap());
    let response = call.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: protocol::Problem = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(problem.code, protocol::ErrorCode::StoreUnavailable);
    for node in &mut site.nodes {
        node.serve();
    }
    goes_on(4).await;

    over.store(true, Ordering::Relaxed);
    let mut slowest = Duration::ZERO;
    for till in tills {
        slowest = slowest.max(till.await.unwrap().1);
    }
    println!(
        "{} rounds of refresh and sale, the slowest call {slowest:?}",
        done.load(Ordering::Relaxed)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_felt_at_once_on_the_other_node_and_told_through_nginx() {
    let site = Site::open();
    for turn in 0..6 {
        let (here, there) = (&site.nodes[turn % 2].url, &site.nodes[(turn + 1) % 2].url);
        let camille = site.login("camille").await;
        let dominique = site.login("dominique").await;
        let password = json!({ "password": PASSWORD });
        let path = "/v1/auth/reauthenticate";
        let (status, said) = site
            .post(&site.url, path, &dominique["access_token"], &password)
            .await;
        assert_eq!(status, 200, "{said}");
        let access = camille["access_token"].as_str().unwrap().to_owned();
        let call = site
            .http
            .get(format!("{}/v1/events", site.url))
            .bearer_auth(&access);
        let mut events = call.send().await.unwrap().bytes_stream();
        let begun = timeout(Duration::from_secs(2), events.next()).await;
        let begun = begun.unwrap().unwrap().unwrap();
        assert!(begun.starts_with(b":"), "the stream begins at once: {begun:?}");

        let path = format!(
            "/v1/admin/sessions/{}/revoke",
            camille["session_id"].as_str().unwrap()
        );
        let (status, said) = site
            .post(here, &path, &dominique["access_token"], &json!({}))
            .await;
        assert_eq!(status, 200, "{said}");
        let revoked = Stopwatch::start();
        let (status, said) = site.get(there, "/v1/auth/me", &camille["access_token"]).await;
        assert_eq!((status, &said["code"]), (401, &json!("session_revoked")));

        let mut heard = String::new();
        while !heard.contains("\n\n") || !heard.contains("session_ended") {
            let next = timeout(
                Duration::from_secs(1).saturating_sub(revoked.elapsed()),
                events.next(),
            )
            .await;
            let bytes = next.unwrap_or_else(|_| panic!("not within a second: {heard}"));
            heard.push_str(str::from_utf8(&bytes.unwrap().unwrap()).unwrap());
        }
        assert!(heard.contains("session_revoked"), "{heard}");
        println!("told after {:?}", revoked.elapsed());
    }
}

#[test]
fn the_units_are_what_systemd_understands() {
    let folder = std::env::temp_dir().join(format!("vigie-units-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["vigie-server.service", "vigie-server-postgres.service"] {
        let unit = std::fs::read_to_string(ops().join(name)).unwrap();
        let there = "/usr/bin/vigie-server";
        assert!(unit.contains(there));
        let server = Binaries::find().unwrap().server;
        let path = folder.join(name);
        std::fs::write(&path, unit.replace(there, &server.display().to_string())).unwrap();
        let Ok(checked) = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&path)
            .output()
        else {
            // Systems without systemd have no use for its units.
            return;
        };
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        let about_us: Vec<_> = said
            .lines()
            .filter(|line| line.contains("vigie-server"))
            .collect();
        assert!(checked.status.success() && about_us.is_empty(), "{said}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
