//! A stage for the keeper's tests: a server over a real socket that counts, refuses, stalls and lies as told.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::panic,
    clippy::result_large_err,
    clippy::wildcard_enum_match_arm,
    clippy::allow_attributes,
    reason = "each test file uses a part of the stage"
)]

pub mod events;
pub mod file_vault;
pub mod line;
pub mod proofs;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use keeper::vault::{MemoryVault, Vault};
use keeper::{BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, ServerTarget, Trust, VigieProfile};
use keeper_core::{Knobs, SessionPhase, SessionSnapshot, Span};
use protocol::auth::DeviceKind;
use protocol::{ErrorCode, Problem};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the refresh endpoint does besides its work.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Mood {
    /// Nothing.
    #[default]
    Sound,
    /// Rotates and cuts the connection before the answer, this many times.
    LosesAnswers(u32),
    /// Does its work only after this long.
    Slow(Duration),
    /// Does its work at once and answers after this long.
    AnswersLate(Duration),
    /// Answers with this status, content type and body, and does nothing.
    Says(u16, &'static str, String),
    /// Answers with this problem.
    Refuses(ErrorCode),
}

/// What the health endpoint does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pulse {
    Steady,
    Ill,
    Silent,
}

#[derive(Default)]
pub struct Session {
    pub generation: u32,
    pub last_attempt: Option<(String, String)>,
    pub access: Vec<String>,
    pub ended: Option<ErrorCode>,
    /// Thumbprint of the key that signed the sign-in.
    pub bound_to: Option<String>,
}

impl Session {
    fn takes(&self, token: &str) -> bool {
        self.access.iter().any(|access| access == token)
    }
}

pub struct Inner {
    pub expires_in_seconds: AtomicU64,
    pub logins: AtomicU32,
    pub refreshes: AtomicU32,
    pub rotations: AtomicU32,
    pub logouts: AtomicU32,
    pub sales: AtomicU32,
    pub switches: AtomicU32,
    pub pings: AtomicU32,
    /// So many pings are answered with a fault before one is taken.
    pub pings_to_fail: AtomicU32,
    /// What each ping told.
    pub told: Mutex<Vec<Value>>,
    pub mood: Mutex<Mood>,
    /// What moving to another organisation does besides its work.
    pub switching: Mutex<Mood>,
    pub heartbeat: Mutex<Pulse>,
    pub attempts: Mutex<Vec<(String, String, bool)>>,
    pub sessions: Mutex<HashMap<String, Session>>,
    pub proofs: Mutex<proofs::Judge>,
    pub events: events::Events,
    counter: AtomicU32,
}

/// The server.
#[derive(Clone)]
pub struct Stage {
    pub inner: Arc<Inner>,
    pub address: SocketAddr,
}

