//! One's own sessions, and nobody else's.

use protocol::ErrorCode;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::house::House;

#[tokio::test]
async fn a_list_holds_the_callers_live_sessions_newest_first() {
    let house = House::new().await;
    let first = house.sign_in("camille", "till").await;
    house.pass(10);
    let second = house.sign_in("camille", "desk").await;
    house.sign_in("dominique", "desk").await;
    house.sign_in("eva", "desk").await;
    let list = house.get("/v1/auth/sessions", &first.access).await.fine();
    let sessions = list["sessions"].as_array().unwrap();
    let ids: Vec<_> = sessions.iter().map(|s| s["session_id"].clone()).collect();
    assert_eq!(ids, [json!(second.id), json!(first.id)]);
    let current: Vec<_> = sessions.iter().map(|s| s["is_current"].clone()).collect();
    assert_eq!(current, [json!(false), json!(true)]);
    assert_eq!(sessions[0]["device_kind"], "desk");
    assert_eq!(sessions[0]["organization_name"], "Maison port");
    assert_eq!(sessions[0]["ip_address"], "local");
    house.pass(9 * 60 * 60);
    let access = house.refresh(&first.refresh, 1).await.fine()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = house.get("/v1/auth/sessions", &access).await.fine();
    assert_eq!(
        list["sessions"].as_array().unwrap().len(),
        1,
        "an idle desk is no live session"
    );
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_its_very_next_request() {
    let house = House::new().await;
    let here = house.sign_in("camille", "till").await;
    let there = house.sign_in("camille", "desk").await;
    house.get("/v1/auth/me", &there.access).await.fine();
    house.confirm(&here).await;
    house
        .post(
            &format!("/v1/auth/sessions/{}/revoke", there.id),
            &here.access,
            json!({}),
        )
        .await
        .fine();
    house
        .get("/v1/auth/me", &there.access)
        .await
        .problem(ErrorCode::SessionRevoked);
    house
        .refresh(&there.refresh, 1)
        .await
        .problem(ErrorCode::SessionRevoked);
    house
        .post(
            &format!("/v1/auth/sessions/{}/revoke", there.id),
            &here.access,
            json!({}),
        )
        .await
        .problem(ErrorCode::SessionNotFound);
}

#[tokio::test]
async fn somebody_elses_session_an_unknown_one_and_no_id_are_the_same() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "desk").await;
    house.confirm(&camille).await;
    let mut answers = BTreeSet::new();
    for id in [
        eva.id.to_string(),
        Uuid::from_u128(7).to_string(),
        "nonsense".to_owned(),
    ] {
        let path = format!("/v1/auth/sessions/{id}/revoke");
        let mut problem = house
            .post(&path, &camille.access, json!({}))
            .await
            .problem(ErrorCode::SessionNotFound);
        problem.as_object_mut().unwrap().remove("request_id");
        answers.insert(problem.to_string());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    house.get("/v1/auth/me", &eva.access).await.fine();
}

#[tokio::test]
async fn revoking_the_others_leaves_this_one_and_other_peoples() {
    let house = House::new().await;
    let here = house.sign_in("camille", "till").await;
    let there = house.sign_in("camille", "desk").await;
    let eva = house.sign_in("eva", "desk").await;
    house.confirm(&here).await;
    let answer = house
        .post("/v1/auth/sessions/revoke-others", &here.access, json!({}))
        .await
        .fine();
    assert_eq!(answer["revoked"], 1);
    house.get("/v1/auth/me", &here.access).await.fine();
    house.get("/v1/auth/me", &eva.access).await.fine();
    house
        .get("/v1/auth/me", &there.access)
        .await
        .problem(ErrorCode::SessionRevoked);
}

#[tokio::test]
async fn the_current_session_is_not_revoked_by_this_call() {
    let house = House::new().await;
    let here = house.sign_in("camille", "till").await;
    let path = format!("/v1/auth/sessions/{}/revoke", here.id);
    house
        .post(&path, &here.access, json!({}))
        .await
        .problem(ErrorCode::CannotRevokeCurrentSession);
    house.get("/v1/auth/me", &here.access).await.fine();
}

#[tokio::test]
async fn closing_sessions_asks_for_the_password_again_and_for_five_minutes_only() {
    let house = House::new().await;
    let here = house.sign_in("camille", "till").await;
    let there = house.sign_in("camille", "desk").await;
    let path = format!("/v1/auth/sessions/{}/revoke", there.id);
    for path in [path.as_str(), "/v1/auth/sessions/revoke-others"] {
        house
            .post(path, &here.access, json!({}))
            .await
            .problem(ErrorCode::ReauthenticationRequired);
    }
    house.confirm(&here).await;
    house.pass(5 * 60);
    house
        .post(&path, &here.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&here).await;
    house.pass(5 * 60 - 1);
    house.post(&path, &here.access, json!({})).await.fine();
    house.get("/v1/auth/me", &here.access).await.fine();
}

#[tokio::test]
async fn one_session_that_gave_the_password_does_not_open_another() {
    let house = House::new().await;
    let here = house.sign_in("camille", "till").await;
    let there = house.sign_in("camille", "desk").await;
    house.confirm(&here).await;
    house
        .post("/v1/auth/sessions/revoke-others", &there.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
}

#[tokio::test]
async fn a_session_says_what_it_runs_on_and_when_it_ends() {
    let house = House::new().await;
    let desk = house.sign_in("camille", "desk").await;
    let till = house.sign_in("camille", "till").await;
    let list = house.get("/v1/auth/sessions", &desk.access).await.fine();
    let find = |id: Uuid| {
        let sessions = list["sessions"].as_array().unwrap().clone();
        sessions
            .into_iter()
            .find(|s| s["session_id"] == json!(id))
            .unwrap()
    };
    let (desk, till) = (find(desk.id), find(till.id));
    assert_eq!(desk["site_name"], "Quai");
    assert_eq!(desk["is_bound"], false);
    assert!(desk["idle_expires_at"].is_string() && till.get("idle_expires_at").is_none());
    assert!(desk.get("application").is_none(), "no program was named");
}
