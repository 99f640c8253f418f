//! What the keeper does with what the server lets be known: it asks; and what hostile streams cannot do to it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use keeper::transport::InProcessTransport;
use keeper::vault::MemoryVault;
use keeper::{Keeper, KeeperConfig, ServerEvent};
use keeper_core::{Banner, EndReason, SessionPhase};
use protocol::ErrorCode;
use protocol::event::NoticeAdded;
use protocol::notice::NoticeKind;
use support::events::Broadcast;
use support::{Pulse, Stage, signed_in, until, until_snapshot};
use tempfile::TempDir;

struct House {
    stage: Stage,
    folder: TempDir,
}

impl House {
    async fn new(stream: Broadcast) -> Self {
        let stage = Stage::open(600).await;
        stage.inner.events.be(stream);
        Self {
            stage,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn keeper(&self) -> Keeper {
        let keeper = self
            .stage
            .keeper(self.folder.path(), &Arc::new(MemoryVault::new()))
            .await;
        signed_in(&keeper).await;
        keeper
    }

    async fn heard_by(&self) -> Keeper {
        let keeper = self.keeper().await;
        until("listening", || self.stage.inner.events.listening() == 1).await;
        keeper
    }

    fn tell_of_the_end(&self, keeper: &Keeper) {
        let id = keeper.snapshots().borrow().session_id.clone().unwrap();
        let data = format!("{{\"session_id\":\"{id}\",\"code\":\"session_revoked\"}}");
        self.stage.inner.events.tell("session_ended", &data);
    }
}

fn call(method: Method, path: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Bytes::new())
        .unwrap()
}

fn ended() -> Banner {
    Banner::Ended {
        reason: EndReason::Revoked,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_elsewhere_is_known_long_before_the_next_refresh() {
    let house = House::new(Broadcast::Sound).await;
    let keeper = house.heard_by().await;
    house.stage.end_sessions(ErrorCode::SessionRevoked);
    house.tell_of_the_end(&keeper);
    until_snapshot(&keeper, "ended", |snapshot| snapshot.banner == ended()).await;
    assert_eq!(
        house.stage.refreshes(),
        1,
        "one refresh asked, five minutes early"
    );
    until("nobody listens", || house.stage.inner.events.listening() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_in_process_as_it_does_over_a_socket() {
    let inner = Stage::inner(600);
    inner.events.be(Broadcast::Sound);
    let stage = Stage::open(600).await;
    let folder = tempfile::tempdir().unwrap();
    let config = KeeperConfig {
        transport: Arc::new(InProcessTransport::new(Stage::router(&inner))),
        server: keeper::ServerTarget::Embedded,
        ..stage.config(folder.path(), Arc::new(MemoryVault::new()))
    };
    let keeper = Keeper::open(config).await.unwrap();
    keeper.settled().await;
    signed_in(&keeper).await;
    until("listening", || inner.events.listening() == 1).await;
    for session in inner.sessions.lock().unwrap().values_mut() {
        session.ended = Some(ErrorCode::SessionRevoked);
    }
    let id = keeper.snapshots().borrow().session_id.clone().unwrap();
    let data = format!("{{\"session_id\":\"{id}\",\"code\":\"session_revoked\"}}");
    inner.events.tell("session_ended", &data);
    until_snapshot(&keeper, "ended", |snapshot| snapshot.banner == ended()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_not_so_costs_a_refresh_and_ends_nothing() {
    let house = House::new(Broadcast::Sound).await;
    let keeper = house.heard_by().await;
    house.tell_of_the_end(&keeper);
    until_snapshot(&keeper, "asked", |snapshot| snapshot.refreshes == 1).await;
    for (name, data) in [
        (
            "session_ended",
            "{\"session_id\":\"00000000-0000-7000-8000-00000000ffff\",\"code\":\"session_revoked\"}",
        ),
        ("session_ended", "garbage"),
        ("session_ended", "{}"),
        ("sign_out_now", "{}"),
        ("", ""),
    ] {
        house.stage.inner.events.tell(name, data);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let snapshot = keeper.snapshots().borrow().clone();
    assert_eq!((snapshot.phase, snapshot.refreshes), (SessionPhase::SignedIn, 1));
    assert_eq!(house.stage.inner.events.asked(), 1, "the stream was kept open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_and_changes_are_handed_on_to_whoever_shows_them() {
    let house = House::new(Broadcast::Sound).await;
    let keeper = house.heard_by().await;
    let mut events = keeper.events();
    let notice = NoticeAdded {
        id: uuid::Uuid::from_u128(5),
        kind: NoticeKind::NewDevice,
    };
    let told = &house.stage.inner.events;
    told.tell("notice", &serde_json::to_string(&notice).unwrap());
    assert_eq!(events.recv().await.unwrap(), ServerEvent::Notice(notice));
    assert_eq!(
        keeper.snapshots().borrow().refreshes,
        0,
        "a notice changes nothing"
    );
    told.tell("categories_changed", "{}");
    assert_eq!(events.recv().await.unwrap(), ServerEvent::CategoriesChanged);
    told.tell("alerts_changed", "{}");
    assert_eq!(events.recv().await.unwrap(), ServerEvent::AlertsChanged);
    assert_eq!(
        keeper.snapshots().borrow().refreshes,
        0,
        "they change no deadline"
    );
    told.tell("settings_changed", "{}");
    assert_eq!(events.recv().await.unwrap(), ServerEvent::SettingsChanged);
    until_snapshot(&keeper, "the new deadlines", |snapshot| snapshot.refreshes == 1).await;
    told.tell("organization_changed", "{}");
    assert_eq!(events.recv().await.unwrap(), ServerEvent::OrganizationChanged);
    until_snapshot(&keeper, "the new token", |snapshot| snapshot.refreshes == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_streams_end_nothing_and_cost_little() {
    let id = "00000000-0000-7000-8000-000000000000";
    let end =
        format!("event: session_ended\ndata: {{\"session_id\":\"{id}\",\"code\":\"session_revoked\"}}\n\n");
    let streams = [
        Broadcast::Endless(Bytes::from(vec![b'a'; 8 << 10])),
        Broadcast::Endless(Bytes::from_static(b"data: a\n")),
        Broadcast::Endless(Bytes::from_static(b":\n\n")),
        Broadcast::Endless(Bytes::from(end)),
        Broadcast::Endless(Bytes::from_static(b"event: organization_changed\ndata: {}\n\n")),
        Broadcast::Once(Bytes::from_static(b"event: notice\ndata: \xff\xfe\n\n\0\0")),
        Broadcast::Once(Bytes::from_static(b"<html>")),
        Broadcast::Once(Bytes::new()),
    ];
    for stream in streams {
        let house = House::new(stream.clone()).await;
        let keeper = house.keeper().await;
        until("heard", || house.stage.inner.events.asked() >= 3).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let events = &house.stage.inner.events;
        let snapshot = keeper.snapshots().borrow().clone();
        assert_eq!(
            (snapshot.phase, snapshot.banner),
            (SessionPhase::SignedIn, Banner::Hidden),
            "{stream:?}"
        );
        let (asked, refreshes) = (events.asked(), house.stage.refreshes());
        assert!(
            asked < 60,
            "{stream:?}: {asked} streams, with pauses of 400 ms at most"
        );
        assert!(refreshes <= 4, "{stream:?}: {refreshes} refreshes");
        // What lies in the sockets' buffers was taken from the stage and not by the keeper.
        let taken = events.taken.load(Ordering::SeqCst);
        assert!(
            taken < asked * (8 << 20),
            "{stream:?}: {taken} bytes in {asked} streams"
        );
        assert_eq!(
            keeper
                .client()
                .send(call(Method::GET, "/v1/auth/me"))
                .await
                .unwrap()
                .status(),
            200
        );
        keeper.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_listener_does_not_ask_again_with_the_same_token() {
    let house = House::new(Broadcast::Refuses(ErrorCode::TokenExpired)).await;
    let keeper = house.keeper().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = house.stage.inner.events.asked();
    assert!((1..=4).contains(&asked), "{asked}");
    assert!(house.stage.refreshes() <= asked, "{}", house.stage.refreshes());
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_events_is_asked_once() {
    let house = House::new(Broadcast::Absent).await;
    let keeper = house.keeper().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(house.stage.inner.events.asked(), 1);
    keeper.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_sign_in_is_listened_to_at_once_whatever_became_of_the_streams_before() {
    let house = House::new(Broadcast::Absent).await;
    let keeper = house.keeper().await;
    let events = &house.stage.inner.events;
    until("asked in vain", || events.asked() == 1).await;
    events.be(Broadcast::Sound);
    keeper.sign_out().await;
    signed_in(&keeper).await;
    until("listening", || events.listening() == 1).await;
    assert_eq!(events.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_listens_while_the_server_is_away_or_nobody_is_signed_in() {
    let house = House::new(Broadcast::Sound).await;
    let keeper = house.heard_by().await;
    house.stage.pulse(Pulse::Ill);
    keeper.operator_input();
    let events = &house.stage.inner.events;
    until("the stream is dropped", || events.listening() == 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(events.asked(), 1, "nothing is asked of a server that is away");
    house.stage.pulse(Pulse::Steady);
    until("listening again", || events.listening() == 1).await;
    keeper.sign_out().await;
    until("the stream is dropped", || events.listening() == 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(events.asked(), 2);
    house.stage.inner.sessions.lock().unwrap().clear();
    keeper.sign_in("paul", support::password()).await.unwrap();
    until("listening for paul", || events.listening() == 1).await;
}
