//! Everybody's sessions, as administrators see and end them.

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::House;

const LIST: &str = "/v1/admin/sessions";

fn owners(list: &Value) -> Vec<&str> {
    let sessions = list["sessions"].as_array().unwrap().iter();
    sessions
        .map(|session| session["username"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_administrator_sees_the_sessions_of_the_current_organisation_only() {
    let house = House::new().await;
    house.sign_in("camille", "till").await;
    house.sign_in("eva", "desk").await;
    house.pass(1);
    let dominique = house.sign_in("dominique", "desk").await;
    let list = house.get(LIST, &dominique.access).await.fine();
    assert_eq!(owners(&list), ["dominique", "camille"]);
    let own = &list["sessions"][0];
    assert_eq!(
        (&own["is_current"], &own["is_active"], &own["display_name"]),
        (&json!(true), &json!(true), &json!("DOMINIQUE"))
    );
    let elsewhere = format!("{LIST}?organization_id={}", house.other_organization);
    house
        .get(&elsewhere, &dominique.access)
        .await
        .problem(ErrorCode::OrganizationNotFound);
    let here = format!("{LIST}?organization_id={}", house.organization);
    assert_eq!(owners(&house.get(&here, &dominique.access).await.fine()).len(), 2);
    let alix = house.super_admin().await;
    let all = house.get(LIST, &alix.access).await.fine();
    assert_eq!(owners(&all).len(), 4);
    let there = house.get(&elsewhere, &alix.access).await.fine();
    assert_eq!(owners(&there), ["eva"]);
}

#[tokio::test]
async fn filters_hold_together_and_pages_miss_nobody() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.pass(60 * 60);
    let dominique = house.sign_in("dominique", "desk").await;
    for _ in 0..5 {
        house.sign_in("camille", "desk").await;
        house.pass(1);
    }
    let by = |query: String| {
        let access = dominique.access.clone();
        let house = &house;
        async move { house.get(&format!("{LIST}?{query}"), &access).await.fine() }
    };
    assert_eq!(owners(&by(format!("user_id={}", camille.user_id)).await).len(), 6);
    assert_eq!(owners(&by(format!("site_id={}", house.site)).await).len(), 7);
    assert_eq!(
        owners(&by(format!("site_id={}", house.other_site)).await).len(),
        0
    );
    assert_eq!(owners(&by("device=CAISSE".to_owned()).await).len(), 7);
    assert_eq!(owners(&by("device=bureau".to_owned()).await).len(), 0);
    assert_eq!(owners(&by("ip_address=loc".to_owned()).await).len(), 7);
    assert_eq!(owners(&by("ip_address=10.".to_owned()).await).len(), 0);
    let idle = by("idle_minutes=30".to_owned()).await;
    assert_eq!(idle["sessions"][0]["session_id"], json!(camille.id));
    assert_eq!(
        (owners(&idle).len(), &idle["sessions"][0]["is_active"]),
        (1, &json!(false))
    );
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    loop {
        let page = by(query).await;
        let ids = page["sessions"].as_array().unwrap().iter();
        seen.extend(ids.map(|session| session["session_id"].as_str().unwrap().to_owned()));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => query = format!("limit=3&after={next}"),
            None => break,
        }
    }
    let mut distinct = seen.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (7, 7));
    for (query, field) in [
        (format!("device={}", "x".repeat(65)), "device"),
        ("idle_minutes=525601".to_owned(), "idle_minutes"),
        ("user_id=none".to_owned(), "query"),
    ] {
        let problem = house
            .get(&format!("{LIST}?{query}"), &dominique.access)
            .await
            .problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field);
    }
}

#[tokio::test]
async fn one_session_is_ended_after_the_password_and_refused_at_its_next_request() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "desk").await;
    let of = |id: &str| format!("/v1/admin/sessions/{id}/revoke");
    let path = of(&camille.id.to_string());
    house
        .post(&path, &dominique.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&dominique).await;
    house
        .post(&of(&dominique.id.to_string()), &dominique.access, json!({}))
        .await
        .problem(ErrorCode::CannotRevokeCurrentSession);
    house.post(&path, &dominique.access, json!({})).await.fine();
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::SessionRevoked);
    let mut answers = std::collections::BTreeSet::new();
    for id in [
        camille.id.to_string(),
        eva.id.to_string(),
        Uuid::from_u128(1).to_string(),
        "none".to_owned(),
    ] {
        let mut problem = house
            .post(&of(&id), &dominique.access, json!({}))
            .await
            .problem(ErrorCode::SessionNotFound);
        problem.as_object_mut().unwrap().remove("request_id");
        answers.insert(problem.to_string());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    house.get("/v1/auth/me", &eva.access).await.fine();
    let rows = house.audit_rows().await;
    let row = rows.iter().find(|row| row.action == "session.revoked").unwrap();
    assert_eq!(
        (row.actor_user_id, row.target.clone()),
        (Some(dominique.user_id), Some(format!("session:{}", camille.id)))
    );
}

