//! Signing out is final: no answer, no crash and no restart brings the session back, and the server learns of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use keeper::vault::{MemoryVault, Vault};
use keeper::{Keeper, KeeperConfig, SlotId};
use keeper_core::SessionPhase;
use protocol::ErrorCode;
use support::line::Line;
use support::{Stage, password, signed_in, until, until_snapshot};
use tempfile::TempDir;

struct Till {
    stage: Stage,
    folder: TempDir,
    vault: Arc<MemoryVault>,
    line: Arc<Line>,
}

impl Till {
    async fn new(expires_in_seconds: u64) -> Self {
        let stage = Stage::open(expires_in_seconds).await;
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(MemoryVault::new());
        let line = Line::over(
            stage
                .config(folder.path(), Arc::clone(&vault) as Arc<dyn Vault>)
                .transport,
        );
        Self {
            stage,
            folder,
            vault,
            line,
        }
    }

    fn config(&self, folder: &Path) -> KeeperConfig {
        KeeperConfig {
            transport: Arc::clone(&self.line) as Arc<dyn keeper::Transport>,
            ..self
                .stage
                .config(folder, Arc::clone(&self.vault) as Arc<dyn Vault>)
        }
    }

    async fn keeper(&self) -> Keeper {
        let keeper = Keeper::open(self.config(self.folder.path())).await.unwrap();
        keeper.settled().await;
        keeper
    }

    fn stored(&self) -> Option<Vec<u8>> {
        let slot = SlotId::of(&self.stage.target(), "marie");
        self.vault.peek(slot.as_str())
    }

    /// The sessions that the server still takes.
    fn live(&self) -> usize {
        let sessions = self.stage.inner.sessions.lock().unwrap();
        sessions
            .values()
            .filter(|session| session.ended.is_none())
            .count()
    }

    async fn stays_signed_out(&self, keeper: Keeper) {
        assert_eq!(self.stored(), None);
        assert!(keeper.access().is_none());
        assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedOut);
        keeper.shutdown().await;
        let next = self.keeper().await;
        assert_eq!(next.snapshots().borrow().phase, SessionPhase::SignedOut);
        assert!(next.access().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_after_signing_out_is_nobodys() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    till.line.hold("/v1/auth/refresh");
    till.stage.expire_access();
    let client = keeper.client();
    let caller = tokio::spawn(async move {
        let me = Request::builder().uri("/v1/auth/me").body(Bytes::new()).unwrap();
        client.send(me).await
    });
    until("the server has rotated", || till.line.kept_back() == 1).await;
    let leaving = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.sign_out().await }
    });
    until_snapshot(&keeper, "signed out", |snapshot| {
        snapshot.phase == SessionPhase::SignedOut
    })
    .await;
    assert!(caller.await.unwrap().is_err());

    till.line.let_go();

    leaving.await.unwrap();
    until("the server knows", || till.live() == 0).await;
    let rotations = till.stage.inner.rotations.load(Ordering::SeqCst);
    assert_eq!(
        rotations, 1,
        "the farewell repeated the attempt that was under way"
    );
    till.stays_signed_out(keeper).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_told_when_it_can_be_reached_again() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    signed_in(&keeper).await;
    till.line.cut();

    keeper.sign_out().await;

    assert_eq!((till.stored(), till.live()), (None, 1));
    till.line.mend();
    until("the server knows", || till.live() == 0).await;
    let logouts = till.stage.inner.logouts.load(Ordering::SeqCst);
    assert_eq!((logouts, till.stage.refreshes()), (1, 0));
    till.stays_signed_out(keeper).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_told_though_the_access_token_has_died_meanwhile() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    signed_in(&keeper).await;
    till.line.cut();
    keeper.sign_out().await;
    till.stage.expire_access();
    till.line.mend();
    until("the server knows", || till.live() == 0).await;
    let inner = &till.stage.inner;
    let told = (
        inner.logouts.load(Ordering::SeqCst),
        inner.rotations.load(Ordering::SeqCst),
    );
    assert_eq!(told, (1, 0), "one renewal without rotation, one farewell");
    till.stays_signed_out(keeper).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_later_does_not_touch_the_session_that_follows() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    signed_in(&keeper).await;
    till.line.hold("/v1/auth/logout");
    let leaving = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.sign_out().await }
    });
    until("the farewell left", || till.line.kept_back() == 1).await;
    keeper.sign_in("Marie", password()).await.unwrap();
    till.line.let_go();
    leaving.await.unwrap();
    until("one is left", || till.live() == 1).await;
    let sale = Request::builder()
        .method(Method::POST)
        .uri("/v1/sales")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(keeper.client().send(sale).await.unwrap().status(), 201);
    keeper.shutdown().await;
    let next = till.keeper().await;
    until_snapshot(&next, "back", |snapshot| snapshot.phase == SessionPhase::SignedIn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_over_already_is_not_told_of_for_ever() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    signed_in(&keeper).await;
    till.line.cut();
    keeper.sign_out().await;
    till.stage.end_sessions(ErrorCode::SessionRevoked);
    till.line.mend();
    let calls = || till.line.calls("/v1/auth/logout") + till.line.calls("/v1/auth/refresh");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = calls();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(calls(), told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_over_a_session_ends_it_on_the_server_whether_its_token_lives_or_not() {
    let till = Till::new(600).await;
    let keeper = till.keeper().await;
    for turn in 0..4 {
        signed_in(&keeper).await;
        until("one is left", || till.live() == 1).await;
        if turn % 2 == 0 {
            till.stage.expire_access();
        }
    }
    // The line goes down as soon as the next sign-in has been answered.
    till.line.hold("/v1/auth/login");
    let entering = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.sign_in("Marie", password()).await }
    });
    until("the server has begun another", || {
        till.live() == 2 && till.line.kept_back() == 1
    })
    .await;
    till.line.hold("/v1/auth/logout");
    entering.await.unwrap().unwrap();
    until("the farewell is under way", || till.line.kept_back() == 2).await;
    till.line.cut();
    till.line.let_go();
    tokio::time::sleep(Duration::from_millis(300)).await;
    till.line.mend();
    until("one is left", || till.live() == 1).await;
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
}
