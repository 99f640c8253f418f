//! Callers who hang up: what they began is still written or not begun, and can be asked for again.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::house::{House, PASSWORD, request};

#[tokio::test]
async fn a_refresh_whose_answer_nobody_waits_for_can_be_repeated() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    for attempts in 0..20_u32 {
        let body = json!({ "refresh_token": camille.refresh, "attempt_id": Uuid::from_u128(1) });
        let call =
            house
                .router
                .clone()
                .oneshot(request(http::Method::POST, "/v1/auth/refresh", None, Some(body)));
        let mut call = std::pin::pin!(call);
        for _ in 0..attempts {
            tokio::select! {
                biased;
                _ = &mut call => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let next = house.refresh(&camille.refresh, 1).await.fine();
    assert_eq!(next["generation"], 1);
}

#[tokio::test]
async fn callers_who_hang_up_do_not_use_up_the_password_pool() {
    let house = House::new().await;
    for n in 0..200 {
        let body = json!({ "username": format!("u{}", n % 50), "password": "wrong", "device_name": "x" });
        let call =
            house
                .router
                .clone()
                .oneshot(request(http::Method::POST, "/v1/auth/login", None, Some(body)));
        tokio::select! {
            biased;
            _ = call => {}
            () = std::future::ready(()) => {}
        }
    }
    // The last of them may have come as far as the pool: it gives its place back when its turn comes, not before.
    let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1" });
    for _ in 0..1_000 {
        let answer = house.login(body.clone()).await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            answer.fine();
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the pool's places were not given back");
}
