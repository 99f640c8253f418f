//! Categories, as administrators keep them and as tills hear of them.

use protocol::ErrorCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::House;

const ALL: &str = "/v1/admin/categories";

async fn tiles(house: &House, access: &str) -> Vec<String> {
    let list = house.get("/v1/categories", access).await.fine();
    let rows = list["categories"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

async fn added(house: &House, access: &str, body: Value) -> String {
    let answer = house.post(ALL, access, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    let id = answer.fine()["category_id"].as_str().unwrap().to_owned();
    format!("{ALL}/{id}")
}

#[tokio::test]
async fn categories_are_added_changed_moved_archived_and_taken_back() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let access = &dominique.access;
    let before = tiles(&house, &camille.access).await;
    let lamps = added(
        &house,
        access,
        json!({ "name": " Lampes ", "price_cents": 800, "shortcut": "W" }),
    )
    .await;
    let skis = added(&house, access, json!({ "name": "Skis" })).await;
    let mut expected = before.clone();
    expected.extend(["Lampes".to_owned(), "Skis".to_owned()]);
    assert_eq!(tiles(&house, &camille.access).await, expected);

    let changed = house
        .patch(
            &lamps,
            access,
            json!({ "name": "Luminaires", "price_cents": null }),
        )
        .await
        .fine();
    assert_eq!(
        (&changed["name"], &changed["price_cents"], &changed["shortcut"]),
        (&json!("Luminaires"), &json!(null), &json!("w"))
    );
    let up = house
        .post(&format!("{skis}/move"), access, json!({ "direction": "up" }))
        .await
        .fine();
    assert_eq!(up["name"], "Skis");
    let after = tiles(&house, &camille.access).await;
    assert_eq!(after[before.len()..], ["Skis", "Luminaires"]);

    let archived = house
        .patch(&skis, access, json!({ "archived": true }))
        .await
        .fine();
    assert!(archived["archived_at"].is_string());
    let after = tiles(&house, &camille.access).await;
    assert_eq!(after[before.len()..], ["Luminaires"]);
    let list = house.get(ALL, access).await.fine();
    let names: Vec<&str> = list["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"Skis"), "{names:?}");
    let back = house
        .patch(&skis, access, json!({ "archived": false }))
        .await
        .fine();
    assert_eq!(back["archived_at"], json!(null));

    let rows = house.audit_rows().await;
    for action in [
        "category.added",
        "category.changed",
        "category.moved",
        "category.archived",
        "category.restored",
    ] {
        let row = rows.iter().find(|row| row.action == action).unwrap();
        assert_eq!(row.organization_id, Some(house.organization), "{action}");
        assert_eq!(row.actor_user_id, Some(dominique.user_id), "{action}");
    }
}

#[tokio::test]
async fn names_and_keys_are_used_once_and_values_out_of_range_are_named() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let access = &dominique.access;
    let lamps = added(&house, access, json!({ "name": "Lampes", "shortcut": "w" })).await;
    let refused = house.post(ALL, access, json!({ "name": "LAMPES" })).await;
    assert_eq!(refused.problem(ErrorCode::NameTaken)["field"], "name");
    let refused = house
        .post(ALL, access, json!({ "name": "Wagons", "shortcut": "W" }))
        .await;
    assert_eq!(refused.problem(ErrorCode::ShortcutTaken)["field"], "shortcut");
    for (field, body) in [
        ("name", json!({ "name": " " })),
        ("name", json!({ "name": "x".repeat(65) })),
        ("price_cents", json!({ "name": "Or", "price_cents": 10_000_001 })),
        ("shortcut", json!({ "name": "Or", "shortcut": "or" })),
        ("shortcut", json!({ "name": "Or", "shortcut": "" })),
        ("shortcut", json!({ "name": "Or", "shortcut": "é!" })),
    ] {
        let refused = house.post(ALL, access, body.clone()).await;
        let problem = refused.problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field, "{body}");
    }
    let unknown = format!("{ALL}/{}", Uuid::from_u128(1));
    house
        .patch(&unknown, access, json!({ "name": "Or" }))
        .await
        .problem(ErrorCode::CategoryNotFound);
    house
        .post(&format!("{unknown}/move"), access, json!({ "direction": "up" }))
        .await
        .problem(ErrorCode::CategoryNotFound);
    house
        .post(&format!("{lamps}/move"), access, json!({ "direction": "left" }))
        .await
        .problem(ErrorCode::MalformedBody);
}

#[tokio::test]
async fn barcodes_are_given_taken_away_heard_of_at_the_till_and_kept_in_the_log() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let access = &dominique.access;
    let lamps = added(
        &house,
        access,
        json!({ "name": "Lampes", "barcodes": [" 3760123450018 ", "LAB 42", "LAB 42"] }),
    )
    .await;
    let goods = house.get("/v1/categories", &camille.access).await.fine();
    let last = goods["categories"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["barcodes"], json!(["3760123450018", "LAB 42"]));

    let refused = house
        .post(
            ALL,
            access,
            json!({ "name": "Skis", "barcodes": ["LAB 43", "LAB 42"] }),
        )
        .await;
    assert_eq!(refused.problem(ErrorCode::BarcodeTaken)["field"], "barcodes");
    let odd = "~#[|`\\^@]}";
    let changed = house
        .patch(&lamps, access, json!({ "barcodes": [odd] }))
        .await
        .fine();
    assert_eq!(changed["barcodes"], json!([odd]));
    let unchanged = house
        .patch(&lamps, access, json!({ "price_cents": 5 }))
        .await
        .fine();
    assert_eq!(unchanged["barcodes"], changed["barcodes"]);
    added(&house, access, json!({ "name": "Skis", "barcodes": ["LAB 42"] })).await;
    let none = house
        .patch(&lamps, access, json!({ "barcodes": [] }))
        .await
        .fine();
    assert_eq!(none["barcodes"], json!([]));

    let rows = house.audit_rows().await;
    let row = rows.iter().rfind(|row| row.action == "category.changed").unwrap();
    assert!(row.before["barcodes"].contains("3760123450018"), "{row:?}");
    assert!(row.after["barcodes"].contains("~#["), "{row:?}");
}

