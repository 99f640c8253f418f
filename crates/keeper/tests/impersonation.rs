//! Acting as somebody else against Vigie's own server: its token, its end, and the operator's own session beside it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use keeper::transport::InProcessTransport;
use keeper::vault::MemoryVault;
use keeper::{
    AuthorisedClient, BoottimeClock, Clock, Device, Impersonation, ImpersonationError, Keeper, KeeperConfig,
    RequestError, ServerTarget, Transport, VigieProfile,
};
use keeper_core::{Banner, EndReason, ImpersonationEnd, SessionPhase};
use protocol::ErrorCode;
use protocol::auth::DeviceKind;
use protocol::impersonation::StartImpersonationRequest;
use secrecy::SecretString;
use server::embedded::EmbeddedServer;
use server::options::TestingOverrides;
use server::{Keys, ServerOptions};
use store::AuditEntry;
use support::line::Line;
use support::{until, until_snapshot};
use tempfile::TempDir;
use uuid::Uuid;

const PASSWORD: &str = "une phrase assez longue";
const PATIENCE: Duration = Duration::from_secs(10);

/// Marie, above all organisations and signed in, and Camille, as whom she will act.
struct House {
    server: EmbeddedServer,
    line: Arc<Line>,
    keeper: Keeper,
    marie: Uuid,
    camille: Uuid,
    _folder: TempDir,
}

fn entry() -> AuditEntry {
    AuditEntry::of("test.furnished", BoottimeClock::new().wall_ms())
}

impl House {
    async fn open(access_token_seconds: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ServerOptions {
            testing: TestingOverrides {
                access_token_seconds: access_token_seconds.and_then(NonZeroU32::new),
                ..TestingOverrides::default()
            },
            ..ServerOptions::default()
        };
        let keys = Keys::generate().unwrap();
        let server = server::embedded::open(&folder.path().join("server"), &keys, options)
            .await
            .unwrap();
        let password = protocol::Secret::new(PASSWORD);
        server
            .first_operator("Ressourcerie", "marie", "Marie", &password)
            .await
            .unwrap();
        let line = Line::over(Arc::new(InProcessTransport::new(server.router.clone())));
        let keeper = Keeper::open(KeeperConfig {
            server: ServerTarget::Embedded,
            profile: Arc::new(VigieProfile::new()),
            transport: Arc::clone(&line) as Arc<dyn Transport>,
            vault: Arc::new(MemoryVault::new()),
            clock: Arc::new(BoottimeClock::new()),
            folder: folder.path().join("keeper"),
            device: Device {
                name: "Bureau".into(),
                kind: DeviceKind::Desk,
                user_agent: "vigie/test".into(),
            },
            knobs: support::quick(),
        });
        let keeper = keeper.await.unwrap();
        keeper.settled().await;
        let password = SecretString::from(PASSWORD.to_owned());
        let marie = keeper.sign_in("marie", password).await.unwrap().user_id;
        let store = server.server().store();
        store.set_super_admin(marie, true, entry()).await.unwrap();
        let own = keeper.client();
        let new = serde_json::json!({ "username": "camille", "display_name": "Camille", "role": "user" });
        assert_eq!(post(&own, "/v1/admin/users", &new).await, 201);
        let camille = store.user_by_name("camille").await.unwrap().unwrap().id;
        let again = serde_json::json!({ "password": PASSWORD });
        assert_eq!(post(&own, "/v1/auth/reauthenticate", &again).await, 200);
        Self {
            server,
            line,
            keeper,
            marie,
            camille,
            _folder: folder,
        }
    }

    async fn ask(&self, user_id: Uuid) -> Result<Impersonation, ImpersonationError> {
        let request = StartImpersonationRequest {
            user_id,
            organization_id: None,
            reason: "a sale that does not leave".to_owned(),
        };
        self.keeper.impersonate(&request).await
    }

    async fn acting(&self) -> Impersonation {
        self.ask(self.camille).await.unwrap()
    }

    /// How many impersonations the server knows of that last.
    async fn lasting(&self) -> usize {
        let now = BoottimeClock::new().wall_ms();
        let store = self.server.server().store();
        store.live_impersonations(now).await.unwrap().len()
    }

    async fn force(&self, impersonation: &Impersonation) {
        let now = BoottimeClock::new().wall_ms();
        let store = self.server.server().store();
        let how = store::ImpersonationEnd::Forced;
        let ended = store
            .end_impersonation(impersonation.session_id(), how, now, entry())
            .await;
        assert!(ended.unwrap());
    }

    fn is_well(&self) -> bool {
        let snapshot = self.keeper.snapshots().borrow().clone();
        (snapshot.phase, snapshot.banner) == (SessionPhase::SignedIn, Banner::Hidden)
    }
}

fn get(path: &str) -> Request<Bytes> {
    Request::builder().uri(path).body(Bytes::new()).unwrap()
}

async fn post(client: &AuthorisedClient, path: &str, body: &serde_json::Value) -> u16 {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    client.send(request).await.unwrap().status().as_u16()
}

fn name(answer: &Response<Bytes>) -> String {
    let me: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    me["username"].as_str().unwrap_or_default().to_owned()
}

async fn who(client: &AuthorisedClient) -> Result<String, RequestError> {
    client.send(get("/v1/auth/me")).await.map(|answer| name(&answer))
}

