//! The keeper against Vigie's own server: in process as in the app, and over a socket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use keeper::transport::InProcessTransport;
use keeper::vault::{MemoryVault, Vault};
use keeper::{
    BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, Limits, RequestError, ServerTarget,
    SignInError, SlotId, Transport, TransportFault, Trust, VigieProfile,
};
use keeper_core::{Banner, EndReason, SessionPhase};
use protocol::auth::DeviceKind;
use secrecy::SecretString;
use server::embedded::EmbeddedServer;
use server::options::TestingOverrides;
use server::{Keys, KnownAs, ServerOptions};
use support::until_snapshot;
use tempfile::TempDir;
use tokio::net::TcpListener;

const PASSWORD: &str = "une phrase assez longue";

/// How the devices of a house reach its server.
enum Way {
    InProcess,
    Socket(TcpListener),
}

impl Way {
    async fn socket() -> Self {
        Self::Socket(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }
}

struct House {
    server: EmbeddedServer,
    target: ServerTarget,
    _folder: TempDir,
}

impl House {
    async fn open(access_token_seconds: Option<u32>, way: Way) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let testing = TestingOverrides {
            access_token_seconds: access_token_seconds.and_then(NonZeroU32::new),
            ..TestingOverrides::default()
        };
        let mut options = ServerOptions {
            testing,
            ..ServerOptions::default()
        };
        let mut target = ServerTarget::Embedded;
        if let Way::Socket(listener) = &way {
            let address = format!("http://{}", listener.local_addr().unwrap());
            target = ServerTarget::parse(&address).unwrap();
            options.known_as = KnownAs::Address(address);
        }
        let server = server::embedded::open(folder.path(), &Keys::generate().unwrap(), options)
            .await
            .unwrap();
        let password = protocol::Secret::new(PASSWORD);
        server
            .first_operator("Ressourcerie", "marie", "Marie", &password)
            .await
            .unwrap();
        if let Way::Socket(listener) = way {
            let router = server.router.clone();
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        }
        Self {
            server,
            target,
            _folder: folder,
        }
    }

    fn transport(&self) -> Arc<dyn Transport> {
        match &self.target {
            ServerTarget::Embedded => Arc::new(InProcessTransport::new(self.server.router.clone())),
            ServerTarget::Origin(origin) => {
                Arc::new(HttpTransport::new(origin, &Trust::System, "vigie/test").unwrap())
            }
        }
    }
}

/// A till or a desk with a keychain and a disk of its own.
struct Machine {
    folder: TempDir,
    vault: Arc<MemoryVault>,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            vault: Arc::new(MemoryVault::new()),
        }
    }

    async fn keeper(&self, house: &House) -> Keeper {
        self.keeper_by(house, house.transport()).await
    }

    async fn keeper_by(&self, house: &House, transport: Arc<dyn Transport>) -> Keeper {
        let keeper = Keeper::open(KeeperConfig {
            server: house.target.clone(),
            profile: Arc::new(VigieProfile::new()),
            transport,
            vault: Arc::clone(&self.vault) as Arc<dyn Vault>,
            clock: Arc::new(BoottimeClock::new()),
            folder: self.folder.path().join("keeper"),
            device: Device {
                name: "Caisse 1".into(),
                kind: DeviceKind::Till,
                user_agent: "vigie/test".into(),
            },
            knobs: support::quick(),
        });
        let keeper = keeper.await.unwrap();
        keeper.settled().await;
        keeper
    }
}

/// A transport that hears no events: whatever stands between cuts streams.
struct Deaf(Arc<dyn Transport>);

#[async_trait]
impl Transport for Deaf {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        self.0.send(request, limits).await
    }
}

fn password() -> SecretString {
    SecretString::from(PASSWORD.to_owned())
}

fn call(method: Method, path: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Bytes::new())
        .unwrap()
}

/// Gives the password again and revokes another session of the same operator.
async fn revoke(by: &Keeper, session_id: &str) {
    let mut again = call(Method::POST, "/v1/auth/reauthenticate");
    again
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    *again.body_mut() = Bytes::from(serde_json::json!({ "password": PASSWORD }).to_string());
    let _ = by.client().send(again).await.unwrap();
    let path = format!("/v1/auth/sessions/{session_id}/revoke");
    let revoked = by.client().send(call(Method::POST, &path)).await.unwrap();
    assert_eq!(revoked.status(), 200, "{revoked:?}");
}

async fn me(keeper: &Keeper) -> u16 {
    let answer = keeper.client().send(call(Method::GET, "/v1/auth/me")).await;
    answer.unwrap().status().as_u16()
}

