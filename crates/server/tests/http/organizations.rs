//! Working in several organisations, and administering them.

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use store::Directory as _;
use uuid::Uuid;

use crate::house::{House, PASSWORD, entry};

fn names(list: &Value) -> Vec<(String, String, bool)> {
    let own = list["organizations"].as_array().unwrap().iter();
    own.map(|own| {
        (
            own["slug"].as_str().unwrap().to_owned(),
            own["role"].as_str().unwrap().to_owned(),
            own["is_current"].as_bool().unwrap(),
        )
    })
    .collect()
}

#[tokio::test]
async fn a_session_moves_by_one_call_and_another_of_the_same_user_stays() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let other = house.sign_in("camille", "desk").await;
    let site = Some(house.other_site);
    house
        .store
        .put_membership(
            camille.user_id,
            house.other_organization,
            OrganizationRole::Admin,
            site,
            entry(),
        )
        .await
        .unwrap();
    let list = house.get("/v1/auth/organizations", &camille.access).await.fine();
    assert_eq!(
        names(&list),
        [
            ("port".to_owned(), "user".to_owned(), true),
            ("gare".to_owned(), "admin".to_owned(), false)
        ]
    );
    let to = json!({ "organization_id": house.other_organization });
    let me = house
        .post("/v1/auth/organization", &camille.access, to)
        .await
        .fine();
    assert_eq!(
        (
            &me["organization_name"],
            &me["current_organization_role"],
            &me["site_id"],
            &me["organizations"]
        ),
        (
            &json!("Maison gare"),
            &json!("admin"),
            &json!(house.other_site),
            &json!(2)
        )
    );
    // The token of the organisation before opens nothing any more, and a refresh brings one of the new one.
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::TokenExpired);
    let next = house.refresh(&camille.refresh, 1).await.fine();
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(house.get("/v1/auth/me", access).await.fine(), me);
    house.get("/v1/admin/settings/session", access).await.fine();
    let stayed = house.get("/v1/auth/me", &other.access).await.fine();
    assert_eq!(stayed["organization_name"], "Maison port");
    let rows = house.audit_rows().await;
    let moved = rows
        .iter()
        .find(|row| row.action == "session.organization_switched")
        .unwrap();
    assert_eq!(moved.organization_id, Some(house.other_organization));
    assert_eq!(moved.detail["from"], json!(house.organization));
}

#[tokio::test]
async fn an_organisation_of_others_and_none_are_the_same() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let mut answers = Vec::new();
    for id in [house.other_organization, Uuid::from_u128(1)] {
        let to = json!({ "organization_id": id });
        let mut problem = house
            .post("/v1/auth/organization", &camille.access, to)
            .await
            .problem(ErrorCode::OrganizationNotFound);
        problem.as_object_mut().unwrap().remove("request_id");
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1]);
    house
        .post(
            "/v1/auth/organization",
            &camille.access,
            json!({ "organization_id": 1 }),
        )
        .await
        .problem(ErrorCode::MalformedBody);
    house.get("/v1/auth/me", &camille.access).await.fine();
}

#[tokio::test]
async fn a_sale_of_another_organisation_is_not_taken_and_its_key_stays_free() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let key = Uuid::from_u128(1).to_string();
    let mut sale = house.sale();
    sale["organization_id"] = json!(house.other_organization);
    let problem = house
        .sell(&camille.access, &key, sale.clone())
        .await
        .problem(ErrorCode::OrganizationMismatch);
    assert_eq!(problem["field"], "organization_id");
    sale["organization_id"] = json!(house.organization);
    assert_eq!(house.sell(&camille.access, &key, sale).await.status.as_u16(), 201);
    // The same ticket from a client that does not name the organisation.
    assert_eq!(
        house
            .sell(&camille.access, &key, house.sale())
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn a_super_admin_enters_any_organisation_as_its_owner() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    assert_eq!(alix.whole["me"]["super_admin"], true);
    assert_eq!(alix.whole["me"]["current_organization_role"], "owner");
    let list = house.get("/v1/auth/organizations", &alix.access).await.fine();
    assert_eq!(
        names(&list),
        [
            ("port".to_owned(), "owner".to_owned(), true),
            ("gare".to_owned(), "owner".to_owned(), false)
        ]
    );
    let to = json!({ "organization_id": house.other_organization });
    let me = house.post("/v1/auth/organization", &alix.access, to).await.fine();
    assert_eq!(
        (&me["organization_name"], &me["current_organization_role"]),
        (&json!("Maison gare"), &json!("owner"))
    );
    let login = json!({
        "username": "alix", "password": PASSWORD, "device_name": "x", "organization": "gare"
    });
    let answer = house.login(login).await.fine();
    assert_eq!(answer["me"]["organization_id"], json!(house.other_organization));
    let nowhere = json!({
        "username": "alix", "password": PASSWORD, "device_name": "x", "organization": "nowhere"
    });
    house.login(nowhere).await.problem(ErrorCode::InvalidCredentials);
}

