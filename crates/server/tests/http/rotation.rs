//! Every row of the rotation table, over HTTP.

use protocol::ErrorCode;
use serde_json::{Value, json};
use server::ServerOptions;
use server::options::TestingOverrides;
use server::refresh_token::RefreshToken;
use std::num::NonZeroU32;
use uuid::Uuid;

use crate::house::House;
use crate::unreliable::Mood;

fn token(answer: &Value) -> &str {
    answer["refresh_token"].as_str().unwrap()
}

#[tokio::test]
async fn a_current_token_is_spent_for_its_successor() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let next = house.refresh(&camille.refresh, 1).await.fine();
    assert_eq!(next["generation"], 1);
    assert_ne!(token(&next), camille.refresh);
    assert_eq!(
        (&next["expires_in"], &next["refresh_in"]),
        (&json!(900), &json!(450))
    );
    house
        .get("/v1/auth/me", next["access_token"].as_str().unwrap())
        .await
        .fine();
}

#[tokio::test]
async fn a_repeated_attempt_gets_the_identical_successor_for_as_long_as_the_session_lives() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let first = house.refresh(&camille.refresh, 1).await.fine();
    house.pass(29 * 24 * 60 * 60);
    let again = house.refresh(&camille.refresh, 1).await.fine();
    assert_eq!(token(&first), token(&again));
    assert_ne!(first["access_token"], again["access_token"]);
    house
        .get("/v1/auth/me", again["access_token"].as_str().unwrap())
        .await
        .fine();
}

#[tokio::test]
async fn another_attempt_on_a_spent_token_closes_the_session_for_both_holders() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let next = house.refresh(&camille.refresh, 1).await.fine();
    house
        .refresh(&camille.refresh, 2)
        .await
        .problem(ErrorCode::RefreshReused);
    house
        .refresh(token(&next), 3)
        .await
        .problem(ErrorCode::RefreshReused);
    house
        .get("/v1/auth/me", next["access_token"].as_str().unwrap())
        .await
        .problem(ErrorCode::RefreshReused);
}

#[tokio::test]
async fn an_unknown_attempt_on_a_much_older_token_closes_the_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let second = house.refresh(&camille.refresh, 1).await.fine();
    house.refresh(token(&second), 2).await.fine();
    house
        .refresh(&camille.refresh, 3)
        .await
        .problem(ErrorCode::RefreshReused);
}

#[tokio::test]
async fn a_late_duplicate_changes_nothing() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let second = house.refresh(&camille.refresh, 1).await.fine();
    let third = house.refresh(token(&second), 2).await.fine();
    let late = house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::StaleAttempt);
    assert!(late.get("refresh_token").is_none() && late.get("access_token").is_none());
    house.refresh(token(&third), 3).await.fine();
}

#[tokio::test]
async fn a_token_ahead_of_a_restored_database_moves_it_forward_and_is_audited() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let ahead = RefreshToken::first(&house.keys, camille.id)
        .at_generation(5)
        .sign(&house.keys)
        .unwrap();
    let next = house.refresh(ahead.expose(), 1).await.fine();
    assert_eq!(next["generation"], 6);
    house.refresh(token(&next), 2).await.fine();
    let rows = house.audit_rows().await;
    let forwarded: Vec<_> = rows
        .iter()
        .filter(|row| row.action == "session.fast_forwarded")
        .collect();
    assert_eq!(forwarded.len(), 1);
    assert_eq!(forwarded[0].session_id, Some(camille.id));
}

#[tokio::test]
async fn without_rotation_the_same_token_comes_back_with_fresh_access() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let body = json!({ "refresh_token": camille.refresh, "attempt_id": Uuid::from_u128(1), "rotate": false });
    house.pass(23 * 60 * 60);
    for _ in 0..3 {
        let renewed = house.refresh_with(body.clone()).await.fine();
        assert_eq!(
            (token(&renewed), &renewed["generation"]),
            (camille.refresh.as_str(), &json!(0))
        );
        house
            .get("/v1/auth/me", renewed["access_token"].as_str().unwrap())
            .await
            .fine();
    }
    house.pass(2 * 60 * 60);
    house
        .refresh_with(body)
        .await
        .problem(ErrorCode::RotationRequired);
    house.refresh(&camille.refresh, 1).await.fine();
}

#[tokio::test]
async fn a_forged_or_garbled_token_never_reaches_the_database() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let other = House::new().await;
    let forged = RefreshToken::first(&other.keys, camille.id)
        .sign(&other.keys)
        .unwrap();
    let mut garbled = camille.refresh.clone();
    garbled.replace_range(20..21, if &garbled[20..21] == "A" { "B" } else { "A" });
    let asked = house.store.asked();
    for token in [forged.expose(), &garbled, "", "vr1_", camille.access.as_str()] {
        house.refresh(token, 1).await.problem(ErrorCode::RefreshInvalid);
    }
    assert_eq!(house.store.asked(), asked);
}

