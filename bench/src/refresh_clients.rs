//! Clients that refresh as fast as they are answered. They are lean, since they share the machine with the server.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;
use vigie_tests::Stopwatch;

use crate::failure::{Doing as _, Failure};
use crate::refresh_server::{PASSWORD, RefreshServer, USER};

/// Sessions with a connection each.
pub(crate) struct RefreshClients {
    runtime: Runtime,
    clients: Vec<RefreshClient>,
}

struct RefreshClient {
    connection: SendRequest<Full<Bytes>>,
    host: String,
    refresh_token: String,
}

/// What a client needs of an answer.
#[derive(Deserialize)]
struct Answer {
    refresh_token: String,
}

impl RefreshClients {
    /// Connects so many clients and signs each in.
    pub(crate) fn sign_in(server: &RefreshServer, count: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .doing("starting a runtime")?;
        let address = server.address();
        let clients = runtime.block_on(async {
            let mut clients = Vec::with_capacity(count);
            for _ in 0..count {
                let stream = TcpStream::connect(address).await.doing("connecting")?;
                stream.set_nodelay(true).doing("connecting")?;
                let (sender, driven) = handshake(TokioIo::new(stream)).await.doing("connecting")?;
                tokio::spawn(driven);
                let mut client = RefreshClient {
                    connection: sender,
                    host: address.to_string(),
                    refresh_token: String::new(),
                };
                let login = json!({"username": USER, "password": PASSWORD, "device_name": "bench"});
                client.post("/v1/auth/login", login.to_string()).await?;
                clients.push(client);
            }
            Ok::<_, Failure>(clients)
        })?;
        Ok(Self { runtime, clients })
    }

    /// Lets all clients refresh for this long, and gives how many refreshes were answered in a second. Every one must
    /// succeed, with the token of the one before.
    pub(crate) fn refresh_for(&mut self, lasts: Duration) -> Result<f64, Failure> {
        let clients = std::mem::take(&mut self.clients);
        let clients_kept = &mut self.clients;
        self.runtime.block_on(async {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for client in clients {
                running.spawn(client.refresh_until(watch, lasts));
            }
            let mut done = 0_u32;
            while let Some(ended) = running.join_next().await {
                let (client, refreshes) = ended.doing("refreshing")??;
                clients_kept.push(client);
                done += refreshes;
            }
            Ok(f64::from(done) / watch.elapsed().as_secs_f64())
        })
    }
}

impl RefreshClient {
    async fn refresh_until(mut self, watch: Stopwatch, lasts: Duration) -> Result<(Self, u32), Failure> {
        let mut refreshes = 0;
        while watch.elapsed() < lasts {
            let body = format!(
                r#"{{"refresh_token":"{}","attempt_id":"{}"}}"#,
                self.refresh_token,
                Uuid::new_v4()
            );
            self.post("/v1/auth/refresh", body).await?;
            refreshes += 1;
        }
        Ok((self, refreshes))
    }

    async fn post(&mut self, path: &'static str, body: String) -> Result<(), Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.host)
            .header(USER_AGENT, crate::signed_in::USER_AGENT)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .doing("making a request")?;
        self.connection.ready().await.doing("sending")?;
        let response = self.connection.send_request(request).await.doing("sending")?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .doing("reading an answer")?
            .to_bytes();
        if status != StatusCode::OK {
            let said = String::from_utf8_lossy(&body);
            return Err(Failure::found("asking the server", format!("{status}: {said}")));
        }
        let answer: Answer = serde_json::from_slice(&body).doing("reading an answer")?;
        self.refresh_token = answer.refresh_token;
        Ok(())
    }
}
