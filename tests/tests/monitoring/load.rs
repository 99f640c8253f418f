//! Load on a server whose outcome is known to the unit: refreshes that succeed, fail and are rejected, and sign-ins.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::place::{METRICS, PASSWORD, TOKEN};

/// How many connections calls from everywhere come through.
const CONNECTIONS: u32 = 16;

/// How long an answer may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a site was made to do, and has to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) success: u64,
    pub(crate) failure: u64,
    pub(crate) rejected: u64,
    pub(crate) logins: u64,
    pub(crate) denied: u64,
    pub(crate) signed_out: u64,
}

/// Somebody who makes it do so, at one or several processes in turn.
pub(crate) struct Load {
    http: Client,
    urls: Vec<String>,
    turn: usize,
    /// A session to refresh.
    live: Value,
    /// The refresh token of a session that was signed out.
    dead: Value,
    pub(crate) done: Done,
}

impl Load {
    pub(crate) async fn begin(urls: Vec<String>) -> Self {
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let mut load = Self {
            http,
            urls,
            turn: 0,
            live: Value::Null,
            dead: Value::Null,
            done: Done::default(),
        };
        load.live = load.login("camille").await["refresh_token"].clone();
        load.sign_out().await;
        load
    }

    fn url(&mut self, path: &str) -> String {
        self.turn += 1;
        format!("{}{path}", self.urls[self.turn % self.urls.len()])
    }

    pub(crate) async fn login(&mut self, username: &str) -> Value {
        let (status, answer) = self.try_login(username, PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        self.done.logins += 1;
        answer
    }

    /// A sign-in with a wrong password.
    pub(crate) async fn denied(&mut self) {
        let (status, answer) = self.try_login("camille", "wrong").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
        self.done.denied += 1;
    }

    async fn try_login(&mut self, username: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({ "username": username, "password": password, "device_name": "Caisse", "device_kind": "till" });
        let url = self.url("/v1/auth/login");
        answer(self.http.post(url).json(&body)).await
    }

    /// Signs in and out, and keeps the dead token.
    pub(crate) async fn sign_out(&mut self) {
        let session = self.login("camille").await;
        self.dead = session["refresh_token"].clone();
        let url = self.url("/v1/auth/logout");
        let call = self.http.post(url).json(&json!({}));
        let call = call.bearer_auth(session["access_token"].as_str().unwrap());
        assert!(call.send().await.unwrap().status().is_success());
        self.done.signed_out += 1;
    }

    pub(crate) async fn succeed(&mut self, times: u64) {
        for _ in 0..times {
            let (url, token) = (self.url("/v1/auth/refresh"), self.live.clone());
            let (status, tokens) = answer(refresh(&self.http, &url, &token)).await;
            assert_eq!(status, StatusCode::OK, "{tokens}");
            self.live = tokens["refresh_token"].clone();
        }
        self.done.success += times;
    }

    pub(crate) async fn fail(&mut self, times: u64) {
        for _ in 0..times {
            let (url, token) = (self.url("/v1/auth/refresh"), self.dead.clone());
            let (status, problem) = answer(refresh(&self.http, &url, &token)).await;
            assert_eq!(
                (status.as_u16(), &problem["code"]),
                (401, &json!("session_signed_out"))
            );
        }
        self.done.failure += times;
    }

    /// From so many addresses, each once: `failing` of ten with a token of this server's that is over, the others with
    /// something that is none. Calls follow each other without waiting for answers (RFC 9112, 9.3.2): this is about the
    /// server, and a whole client for each would take most of the time.
    pub(crate) async fn call_from_everywhere(&mut self, addresses: u32, failing: u32) {
        let mut connections = Vec::new();
        for first in 0..CONNECTIONS {
            let host = self.urls[first as usize % self.urls.len()]
                .trim_start_matches("http://")
                .to_owned();
            let dead = self.dead.clone();
            connections.push(tokio::spawn(async move {
                let mut stream = TcpStream::connect(&host).await.unwrap();
                let mut done = Done::default();
                let mine: Vec<u32> = (first..addresses).step_by(CONNECTIONS as usize).collect();
                for some in mine.chunks(100) {
                    let mut calls = String::new();
                    for at in some {
                        // Four of each /24, all over the private network 10.0.0.0/8.
                        let address = std::net::Ipv4Addr::from(0x0a00_0000 + (at / 4) * 256 + at % 4);
                        let token = if at % 10 < failing {
                            done.failure += 1;
                            dead.clone()
                        } else {
                            done.rejected += 1;
                            json!(format!("forged {at}"))
                        };
                        let body =
                            json!({ "refresh_token": token, "attempt_id": Uuid::new_v4() }).to_string();
                        calls.push_str(&format!(
                            "POST /v1/auth/refresh HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {address}\r\n\
                             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                            body.len()
                        ));
                    }
                    stream.write_all(calls.as_bytes()).await.unwrap();
                    let mut said = Vec::new();
                    while answers(&said) < some.len() {
                        let read = timeout(PATIENCE, stream.read_buf(&mut said)).await;
                        let read = read.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&said)));
                        assert!(read.unwrap() > 0, "the server hung up");
                    }
                }
                done
            }));
        }
        for connection in connections {
            let done = connection.await.unwrap();
            self.done.failure += done.failure;
            self.done.rejected += done.rejected;
        }
    }

    /// The figures as one process gives them.
    pub(crate) async fn figures(&self, process: usize) -> String {
        let call = self
            .http
            .get(format!("{}{METRICS}", self.urls[process]))
            .bearer_auth(TOKEN);
        let response = call.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.unwrap()
    }

    /// The figures as JSON.
    pub(crate) async fn json(&self, process: usize) -> Value {
        let url = format!("{}/v1/monitoring/sessions/metrics?range=1h", self.urls[process]);
        let (status, body) = answer(self.http.get(url).bearer_auth(TOKEN)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Waits until a process shows all that was done, and nothing else.
    pub(crate) async fn shown(&self, process: usize) -> String {
        for _ in 0..600 {
            let text = self.figures(process).await;
            if done(&text) == self.done {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let text = self.figures(process).await;
        panic!("{:?} was done, and shown is {:?}", self.done, done(&text));
    }
}

/// What a text of figures tells of.
pub(crate) fn done(text: &str) -> Done {
    Done {
        success: sum(text, "session_refresh_success_total"),
        failure: sum(text, "session_refresh_failure_total"),
        rejected: sum(text, "session_refresh_rejected_total"),
        logins: sum(text, "logins_total{status=\"success\"}"),
        denied: sum(text, "logins_total{status=\"wrong_password\"}"),
        signed_out: sum(text, "session_logout_manual_total"),
    }
}

/// The sum over the series whose lines begin so.
pub(crate) fn sum(text: &str, series: &str) -> u64 {
    let rows = text.lines().filter(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    rows.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// How many answers there are that refuse the token.
fn answers(said: &[u8]) -> usize {
    let text = String::from_utf8_lossy(said);
    let refused = ["refresh_invalid", "session_signed_out"].map(|code| format!("\"code\":\"{code}\""));
    refused
        .iter()
        .map(|code| text.matches(code.as_str()).count())
        .sum()
}

async fn answer(call: RequestBuilder) -> (StatusCode, Value) {
    let response = call.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

fn refresh(http: &Client, url: &str, token: &Value) -> RequestBuilder {
    let body = json!({ "refresh_token": token, "attempt_id": Uuid::new_v4(), "last_input_age_seconds": 1 });
    http.post(url).json(&body)
}
