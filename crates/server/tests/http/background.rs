//! What the server does beside its calls: times of use in batches, and sessions that ended long ago.

use std::time::Duration;

use server::background::Background;
use store::session::RevokeReason;
use store::{Identity, Sessions as _};

use crate::house::{House, SignedIn, entry};
use crate::unreliable::Mood;

const DAY: u64 = 24 * 60 * 60;

async fn identity(house: &House, who: &SignedIn) -> Option<Identity> {
    house.store.identity(who.id).await.unwrap()
}

/// Waits until the background has done its first round.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn uses_are_written_together_and_not_at_each_call() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let began = identity(&house, &camille).await.unwrap().session.last_used_at;
    house.pass(60);
    for _ in 0..5 {
        house.get("/v1/auth/me", &camille.access).await.fine();
    }
    assert_eq!(
        identity(&house, &camille).await.unwrap().session.last_used_at,
        began
    );
    let background = Background::start(&house.server);
    until(async || identity(&house, &camille).await.unwrap().session.last_used_at == began + 60_000).await;
    background.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_at_the_end() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let background = Background::start(&house.server);
    tokio::task::yield_now().await;
    house.pass(60);
    house.get("/v1/auth/me", &camille.access).await.fine();
    background.stop().await;
    let session = identity(&house, &camille).await.unwrap().session;
    assert_eq!(session.last_used_at, house.now_ms());
    assert_eq!(session.origin.ip_address, "local");
}

#[tokio::test]
async fn what_cannot_be_written_waits_for_the_store() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.pass(60);
    house.get("/v1/auth/me", &camille.access).await.fine();
    house.store.becomes(Mood::Away);
    Background::start(&house.server).stop().await;
    house.store.becomes(Mood::Works);
    Background::start(&house.server).stop().await;
    let session = identity(&house, &camille).await.unwrap().session;
    assert_eq!(session.last_used_at, house.now_ms());
}

#[tokio::test]
async fn sessions_that_ended_long_ago_are_deleted_and_no_others() {
    let house = House::new().await;
    let revoked = house.sign_in("camille", "till").await;
    let expired = house.sign_in("camille", "till").await;
    house
        .store
        .revoke_session(
            revoked.id,
            None,
            None,
            RevokeReason::ByOwner,
            house.now_ms(),
            entry(),
        )
        .await
        .unwrap();
    house.pass(29 * DAY);
    let recent = house.sign_in("camille", "till").await;
    house
        .store
        .revoke_session(
            recent.id,
            None,
            None,
            RevokeReason::ByOwner,
            house.now_ms(),
            entry(),
        )
        .await
        .unwrap();
    let background = Background::start(&house.server);
    house.get("/v1/auth/me", &revoked.access).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    background.stop().await;
    assert!(identity(&house, &revoked).await.is_some());

    house.pass(2 * DAY);
    let live = house.sign_in("camille", "till").await;
    let background = Background::start(&house.server);
    until(async || identity(&house, &revoked).await.is_none()).await;
    background.stop().await;
    assert!(identity(&house, &recent).await.is_some() && identity(&house, &live).await.is_some());
    // It reached its absolute end a day ago, and is kept for thirty more.
    assert!(identity(&house, &expired).await.is_some());
}