fn revoked() -> Banner {
    Banner::Ended {
        reason: EndReason::Revoked,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_kept_over_many_lives_and_a_restart() {
    for way in [Way::InProcess, Way::socket().await] {
        let house = House::open(Some(2), way).await;
        let machine = Machine::new();
        let keeper = machine.keeper(&house).await;
        let wrong = SecretString::from("faux".to_owned());
        assert_eq!(
            keeper.sign_in("marie", wrong).await,
            Err(SignInError::InvalidCredentials)
        );
        let who = keeper.sign_in("Marie", password()).await.unwrap();
        assert_eq!(who.display_name, "Marie");
        for _ in 0..50 {
            assert_eq!(me(&keeper).await, 200);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let snapshot = keeper.snapshots().borrow().clone();
        assert!(
            snapshot.generation >= 2 && snapshot.refreshes >= 2,
            "{snapshot:?}"
        );
        assert_eq!(snapshot.phase, SessionPhase::SignedIn);
        keeper.shutdown().await;
        assert_eq!(
            keeper
                .client()
                .send(call(Method::GET, "/v1/auth/me"))
                .await
                .unwrap_err(),
            RequestError::Stopped
        );
        let again = machine.keeper(&house).await;
        until_snapshot(&again, "back", |snapshot| snapshot.refreshes >= 1).await;
        assert_eq!(me(&again).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_revoked_elsewhere_ends_here_though_nobody_touches_it() {
    for way in [Way::InProcess, Way::socket().await] {
        let house = House::open(None, way).await;
        let (here, there) = (Machine::new(), Machine::new());
        let (till, desk) = (here.keeper(&house).await, there.keeper(&house).await);
        till.sign_in("marie", password()).await.unwrap();
        desk.sign_in("marie", password()).await.unwrap();
        // The stream opens after the sign-in; what it missed would only be known at the next call.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let id = till.snapshots().borrow().session_id.clone().unwrap();
        assert_eq!(
            till.snapshots().borrow().refreshes,
            0,
            "the next one is minutes away"
        );
        let begun = tokio::time::Instant::now();

        revoke(&desk, &id).await;

        until_snapshot(&till, "ended", |snapshot| snapshot.banner == revoked()).await;
        println!("heard and ended after {:?}", begun.elapsed());
        assert_eq!(me(&desk).await, 200);
        till.sign_in("marie", password()).await.unwrap();
        assert_eq!(me(&till).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_stream_cut_a_revoked_session_ends_at_the_next_call() {
    let house = House::open(None, Way::socket().await).await;
    let (here, there) = (Machine::new(), Machine::new());
    let till = here.keeper_by(&house, Arc::new(Deaf(house.transport()))).await;
    let desk = there.keeper(&house).await;
    till.sign_in("marie", password()).await.unwrap();
    desk.sign_in("marie", password()).await.unwrap();
    let id = till.snapshots().borrow().session_id.clone().unwrap();
    revoke(&desk, &id).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(till.snapshots().borrow().phase, SessionPhase::SignedIn);

    assert_eq!(me(&till).await, 401);

    until_snapshot(&till, "ended", |snapshot| snapshot.banner == revoked()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_again_ends_the_session_before() {
    let house = House::open(None, Way::InProcess).await;
    let machine = Machine::new();
    let keeper = machine.keeper(&house).await;
    keeper.sign_in("marie", password()).await.unwrap();
    let first = keeper.access().unwrap();
    keeper.sign_in("marie", password()).await.unwrap();
    until_refused(&house, first.token.expose()).await;
    assert_eq!(me(&keeper).await, 200);
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
}

/// Waits until the server takes this access token no more.
async fn until_refused(house: &House, token: &str) {
    let mut stale = call(Method::GET, "/v1/auth/me");
    let bearer = format!("Bearer {token}");
    stale
        .headers_mut()
        .insert("authorization", bearer.parse().unwrap());
    for _ in 0..200 {
        let answer = house.transport().send(stale.clone(), Limits::AUTH).await.unwrap();
        if answer.status() == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!("the access token", "dead");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_on_the_server() {
    let house = House::open(None, Way::InProcess).await;
    let machine = Machine::new();
    let keeper = machine.keeper(&house).await;
    keeper.sign_in("marie", password()).await.unwrap();
    let access = keeper.access().unwrap();
    keeper.sign_out().await;
    let slot = SlotId::of(&ServerTarget::Embedded, "marie");
    assert!(machine.vault.peek(slot.as_str()).is_none());
    until_refused(&house, access.token.expose()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_token_is_refused_and_costs_the_operator_nothing() {
    let house = House::open(None, Way::InProcess).await;
    let machine = Machine::new();
    let keeper = machine.keeper(&house).await;
    keeper.sign_in("marie", password()).await.unwrap();
    let slot = SlotId::of(&ServerTarget::Embedded, "marie");
    let stored = machine.vault.peek(slot.as_str()).unwrap();
    let stolen: serde_json::Value = serde_json::from_slice(&stored).unwrap();
    let mut theft = call(Method::POST, "/v1/auth/refresh");
    theft
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    *theft.body_mut() = Bytes::from(
        serde_json::json!({
            "refresh_token": stolen["refresh_token"], "attempt_id": "8a6e0804-2bd0-4672-b79d-d97027f9071a",
        })
        .to_string(),
    );
    let refused = house.transport().send(theft, Limits::AUTH).await.unwrap();
    assert_eq!(refused.status(), 401);
    let body: serde_json::Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(body["code"], "proof_required");
    keeper.shutdown().await;

    let victim = machine.keeper(&house).await;

    until_snapshot(&victim, "renewed", |snapshot| snapshot.refreshes == 1).await;
    assert_eq!(me(&victim).await, 200);
}