#[tokio::test]
async fn a_users_sessions_end_here_and_for_a_super_admin_everywhere() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let first = house.sign_in("camille", "till").await;
    let second = house.sign_in("camille", "desk").await;
    let path = format!("/v1/admin/users/{}/revoke-sessions", first.user_id);
    assert_eq!(
        house.post(&path, &dominique.access, json!({})).await.fine()["revoked"],
        2
    );
    for ended in [first, second] {
        house
            .get("/v1/auth/me", &ended.access)
            .await
            .problem(ErrorCode::SessionRevoked);
    }
    let own = format!("/v1/admin/users/{}/revoke-sessions", dominique.user_id);
    let other = house.sign_in("dominique", "till").await;
    assert_eq!(
        house.post(&own, &dominique.access, json!({})).await.fine()["revoked"],
        1,
        "the caller's own session stays"
    );
    house
        .get("/v1/auth/me", &other.access)
        .await
        .problem(ErrorCode::SessionRevoked);
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    let eva = house.sign_in("eva", "desk").await;
    let path = format!("/v1/admin/users/{}/revoke-sessions", eva.user_id);
    assert_eq!(
        house.post(&path, &alix.access, json!({})).await.fine()["revoked"],
        1
    );
}

#[tokio::test]
async fn an_organisations_sessions_end_by_its_owner_but_for_the_owners_own() {
    let house = House::new().await;
    house
        .person("olga", house.organization, OrganizationRole::Owner)
        .await;
    let olga = house.sign_in("olga", "desk").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "desk").await;
    let of = |id: Uuid| format!("/v1/admin/organizations/{id}/revoke-sessions");
    for somebody in [&olga, &dominique] {
        house.confirm(somebody).await;
    }
    house
        .post(&of(house.organization), &dominique.access, json!({}))
        .await
        .problem(ErrorCode::Forbidden);
    house
        .post(&of(house.other_organization), &olga.access, json!({}))
        .await
        .problem(ErrorCode::OrganizationNotFound);
    let answer = house
        .post(&of(house.organization), &olga.access, json!({}))
        .await
        .fine();
    assert_eq!(answer["revoked"], 2);
    for ended in [&dominique, &camille] {
        house
            .get("/v1/auth/me", &ended.access)
            .await
            .problem(ErrorCode::SessionRevoked);
    }
    for alive in [&olga, &eva] {
        house.get("/v1/auth/me", &alive.access).await.fine();
    }
    let rows = house.audit_rows().await;
    assert!(
        rows.iter()
            .any(|row| row.action == "organization.sessions_revoked")
    );
}

#[tokio::test]
async fn all_sessions_end_by_a_super_admin_only() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let eva = house.sign_in("eva", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let path = "/v1/admin/sessions/revoke-all";
    house.confirm(&eva).await;
    house
        .post(path, &eva.access, json!({}))
        .await
        .problem(ErrorCode::Forbidden);
    house
        .post(path, &alix.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&alix).await;
    assert_eq!(
        house.post(path, &alix.access, json!({})).await.fine()["revoked"],
        2
    );
    for ended in [&eva, &camille] {
        house
            .get("/v1/auth/me", &ended.access)
            .await
            .problem(ErrorCode::SessionRevoked);
    }
    house.get("/v1/auth/me", &alix.access).await.fine();
    let rows = house.audit_rows().await;
    assert!(rows.iter().any(|row| row.action == "sessions.all_revoked"));
}

#[tokio::test]
async fn a_cashier_sees_and_ends_nobodys_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.confirm(&camille).await;
    let dominique = house.sign_in("dominique", "desk").await;
    house
        .get(LIST, &camille.access)
        .await
        .problem(ErrorCode::Forbidden);
    for path in [
        format!("{LIST}/{}/revoke", dominique.id),
        format!("/v1/admin/users/{}/revoke-sessions", dominique.user_id),
        format!("/v1/admin/organizations/{}/revoke-sessions", house.organization),
        format!("{LIST}/revoke-all"),
    ] {
        house
            .post(&path, &camille.access, json!({}))
            .await
            .problem(ErrorCode::Forbidden);
    }
}