impl Stage {
    pub async fn open(expires_in_seconds: u64) -> Self {
        let inner = Self::inner(expires_in_seconds);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Self::router(&inner);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, address }
    }

    pub fn inner(expires_in_seconds: u64) -> Arc<Inner> {
        Arc::new(Inner {
            expires_in_seconds: AtomicU64::new(expires_in_seconds),
            logins: AtomicU32::new(0),
            refreshes: AtomicU32::new(0),
            rotations: AtomicU32::new(0),
            logouts: AtomicU32::new(0),
            sales: AtomicU32::new(0),
            switches: AtomicU32::new(0),
            pings: AtomicU32::new(0),
            pings_to_fail: AtomicU32::new(0),
            told: Mutex::new(Vec::new()),
            mood: Mutex::new(Mood::Sound),
            switching: Mutex::new(Mood::Sound),
            heartbeat: Mutex::new(Pulse::Steady),
            attempts: Mutex::new(Vec::new()),
            sessions: Mutex::new(HashMap::new()),
            proofs: Mutex::new(proofs::Judge::default()),
            events: events::Events::new(),
            counter: AtomicU32::new(0),
        })
    }

    pub fn router(inner: &Arc<Inner>) -> Router {
        Router::new()
            .route("/healthz", get(health))
            .route("/v1/auth/login", post(login))
            .route("/v1/auth/refresh", post(refresh))
            .route("/v1/auth/logout", post(logout))
            .route("/v1/activity/ping", post(ping))
            .route("/v1/auth/me", get(guarded))
            .route("/v1/auth/organization", post(other_organization))
            .route("/v1/events", get(events::listen))
            .route("/v1/sales", any(sale))
            .with_state(Arc::clone(inner))
    }

    pub fn target(&self) -> ServerTarget {
        ServerTarget::parse(&format!("http://{}", self.address)).unwrap()
    }

    pub fn mood(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    pub fn pulse(&self, pulse: Pulse) {
        *self.inner.heartbeat.lock().unwrap() = pulse;
    }

    pub fn refreshes(&self) -> u32 {
        self.inner.refreshes.load(Ordering::SeqCst)
    }

    pub fn attempts(&self) -> Vec<(String, String, bool)> {
        self.inner.attempts.lock().unwrap().clone()
    }

    /// From now on no access token handed out so far is good.
    pub fn expire_access(&self) {
        for session in self.inner.sessions.lock().unwrap().values_mut() {
            session.access.clear();
        }
    }

    pub fn end_sessions(&self, code: ErrorCode) {
        for session in self.inner.sessions.lock().unwrap().values_mut() {
            session.ended = Some(code);
        }
    }

    pub fn config(&self, folder: &Path, vault: Arc<dyn Vault>) -> KeeperConfig {
        let target = self.target();
        let ServerTarget::Origin(origin) = &target else {
            unreachable!()
        };
        KeeperConfig {
            transport: Arc::new(HttpTransport::new(origin, &Trust::System, "vigie-test").unwrap()),
            server: target,
            profile: Arc::new(VigieProfile::new()),
            vault,
            clock: Arc::new(BoottimeClock::new()),
            folder: folder.to_owned(),
            device: Device {
                name: "till 1".into(),
                kind: DeviceKind::Till,
                user_agent: "vigie-test".into(),
            },
            knobs: quick(),
        }
    }

    pub async fn keeper(&self, folder: &Path, vault: &Arc<MemoryVault>) -> Keeper {
        let keeper = Keeper::open(self.config(folder, Arc::clone(vault) as Arc<dyn Vault>))
            .await
            .unwrap();
        keeper.settled().await;
        keeper
    }
}

/// The keeper's times, shortened.
pub fn quick() -> Knobs {
    Knobs {
        backoff_base: Span::from_ms(50),
        backoff_cap: Span::from_ms(400),
        return_jitter: Span::from_ms(50),
        return_jitter_in_use: Span::from_ms(20),
        recovery_spread: Span::from_ms(100),
        vault_retry: Span::from_ms(100),
        ..Knobs::default()
    }
}

pub fn password() -> SecretString {
    SecretString::from("correct horse".to_owned())
}

pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..1_500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

pub async fn until_snapshot(
    keeper: &Keeper,
    what: &str,
    condition: impl FnMut(&Arc<SessionSnapshot>) -> bool,
) {
    let mut snapshots = keeper.snapshots();
    let found = tokio::time::timeout(Duration::from_secs(15), snapshots.wait_for(condition)).await;
    match found {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => panic!("the keeper stopped before: {what}"),
        Err(_) => panic!("never came: {what}, last {:?}", keeper.snapshots().borrow()),
    }
}

pub async fn signed_in(keeper: &Keeper) {
    keeper.sign_in("Marie", password()).await.unwrap();
    until_snapshot(keeper, "signed in", |snapshot| {
        snapshot.phase == SessionPhase::SignedIn
    })
    .await;
}