#[tokio::test]
async fn barcodes_out_of_range_are_refused_by_name() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let many: Vec<String> = (0..21).map(|each| format!("LAB-{each:04}")).collect();
    for barcodes in [
        json!(["abc"]),
        json!(["  abc  "]),
        json!(["x".repeat(33)]),
        json!(["caféine"]),
        json!(["ab\tcd"]),
        json!(["abcd", ""]),
        json!(many),
    ] {
        let body = json!({ "name": "Or", "barcodes": barcodes });
        let refused = house.post(ALL, &dominique.access, body).await;
        let problem = refused.problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], "barcodes", "{barcodes}");
    }
    let most = json!({ "name": "Or", "barcodes": many[..20], "shortcut": null });
    added(&house, &dominique.access, most).await;
    let missing = json!({ "name": "Argent", "barcodes": null });
    added(&house, &dominique.access, missing).await;
}

#[tokio::test]
async fn a_ticket_in_hand_is_kept_though_its_category_was_archived_meanwhile() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let camille = house.sign_in("camille", "till").await;
    let sale = house.sale();
    let category = sale["lines"][0]["category_id"].as_str().unwrap();
    house
        .patch(
            &format!("{ALL}/{category}"),
            &dominique.access,
            json!({ "archived": true }),
        )
        .await
        .fine();
    let kept = house
        .sell(&camille.access, &Uuid::new_v4().to_string(), sale.clone())
        .await;
    assert_eq!(kept.status.as_u16(), 201, "{kept:?}");
}

#[tokio::test]
async fn an_organisation_without_categories_takes_the_first_ones_once() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let new = json!({ "name": "Atelier des Isles", "slug": "isles" });
    let organization = house
        .post("/v1/admin/organizations", &alix.access, new)
        .await
        .fine();
    let to = json!({ "organization_id": organization["organization_id"] });
    house.post("/v1/auth/organization", &alix.access, to).await.fine();
    let access = house.refresh(&alix.refresh, 1).await.fine()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(tiles(&house, &access).await, Vec::<String>::new());
    let starter = format!("{ALL}/starter");
    house
        .post(&starter, &access, json!({ "language": "de" }))
        .await
        .problem(ErrorCode::MalformedBody);
    let started = house.post(&starter, &access, json!({ "language": "en" })).await;
    assert_eq!(started.status.as_u16(), 201);
    let names = tiles(&house, &access).await;
    assert_eq!((names.len(), names[1].as_str()), (12, "Books"));
    house
        .post(&starter, &access, json!({ "language": "fr" }))
        .await
        .problem(ErrorCode::CategoriesExist);
    assert_eq!(tiles(&house, &access).await, names);
    let rows = house.audit_rows().await;
    let started = rows.iter().filter(|row| row.action == "categories.started");
    assert_eq!(started.count(), 1);
}
