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
use keeper_core::{Banner, EndReason, Knobs, SessionPhase, Span};
use protocol::auth::{DeviceKind, OrganizationRole};
use secrecy::SecretString;
use server::embedded::EmbeddedServer;
use server::options::TestingOverrides;
use server::{Keys, KnownAs, ServerOptions};
use store::{AuditEntry, NewOrganization, SessionFilter};
use support::line::Line;
use support::{until, until_snapshot};
use tempfile::TempDir;
use tokio::net::TcpListener;
use uuid::Uuid;

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

    /// The ids of the sessions that the server still takes.
    async fn live(&self) -> Vec<String> {
        let now = keeper::Clock::wall_ms(&BoottimeClock::new());
        let store = self.server.server().store();
        let page = store.sessions_page(SessionFilter::default(), None, 50, now).await;
        page.unwrap()
            .into_iter()
            .map(|identity| identity.session.id.to_string())
            .collect()
    }

    async fn until_live(&self, count: usize) {
        for _ in 0..500 {
            if self.live().await.len() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.live().await.len(), count, "sessions on the server");
    }

    /// A second organisation, in which Marie is a manager.
    async fn atelier(&self, marie: Uuid) -> Uuid {
        let (store, id) = (self.server.server().store(), Uuid::now_v7());
        let (slug, name) = ("atelier".to_owned(), "Atelier".to_owned());
        store
            .add_organization(NewOrganization { id, slug, name }, entry())
            .await
            .unwrap();
        store
            .put_membership(marie, id, OrganizationRole::Manager, None, entry())
            .await
            .unwrap();
        id
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
        self.keeper_with(house, transport, support::quick()).await
    }

    async fn keeper_with(&self, house: &House, transport: Arc<dyn Transport>, knobs: Knobs) -> Keeper {
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
            knobs,
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

fn entry() -> AuditEntry {
    AuditEntry::of("test.furnished", keeper::Clock::wall_ms(&BoottimeClock::new()))
}

/// No heartbeat comes within a test.
fn calm() -> Knobs {
    Knobs {
        heartbeat_busy: Span::from_secs(600),
        heartbeat_calm: Span::from_secs(600),
        ..support::quick()
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
        let line = Line::over(house.transport());
        let till = here
            .keeper_with(&house, Arc::clone(&line) as Arc<dyn Transport>, calm())
            .await;
        let desk = there.keeper(&house).await;
        till.sign_in("marie", password()).await.unwrap();
        desk.sign_in("marie", password()).await.unwrap();
        until("the stream is open", || line.streams() == 1).await;
        let id = till.snapshots().borrow().session_id.clone().unwrap();
        assert_eq!(
            till.snapshots().borrow().refreshes,
            0,
            "the next one is minutes away"
        );
        let (heartbeats, pings) = (line.calls("/healthz"), line.calls("/v1/activity/ping"));

        revoke(&desk, &id).await;

        until_snapshot(&till, "ended", |snapshot| snapshot.banner == revoked()).await;
        assert_eq!(
            line.calls("/v1/auth/refresh"),
            1,
            "it asked because of what it heard"
        );
        assert_eq!(
            (line.calls("/healthz"), line.calls("/v1/activity/ping")),
            (heartbeats, pings),
            "it was heard before anything else was asked"
        );
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
async fn a_session_moves_by_one_audited_call_and_the_token_for_it_is_there() {
    for way in [Way::InProcess, Way::socket().await] {
        let house = House::open(None, way).await;
        let machine = Machine::new();
        let keeper = machine.keeper(&house).await;
        let marie = keeper.sign_in("marie", password()).await.unwrap().user_id;
        let atelier = house.atelier(marie).await;
        let session = keeper.snapshots().borrow().session_id.clone();

        let there = keeper.switch_organization(atelier).await.unwrap();

        assert_eq!(
            (there.organization_id, there.current_organization_role),
            (atelier, OrganizationRole::Manager)
        );
        let refreshed = keeper.snapshots().borrow().refreshes;
        let who = call(Method::GET, "/v1/auth/me");
        let who = keeper.client().send(who).await.unwrap();
        let who: protocol::auth::Me = serde_json::from_slice(who.body()).unwrap();
        assert_eq!(who.organization_id, atelier);
        assert_eq!(
            keeper.snapshots().borrow().refreshes,
            refreshed,
            "the token fitted"
        );
        assert_eq!(
            keeper.snapshots().borrow().session_id,
            session,
            "the same session"
        );
        let rows = house.server.server().store().audit_rows(None, 100).await.unwrap();
        let moved = rows
            .iter()
            .filter(|row| row.action == "session.organization_switched");
        assert_eq!(moved.count(), 1);

        let unknown = keeper.switch_organization(Uuid::from_u128(9)).await.unwrap_err();
        assert_eq!(unknown.code(), "organization_not_found");
        assert_eq!(me(&keeper).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_while_a_refresh_is_in_flight_is_final_here_and_there() {
    for way in [Way::InProcess, Way::socket().await] {
        let house = House::open(Some(2), way).await;
        let machine = Machine::new();
        let line = Line::over(house.transport());
        let keeper = machine
            .keeper_by(&house, Arc::clone(&line) as Arc<dyn Transport>)
            .await;
        keeper.sign_in("marie", password()).await.unwrap();
        line.hold("/v1/auth/refresh");
        until("the server has rotated", || line.kept_back() == 1).await;
        let leaving = tokio::spawn({
            let keeper = keeper.clone();
            async move { keeper.sign_out().await }
        });
        until_snapshot(&keeper, "signed out", |snapshot| {
            snapshot.phase == SessionPhase::SignedOut
        })
        .await;
        line.let_go();
        leaving.await.unwrap();
        house.until_live(0).await;
        assert!(keeper.access().is_none());
        keeper.shutdown().await;
        let again = machine.keeper(&house).await;
        assert_eq!(again.snapshots().borrow().phase, SessionPhase::SignedOut);
        let rows = house.server.server().store().audit_rows(None, 100).await.unwrap();
        assert!(
            rows.iter().all(|row| row.action != "session.reuse_detected"),
            "no alarm is raised: {rows:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_out_while_cut_off_reaches_the_server_later() {
    let house = House::open(Some(2), Way::socket().await).await;
    let machine = Machine::new();
    let line = Line::over(house.transport());
    let keeper = machine
        .keeper_by(&house, Arc::clone(&line) as Arc<dyn Transport>)
        .await;
    keeper.sign_in("marie", password()).await.unwrap();
    line.cut();
    until("the access token is dead", || keeper.access().is_none()).await;
    keeper.sign_out().await;
    assert_eq!(house.live().await.len(), 1);
    line.mend();
    house.until_live(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_again_and_again_leaves_one_session_on_the_server() {
    let house = House::open(Some(2), Way::socket().await).await;
    let machine = Machine::new();
    let line = Line::over(house.transport());
    let keeper = machine
        .keeper_by(&house, Arc::clone(&line) as Arc<dyn Transport>)
        .await;
    for _ in 0..3 {
        keeper.sign_in("marie", password()).await.unwrap();
        line.cut();
        until("the access token is dead", || keeper.access().is_none()).await;
        line.mend();
    }
    keeper.sign_in("marie", password()).await.unwrap();
    house.until_live(1).await;
    assert_eq!(me(&keeper).await, 200);
    let left = house.live().await;
    assert_eq!(keeper.snapshots().borrow().session_id.as_ref(), left.first());
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