pub fn problem(code: ErrorCode) -> Response {
    (
        StatusCode::from_u16(code.status()).unwrap(),
        [(header::CONTENT_TYPE, protocol::error::PROBLEM_JSON)],
        serde_json::to_vec(&Problem::new(code)).unwrap(),
    )
        .into_response()
}

async fn health(State(inner): State<Arc<Inner>>) -> Response {
    let pulse = *inner.heartbeat.lock().unwrap();
    match pulse {
        Pulse::Steady => Json(json!({"service": "vigie", "version": "0"})).into_response(),
        Pulse::Ill => problem(ErrorCode::StoreUnavailable),
        Pulse::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}

fn server_time() -> String {
    let now = keeper::Clock::wall_ms(&BoottimeClock::new());
    chrono::DateTime::from_timestamp_millis(now).unwrap().to_rfc3339()
}

fn tokens(inner: &Inner, id: &str, session: &mut Session) -> Value {
    let access = format!("access-{}", inner.counter.fetch_add(1, Ordering::SeqCst));
    session.access.push(access.clone());
    json!({
        "access_token": access, "refresh_token": format!("{id}.{}", session.generation), "token_type": "Bearer",
        "expires_in": inner.expires_in_seconds.load(Ordering::SeqCst),
        "refresh_in": (inner.expires_in_seconds.load(Ordering::SeqCst) / 2).max(1),
        "absolute_expires_in": 86_400, "server_time": server_time(),
        "session_id": id, "generation": session.generation,
    })
}

async fn login(State(inner): State<Arc<Inner>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = match inner.proofs.lock().unwrap().judge(&headers, "/v1/auth/login") {
        Ok(key) => key,
        Err(refusal) => return refusal,
    };
    let count = inner.logins.fetch_add(1, Ordering::SeqCst);
    match body["username"].as_str() {
        Some("disabled") => return problem(ErrorCode::AccountDisabled),
        Some("busy") => return problem(ErrorCode::ServerBusy),
        _ => {}
    }
    if body["password"] != "correct horse" {
        return problem(ErrorCode::InvalidCredentials);
    }
    let id = format!("00000000-0000-7000-8000-{count:012}");
    let mut sessions = inner.sessions.lock().unwrap();
    let session = sessions.entry(id.clone()).or_default();
    session.bound_to = key;
    let mut answer = tokens(&inner, &id, session);
    answer["me"] = json!({
        "user_id": id, "username": body["username"].as_str().unwrap().to_lowercase(), "display_name": "Marie",
        "organization_id": id, "organization_name": "Ressourcerie", "current_organization_role": "user",
        "site_id": null, "site_name": null,
    });
    Json(answer).into_response()
}

async fn refresh(State(inner): State<Arc<Inner>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    inner.refreshes.fetch_add(1, Ordering::SeqCst);
    let token = body["refresh_token"].as_str().unwrap().to_owned();
    let attempt = body["attempt_id"].as_str().unwrap().to_owned();
    let rotate = body["rotate"].as_bool().unwrap_or(true);
    inner
        .attempts
        .lock()
        .unwrap()
        .push((token.clone(), attempt.clone(), rotate));
    let key = match inner.proofs.lock().unwrap().judge(&headers, "/v1/auth/refresh") {
        Ok(key) => key,
        Err(refusal) => return refusal,
    };
    let mood = inner.mood.lock().unwrap().clone();
    match &mood {
        Mood::Says(status, kind, text) => {
            return (
                StatusCode::from_u16(*status).unwrap(),
                [(header::CONTENT_TYPE, *kind)],
                text.clone(),
            )
                .into_response();
        }
        Mood::Refuses(code) => return problem(*code),
        Mood::Slow(time) => tokio::time::sleep(*time).await,
        Mood::Sound | Mood::LosesAnswers(_) | Mood::AnswersLate(_) => {}
    }
    let (id, generation) = token.rsplit_once('.').unwrap();
    let generation: u32 = generation.parse().unwrap();
    let answer = {
        let mut sessions = inner.sessions.lock().unwrap();
        let Some(session) = sessions.get_mut(id) else {
            return problem(ErrorCode::RefreshInvalid);
        };
        if session.bound_to.is_some() && session.bound_to != key {
            return problem(ErrorCode::ProofRequired);
        }
        if let Some(code) = session.ended {
            return problem(code);
        }
        if generation == session.generation {
            if rotate {
                inner.rotations.fetch_add(1, Ordering::SeqCst);
                session.generation += 1;
                session.last_attempt = Some((token.clone(), attempt.clone()));
            }
        } else if session.last_attempt != Some((token.clone(), attempt.clone())) {
            session.ended = Some(ErrorCode::RefreshReused);
            return problem(ErrorCode::RefreshReused);
        }
        tokens(&inner, id, session)
    };
    let lose = {
        let mut mood = inner.mood.lock().unwrap();
        match &mut *mood {
            Mood::LosesAnswers(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    };
    if lose {
        return cut();
    }
    if let Mood::AnswersLate(time) = mood {
        tokio::time::sleep(time).await;
    }
    Json(answer).into_response()
}

pub fn authorised(inner: &Inner, headers: &HeaderMap) -> Result<(), Response> {
    let token = &bearer(headers);
    let sessions = inner.sessions.lock().unwrap();
    match sessions.values().find(|session| session.takes(token)) {
        Some(session) => session.ended.map_or(Ok(()), |code| Err(problem(code))),
        None => Err(problem(ErrorCode::TokenExpired)),
    }
}

fn bearer(headers: &HeaderMap) -> String {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    bearer.strip_prefix("Bearer ").unwrap_or_default().to_owned()
}

async fn logout(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = authorised(&inner, &headers) {
        return refusal;
    }
    inner.logouts.fetch_add(1, Ordering::SeqCst);
    let token = bearer(&headers);
    for session in inner.sessions.lock().unwrap().values_mut() {
        if session.takes(&token) {
            session.ended = Some(ErrorCode::SessionSignedOut);
        }
    }
    Json(json!({"revoked": 1})).into_response()
}

async fn ping(State(inner): State<Arc<Inner>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Err(refusal) = authorised(&inner, &headers) {
        return refusal;
    }
    inner.told.lock().unwrap().push(body);
    inner.pings.fetch_add(1, Ordering::SeqCst);
    let fails = inner
        .pings_to_fail
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if fails.is_ok() {
        return problem(ErrorCode::StoreUnavailable);
    }
    Json(json!({"absolute_expires_in": 86_400, "server_time": server_time()})).into_response()
}

async fn guarded(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    match authorised(&inner, &headers) {
        Ok(()) => Json(json!({"ok": true})).into_response(),
        Err(refusal) => refusal,
    }
}

/// As every token says its organisation, those of before are good no more.
async fn other_organization(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Err(refusal) = authorised(&inner, &headers) {
        return refusal;
    }
    let mood = inner.switching.lock().unwrap().clone();
    if let Mood::Refuses(code) = mood {
        return problem(code);
    }
    inner.switches.fetch_add(1, Ordering::SeqCst);
    for session in inner.sessions.lock().unwrap().values_mut() {
        session.access.clear();
    }
    if let Mood::LosesAnswers(_) = mood {
        return cut();
    }
    let id = &body["organization_id"];
    Json(json!({
        "user_id": id, "username": "marie", "display_name": "Marie", "organization_id": id,
        "organization_name": "Atelier", "current_organization_role": "manager", "site_id": null, "site_name": null,
    }))
    .into_response()
}

/// A body that fails cuts the connection under the client.
fn cut() -> Response {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    axum::body::Body::from_stream(broken).into_response()
}

async fn sale(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = authorised(&inner, &headers) {
        return refusal;
    }
    inner.sales.fetch_add(1, Ordering::SeqCst);
    (
        StatusCode::CREATED,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}
