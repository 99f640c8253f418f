//! Users, as administrators keep them.

use http::Method;
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use store::Directory as _;
use uuid::Uuid;

use crate::house::{House, entry};

fn of(id: Uuid) -> String {
    format!("/v1/admin/users/{id}")
}

fn names(list: &Value) -> Vec<&str> {
    let users = list["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_new_user_signs_in_once_with_the_password_shown_and_chooses_another() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let new = json!({
        "username": " Nadia ", "display_name": "Nadia B.", "role": "user", "site_id": house.site
    });
    let added = house
        .post("/v1/admin/users", &dominique.access, new.clone())
        .await;
    assert_eq!(added.status.as_u16(), 201);
    let added = added.fine();
    assert_eq!(
        (
            &added["user"]["username"],
            &added["user"]["site_name"],
            &added["user"]["must_change_password"]
        ),
        (&json!("nadia"), &json!("Quai"), &json!(true))
    );
    let once = added["one_time_password"].as_str().unwrap().to_owned();
    house
        .post("/v1/admin/users", &dominique.access, new)
        .await
        .problem(ErrorCode::NameTaken);
    let login = json!({ "username": "nadia", "password": once, "device_name": "Caisse 1" });
    let nadia = house.login(login).await.fine();
    assert_eq!(nadia["me"]["must_change_password"], true);
    let access = nadia["access_token"].as_str().unwrap();
    house
        .get("/v1/auth/sessions", access)
        .await
        .problem(ErrorCode::OneTimePassword);
    let change = json!({ "current_password": once, "new_password": "quatre mouettes ivres" });
    house.post("/v1/auth/password", access, change).await.fine();
    house.get("/v1/auth/sessions", access).await.fine();
    let rows = format!("{:?}", house.audit_rows().await);
    assert!(rows.contains("user.added") && !rows.contains(&once));
}

#[tokio::test]
async fn a_list_is_the_organisations_own_searched_and_in_pages() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for name in ["zoe", "yann", "xavier"] {
        house
            .person(name, house.organization, OrganizationRole::User)
            .await;
    }
    let list = house.get("/v1/admin/users", &dominique.access).await.fine();
    assert_eq!(names(&list), ["camille", "dominique", "xavier", "yann", "zoe"]);
    assert!(list.get("next").is_none());
    assert!(list["users"][1]["last_sign_in_at"].is_string());
    let found = house
        .get("/v1/admin/users?search=YAN", &dominique.access)
        .await
        .fine();
    assert_eq!(names(&found), ["yann"]);
    let mut seen = Vec::new();
    let mut path = "/v1/admin/users?limit=2".to_owned();
    loop {
        let page = house.get(&path, &dominique.access).await.fine();
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => path = format!("/v1/admin/users?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["camille", "dominique", "xavier", "yann", "zoe"]);
    house
        .get("/v1/admin/users?everywhere=true", &dominique.access)
        .await
        .problem(ErrorCode::Forbidden);
    let alix = house.super_admin().await;
    let all = house
        .get("/v1/admin/users?everywhere=true", &alix.access)
        .await
        .fine();
    assert!(names(&all).contains(&"eva") && names(&all).contains(&"camille"));
}

#[tokio::test]
async fn a_user_of_another_organisation_and_an_unknown_one_are_the_same() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let eva = house.sign_in("eva", "desk").await;
    let mut answers = std::collections::BTreeSet::new();
    for id in [
        eva.user_id.to_string(),
        Uuid::from_u128(1).to_string(),
        "none".to_owned(),
    ] {
        let path = format!("/v1/admin/users/{id}");
        for (method, path, body) in [
            (Method::GET, path.clone(), None),
            (Method::PATCH, path.clone(), Some(json!({ "display_name": "x" }))),
            (Method::DELETE, format!("{path}/membership"), None),
            (Method::POST, format!("{path}/password"), Some(json!({}))),
            (Method::POST, format!("{path}/revoke-sessions"), Some(json!({}))),
        ] {
            let mut problem = house
                .ask(method, &path, &dominique.access, body)
                .await
                .problem(ErrorCode::UserNotFound);
            problem.as_object_mut().unwrap().remove("request_id");
            answers.insert(problem.to_string());
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    house.get("/v1/auth/me", &eva.access).await.fine();
}

#[tokio::test]
async fn name_role_and_site_are_changed_with_a_row_for_each() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let path = of(camille.user_id);
    let renamed = house
        .patch(
            &path,
            &dominique.access,
            json!({ "display_name": "Camille L.", "site_id": null }),
        )
        .await
        .fine();
    assert_eq!(
        (&renamed["display_name"], &renamed["site_id"]),
        (&json!("Camille L."), &json!(null))
    );
    house
        .patch(&path, &dominique.access, json!({ "role": "manager" }))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&dominique).await;
    let raised = house
        .patch(
            &path,
            &dominique.access,
            json!({ "role": "manager", "site_id": house.site }),
        )
        .await
        .fine();
    assert_eq!(
        (&raised["role"], &raised["site_name"]),
        (&json!("manager"), &json!("Quai"))
    );
    // The role counts at the very next request.
    let me = house.get("/v1/auth/me", &camille.access).await.fine();
    assert_eq!(me["current_organization_role"], "manager");
    for site in [house.other_site, Uuid::from_u128(1)] {
        house
            .patch(&path, &dominique.access, json!({ "site_id": site }))
            .await
            .problem(ErrorCode::SiteNotFound);
    }
    let rows = house.audit_rows().await;
    let changed = rows
        .iter()
        .find(|row| row.action == "membership.changed")
        .unwrap();
    assert_eq!(
        (
            &changed.detail["before"]["role"],
            &changed.detail["after"]["role"]
        ),
        (&json!("user"), &json!("manager"))
    );
    assert!(rows.iter().any(|row| row.action == "user.renamed"));
}

