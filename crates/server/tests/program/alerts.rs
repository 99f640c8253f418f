//! Alerts of running servers, to a mail server that is real enough: from refreshes that fail to the letters about it.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use vigie_tests::{Disk, Postgres, Stopwatch};

use crate::calls::{PASSWORD, login};
use crate::place::{Place, Running};
use crate::post_office::PostOffice;

/// How often servers look here.
const LOOK: Duration = Duration::from_secs(2);

/// How long what happened takes to be counted, and a letter to be handed over, at most.
const COUNTED_AND_SENT: Duration = Duration::from_secs(6);

/// A shop with an operator and an administrator.
fn shop() -> Place {
    let (place, _) = Place::initialised();
    for (name, role) in [("camille", "user"), ("dominique", "admin")] {
        let added = place.input(
            &["user", "add", name, "--role", role, "--password-stdin"],
            &format!("{PASSWORD}\n"),
        );
        assert!(added.status.success(), "{added:?}");
    }
    place
}

fn serve(place: &Place, office: &PostOffice, more: &[(&str, &str)]) -> Running {
    let port = office.port.to_string();
    let mut environment = vec![
        ("VIGIE_SERVER_MAIL__HOST", "localhost"),
        ("VIGIE_SERVER_MAIL__PORT", port.as_str()),
        ("VIGIE_SERVER_MAIL__SECURITY", "none"),
        ("VIGIE_SERVER_MAIL__FROM", "Vigie <vigie@example.org>"),
        // Nobody reads the log while the server runs: with thousands of lines its pipe would fill up.
        ("VIGIE_SERVER_LOG__FILTER", "error"),
        ("VIGIE_SERVER_TESTING__ALERT_SECONDS", "2"),
        ("VIGIE_SERVER_TESTING__ALERT_LEASE_SECONDS", "5"),
        ("VIGIE_SERVER_LIMITS__REFRESHES_PER_MINUTE_PER_SESSION", "1000000"),
        ("VIGIE_SERVER_LIMITS__REFRESH_BURST_PER_SESSION", "1000000"),
        (
            "VIGIE_SERVER_LIMITS__REFUSED_REFRESHES_PER_MINUTE_PER_ADDRESS",
            "1000000",
        ),
    ];
    environment.extend(more);
    place.serve_with(&[], &environment)
}

/// One client for thousands of calls.
struct Caller {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Caller {
    fn new() -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, response.json().await.unwrap_or(Value::Null))
        })
    }

    fn refresh(&self, server: &Running, token: &Value, attempt: u128) -> (u16, Value) {
        let body = json!({ "refresh_token": token, "attempt_id": Uuid::from_u128(attempt) });
        self.send(
            self.client
                .post(format!("{}/v1/auth/refresh", server.url))
                .json(&body),
        )
    }

    /// Refreshes with what is no token, so many times.
    fn nonsense(&self, server: &Running, times: u32) {
        for number in 0..times {
            assert_eq!(self.refresh(server, &json!(format!("vr1_{number}")), 1).0, 401);
        }
    }

    /// The administrator has alerts sent to an address.
    fn watch(&self, server: &Running) {
        let dominique = login(server, "dominique");
        let settings = json!({
            "retention_days": 30, "refresh_failure_percent": 5, "refresh_least": 20, "time_zone": "Europe/Paris",
            "recipients": ["ops@example.org"], "language": "english"
        });
        let url = format!("{}/v1/admin/settings/monitoring", server.url);
        let call = self.client.put(url).json(&settings);
        let (status, answer) = self.send(call.bearer_auth(dominique["access_token"].as_str().unwrap()));
        assert_eq!(status, 200, "{answer}");
    }
}

/// A session that is renewed, and one that was signed out.
struct Tills<'a> {
    caller: &'a Caller,
    token: Value,
    attempts: u128,
    closed: Value,
}

