//! Who did what is written beside every change, without a secret.

use http::Method;
use serde_json::json;
use uuid::Uuid;

use crate::house::{House, PASSWORD, request};

#[tokio::test]
async fn every_change_of_state_has_its_row() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let other = house.sign_in("camille", "desk").await;
    house.sign_in("camille", "desk").await;
    house.confirm(&camille).await;
    house
        .post(
            &format!("/v1/auth/sessions/{}/revoke", other.id),
            &camille.access,
            json!({}),
        )
        .await
        .fine();
    house
        .post("/v1/auth/sessions/revoke-others", &camille.access, json!({}))
        .await
        .fine();
    house
        .sell(&camille.access, &Uuid::from_u128(1).to_string(), house.sale())
        .await
        .fine();
    house
        .sell(&camille.access, &Uuid::from_u128(1).to_string(), house.sale())
        .await
        .fine();
    house.refresh(&camille.refresh, 1).await.fine();
    house.refresh(&camille.refresh, 2).await;
    let dominique = house.sign_in("dominique", "desk").await;
    let settings = house
        .get("/v1/admin/settings/session", &dominique.access)
        .await
        .fine();
    let put = request(
        Method::PUT,
        "/v1/admin/settings/session",
        Some(&dominique.access),
        Some(settings),
    );
    house.send(put).await.fine();
    house
        .post("/v1/auth/logout", &dominique.access, json!({}))
        .await
        .fine();
    for (username, password) in [("camille", "wrong"), ("nobody", "wrong")] {
        house
            .login(json!({ "username": username, "password": password, "device_name": "x" }))
            .await;
    }

    let mut rows = house.audit_rows().await;
    rows.retain(|row| row.action != "test.furnished");
    rows.reverse();
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "session.created",
            "session.created",
            "session.created",
            "session.reauthenticated",
            "session.revoked",
            "session.others_revoked",
            "sale.kept",
            "session.refresh_reused",
            "session.created",
            "settings.session_changed",
            "session.signed_out",
            "login.denied",
            "login.denied",
        ]
    );
    for row in rows
        .iter()
        .filter(|row| row.action != "login.denied" && row.action != "session.refresh_reused")
    {
        assert_eq!(row.organization_id, Some(house.organization), "{row:?}");
        assert!(
            row.actor_user_id.is_some() && row.session_id.is_some() && row.target.is_some(),
            "{row:?}"
        );
    }
    assert_eq!(rows[4].target, Some(format!("session:{}", other.id)));
    assert_eq!(rows[11].detail, json!({ "reason": "wrong_password" }));
    assert_eq!(rows[12].detail, json!({ "reason": "unknown_user" }));
    assert_eq!(rows[12].target, None, "the name of nobody may be a password");
}

#[tokio::test]
async fn no_secret_is_written_down() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .login(json!({ "username": "hunter2-as-a-name", "password": "hunter2", "device_name": "x" }))
        .await;
    house.refresh(&camille.refresh, 1).await.fine();
    house.refresh(&camille.refresh, 2).await;
    let rows = format!("{:?}", house.audit_rows().await);
    for secret in [PASSWORD, "hunter2", &camille.access, &camille.refresh] {
        assert!(!rows.contains(secret), "{rows}");
    }
}
