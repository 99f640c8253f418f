//! The own password: giving it again, changing it, and what others hear of it.

use protocol::ErrorCode;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD};

const NEW: &str = "quatre mouettes ivres";

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_tells_why() {
    let house = House::new().await;
    let here = house.sign_in("camille", "desk").await;
    let there = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "desk").await;
    let answer = house
        .post("/v1/auth/password", &here.access, change(PASSWORD, NEW))
        .await
        .fine();
    assert_eq!(answer, json!({ "revoked": 1 }));
    house.get("/v1/auth/me", &here.access).await.fine();
    house.refresh(&here.refresh, 1).await.fine();
    house.get("/v1/auth/me", &eva.access).await.fine();
    house
        .get("/v1/auth/me", &there.access)
        .await
        .problem(ErrorCode::PasswordChanged);
    house
        .refresh(&there.refresh, 1)
        .await
        .problem(ErrorCode::PasswordChanged);
    let login = |password| json!({ "username": "camille", "password": password, "device_name": "x" });
    house
        .login(login(PASSWORD))
        .await
        .problem(ErrorCode::InvalidCredentials);
    house.login(login(NEW)).await.fine();
    let notices = house.get("/v1/auth/notices", &here.access).await.fine();
    let kinds: Vec<_> = notices["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["kind"].clone())
        .collect();
    assert!(kinds.contains(&json!("password_changed")), "{kinds:?}");
    let rows = house.audit_rows().await;
    assert!(rows.iter().any(|row| row.action == "password.changed"));
    assert!(!format!("{rows:?}").contains(NEW));
}

#[tokio::test]
async fn a_wrong_password_is_no_end_of_the_session_and_is_written_down() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    house
        .post(
            "/v1/auth/reauthenticate",
            &camille.access,
            json!({ "password": "wrong" }),
        )
        .await
        .problem(ErrorCode::PasswordWrong);
    house
        .post("/v1/auth/password", &camille.access, change("wrong", NEW))
        .await
        .problem(ErrorCode::PasswordWrong);
    house.get("/v1/auth/me", &camille.access).await.fine();
    let rows = house.audit_rows().await;
    let denied = rows.iter().filter(|row| row.action == "reauthentication.denied");
    assert_eq!(denied.count(), 2);
}

#[tokio::test]
async fn guessing_the_password_again_is_slowed_down_as_signing_in_is() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let guess = || {
        house.post(
            "/v1/auth/reauthenticate",
            &camille.access,
            json!({ "password": "wrong" }),
        )
    };
    for _ in 0..9 {
        guess().await.problem(ErrorCode::PasswordWrong);
    }
    let limited = guess().await.problem(ErrorCode::RateLimited);
    house.pass(limited["retry_after_seconds"].as_u64().unwrap());
    house.confirm(&camille).await;
}

#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused_with_the_reason() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    for (new, reason) in [
        ("short", "password_short"),
        ("azertyuiop", "password_common"),
        ("Sunshine2026!", "password_common"),
        ("camille--", "password_common"),
        ("camille-port", "password_of_context"),
        ("vigie-camille", "password_of_context"),
        ("aaaaaaaaaaaa", "password_monotonous"),
        (PASSWORD, "password_same"),
    ] {
        house.pass(60);
        let problem = house
            .post("/v1/auth/password", &camille.access, change(PASSWORD, new))
            .await
            .problem(ErrorCode::WeakPassword);
        assert_eq!(problem["field"], "new_password");
        assert!(
            problem["detail"].as_str().unwrap().starts_with(reason),
            "{problem}"
        );
        assert!(!problem.to_string().contains(new) || new == "short", "{problem}");
    }
    house.pass(60);
    let long = "é".repeat(600);
    house
        .post("/v1/auth/password", &camille.access, change(PASSWORD, &long))
        .await
        .problem(ErrorCode::ValidationFailed);
    house.get("/v1/auth/me", &camille.access).await.fine();
}

#[tokio::test]
async fn a_long_password_counts_to_its_last_character() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let long = format!("{}a", "une mouette sur le quai ".repeat(40));
    house
        .post("/v1/auth/password", &camille.access, change(PASSWORD, &long))
        .await
        .fine();
    let almost = format!("{}b", &long[..long.len() - 1]);
    let login = |password| json!({ "username": "camille", "password": password, "device_name": "x" });
    house
        .login(login(almost))
        .await
        .problem(ErrorCode::InvalidCredentials);
    house.login(login(long)).await.fine();
}

#[tokio::test]
async fn notices_are_the_callers_own_and_seen_once() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let none = house.get("/v1/auth/notices", &camille.access).await.fine();
    assert_eq!(none["notices"], json!([]), "the first place of all is no news");
    let again = json!({ "username": "camille", "password": PASSWORD, "device_name": "Une autre" });
    house.login(again.clone()).await.fine();
    house.login(again).await.fine();
    let told = house.get("/v1/auth/notices", &camille.access).await.fine();
    let notices = told["notices"].as_array().unwrap();
    assert_eq!(notices.len(), 1, "{told}");
    assert_eq!(
        (&notices[0]["kind"], &notices[0]["device_name"]),
        (&json!("new_device"), &json!("Une autre"))
    );
    let path = format!("/v1/auth/notices/{}/seen", notices[0]["id"].as_str().unwrap());
    let eva = house.sign_in("eva", "desk").await;
    house
        .post(&path, &eva.access, json!({}))
        .await
        .problem(ErrorCode::NoticeNotFound);
    let seen = house.post(&path, &camille.access, json!({})).await;
    assert_eq!(seen.status.as_u16(), 204);
    let left = house.get("/v1/auth/notices", &camille.access).await.fine();
    assert_eq!(left["notices"], json!([]));
    house
        .post("/v1/auth/notices/nonsense/seen", &camille.access, json!({}))
        .await
        .problem(ErrorCode::NoticeNotFound);
}

#[tokio::test]
async fn one_device_too_many_ends_the_one_without_input_for_the_longest() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let settings = json!({
        "token_expiration_minutes": 15, "activity_threshold_minutes": 15, "idle_timeout_minutes": 480,
        "session_max_hours": 720, "device_limit": 2
    });
    let put = house
        .ask(
            http::Method::PUT,
            "/v1/admin/settings/session",
            &dominique.access,
            Some(settings),
        )
        .await;
    assert_eq!(put.fine()["device_limit"], 2);
    let first = house.sign_in("camille", "till").await;
    house.pass(10);
    let second = house.sign_in("camille", "till").await;
    house.pass(10);
    house
        .post(
            "/v1/activity/ping",
            &first.access,
            json!({ "last_input_age_seconds": 0 }),
        )
        .await
        .fine();
    let third = house.sign_in("camille", "till").await;
    house
        .get("/v1/auth/me", &second.access)
        .await
        .problem(ErrorCode::SessionDisplaced);
    house
        .refresh(&second.refresh, 1)
        .await
        .problem(ErrorCode::SessionDisplaced);
    for alive in [&first, &third] {
        house.get("/v1/auth/me", &alive.access).await.fine();
    }
    let rows = house.audit_rows().await;
    assert!(rows.iter().any(|row| row.action == "session.displaced"));
}