#[tokio::test]
async fn a_well_signed_token_of_no_session_is_invalid() {
    let house = House::new().await;
    let token = RefreshToken::first(&house.keys, Uuid::from_u128(1))
        .sign(&house.keys)
        .unwrap();
    house
        .refresh(token.expose(), 1)
        .await
        .problem(ErrorCode::RefreshInvalid);
}

#[tokio::test]
async fn a_store_that_fails_ends_no_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    for (mood, code) in [
        (Mood::Away, ErrorCode::StoreUnavailable),
        (Mood::DiskFull, ErrorCode::StoreUnavailable),
        (Mood::Faulty, ErrorCode::Internal),
        (Mood::Panics, ErrorCode::Internal),
    ] {
        house.store.becomes(mood);
        let problem = house.refresh(&camille.refresh, 1).await.problem(code);
        assert!(!problem.to_string().contains("canary"), "{problem}");
        house.get("/v1/auth/me", &camille.access).await.problem(code);
    }
    house.store.becomes(Mood::Works);
    house.refresh(&camille.refresh, 1).await.fine();
}

#[tokio::test]
async fn input_reported_with_a_refresh_keeps_a_desk_alive() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    assert_eq!(camille.whole["idle_expires_in"], 8 * 60 * 60);
    house.pass(7 * 60 * 60);
    let body = json!({
        "refresh_token": camille.refresh, "attempt_id": Uuid::from_u128(1), "last_input_age_seconds": 60
    });
    let next = house.refresh_with(body).await.fine();
    assert_eq!(next["idle_expires_in"], 8 * 60 * 60 - 60);
    house.pass(7 * 60 * 60);
    let next = house.refresh(token(&next), 2).await.fine();
    assert_eq!(next["idle_expires_in"], 60 * 60 - 60);
    house.pass(60 * 60);
    house
        .refresh(token(&next), 3)
        .await
        .problem(ErrorCode::SessionIdle);
}

#[tokio::test]
async fn a_till_does_not_end_by_idleness() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.pass(29 * 24 * 60 * 60);
    let next = house.refresh(&camille.refresh, 1).await.fine();
    assert!(next.get("idle_expires_in").is_none());
    assert_eq!(next["absolute_expires_in"], 24 * 60 * 60);
}

#[tokio::test]
async fn an_access_token_never_outlives_its_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.pass(30 * 24 * 60 * 60 - 100);
    let next = house.refresh(&camille.refresh, 1).await.fine();
    assert_eq!(
        (&next["expires_in"], &next["refresh_in"]),
        (&json!(100), &json!(50))
    );
    house.pass(100);
    house
        .refresh(token(&next), 2)
        .await
        .problem(ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_tests_seconds_take_the_place_of_the_settings() {
    let seconds = |n| NonZeroU32::new(n);
    let testing = TestingOverrides {
        access_token_seconds: seconds(10),
        idle_seconds: seconds(30),
        session_seconds: seconds(100),
        ..TestingOverrides::default()
    };
    let house = House::with(ServerOptions {
        testing,
        ..ServerOptions::default()
    })
    .await;
    let desk = house.sign_in("camille", "desk").await;
    assert_eq!(
        (&desk.whole["expires_in"], &desk.whole["refresh_in"]),
        (&json!(10), &json!(5))
    );
    assert_eq!(
        (&desk.whole["idle_expires_in"], &desk.whole["absolute_expires_in"]),
        (&json!(30), &json!(100))
    );
    house.pass(29);
    let body = json!({
        "refresh_token": desk.refresh, "attempt_id": Uuid::from_u128(1), "last_input_age_seconds": 4
    });
    let next = house.refresh_with(body).await.fine();
    assert_eq!(next["idle_expires_in"], 26);
    house.pass(26);
    house
        .refresh(token(&next), 2)
        .await
        .problem(ErrorCode::SessionIdle);
    let till = house.sign_in("camille", "till").await;
    house.pass(100);
    house
        .refresh(&till.refresh, 3)
        .await
        .problem(ErrorCode::SessionEnded);
}

#[tokio::test]
async fn many_callers_with_one_attempt_all_get_the_same_successor() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let answers = futures_util::future::join_all((0..32).map(|_| house.refresh(&camille.refresh, 1))).await;
    let tokens: std::collections::BTreeSet<String> = answers
        .into_iter()
        .map(|answer| token(&answer.fine()).to_owned())
        .collect();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn rotated_keys_leave_sessions_alone_and_replays_identical() {
    let mut house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let before = house.refresh(&camille.refresh, 1).await.fine();
    house.restart_with(house.keys.rotated().unwrap());
    let after = house.refresh(&camille.refresh, 1).await.fine();
    assert_eq!(token(&before), token(&after));
    house.get("/v1/auth/me", &camille.access).await.fine();
    house.refresh(token(&after), 2).await.fine();
    let newer = house.sign_in("camille", "till").await;
    assert_ne!(
        newer.refresh[..8],
        camille.refresh[..8],
        "a new session begins with the new key"
    );
}