impl<'a> Tills<'a> {
    fn open(caller: &'a Caller, server: &Running) -> Self {
        let live = login(server, "camille");
        let closed = login(server, "camille");
        let url = format!("{}/v1/auth/logout", server.url);
        let call = caller.client.post(url).json(&json!({}));
        let (status, answer) = caller.send(call.bearer_auth(closed["access_token"].as_str().unwrap()));
        assert!((200..300).contains(&status), "{answer}");
        Self {
            caller,
            token: live["refresh_token"].clone(),
            attempts: 0,
            closed: closed["refresh_token"].clone(),
        }
    }

    fn succeed(&mut self, server: &Running, times: u32) {
        for _ in 0..times {
            self.attempts += 1;
            let (status, answer) = self.caller.refresh(server, &self.token, self.attempts);
            assert_eq!(status, 200, "{answer}");
            self.token = answer["refresh_token"].clone();
        }
    }

    fn fail(&mut self, server: &Running, times: u32) {
        for _ in 0..times {
            self.attempts += 1;
            assert_eq!(self.caller.refresh(server, &self.closed, self.attempts).0, 401);
        }
    }
}

#[test]
fn six_percent_is_a_letter_within_one_look_four_percent_and_nonsense_are_none() {
    let office = PostOffice::open();
    let place = shop();
    let server = serve(&place, &office, &[]);
    let caller = Caller::new();
    caller.watch(&server);
    let mut tills = Tills::open(&caller, &server);
    tills.succeed(&server, 96);
    tills.fail(&server, 4);
    caller.nonsense(&server, 2_000);
    assert!(office.next(LOOK * 3).is_none());

    tills.fail(&server, 3);
    let watch = Stopwatch::start();
    let letter = office.next(LOOK + COUNTED_AND_SENT).unwrap();
    assert!(watch.elapsed() < LOOK + COUNTED_AND_SENT);
    assert!(letter.to.starts_with("<ops@example.org>"), "{letter:?}");
    assert!(
        letter.text.contains("7 of 103 failed within 15 minutes"),
        "{letter:?}"
    );

    tills.succeed(&server, 100);
    let over = office.next(LOOK * 6 + COUNTED_AND_SENT).unwrap();
    assert!(over.text.contains("Alert over"), "{over:?}");
    assert!(office.next(LOOK * 2).is_none());
    server.end();
}

#[test]
fn two_servers_on_one_database_send_one_letter() {
    let office = PostOffice::open();
    let place = shop();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    place.fine(&["migrate", "--from", "sqlite:data/vigie.db", "--to", &url]);
    let database = ("VIGIE_DATABASE_URL", url.as_str());
    let first = serve(&place, &office, &[database]);
    let socket = place.path("second.sock").display().to_string();
    let second = serve(
        &place,
        &office,
        &[database, ("VIGIE_SERVER_CONTROL_SOCKET", &socket)],
    );
    let caller = Caller::new();
    caller.watch(&first);
    let mut tills = Tills::open(&caller, &second);
    tills.fail(&first, 10);
    tills.fail(&second, 10);
    assert!(office.next(LOOK + COUNTED_AND_SENT).is_some());
    assert!(office.next(LOOK * 4).is_none());
    let counted = |sql: &str| postgres.sql("vigie", sql).unwrap();
    assert_eq!(counted("SELECT count(*) FROM alerts"), "1");
    assert_eq!(
        counted("SELECT string_agg(state, ',') FROM alert_messages"),
        "sent"
    );
    tills.succeed(&second, 400);
    assert!(office.next(LOOK * 6 + COUNTED_AND_SENT).is_some());
    assert!(office.next(LOOK * 4).is_none());
    first.end();
    second.end();
}

#[cfg(feature = "failpoints")]
#[test]
fn a_letter_whose_sender_was_killed_is_sent_by_the_next() {
    let office = PostOffice::open();
    let place = shop();
    let server = serve(
        &place,
        &office,
        &[("VIGIE_SERVER_FAILPOINTS", "alert.claimed=kill")],
    );
    let caller = Caller::new();
    caller.watch(&server);
    // The least that is an alert: it dies after the last of them.
    Tills::open(&caller, &server).fail(&server, 20);
    assert!(server.killed());
    let server = serve(&place, &office, &[]);
    assert!(office.next(LOOK * 5 + COUNTED_AND_SENT).is_some());
    assert!(office.next(LOOK * 2).is_none());
    server.end();
}
