//! Sites and tills, as administrators keep them.

use protocol::ErrorCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::House;

fn names(list: &Value, of: &str) -> Vec<String> {
    let rows = list[of].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn sites_are_added_renamed_archived_and_taken_into_use_again() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let access = &dominique.access;
    let added = house
        .post("/v1/admin/sites", access, json!({ "name": " Atelier " }))
        .await;
    assert_eq!(added.status.as_u16(), 201);
    let added = added.fine();
    assert_eq!(
        (&added["name"], &added["archived_at"]),
        (&json!("Atelier"), &json!(null))
    );
    house
        .post("/v1/admin/sites", access, json!({ "name": "Atelier" }))
        .await
        .problem(ErrorCode::NameTaken);
    let path = format!("/v1/admin/sites/{}", added["site_id"].as_str().unwrap());
    let changed = house
        .patch(
            &path,
            access,
            json!({ "name": "Grand atelier", "archived": true }),
        )
        .await
        .fine();
    assert_eq!(changed["name"], "Grand atelier");
    assert!(changed["archived_at"].is_string());
    let till = json!({ "site_id": added["site_id"], "name": "Caisse 1" });
    house
        .post("/v1/admin/tills", access, till)
        .await
        .problem(ErrorCode::SiteNotFound);
    let back = house
        .patch(&path, access, json!({ "archived": false }))
        .await
        .fine();
    assert_eq!(back["archived_at"], json!(null));
    let list = house.get("/v1/admin/sites", access).await.fine();
    assert_eq!(names(&list, "sites"), ["Grand atelier", "Quai"]);
    let first = house.get("/v1/admin/sites?limit=1", access).await.fine();
    let next = format!(
        "/v1/admin/sites?limit=1&after={}",
        first["next"].as_str().unwrap()
    );
    let second = house.get(&next, access).await.fine();
    assert_eq!(
        (names(&second, "sites"), second.get("next")),
        (vec!["Quai".to_owned()], None)
    );
    let rows = house.audit_rows().await;
    for action in ["site.added", "site.renamed", "site.archived", "site.restored"] {
        let row = rows.iter().find(|row| row.action == action).unwrap();
        assert_eq!(row.organization_id, Some(house.organization));
        assert_eq!(row.actor_user_id, Some(dominique.user_id));
    }
}

#[tokio::test]
async fn tills_stand_at_a_site_of_the_organisation() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let access = &dominique.access;
    let new = json!({ "site_id": house.site, "name": "Caisse 1" });
    let added = house.post("/v1/admin/tills", access, new.clone()).await;
    assert_eq!(added.status.as_u16(), 201);
    let added = added.fine();
    assert_eq!(added["site_name"], "Quai");
    house
        .post("/v1/admin/tills", access, new.clone())
        .await
        .problem(ErrorCode::NameTaken);
    for site in [house.other_site, Uuid::from_u128(1)] {
        let problem = house
            .post(
                "/v1/admin/tills",
                access,
                json!({ "site_id": site, "name": "Caisse 2" }),
            )
            .await
            .problem(ErrorCode::SiteNotFound);
        assert_eq!(problem["field"], "site_id");
    }
    let path = format!("/v1/admin/tills/{}", added["till_id"].as_str().unwrap());
    let changed = house
        .patch(&path, access, json!({ "name": "Caisse A", "archived": true }))
        .await
        .fine();
    assert!(changed["archived_at"].is_string());
    house
        .post(
            "/v1/admin/tills",
            access,
            json!({ "site_id": house.site, "name": "Caisse A" }),
        )
        .await
        .fine();
    house
        .patch(&path, access, json!({ "archived": false }))
        .await
        .problem(ErrorCode::NameTaken);
    house
        .patch(&path, access, json!({ "name": "Caisse B", "archived": false }))
        .await
        .fine();
    let list = house.get("/v1/admin/tills", access).await.fine();
    assert_eq!(names(&list, "tills"), ["Caisse A", "Caisse B"]);
    let rows = house.audit_rows().await;
    for action in ["till.added", "till.renamed", "till.archived", "till.restored"] {
        assert!(rows.iter().any(|row| row.action == action), "{action}");
    }
}

#[tokio::test]
async fn places_of_another_organisation_are_unknown_and_a_cashier_keeps_none() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    for id in [
        house.other_site.to_string(),
        Uuid::from_u128(1).to_string(),
        "none".to_owned(),
    ] {
        house
            .patch(
                &format!("/v1/admin/sites/{id}"),
                &dominique.access,
                json!({ "name": "x" }),
            )
            .await
            .problem(ErrorCode::SiteNotFound);
        house
            .patch(
                &format!("/v1/admin/tills/{id}"),
                &dominique.access,
                json!({ "name": "x" }),
            )
            .await
            .problem(ErrorCode::TillNotFound);
    }
    for path in ["/v1/admin/sites", "/v1/admin/tills"] {
        house
            .get(path, &camille.access)
            .await
            .problem(ErrorCode::Forbidden);
        let body = json!({ "site_id": house.site, "name": "x" });
        let answer = house.post(path, &camille.access, body).await;
        assert!([400, 403].contains(&answer.status.as_u16()), "{answer:?}");
    }
    house
        .post("/v1/admin/sites", &camille.access, json!({ "name": "x" }))
        .await
        .problem(ErrorCode::Forbidden);
}

#[tokio::test]
async fn queries_out_of_range_are_refused_with_the_field() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for list in [
        "organizations",
        "sites",
        "tills",
        "till-days",
        "users",
        "sessions",
    ] {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=x", "query"),
            ("after=%21", "after"),
            ("unheard_of=1", "query"),
            ("limit=1&limit=2", "query"),
        ] {
            let problem = house
                .get(&format!("/v1/admin/{list}?{query}"), &dominique.access)
                .await
                .problem(ErrorCode::ValidationFailed);
            assert_eq!(problem["field"], field, "{list} {query}");
        }
    }
}