async fn ended(impersonation: &Impersonation) -> ImpersonationEnd {
    let mut end = impersonation.end();
    let waiting = tokio::time::timeout(PATIENCE, end.wait_for(Option::is_some));
    waiting.await.unwrap().unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_token_is_renewed_over_many_lives_and_both_people_work_beside_each_other() {
    let house = House::open(Some(2)).await;
    let impersonation = house.acting().await;
    assert_eq!(impersonation.user().username, "camille");
    let (own, other) = (house.keeper.client(), impersonation.client());
    for _ in 0..50 {
        assert_eq!(who(&other).await.unwrap(), "camille");
        assert_eq!(who(&own).await.unwrap(), "marie");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let tokens = house.line.calls(&format!(
        "/v1/impersonations/{}/token",
        impersonation.session_id()
    ));
    assert!((2..=10).contains(&tokens), "{tokens} renewals");
    assert!(house.is_well());
    let course = impersonation.course();
    let left = course.ends().since(house.keeper.clock().now()).as_ms();
    assert!(
        (7_100_000..=7_200_000).contains(&left),
        "{left} ms are left of two hours"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forced_end_ends_it_alone() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    house.force(&impersonation).await;
    let over = RequestError::ImpersonationOver(ImpersonationEnd::Forced);
    assert_eq!(who(&impersonation.client()).await, Err(over.clone()));
    assert_eq!(ended(&impersonation).await, ImpersonationEnd::Forced);
    let asked = house.line.calls("/v1/auth/me");
    assert_eq!(who(&impersonation.client()).await, Err(over));
    assert_eq!(
        house.line.calls("/v1/auth/me"),
        asked,
        "nothing leaves once it is over"
    );
    assert_eq!(who(&house.keeper.client()).await.unwrap(), "marie");
    assert!(house.is_well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_asked_whether_it_lasts_the_server_says_how_it_ended() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    impersonation.check().await;
    assert_eq!(*impersonation.end().borrow(), None);
    house.force(&impersonation).await;
    impersonation.check().await;
    assert_eq!(*impersonation.end().borrow(), Some(ImpersonationEnd::Forced));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_while_cut_off_it_is_over_here_at_once_and_on_the_server_once_that_answers() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    house.line.cut();
    impersonation.stop().await;
    assert_eq!(*impersonation.end().borrow(), Some(ImpersonationEnd::Stopped));
    assert_eq!(
        who(&impersonation.client()).await,
        Err(RequestError::ImpersonationOver(ImpersonationEnd::Stopped))
    );
    assert_eq!(house.lasting().await, 1);
    house.line.mend();
    for _ in 0..PATIENCE.as_millis() / 20 {
        if house.lasting().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.lasting().await, 0);
    until("well again", || house.is_well()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_it_lasts_and_its_token_is_good_until_it_dies() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    house.line.cut();
    impersonation.check().await;
    assert!(matches!(
        who(&impersonation.client()).await,
        Err(RequestError::Transport(_))
    ));
    assert_eq!(*impersonation.end().borrow(), None);
    house.line.mend();
    assert_eq!(who(&impersonation.client()).await.unwrap(), "camille");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_its_deadline_it_is_over_without_asking_anybody() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    house.line.cut();
    let ends = impersonation.course().ends();
    impersonation.look(ends - keeper_core::Span::from_ms(1));
    assert_eq!(*impersonation.end().borrow(), None);
    impersonation.look(ends);
    assert_eq!(*impersonation.end().borrow(), Some(ImpersonationEnd::Expired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_the_session_that_it_hangs_on() {
    let house = House::open(Some(2)).await;
    let impersonation = house.acting().await;
    let now = BoottimeClock::new().wall_ms();
    let own = house.keeper.snapshots().borrow().session_id.clone().unwrap();
    let reason = store::RevokeReason::ByAdministrator;
    house
        .server
        .server()
        .store()
        .revoke_session(own.parse().unwrap(), None, None, reason, now, entry())
        .await
        .unwrap();
    let banner = Banner::Ended {
        reason: EndReason::Revoked,
    };
    until_snapshot(&house.keeper, "the end of the session", |snapshot| {
        snapshot.banner == banner
    })
    .await;
    assert!(who(&impersonation.client()).await.is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(who(&impersonation.client()).await.is_err());
    assert_eq!(ended(&impersonation).await, ImpersonationEnd::Ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_act_any_more_acts_no_more() {
    let house = House::open(None).await;
    let impersonation = house.acting().await;
    let settings = protocol::impersonation::ImpersonationSettings {
        allowed_networks: vec!["192.0.2.0/24".to_owned()],
        tell_target: true,
    };
    let store = house.server.server().store();
    store.put_impersonation_settings(settings, entry()).await.unwrap();
    impersonation.check().await;
    assert_eq!(*impersonation.end().borrow(), Some(ImpersonationEnd::Ended));
    assert!(house.is_well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_begins_nothing() {
    let house = House::open(None).await;
    let refused = |answer: Result<Impersonation, ImpersonationError>| match answer.err() {
        Some(ImpersonationError::Refused { problem }) => Some(problem.code),
        _ => None,
    };
    assert_eq!(
        refused(house.ask(house.marie).await),
        Some(ErrorCode::CannotImpersonateOneself)
    );
    assert_eq!(
        refused(house.ask(Uuid::from_u128(9)).await),
        Some(ErrorCode::UserNotFound)
    );
    let first = house.acting().await;
    assert_eq!(
        refused(house.ask(house.camille).await),
        Some(ErrorCode::AlreadyImpersonating)
    );
    first.stop().await;
    assert_eq!(house.lasting().await, 0);
    house.acting().await;
    house.line.cut();
    let lost = house.ask(house.camille).await.err();
    assert!(
        matches!(lost, Some(ImpersonationError::InDoubt { .. })),
        "{lost:?}"
    );
    house.line.mend();
    until("well again", || house.is_well()).await;
}
