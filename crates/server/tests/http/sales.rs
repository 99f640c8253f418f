//! Sales: kept once, within their organisation, and only when they add up.

use protocol::ErrorCode;
use serde_json::json;
use uuid::Uuid;

use crate::house::House;

fn key(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

#[tokio::test]
async fn the_same_sale_sent_twice_makes_one_sale() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let first = house.sell(&camille.access, &key(1), house.sale()).await;
    assert_eq!(first.status, 201);
    let again = house.sell(&camille.access, &key(1), house.sale()).await;
    assert_eq!(again.status, 200);
    assert_eq!(first.body, again.body);
    assert_eq!(first.body["operator_id"], json!(camille.user_id));
    let listed = house.get("/v1/sales", &camille.access).await.fine();
    assert_eq!(listed["sales"], json!([first.body]));
}

#[tokio::test]
async fn many_sendings_at_once_make_one_sale() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let key = key(1);
    let all = (0..24).map(|_| house.sell(&camille.access, &key, house.sale()));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 23);
    assert_eq!(
        house.get("/v1/sales", &camille.access).await.fine()["sales"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_form_of_the_body_does_not_matter_its_content_does() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.sell(&camille.access, &key(1), house.sale()).await.fine();
    let mut same = house.sale();
    same["finished_at"] = json!("2026-11-21T11:00:00+01:00");
    same.as_object_mut().unwrap().remove("note");
    assert_eq!(
        house
            .sell(&camille.access, &format!("\"{}\"", key(1)), same)
            .await
            .status,
        200
    );
    let mut other = house.sale();
    other["lines"][0]["weight_grams"] = json!(351);
    house
        .sell(&camille.access, &key(1), other)
        .await
        .problem(ErrorCode::IdempotencyKeyReused);
}

#[tokio::test]
async fn a_key_belongs_to_its_organisation() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "till").await;
    house.sell(&camille.access, &key(1), house.sale()).await.fine();
    let mut evas = house.sale();
    evas["lines"][0]["category_id"] = json!(house.other_category);
    assert_eq!(house.sell(&eva.access, &key(1), evas).await.status, 201);
    house
        .sell(&eva.access, &key(2), house.sale())
        .await
        .problem(ErrorCode::CategoryUnknown);
    assert_eq!(
        house.get("/v1/sales", &eva.access).await.fine()["sales"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    for key in ["", "7", "not-a-uuid", "\"\""] {
        house
            .sell(&camille.access, key, house.sale())
            .await
            .problem(ErrorCode::IdempotencyKeyRequired);
    }
    assert_eq!(
        house.get("/v1/sales", &camille.access).await.fine()["sales"],
        json!([])
    );
}

#[tokio::test]
async fn a_refused_sale_leaves_its_key_free() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let mut wrong = house.sale();
    wrong["payments"][0]["amount_cents"] = json!(299);
    let problem = house
        .sell(&camille.access, &key(1), wrong)
        .await
        .problem(ErrorCode::SaleTotalMismatch);
    assert_eq!(problem["field"], "payments");
    assert_eq!(
        house.sell(&camille.access, &key(1), house.sale()).await.status,
        201
    );
}

#[tokio::test]
async fn categories_are_the_organisations_own() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let categories = house.get("/v1/categories", &camille.access).await.fine();
    let ids: Vec<_> = categories["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].clone())
        .collect();
    assert_eq!(ids, [json!(house.category)]);
}

#[tokio::test]
async fn one_operators_sales_are_not_anothers() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "till").await;
    house.sell(&camille.access, &key(1), house.sale()).await.fine();
    assert_eq!(
        house.get("/v1/sales", &dominique.access).await.fine()["sales"],
        json!([])
    );
}
