//! A store that goes away at any point of any call: the answer is 503 with a time to try again, and never a refusal.

use protocol::ErrorCode;
use serde_json::json;
use uuid::Uuid;

use crate::house::{House, PASSWORD};
use crate::unreliable::Mood;
use crate::valid_calls::{Targets, calls};

/// No route asks the store more often than this.
const ASKED_MOST: u32 = 16;

#[tokio::test]
async fn every_route_says_that_the_store_is_away_wherever_it_goes() {
    let count = {
        let house = House::new().await;
        let alix = house.super_admin().await;
        let targets = Targets::of(&house, &alix).await;
        calls(&house, &targets).len()
    };
    for at in 0..count {
        let house = House::new().await;
        let alix = house.super_admin().await;
        house.confirm(&alix).await;
        let targets = Targets::of(&house, &alix).await;
        let call = calls(&house, &targets).swap_remove(at);
        let mut refused = 0;
        for works_for in 0..ASKED_MOST {
            house.store.works_for(works_for);
            let answer = call.with(&house, &alix.access).await;
            if call.got_there(&answer) {
                break;
            }
            let problem = answer.problem(ErrorCode::StoreUnavailable);
            assert!(problem["retry_after_seconds"].as_u64().unwrap() > 0);
            assert!(problem.get("redirect").is_none());
            refused += 1;
        }
        assert!(
            (1..ASKED_MOST).contains(&refused),
            "{call:?} was refused {refused} times"
        );
    }
}

#[tokio::test]
async fn signing_in_and_refreshing_say_so_too() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    for works_for in 0..2 {
        house.store.works_for(works_for);
        house
            .login(json!({ "username": "camille", "password": PASSWORD, "device_name": "x" }))
            .await
            .problem(ErrorCode::StoreUnavailable);
        let wrong = json!({ "username": "camille", "password": "wrong", "device_name": "x" });
        if works_for == 1 {
            // The denial cannot be written down, so it is not told either.
            house.store.works_for(works_for);
            house.login(wrong).await.problem(ErrorCode::StoreUnavailable);
        }
        house.store.works_for(0);
        house
            .refresh(&camille.refresh, 1)
            .await
            .problem(ErrorCode::StoreUnavailable);
    }
    house.store.works_for(u32::MAX);
    house.refresh(&camille.refresh, 1).await.fine();
}

#[tokio::test]
async fn a_full_disk_is_no_refusal_either() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.store.becomes(Mood::DiskFull);
    for path in [
        "/v1/auth/me",
        "/v1/auth/sessions",
        "/v1/auth/notices",
        "/v1/auth/organizations",
    ] {
        house
            .get(path, &camille.access)
            .await
            .problem(ErrorCode::StoreUnavailable);
    }
    let key = Uuid::from_u128(1).to_string();
    house
        .sell(&camille.access, &key, house.sale())
        .await
        .problem(ErrorCode::StoreUnavailable);
}