#[tokio::test]
async fn nobody_raises_himself_or_gives_more_than_the_own_role() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let camille = house.sign_in("camille", "till").await;
    for id in [dominique.user_id, camille.user_id] {
        house
            .patch(&of(id), &dominique.access, json!({ "role": "owner" }))
            .await
            .problem(ErrorCode::Forbidden);
        house
            .patch(&of(id), &dominique.access, json!({ "super_admin": true }))
            .await
            .problem(ErrorCode::Forbidden);
    }
    let new = json!({ "username": "x", "display_name": "x", "role": "owner" });
    house
        .post("/v1/admin/users", &dominique.access, new)
        .await
        .problem(ErrorCode::Forbidden);
    for body in [
        json!({ "disabled": true }),
        json!({ "role": "admin", "disabled": true }),
    ] {
        house
            .patch(&of(dominique.user_id), &dominique.access, body)
            .await
            .problem(ErrorCode::Forbidden);
    }
    let detail = house.get(&of(camille.user_id), &dominique.access).await.fine();
    assert_eq!(detail["role"], "user");
}

#[tokio::test]
async fn nobody_touches_somebody_above() {
    let house = House::new().await;
    let olga = house
        .person("olga", house.organization, OrganizationRole::Owner)
        .await;
    let olga_in = house.sign_in("olga", "desk").await;
    let alix = house.super_admin().await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    for id in [olga, alix.user_id] {
        let path = of(id);
        for (method, path, body) in [
            (Method::PATCH, path.clone(), Some(json!({ "display_name": "x" }))),
            (
                Method::PATCH,
                path.clone(),
                Some(json!({ "role": "user", "site_id": house.site })),
            ),
            (Method::PATCH, path.clone(), Some(json!({ "disabled": true }))),
            (Method::DELETE, format!("{path}/membership"), None),
            (Method::POST, format!("{path}/password"), Some(json!({}))),
            (Method::POST, format!("{path}/revoke-sessions"), Some(json!({}))),
        ] {
            house
                .ask(method.clone(), &path, &dominique.access, body)
                .await
                .problem(ErrorCode::Forbidden);
        }
        let seen = house.get(&path, &dominique.access).await.fine();
        let allowed = seen["allowed"].as_object().unwrap();
        assert!(allowed.values().all(|may| *may == json!(false)), "{allowed:?}");
    }
    for session in [olga_in.id, alix.id] {
        house
            .post(
                &format!("/v1/admin/sessions/{session}/revoke"),
                &dominique.access,
                json!({}),
            )
            .await
            .problem(ErrorCode::Forbidden);
    }
    house.get("/v1/auth/me", &olga_in.access).await.fine();
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_can_come_back() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let path = of(camille.user_id);
    house
        .patch(&path, &dominique.access, json!({ "disabled": true }))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&dominique).await;
    let disabled = house
        .patch(&path, &dominique.access, json!({ "disabled": true }))
        .await
        .fine();
    assert!(disabled["disabled_at"].is_string());
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::AccountDisabled);
    house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::AccountDisabled);
    let enabled = house
        .patch(&path, &dominique.access, json!({ "disabled": false }))
        .await
        .fine();
    assert_eq!(enabled["disabled_at"], json!(null));
    house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::AccountDisabled);
    house.sign_in("camille", "till").await;
    let rows = house.audit_rows().await;
    for action in ["user.disabled", "user.enabled"] {
        let row = rows.iter().find(|row| row.action == action).unwrap();
        assert_eq!(row.target, Some(format!("user:{}", camille.user_id)));
    }
}

