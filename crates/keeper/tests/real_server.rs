//! The keeper against Vigie's own server: in process as in the app, and over a socket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use keeper::transport::InProcessTransport;
use keeper::vault::{MemoryVault, Vault};
use keeper::{
    BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, RequestError, ServerTarget, SignInError,
    SlotId, Transport, Trust, VigieProfile,
};
use keeper_core::{Banner, EndReason, SessionPhase};
use protocol::auth::DeviceKind;
use secrecy::SecretString;
use server::embedded::EmbeddedServer;
use server::options::TestingOverrides;
use server::{Keys, ServerOptions};
use support::until_snapshot;
use tempfile::TempDir;

const PASSWORD: &str = "une phrase assez longue";

struct House {
    server: EmbeddedServer,
    folder: TempDir,
    vault: Arc<MemoryVault>,
}

impl House {
    async fn open(access_token_seconds: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let testing = TestingOverrides {
            access_token_seconds: access_token_seconds.and_then(NonZeroU32::new),
            ..TestingOverrides::default()
        };
        let options = ServerOptions {
            testing,
            ..ServerOptions::default()
        };
        let server = server::embedded::open(folder.path(), &Keys::generate().unwrap(), options)
            .await
            .unwrap();
        let password = protocol::Secret::new(PASSWORD);
        server
            .first_operator("Ressourcerie", "marie", "Marie", &password)
            .await
            .unwrap();
        Self {
            server,
            folder,
            vault: Arc::new(MemoryVault::new()),
        }
    }

    async fn keeper(&self, server: ServerTarget, transport: Arc<dyn Transport>) -> Keeper {
        let keeper = Keeper::open(KeeperConfig {
            server,
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

    async fn embedded(&self) -> Keeper {
        let transport = Arc::new(InProcessTransport::new(self.server.router.clone()));
        self.keeper(ServerTarget::Embedded, transport).await
    }

    async fn over_a_socket(&self) -> Keeper {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = ServerTarget::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let router = self.server.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let ServerTarget::Origin(origin) = &target else {
            unreachable!()
        };
        let transport = Arc::new(HttpTransport::new(origin, &Trust::System, "vigie/test").unwrap());
        self.keeper(target, transport).await
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_kept_over_many_lives_and_a_restart() {
    let house = House::open(Some(2)).await;
    for keeper in [house.embedded().await, house.over_a_socket().await] {
        let wrong = SecretString::from("faux".to_owned());
        assert_eq!(
            keeper.sign_in("marie", wrong).await,
            Err(SignInError::InvalidCredentials)
        );
        let me = keeper.sign_in("Marie", password()).await.unwrap();
        assert_eq!(me.display_name, "Marie");
        for _ in 0..50 {
            assert_eq!(
                keeper
                    .client()
                    .send(call(Method::GET, "/v1/auth/me"))
                    .await
                    .unwrap()
                    .status(),
                200
            );
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
    }
    let again = house.embedded().await;
    until_snapshot(&again, "back", |snapshot| snapshot.refreshes >= 1).await;
    assert_eq!(
        again
            .client()
            .send(call(Method::GET, "/v1/auth/me"))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_revoked_elsewhere_ends_here_with_its_reason() {
    let house = House::open(None).await;
    let (till, desk) = (house.embedded().await, house.over_a_socket().await);
    till.sign_in("marie", password()).await.unwrap();
    desk.sign_in("marie", password()).await.unwrap();
    let id = till.snapshots().borrow().session_id.clone().unwrap();
    let revoked = desk
        .client()
        .send(call(Method::POST, &format!("/v1/auth/sessions/{id}/revoke")))
        .await
        .unwrap();
    assert_eq!(revoked.status(), 200, "{revoked:?}");

    assert_eq!(
        till.client()
            .send(call(Method::GET, "/v1/auth/me"))
            .await
            .unwrap()
            .status(),
        401
    );
    let ended = Banner::Ended {
        reason: EndReason::Revoked,
    };
    until_snapshot(&till, "ended", |snapshot| snapshot.banner == ended).await;
    assert_eq!(
        desk.client()
            .send(call(Method::GET, "/v1/auth/me"))
            .await
            .unwrap()
            .status(),
        200
    );
    till.sign_in("marie", password()).await.unwrap();
    assert_eq!(
        till.client()
            .send(call(Method::GET, "/v1/auth/me"))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_on_the_server() {
    let house = House::open(None).await;
    let keeper = house.embedded().await;
    keeper.sign_in("marie", password()).await.unwrap();
    let access = keeper.access().unwrap();
    keeper.sign_out().await;
    assert!(
        house
            .vault
            .peek(SlotId::of(&ServerTarget::Embedded, "marie").as_str())
            .is_none()
    );
    let transport = InProcessTransport::new(house.server.router.clone());
    let mut stale = call(Method::GET, "/v1/auth/me");
    let bearer = format!("Bearer {}", access.token.expose());
    stale
        .headers_mut()
        .insert("authorization", bearer.parse().unwrap());
    for _ in 0..200 {
        let answer = transport.send(stale.clone(), keeper::Limits::AUTH).await.unwrap();
        if answer.status() == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!("the access token", "dead");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_token_is_found_and_the_operator_is_told() {
    let house = House::open(None).await;
    let keeper = house.embedded().await;
    keeper.sign_in("marie", password()).await.unwrap();
    let slot = SlotId::of(&ServerTarget::Embedded, "marie");
    let stored = house.vault.peek(slot.as_str()).unwrap();
    let stolen: serde_json::Value = serde_json::from_slice(&stored).unwrap();
    let transport = InProcessTransport::new(house.server.router.clone());
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
    assert_eq!(
        transport
            .send(theft, keeper::Limits::AUTH)
            .await
            .unwrap()
            .status(),
        200
    );
    keeper.shutdown().await;

    let victim = house.embedded().await;

    let ended = Banner::Ended {
        reason: EndReason::Reused,
    };
    until_snapshot(&victim, "told", |snapshot| snapshot.banner == ended).await;
}
