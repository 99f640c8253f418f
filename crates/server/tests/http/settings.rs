//! The lifetimes of an organisation's sessions.

use http::Method;
use protocol::ErrorCode;
use serde_json::{Value, json};

use crate::house::{Answer, House, request};

const PATH: &str = "/v1/admin/settings/session";

async fn put(house: &House, bearer: &str, settings: Value) -> Answer {
    house
        .send(request(Method::PUT, PATH, Some(bearer), Some(settings)))
        .await
}

fn settings() -> Value {
    json!({
        "token_expiration_minutes": 5, "activity_threshold_minutes": 5, "idle_timeout_minutes": 20,
        "session_max_hours": 10, "lock_after_minutes": 3
    })
}

#[tokio::test]
async fn new_settings_count_from_the_next_renewal_on_and_for_one_organisation_only() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let eva = house.sign_in("eva", "desk").await;
    assert_eq!(
        house.get(PATH, &dominique.access).await.fine()["token_expiration_minutes"],
        15
    );
    assert_eq!(
        put(&house, &dominique.access, settings()).await.fine(),
        settings()
    );
    assert_eq!(house.get(PATH, &dominique.access).await.fine(), settings());
    let next = house.refresh(&dominique.refresh, 1).await.fine();
    assert_eq!(
        (&next["expires_in"], &next["idle_expires_in"]),
        (&json!(300), &json!(1_200))
    );
    let next = house.refresh(&eva.refresh, 1).await.fine();
    assert_eq!(next["expires_in"], 900);
    assert_eq!(
        house.sign_in("camille", "till").await.whole["absolute_expires_in"],
        36_000
    );
}

#[tokio::test]
async fn a_cashier_may_neither_read_nor_change_them() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .get(PATH, &camille.access)
        .await
        .problem(ErrorCode::Forbidden);
    put(&house, &camille.access, settings())
        .await
        .problem(ErrorCode::Forbidden);
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused_with_the_field_and_change_nothing() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for (field, value) in [
        ("token_expiration_minutes", 0),
        ("token_expiration_minutes", 21),
        ("idle_timeout_minutes", 601),
        ("session_max_hours", 8_761),
        ("lock_after_minutes", 0),
        ("activity_threshold_minutes", 21),
    ] {
        let mut wrong = settings();
        wrong[field] = json!(value);
        let problem = put(&house, &dominique.access, wrong)
            .await
            .problem(ErrorCode::SettingsIncoherent);
        assert_eq!(problem["field"], field, "{problem}");
        assert!(problem["detail"].is_string());
    }
    assert_eq!(
        house.get(PATH, &dominique.access).await.fine()["token_expiration_minutes"],
        15
    );
}