#[tokio::test]
async fn what_is_felt_elsewhere_needs_the_rank_there_too() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let camille = house.sign_in("camille", "till").await;
    house
        .store
        .put_membership(
            camille.user_id,
            house.other_organization,
            OrganizationRole::User,
            None,
            entry(),
        )
        .await
        .unwrap();
    let path = of(camille.user_id);
    house
        .patch(&path, &dominique.access, json!({ "disabled": true }))
        .await
        .problem(ErrorCode::Forbidden);
    house
        .post(&format!("{path}/password"), &dominique.access, json!({}))
        .await
        .problem(ErrorCode::Forbidden);
    let seen = house.get(&path, &dominique.access).await.fine();
    assert_eq!(
        seen["memberships"].as_array().unwrap().len(),
        1,
        "other organisations are not told"
    );
    assert_eq!(
        (&seen["allowed"]["disable"], &seen["allowed"]["remove"]),
        (&json!(false), &json!(true))
    );
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    let seen = house.get(&path, &alix.access).await.fine();
    assert_eq!(seen["memberships"].as_array().unwrap().len(), 2);
    house
        .patch(&path, &alix.access, json!({ "disabled": true }))
        .await
        .fine();
}

#[tokio::test]
async fn a_reset_password_is_shown_once_and_ends_every_session() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let path = format!("{}/password", of(camille.user_id));
    house
        .post(&path, &dominique.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&dominique).await;
    let reset = house.post(&path, &dominique.access, json!({})).await.fine();
    assert_eq!(reset["revoked"], 1);
    let once = reset["one_time_password"].as_str().unwrap().to_owned();
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::PasswordChanged);
    let login = json!({ "username": "camille", "password": once, "device_name": "x" });
    assert_eq!(
        house.login(login).await.fine()["me"]["must_change_password"],
        true
    );
    house
        .post(
            &format!("{}/password", of(dominique.user_id)),
            &dominique.access,
            json!({}),
        )
        .await
        .problem(ErrorCode::Forbidden);
    let rows = format!("{:?}", house.audit_rows().await);
    assert!(rows.contains("password.reset") && !rows.contains(&once));
}

#[tokio::test]
async fn an_organisation_keeps_its_last_owner() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    let eva = house.sign_in("eva", "desk").await;
    let to = json!({ "organization_id": house.other_organization });
    house.post("/v1/auth/organization", &alix.access, to).await.fine();
    let access = house.refresh(&alix.refresh, 1).await.fine()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = of(eva.user_id);
    for (method, path, body) in [
        (
            Method::PATCH,
            path.clone(),
            Some(json!({ "display_name": "Autre", "role": "admin" })),
        ),
        (Method::PATCH, path.clone(), Some(json!({ "role": "admin" }))),
        (Method::PATCH, path.clone(), Some(json!({ "disabled": true }))),
        (Method::DELETE, format!("{path}/membership"), None),
    ] {
        house
            .ask(method, &path, &access, body)
            .await
            .problem(ErrorCode::LastOwner);
    }
    let detail = house.get(&path, &access).await.fine();
    assert_eq!(
        (&detail["display_name"], &detail["role"]),
        (&json!("EVA"), &json!("owner"))
    );
    house.get("/v1/auth/me", &eva.access).await.fine();
}

