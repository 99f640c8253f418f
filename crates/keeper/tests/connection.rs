//! What the operator is told of the connection, and what sleep and clocks do to a session.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use keeper::vault::{MemoryVault, Vault};
use keeper::{BoottimeClock, Clock, Keeper};
use keeper_core::{Banner, Connection, Moment, Notice, SessionPhase, Span, Trouble};
use support::{Mood, Pulse, Stage, signed_in, until, until_snapshot};
use tokio::time::Instant;

fn me() -> Request<Bytes> {
    Request::builder().uri("/v1/auth/me").body(Bytes::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_shows_within_three_seconds_is_notified_once_and_comes_back() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    let mut notices = keeper.notices();
    signed_in(&keeper).await;
    keeper.operator_input();
    tokio::time::sleep(Duration::from_millis(500)).await;

    stage.pulse(Pulse::Silent);
    let cut = Instant::now();
    until_snapshot(&keeper, "the banner", |snapshot| {
        snapshot.banner == Banner::Offline
    })
    .await;
    assert!(cut.elapsed() < Duration::from_secs(3), "{:?}", cut.elapsed());
    let snapshot = keeper.snapshots().borrow().clone();
    assert_eq!(snapshot.phase, SessionPhase::SignedIn);
    assert!(snapshot.next_attempt.is_some());

    let tried = Instant::now();
    let after = keeper.retry().await;
    assert!(tried.elapsed() < Duration::from_secs(3), "{:?}", tried.elapsed());
    assert_eq!(
        after.connection,
        Connection::Lost {
            trouble: Trouble::Offline
        }
    );
    let notice = tokio::time::timeout(Duration::from_secs(6), notices.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        notice,
        Notice::ConnectionLost {
            trouble: Trouble::Offline
        }
    );

    stage.pulse(Pulse::Steady);
    let back = Instant::now();
    until_snapshot(&keeper, "healthy", |snapshot| snapshot.banner == Banner::Hidden).await;
    assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
    let notice = tokio::time::timeout(Duration::from_secs(1), notices.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(notice, Notice::ConnectionBack);
    assert_eq!(keeper.client().send(me()).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_finds_a_server_that_is_back_at_once() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    stage.pulse(Pulse::Ill);
    let down = Banner::ServerDown {
        trouble: Trouble::ServerDown,
    };
    until_snapshot(&keeper, "the banner", |snapshot| snapshot.banner == down).await;
    stage.pulse(Pulse::Steady);
    let snapshot = keeper.retry().await;
    assert_eq!(
        (snapshot.banner, snapshot.connection),
        (Banner::Hidden, Connection::Online)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_outlives_an_outage_longer_than_its_access_token() {
    let (stage, folder, vault) = (
        Stage::open(2).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    stage.pulse(Pulse::Ill);
    stage.mood(Mood::Says(502, "text/html", String::new()));
    until_snapshot(&keeper, "no access", |snapshot| snapshot.access_end.is_none()).await;
    let asked = Instant::now();
    assert!(keeper.client().send(me()).await.unwrap_err().is_transient());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);

    stage.pulse(Pulse::Steady);
    stage.mood(Mood::Sound);

    until_snapshot(&keeper, "access again", |snapshot| snapshot.access_end.is_some()).await;
    assert_eq!(keeper.client().send(me()).await.unwrap().status(), 200);
}

/// The real clocks, moved: sleep moves the one that counts it, and somebody sets the wall clock.
struct Moved {
    slept_ms: AtomicU64,
    wall_off_ms: AtomicI64,
}

impl Clock for Moved {
    fn now(&self) -> Moment {
        BoottimeClock::new().now() + Span::from_ms(self.slept_ms.load(Ordering::SeqCst))
    }
    fn awake(&self) -> Moment {
        BoottimeClock::new().awake()
    }
    fn wall_ms(&self) -> i64 {
        BoottimeClock::new().wall_ms() + self.wall_off_ms.load(Ordering::SeqCst)
    }
    fn boot_id(&self) -> String {
        BoottimeClock::new().boot_id()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_night_of_sleep_the_session_is_refreshed_within_seconds() {
    let (stage, folder) = (Stage::open(600).await, tempfile::tempdir().unwrap());
    let clock = Arc::new(Moved {
        slept_ms: AtomicU64::new(0),
        wall_off_ms: AtomicI64::new(0),
    });
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::new());
    let mut config = stage.config(folder.path(), vault);
    config.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let keeper = Keeper::open(config).await.unwrap();
    signed_in(&keeper).await;
    stage.expire_access();

    clock.slept_ms.store(8 * 3_600_000, Ordering::SeqCst);
    let woke = Instant::now();

    until_snapshot(&keeper, "refreshed", |snapshot| snapshot.refreshes == 1).await;
    assert!(woke.elapsed() < Duration::from_secs(4), "{:?}", woke.elapsed());
    assert_eq!(keeper.client().send(me()).await.unwrap().status(), 200);
    assert_eq!(stage.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_clock_may_jump_by_ten_years_either_way() {
    let (stage, folder) = (Stage::open(600).await, tempfile::tempdir().unwrap());
    let clock = Arc::new(Moved {
        slept_ms: AtomicU64::new(0),
        wall_off_ms: AtomicI64::new(0),
    });
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::new());
    let mut config = stage.config(folder.path(), vault);
    config.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let keeper = Keeper::open(config).await.unwrap();
    signed_in(&keeper).await;
    let end = keeper.snapshots().borrow().access_end;
    for years in [10, -10] {
        clock
            .wall_off_ms
            .store(years * 365 * 86_400_000, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(keeper.client().send(me()).await.unwrap().status(), 200);
    }
    assert_eq!(
        (stage.refreshes(), keeper.snapshots().borrow().access_end),
        (0, end)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_device_counted_goes_with_a_ping_and_once_more_where_that_failed() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let mut config = stage.config(folder.path(), Arc::clone(&vault) as Arc<dyn Vault>);
    config.knobs.ping_spacing = Span::from_ms(200);
    let keeper = Keeper::open(config).await.unwrap();
    keeper.settled().await;
    signed_in(&keeper).await;
    stage.expire_access();
    assert_eq!(keeper.client().send(me()).await.unwrap().status(), 200);
    stage.pulse(Pulse::Ill);
    until_snapshot(&keeper, "the banner", |snapshot| {
        matches!(snapshot.connection, Connection::Lost { .. })
    })
    .await;
    stage.pulse(Pulse::Steady);
    until_snapshot(&keeper, "the server is back", |snapshot| {
        snapshot.connection == Connection::Online
    })
    .await;
    stage.inner.pings_to_fail.store(1, Ordering::SeqCst);

    keeper.operator_input();
    until("the failed ping is repeated", || {
        stage.inner.told.lock().unwrap().len() == 2
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    keeper.operator_input();
    until("a third ping", || stage.inner.told.lock().unwrap().len() >= 3).await;

    let told = stage.inner.told.lock().unwrap().clone();
    assert_eq!(told[0]["report"]["incidents"], 1);
    assert_eq!(told[0]["report"]["refreshes"], 1);
    assert_eq!(told[1].get("report"), None, "a repeated ping stands for itself");
    assert_eq!(told[2]["report"]["incidents"], 1, "{told:?}");
    assert_eq!(told[2]["report"]["refreshes"], 1, "{told:?}");
    let seconds = |ping: &serde_json::Value| ping["report"]["observed_seconds"].as_u64().unwrap();
    assert!(seconds(&told[2]) > seconds(&told[0]), "{told:?}");
}
