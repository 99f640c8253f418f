//! What one server process ends, a client that listens to the other hears of; one that hears nothing learns it at its next
//! request.

use crate::place::Site;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use keeper::transport::ByteStream;
use keeper::vault::MemoryVault;
use keeper::{
    BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, Limits, ServerTarget, Transport,
    TransportFault, Trust, VigieProfile,
};
use keeper_core::{Banner, EndReason, Knobs, SessionPhase, Span};
use protocol::auth::DeviceKind;
use secrecy::SecretString;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vigie_tests::Disk;

/// How often the whole is done.
const ROUNDS: usize = 10;

/// Whether a stream of events passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Streams {
    Pass,
    AreCut,
}

/// The way to a server, listened in to.
struct Way {
    inner: HttpTransport,
    streams: Streams,
    opened: AtomicU32,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Way {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        self.asked.lock().unwrap().push(request.uri().path().to_owned());
        self.inner.send(request, limits).await
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        if self.streams == Streams::AreCut {
            return Err(TransportFault::Reset);
        }
        let answer = self.inner.open_stream(request).await?;
        self.opened
            .fetch_add(u32::from(answer.status().is_success()), Ordering::SeqCst);
        Ok(answer)
    }
}

struct Till {
    keeper: Keeper,
    way: Arc<Way>,
    _folder: tempfile::TempDir,
}

impl Till {
    /// A till whose own heartbeats and refreshes are far away.
    async fn at(url: &str, streams: Streams) -> Self {
        let target = ServerTarget::parse(url).unwrap();
        let ServerTarget::Origin(origin) = &target else {
            panic!("{url}")
        };
        let way = Arc::new(Way {
            inner: HttpTransport::new(origin, &Trust::System, "site-test/1").unwrap(),
            streams,
            opened: AtomicU32::new(0),
            asked: Mutex::default(),
        });
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(KeeperConfig {
            server: target,
            profile: Arc::new(VigieProfile::new()),
            transport: Arc::clone(&way) as Arc<dyn Transport>,
            vault: Arc::new(MemoryVault::new()),
            clock: Arc::new(BoottimeClock::new()),
            folder: folder.path().to_owned(),
            device: Device {
                name: "Caisse".to_owned(),
                kind: DeviceKind::Till,
                user_agent: "site-test/1".to_owned(),
            },
            knobs: Knobs {
                heartbeat_busy: Span::from_secs(600),
                heartbeat_calm: Span::from_secs(600),
                ..Knobs::default()
            },
        })
        .await
        .unwrap();
        keeper.settled().await;
        Self {
            keeper,
            way,
            _folder: folder,
        }
    }

    async fn sign_in(&self, password: &str) -> String {
        let opened = self.way.opened.load(Ordering::SeqCst);
        let password = SecretString::from(password.to_owned());
        self.keeper.sign_in("camille", password).await.unwrap();
        while self.way.streams == Streams::Pass && self.way.opened.load(Ordering::SeqCst) == opened {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.keeper.snapshots().borrow().session_id.clone().unwrap()
    }

    async fn ended(&self) {
        let reason = EndReason::Revoked;
        let mut snapshots = self.keeper.snapshots();
        let ended = snapshots.wait_for(|snapshot| snapshot.banner == Banner::Ended { reason });
        let ended = tokio::time::timeout(Duration::from_secs(30), ended).await;
        ended.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ended_at_one_server_is_heard_of_by_a_client_of_the_other() {
    let site = Site::open(Disk::NotWaited);
    let [here, there] = site.urls();
    let client = site.client();
    let administrator = client.login(&there, "dominique").await.done().tokens.access_token;
    let password = json!({ "password": client.password() });
    client
        .post(&there, "/v1/auth/reauthenticate", &administrator, &password)
        .await
        .done();
    let (hears, deaf) = (
        Till::at(&here, Streams::Pass).await,
        Till::at(&here, Streams::AreCut).await,
    );
    for _ in 0..ROUNDS {
        let ids = [
            hears.sign_in(client.password()).await,
            deaf.sign_in(client.password()).await,
        ];
        hears.way.asked.lock().unwrap().clear();
        for id in &ids {
            let path = format!("/v1/admin/sessions/{id}/revoke");
            client
                .post(&there, &path, &administrator, &json!({}))
                .await
                .done();
        }

        hears.ended().await;

        let asked = hears.way.asked.lock().unwrap().clone();
        assert_eq!(
            asked,
            ["/v1/auth/refresh"],
            "it asked because of what it heard, and nothing else"
        );
        assert_eq!(deaf.keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
        let next = Request::builder()
            .method(Method::GET)
            .uri("/v1/auth/me")
            .body(Bytes::new())
            .unwrap();
        assert_eq!(deaf.keeper.client().send(next).await.unwrap().status(), 401);
        deaf.ended().await;
    }
}