#[tokio::test]
async fn somebody_signs_in_to_another_than_the_first_organisation() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .store
        .put_membership(
            camille.user_id,
            house.other_organization,
            OrganizationRole::Manager,
            None,
            entry(),
        )
        .await
        .unwrap();
    let login = json!({
        "username": "camille", "password": PASSWORD, "device_name": "x", "organization": "gare"
    });
    let me = &house.login(login).await.fine()["me"];
    assert_eq!(
        (
            &me["organization_name"],
            &me["current_organization_role"],
            &me["organizations"]
        ),
        (&json!("Maison gare"), &json!("manager"), &json!(2))
    );
}

#[tokio::test]
async fn a_sign_in_never_goes_on_with_an_earlier_session() {
    let house = House::new().await;
    let first = house.sign_in("camille", "till").await;
    let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1", "device_kind": "till" });
    let mut request = crate::house::request(
        http::Method::POST,
        "/v1/auth/login",
        Some(&first.access),
        Some(body),
    );
    request
        .headers_mut()
        .insert("cookie", format!("session={}", first.id).parse().unwrap());
    let second = house.send(request).await.fine();
    assert_ne!(second["session_id"], json!(first.id));
    assert_ne!(second["access_token"], json!(first.access));
    assert_ne!(second["refresh_token"], json!(first.refresh));
    assert_eq!(second["generation"], 0);
    house.get("/v1/auth/me", &first.access).await.fine();
}

#[tokio::test]
async fn organisations_are_added_by_a_super_admin_and_renamed_by_their_owner() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let eva = house.sign_in("eva", "desk").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let new = json!({ "name": " Le Quai ", "slug": "quai" });
    for other in [&eva, &dominique] {
        house
            .post("/v1/admin/organizations", &other.access, new.clone())
            .await
            .problem(ErrorCode::Forbidden);
    }
    let added = house
        .post("/v1/admin/organizations", &alix.access, new.clone())
        .await;
    assert_eq!(added.status.as_u16(), 201);
    let added = added.fine();
    assert_eq!(added["name"], "Le Quai");
    house
        .post("/v1/admin/organizations", &alix.access, new)
        .await
        .problem(ErrorCode::NameTaken);
    for (field, body) in [
        ("slug", json!({ "name": "x", "slug": "Bad Slug" })),
        ("name", json!({ "name": " ", "slug": "fine" })),
        ("name", json!({ "name": "a\nb", "slug": "fine" })),
    ] {
        let problem = house
            .post("/v1/admin/organizations", &alix.access, body)
            .await
            .problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field);
    }
    let list = house.get("/v1/admin/organizations", &alix.access).await.fine();
    assert_eq!(list["organizations"].as_array().unwrap().len(), 3);
    let first = house
        .get("/v1/admin/organizations?limit=2", &alix.access)
        .await
        .fine();
    let next = format!(
        "/v1/admin/organizations?limit=2&after={}",
        first["next"].as_str().unwrap()
    );
    let second = house.get(&next, &alix.access).await.fine();
    assert_eq!(
        (
            second["organizations"].as_array().unwrap().len(),
            second.get("next")
        ),
        (1, None)
    );
    let own = house.get("/v1/admin/organizations", &eva.access).await.fine();
    assert_eq!(own["organizations"].as_array().unwrap().len(), 1);

    let name = json!({ "name": "Gare centrale" });
    let of = |id: Uuid| format!("/v1/admin/organizations/{id}");
    let renamed = house
        .patch(&of(house.other_organization), &eva.access, name.clone())
        .await
        .fine();
    assert_eq!(renamed["name"], "Gare centrale");
    house
        .patch(&of(house.organization), &eva.access, name.clone())
        .await
        .problem(ErrorCode::OrganizationNotFound);
    house
        .patch(&of(house.organization), &dominique.access, name.clone())
        .await
        .problem(ErrorCode::Forbidden);
    house
        .patch(&of(Uuid::from_u128(1)), &alix.access, name.clone())
        .await
        .problem(ErrorCode::OrganizationNotFound);
    house
        .patch(&of(house.organization), &alix.access, name)
        .await
        .fine();
    let rows = house.audit_rows().await;
    for action in ["organization.added", "organization.renamed"] {
        assert!(rows.iter().any(|row| row.action == action), "{action}");
    }
}
