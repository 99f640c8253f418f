//! Working in another organisation: one call, and no token of the one before is handed out afterwards, whatever else happens.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use keeper::vault::MemoryVault;
use keeper::{Keeper, RequestError, SwitchError};
use keeper_core::{SessionPhase, Trouble};
use protocol::ErrorCode;
use support::events::Broadcast;
use support::{Mood, Stage, signed_in, until};
use tempfile::TempDir;
use uuid::Uuid;

const THERE: Uuid = Uuid::from_u128(7);

struct House {
    stage: Stage,
    folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let stage = Stage::open(600).await;
        stage.inner.events.be(Broadcast::Sound);
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
        until("listening", || self.stage.inner.events.listening() == 1).await;
        keeper
    }

    fn switching(&self, mood: Mood) {
        *self.stage.inner.switching.lock().unwrap() = mood;
    }

    fn switches(&self) -> u32 {
        self.stage.inner.switches.load(Ordering::SeqCst)
    }
}

fn call(method: Method, path: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Bytes::new())
        .unwrap()
}

/// A sale without a key: it is sent once, so a token of the organisation before would show.
async fn sells(keeper: &Keeper) {
    let answer = keeper
        .client()
        .send(call(Method::POST, "/v1/sales"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_and_one_refresh_and_its_own_echo_costs_nothing() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    for turn in 1..=3 {
        let before = keeper.access().unwrap().serial;
        let me = keeper.switch_organization(THERE).await.unwrap();
        assert_eq!(
            (me.organization_id, me.organization_name.as_str()),
            (THERE, "Atelier")
        );
        assert!(keeper.access().unwrap().serial > before);
        sells(&keeper).await;
        assert_eq!((house.switches(), house.stage.refreshes()), (turn, turn));
        house.stage.inner.events.tell("organization_changed", "{}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(house.stage.refreshes(), turn, "the echo of one's own act");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_left_before_does_not_bring_the_organisation_before_back() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    house.stage.mood(Mood::AnswersLate(Duration::from_millis(600)));
    house.stage.inner.events.tell("organization_changed", "{}");
    until("the refresh left", || {
        house.stage.inner.rotations.load(Ordering::SeqCst) == 1
    })
    .await;

    keeper.switch_organization(THERE).await.unwrap();

    sells(&keeper).await;
    assert_eq!((house.switches(), house.stage.refreshes()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_that_ran_out_is_renewed_first() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    house.stage.expire_access();
    keeper.switch_organization(THERE).await.unwrap();
    sells(&keeper).await;
    assert_eq!((house.switches(), house.stage.refreshes()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_leaves_everything_as_it_was() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    let before = keeper.access().unwrap().serial;
    house.switching(Mood::Refuses(ErrorCode::OrganizationNotFound));
    let refused = keeper.switch_organization(THERE).await.unwrap_err();
    let code = ErrorCode::OrganizationNotFound;
    assert_eq!(
        refused,
        SwitchError::Refused {
            code,
            retry_after_seconds: None
        }
    );
    assert_eq!(refused.code(), "organization_not_found");
    assert_eq!(keeper.access().unwrap().serial, before);
    sells(&keeper).await;
    assert_eq!(house.stage.refreshes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_told_as_doubt_and_the_next_token_fits_wherever_the_session_is() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    let before = keeper.access().unwrap().serial;
    house.switching(Mood::LosesAnswers(1));
    let doubt = keeper.switch_organization(THERE).await.unwrap_err();
    assert!(matches!(doubt, SwitchError::InDoubt { .. }), "{doubt:?}");
    assert_eq!(doubt.code(), "switch_in_doubt");
    until("a newer token", || keeper.access().unwrap().serial > before).await;
    sells(&keeper).await;
    assert_eq!(house.switches(), 1, "nothing is asked twice by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_between_the_answer_and_the_token_says_that_the_session_has_moved() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    house
        .stage
        .mood(Mood::Says(503, "text/html", "<html>".to_owned()));
    let pending = keeper.switch_organization(THERE).await.unwrap_err();
    assert_eq!(pending.code(), "token_pending");
    let SwitchError::TokenPending { me, trouble } = pending else {
        panic!("{pending:?}")
    };
    assert_eq!((me.organization_id, trouble), (THERE, Trouble::ServerDown));
    assert!(keeper.access().is_none(), "nobody is handed the token of before");
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
    house.stage.mood(Mood::Sound);
    until("the token came", || keeper.access().is_some()).await;
    sells(&keeper).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_moved_who_is_not_signed_in_or_signs_out_meanwhile() {
    let house = House::new().await;
    let keeper = house.keeper().await;
    house.stage.mood(Mood::AnswersLate(Duration::from_millis(500)));
    let moving = keeper.clone();
    let moving = tokio::spawn(async move { moving.switch_organization(THERE).await });
    until("the refresh left", || house.stage.refreshes() == 1).await;
    keeper.sign_out().await;
    let over = SwitchError::NotAsked(RequestError::SignedOut);
    assert_eq!(moving.await.unwrap(), Err(over.clone()));
    assert_eq!(keeper.switch_organization(THERE).await, Err(over));
    assert_eq!(house.switches(), 1);
    assert!(keeper.access().is_none());
}