#[tokio::test]
async fn a_super_admin_brings_somebody_into_the_organisation_and_an_administrator_takes_out() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let eva = house.sign_in("eva", "desk").await;
    let path = format!("{}/membership", of(eva.user_id));
    let join = json!({ "role": "manager", "site_id": house.site });
    house
        .ask(Method::PUT, &path, &dominique.access, Some(join.clone()))
        .await
        .problem(ErrorCode::Forbidden);
    let joined = house
        .ask(Method::PUT, &path, &alix.access, Some(join))
        .await
        .fine();
    assert_eq!(
        (&joined["role"], &joined["site_name"]),
        (&json!("manager"), &json!("Quai"))
    );
    let to = json!({ "organization_id": house.organization });
    house.post("/v1/auth/organization", &eva.access, to).await.fine();
    let access = house.refresh(&eva.refresh, 1).await.fine()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let elsewhere = house.sign_in("eva", "till").await;
    assert_eq!(
        house
            .ask(Method::DELETE, &path, &dominique.access, None)
            .await
            .fine()["revoked"],
        1
    );
    house
        .get("/v1/auth/me", &access)
        .await
        .problem(ErrorCode::SessionRevoked);
    house.get("/v1/auth/me", &elsewhere.access).await.fine();
    house
        .ask(Method::DELETE, &path, &dominique.access, None)
        .await
        .problem(ErrorCode::UserNotFound);
    let rows = house.audit_rows().await;
    for action in ["membership.added", "membership.removed"] {
        assert!(rows.iter().any(|row| row.action == action), "{action}");
    }
}

#[tokio::test]
async fn only_a_super_admin_makes_another_and_never_unmakes_the_last() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let path = of(dominique.user_id);
    house
        .patch(&path, &alix.access, json!({ "super_admin": true }))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&alix).await;
    let raised = house
        .patch(&path, &alix.access, json!({ "super_admin": true }))
        .await
        .fine();
    assert_eq!(raised["super_admin"], true);
    let me = house.get("/v1/auth/me", &dominique.access).await.fine();
    assert_eq!(
        (&me["super_admin"], &me["current_organization_role"]),
        (&json!(true), &json!("owner"))
    );
    house
        .patch(&of(alix.user_id), &alix.access, json!({ "super_admin": false }))
        .await
        .problem(ErrorCode::Forbidden);
    let lowered = house
        .patch(&path, &alix.access, json!({ "super_admin": false }))
        .await
        .fine();
    assert_eq!(lowered["super_admin"], false);
    let rows = house.audit_rows().await;
    for action in ["user.promoted", "user.demoted"] {
        assert!(rows.iter().any(|row| row.action == action), "{action}");
    }
}

#[tokio::test]
async fn a_cashier_administers_nobody_and_bad_bodies_change_nothing() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let new = json!({ "username": "x", "display_name": "x", "role": "user" });
    house
        .post("/v1/admin/users", &camille.access, new)
        .await
        .problem(ErrorCode::Forbidden);
    for path in [
        "/v1/admin/users".to_owned(),
        of(dominique.user_id),
        of(camille.user_id),
    ] {
        house
            .get(&path, &camille.access)
            .await
            .problem(ErrorCode::Forbidden);
    }
    for (field, body) in [
        (
            "username",
            json!({ "username": " ", "display_name": "x", "role": "user" }),
        ),
        (
            "username",
            json!({ "username": "x".repeat(129), "display_name": "x", "role": "user" }),
        ),
        (
            "display_name",
            json!({ "username": "x", "display_name": "a\u{7}", "role": "user" }),
        ),
    ] {
        let problem = house
            .post("/v1/admin/users", &dominique.access, body)
            .await
            .problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field);
    }
    for body in [json!({ "role": "king" }), json!({ "password": "x" }), json!([])] {
        house
            .patch(&of(camille.user_id), &dominique.access, body)
            .await
            .problem(ErrorCode::MalformedBody);
    }
    let unknown_site =
        json!({ "username": "x", "display_name": "x", "role": "user", "site_id": house.other_site });
    house
        .post("/v1/admin/users", &dominique.access, unknown_site)
        .await
        .problem(ErrorCode::SiteNotFound);
}
