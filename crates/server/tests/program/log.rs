//! The server's log: what it must hold, and what no caller can put into it.

use serde_json::{Value, json};

use crate::place::Place;

const JSON: [(&str, &str); 2] = [
    ("VIGIE_SERVER_LOG__FORMAT", "json"),
    ("VIGIE_SERVER_LOG__FILTER", "info"),
];

async fn sign_in(url: &str, username: &str, password: &str, request_id: &str) -> Value {
    let body = json!({ "username": username, "password": password, "device_name": "Caisse 1" });
    let sent = reqwest::Client::new()
        .post(format!("{url}/v1/auth/login"))
        .header("x-request-id", request_id)
        .header("user-agent", "evil\tagent")
        .json(&body)
        .send()
        .await;
    sent.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_and_refusals_leave_a_line_with_time_code_and_request() {
    let (place, password) = Place::initialised();
    let server = place.serve_with(&[], &JSON);
    let fine = sign_in(&server.url, "dom", &password, "fine-1").await;
    let wrong = sign_in(&server.url, "dom", "canary-password", "wrong-1").await;
    assert_eq!(wrong["code"], "invalid_credentials");
    let forged =
        json!({ "refresh_token": "canary-token", "attempt_id": "018f0000-0000-7000-8000-000000000001" });
    reqwest::Client::new()
        .post(format!("{}/v1/auth/refresh", server.url))
        .header("x-request-id", "forged-1")
        .json(&forged)
        .send()
        .await
        .unwrap();
    let log = server.end();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |request_id: &str| {
        lines
            .iter()
            .find(|line| line["span"]["request_id"] == request_id)
            .unwrap_or_else(|| panic!("{request_id}: {log}"))
    };
    assert_eq!(of("fine-1")["fields"]["message"], "signed in");
    assert_eq!(of("fine-1")["fields"]["session"], fine["session_id"]);
    for (request_id, code, level) in [
        ("wrong-1", "invalid_credentials", "INFO"),
        ("forged-1", "refresh_invalid", "WARN"),
    ] {
        let line = of(request_id);
        assert_eq!(
            (&line["fields"]["code"], &line["level"]),
            (&json!(code), &json!(level)),
            "{line}"
        );
        // RFC 3339 in UTC.
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    assert!(!log.contains("canary"), "{log}");
    for token in ["access_token", "refresh_token"] {
        assert!(!log.contains(fine[token].as_str().unwrap()), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_writes_a_line_of_the_log() {
    let (place, password) = Place::initialised();
    let server = place.serve_with(&[], &[("VIGIE_SERVER_LOG__FILTER", "debug")]);
    let forged = "x\n2026-11-21T10:00:00Z  INFO forged line";
    sign_in(&server.url, forged, &password, "one").await;
    for path in [
        "/v1/auth/sessions/%0a2026-11-21T10:00:00Z%20INFO%20forged%20line/revoke",
        "/v1/%1b%5b31m",
    ] {
        reqwest::Client::new()
            .post(format!("{}{path}", server.url))
            .header("x-request-id", "a\tb")
            .bearer_auth("forged line")
            .send()
            .await
            .unwrap();
    }
    let log = server.end();
    for line in log.lines() {
        assert!(!line.starts_with("2026-11-21T10:00:00Z"), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}
