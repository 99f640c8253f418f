//! From the moment in which somebody closes a session to the moment in which its own device says so, though it asks for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use keeper::transport::ByteStream;
use keeper::{
    BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, Limits, ServerTarget, Transport,
    TransportFault, Trust, VigieProfile,
};
use keeper_core::{Knobs, SessionPhase, Span};
use protocol::auth::DeviceKind;
use secrecy::SecretString;
use serde_json::json;
use vigie_tests::{Disk, Postgres, Stopwatch};

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh::runtime;
use crate::refresh_server::{Engine, PASSWORD, Prepared, RefreshServer, USER, Watched};
use crate::report::Report;
use crate::signed_in::{USER_AGENT, VaultInMemory};
use crate::statistics::{median, quantile};

/// A device that has heard nothing after this long is said to hear nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(50, 5);
    report.say(format!(
        "events: {rounds} sessions closed from another device, each after its stream is open; its next heartbeat and its \
         next refresh are minutes away"
    ));
    let folder = folder_on_disk()?;
    let alone = RefreshServer::start(&folder.path().join("alone"), &Watched::No)?;
    let heard = runtime()?.block_on(rounds_at(&alone, &alone, rounds))?;
    figures("events_one_process", &heard, report);
    drop(alone);

    let database = Postgres::start(Disk::Waited).doing("starting PostgreSQL")?;
    let url = database.url("vigie");
    let first = Prepared::new(&folder.path().join("first"), Engine::Postgres { url })?;
    let second = first.copy_to(&folder.path().join("second"))?;
    let (first, second) = (first.serve(&Watched::No)?, second.serve(&Watched::No)?);
    let heard = runtime()?.block_on(rounds_at(&first, &second, rounds))?;
    figures("events_two_processes", &heard, report);
    Ok(())
}

fn figures(name: &str, heard: &[f64], report: &mut Report) {
    report.figure(format!("{name}_median"), median(heard), "ms", None);
    let most = quantile(&mut heard.to_vec(), 1.0);
    report.figure(format!("{name}_max"), most, "ms", Some(Target::AtMost(1_000.0)));
}

/// A device listens to one server; its sessions are closed at the other. Returns how long each took, in milliseconds.
async fn rounds_at(here: &RefreshServer, there: &RefreshServer, rounds: usize) -> Result<Vec<f64>, Failure> {
    let (till, desk) = (Till::at(here).await?, Desk::sign_in(there).await?);
    let mut heard = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        till.sign_in().await?;
        let watch = Stopwatch::start();
        desk.close_others().await?;
        till.ended().await?;
        heard.push(watch.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(heard)
}

/// A transport that counts the streams that are open.
struct Counting {
    inner: HttpTransport,
    streams: AtomicU32,
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        self.inner.send(request, limits).await
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        let opened = self.inner.open_stream(request).await?;
        self.streams
            .fetch_add(u32::from(opened.status().is_success()), Ordering::SeqCst);
        Ok(opened)
    }
}

struct Till {
    keeper: Keeper,
    transport: Arc<Counting>,
    _folder: tempfile::TempDir,
}

impl Till {
    async fn at(server: &RefreshServer) -> Result<Self, Failure> {
        let origin = format!("http://{}", server.address());
        let url = url::Url::parse(&origin).doing("reading the server's address")?;
        let transport = Arc::new(Counting {
            inner: HttpTransport::new(&url, &Trust::System, USER_AGENT).doing("setting the transport up")?,
            streams: AtomicU32::new(0),
        });
        let folder = tempfile::tempdir().doing("making a folder")?;
        let keeper = Keeper::open(KeeperConfig {
            server: ServerTarget::parse(&origin).doing("reading the server's address")?,
            profile: Arc::new(VigieProfile::new()),
            transport: Arc::clone(&transport) as Arc<dyn Transport>,
            vault: Arc::new(VaultInMemory::default()),
            clock: Arc::new(BoottimeClock::new()),
            folder: folder.path().to_owned(),
            device: Device {
                name: "till".to_owned(),
                kind: DeviceKind::Till,
                user_agent: USER_AGENT.to_owned(),
            },
            knobs: Knobs {
                heartbeat_busy: Span::from_secs(600),
                heartbeat_calm: Span::from_secs(600),
                ..Knobs::default()
            },
        })
        .await
        .doing("opening the keeper")?;
        keeper.settled().await;
        Ok(Self {
            keeper,
            transport,
            _folder: folder,
        })
    }

    /// Signs in, and returns when the stream of that session is open.
    async fn sign_in(&self) -> Result<(), Failure> {
        let before = self.transport.streams.load(Ordering::SeqCst);
        let password = SecretString::from(PASSWORD);
        self.keeper.sign_in(USER, password).await.doing("signing in")?;
        let watch = Stopwatch::start();
        while self.transport.streams.load(Ordering::SeqCst) == before {
            if watch.elapsed() > PATIENCE {
                return Err(Failure::found("listening", "no stream was opened"));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // The server's first line is read before anything is closed.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(())
    }

    async fn ended(&self) -> Result<(), Failure> {
        let mut snapshots = self.keeper.snapshots();
        let ended = snapshots.wait_for(|snapshot| snapshot.phase == SessionPhase::Ended);
        let ended = tokio::time::timeout(PATIENCE, ended)
            .await
            .doing("hearing of the end")?;
        ended.doing("watching the session").map(drop)
    }
}

/// Another device of the same operator.
struct Desk {
    http: reqwest::Client,
    origin: String,
    bearer: String,
}

impl Desk {
    async fn sign_in(server: &RefreshServer) -> Result<Self, Failure> {
        let origin = format!("http://{}", server.address());
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .doing("making a client")?;
        let login = json!({
            "username": USER, "password": PASSWORD, "device_name": "desk", "device_kind": "desk",
        });
        let answer = http.post(format!("{origin}/v1/auth/login")).json(&login);
        let answer: protocol::auth::LoginAnswer = answer
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .doing("signing in")?
            .json()
            .await
            .doing("signing in")?;
        let desk = Self {
            http,
            origin,
            bearer: answer.tokens.access_token.expose().to_owned(),
        };
        desk.post("/v1/auth/reauthenticate", &json!({ "password": PASSWORD }))
            .await?;
        Ok(desk)
    }

    async fn close_others(&self) -> Result<(), Failure> {
        self.post("/v1/auth/sessions/revoke-others", &json!({})).await
    }

    async fn post(&self, path: &str, body: &serde_json::Value) -> Result<(), Failure> {
        let call = self.http.post(format!("{}{path}", self.origin));
        let answer = call.bearer_auth(&self.bearer).json(body).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .map(drop)
            .doing("closing sessions")
    }
}
