//! Clients that refresh as fast as they are answered, each with a connection and a session of its own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;
use vigie_tests::Stopwatch;

use crate::connection::{Connection, Form, runtime_of_clients};
use crate::failure::{Doing as _, Failure};
use crate::refresh_server::{PASSWORD, RefreshServer, USER};

/// How a server wants to be asked for new tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As `vigie-server` does.
    Vigie,
    /// By the refresh token grant of OAuth 2 (RFC 6749 §6), from a public client named `bench`, at `/token`.
    Oauth,
}

/// Sessions with a connection each.
pub(crate) struct RefreshClients {
    runtime: Runtime,
    clients: Vec<RefreshClient>,
}

struct RefreshClient {
    connection: Connection,
    dialect: Dialect,
    refresh_token: String,
}

/// What a client needs of an answer.
#[derive(Deserialize)]
struct Answer {
    refresh_token: String,
}

/// What came of a while of refreshing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// How long it lasted until the last answer.
    pub(crate) seconds: f64,
    /// How long each answer took, in microseconds.
    pub(crate) latencies_us: Vec<f64>,
}

impl Load {
    /// Answers in a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies_us.len() as f64 / self.seconds
    }
}

/// When a client refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as its last answer is there.
    AtOnce,
    /// So long after its last answer.
    After(Duration),
}

impl RefreshClients {
    /// Signs so many clients in.
    pub(crate) fn sign_in(server: &RefreshServer, count: usize) -> Result<Self, Failure> {
        let runtime = runtime_of_clients()?;
        let clients = runtime.block_on(async {
            let mut clients = Vec::with_capacity(count);
            for _ in 0..count {
                let mut connection = Connection::to(server.address());
                let answer = connection.post(LOGIN_PATH, Form::Json, login()).await?;
                clients.push(RefreshClient {
                    connection,
                    dialect: Dialect::Vigie,
                    refresh_token: token_of(&answer)?,
                });
            }
            Ok::<_, Failure>(clients)
        })?;
        Ok(Self { runtime, clients })
    }

    /// Clients of sessions that there are, by the tokens that they have not used yet.
    pub(crate) fn with_tokens(
        address: SocketAddr,
        dialect: Dialect,
        tokens: Vec<String>,
    ) -> Result<Self, Failure> {
        let client = |refresh_token| RefreshClient {
            connection: Connection::to(address),
            dialect,
            refresh_token,
        };
        Ok(Self {
            runtime: runtime_of_clients()?,
            clients: tokens.into_iter().map(client).collect(),
        })
    }

    /// Lets all clients refresh for this long, and gives how many refreshes were answered in a second. Every one must
    /// succeed, with the token of the one before.
    pub(crate) fn refresh_for(&mut self, lasts: Duration) -> Result<f64, Failure> {
        let count = self.clients.len();
        Ok(self.load(count, Pace::AtOnce, lasts)?.per_second())
    }

    /// Lets so many of the clients refresh for this long.
    pub(crate) fn load(&mut self, count: usize, pace: Pace, lasts: Duration) -> Result<Load, Failure> {
        let rest = self.clients.split_off(count.min(self.clients.len()));
        let clients = std::mem::replace(&mut self.clients, rest);
        let kept = &mut self.clients;
        self.runtime.block_on(async {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for client in clients {
                running.spawn(client.refresh_until(pace, watch, lasts));
            }
            let mut load = Load::default();
            while let Some(ended) = running.join_next().await {
                let (client, latencies_us) = ended.doing("refreshing")??;
                kept.push(client);
                load.latencies_us.extend(latencies_us);
            }
            load.seconds = watch.elapsed().as_secs_f64();
            Ok(load)
        })
    }

    /// Lets every client refresh so many times, one after the other.
    pub(crate) fn refresh_each(&mut self, times: usize) -> Result<usize, Failure> {
        let clients = &mut self.clients;
        self.runtime.block_on(async {
            for client in clients.iter_mut() {
                for _ in 0..times {
                    client.refresh().await?;
                }
            }
            Ok(clients.len() * times)
        })
    }
}

impl RefreshClient {
    async fn refresh_until(
        mut self,
        pace: Pace,
        watch: Stopwatch,
        lasts: Duration,
    ) -> Result<(Self, Vec<f64>), Failure> {
        let mut latencies_us = Vec::with_capacity(1_024);
        while watch.elapsed() < lasts {
            let asked = Stopwatch::start();
            self.refresh().await?;
            latencies_us.push(asked.elapsed().as_secs_f64() * 1e6);
            match pace {
                Pace::AtOnce => {}
                Pace::After(pause) => tokio::time::sleep(pause).await,
            }
        }
        Ok((self, latencies_us))
    }

    async fn refresh(&mut self) -> Result<(), Failure> {
        let answer = match self.dialect {
            Dialect::Vigie => {
                let body = refresh_body(&self.refresh_token);
                self.connection.post(REFRESH_PATH, Form::Json, body).await?
            }
            Dialect::Oauth => {
                let token = &self.refresh_token;
                let body = format!("grant_type=refresh_token&client_id=bench&refresh_token={token}");
                self.connection.post("/token", Form::Form, body).await?
            }
        };
        let fresh = token_of(&answer)?;
        if fresh == self.refresh_token {
            return Err(Failure::found(
                "refreshing",
                "the refresh token is the one before",
            ));
        }
        self.refresh_token = fresh;
        Ok(())
    }
}

/// Where `vigie-server` signs in.
pub(crate) const LOGIN_PATH: &str = "/v1/auth/login";
/// Where `vigie-server` renews.
pub(crate) const REFRESH_PATH: &str = "/v1/auth/refresh";

/// A sign-in of the one account.
pub(crate) fn login() -> String {
    json!({"username": USER, "password": PASSWORD, "device_name": "bench"}).to_string()
}

/// A first attempt with this token.
pub(crate) fn refresh_body(refresh_token: &str) -> String {
    format!(
        r#"{{"refresh_token":"{refresh_token}","attempt_id":"{}"}}"#,
        Uuid::new_v4()
    )
}

fn token_of(answer: &Bytes) -> Result<String, Failure> {
    let answer: Answer = serde_json::from_slice(answer).doing("reading an answer")?;
    Ok(answer.refresh_token)
}
