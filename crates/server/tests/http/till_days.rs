//! The till's day: opened and closed once, with what the drawer should hold, and sales that name it.

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use store::{Directory as _, NewTill};
use uuid::Uuid;

use crate::house::{House, SignedIn, entry};

async fn till(house: &House, organization_id: Uuid, site_id: Uuid, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    let new = NewTill {
        id,
        organization_id,
        site_id,
        name: name.to_owned(),
    };
    house.store.add_till(new, entry()).await.unwrap();
    id
}

async fn own_till(house: &House) -> Uuid {
    till(house, house.organization, house.site, "Caisse 1").await
}

async fn opened(house: &House, by: &SignedIn, till: Uuid, float_cents: u32) -> Value {
    let answer = house
        .post(
            &format!("/v1/tills/{till}/open"),
            &by.access,
            json!({ "float_cents": float_cents }),
        )
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

fn closing(day: &Value, counted_cents: u32, comment: &str) -> Value {
    json!({ "day_id": day["id"], "counted_cents": counted_cents, "comment": comment })
}

fn sale_on(house: &House, day: &Value) -> Value {
    let mut sale = house.sale();
    sale["till_day_id"] = day["id"].clone();
    sale
}

fn key(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

#[tokio::test]
async fn a_day_opens_sells_and_closes_with_its_variance() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let till = own_till(&house).await;
    let day = opened(&house, &camille, till, 15_000).await;
    assert_eq!(
        (
            &day["till_name"],
            &day["site_name"],
            &day["float_cents"],
            &day["expected_cents"]
        ),
        (&json!("Caisse 1"), &json!("Quai"), &json!(15_000), &json!(15_000))
    );
    assert_eq!(day["opened_by"]["user_id"], json!(camille.user_id));
    assert_eq!(day.get("closed_at"), None);

    let sale = sale_on(&house, &day);
    let total = sale["total_cents"].as_u64().unwrap();
    house.sell(&camille.access, &key(1), sale).await.fine();
    let path = format!("/v1/tills/{till}/day");
    let so_far = house.get(&path, &camille.access).await.fine();
    assert_eq!(so_far["expected_cents"], json!(15_000 + total));
    let tills = house.get("/v1/tills", &camille.access).await.fine();
    assert_eq!(tills["tills"][0]["day"], so_far);

    house.pass(60);
    let close = format!("/v1/tills/{till}/close");
    let counted = 15_000 + u32::try_from(total).unwrap() - 20;
    let closed = house
        .post(
            &close,
            &camille.access,
            closing(&day, counted, " une pièce est tombée \n"),
        )
        .await
        .fine();
    assert_eq!(
        (
            &closed["counted_cents"],
            &closed["variance_cents"],
            &closed["comment"],
            &closed["closed_by"]["user_id"]
        ),
        (
            &json!(counted),
            &json!(-20),
            &json!("une pièce est tombée"),
            &json!(camille.user_id)
        )
    );
    house
        .get(&path, &camille.access)
        .await
        .problem(ErrorCode::TillDayNotFound);
    let tills = house.get("/v1/tills", &camille.access).await.fine();
    assert_eq!(tills["tills"][0].get("day"), None);

    let rows = house.audit_rows().await;
    let row = |action: &str| rows.iter().find(|row| row.action == action).unwrap();
    let target = Some(format!("till:{till}"));
    assert_eq!(row("till_day.opened").target, target);
    assert_eq!(row("till_day.opened").after["float_cents"], "15000");
    let last = row("till_day.closed");
    assert_eq!(
        (&last.target, last.reason.as_deref()),
        (&target, Some("une pièce est tombée"))
    );
    assert_eq!(
        (
            last.before["state"].as_str(),
            last.after["state"].as_str(),
            last.after["variance_cents"].as_str()
        ),
        ("open", "closed", "-20")
    );
}

#[tokio::test]
async fn what_is_sent_again_after_a_lost_answer_is_answered_as_before() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "till").await;
    let till = own_till(&house).await;
    let day = opened(&house, &camille, till, 100).await;
    let open = format!("/v1/tills/{till}/open");
    let again = house
        .post(&open, &camille.access, json!({ "float_cents": 100 }))
        .await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &day));
    for (who, float_cents) in [(&camille, 101), (&dominique, 100)] {
        let problem = house
            .post(&open, &who.access, json!({ "float_cents": float_cents }))
            .await
            .problem(ErrorCode::TillDayOpen);
        assert!(problem["detail"].is_string());
    }

    let close = format!("/v1/tills/{till}/close");
    let body = closing(&day, 90, "dix centimes au sol");
    let first = house.post(&close, &camille.access, body.clone()).await.fine();
    house.pass(1);
    assert_eq!(
        house.post(&close, &camille.access, body.clone()).await.fine(),
        first
    );
    house
        .post(&close, &dominique.access, body)
        .await
        .problem(ErrorCode::TillClosed);
    house
        .post(&close, &camille.access, closing(&day, 91, "dix centimes au sol"))
        .await
        .problem(ErrorCode::TillClosed);
    // What comes late never closes the next day.
    let next = opened(&house, &camille, till, 50).await;
    house
        .post(&close, &camille.access, closing(&day, 50, ""))
        .await
        .problem(ErrorCode::TillClosed);
    let path = format!("/v1/tills/{till}/day");
    assert_eq!(house.get(&path, &camille.access).await.fine(), next);
}

#[tokio::test]
async fn a_variance_wants_a_comment_and_values_have_their_range() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let till = own_till(&house).await;
    let refused = async |path: &str, body: Value| {
        house
            .post(path, &camille.access, body)
            .await
            .problem(ErrorCode::ValidationFailed)
    };
    let open = format!("/v1/tills/{till}/open");
    let problem = refused(&open, json!({ "float_cents": 100_000_001 })).await;
    assert_eq!(problem["field"], "float_cents");
    let day = opened(&house, &camille, till, 100).await;
    let close = format!("/v1/tills/{till}/close");
    for (body, field) in [
        (closing(&day, 99, ""), "comment"),
        (closing(&day, 101, " \n "), "comment"),
        (closing(&day, 100_000_001, "riche"), "counted_cents"),
        (closing(&day, 99, &"é".repeat(501)), "comment"),
        (closing(&day, 99, "sonne\u{7}"), "comment"),
    ] {
        assert_eq!(refused(&close, body).await["field"], field);
    }
    let closed = house
        .post(&close, &camille.access, closing(&day, 100, ""))
        .await
        .fine();
    assert_eq!(
        (&closed["variance_cents"], &closed["comment"]),
        (&json!(0), &json!(""))
    );
}

#[tokio::test]
async fn a_sale_names_an_open_day_of_its_organisation() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "till").await;
    let till_here = own_till(&house).await;
    let till_there = till(&house, house.other_organization, house.other_site, "Quai 9").await;
    let day = opened(&house, &camille, till_here, 0).await;
    let foreign = opened(&house, &eva, till_there, 0).await;
    let taken = sale_on(&house, &day);
    house.sell(&camille.access, &key(1), taken.clone()).await.fine();
    for unknown in [foreign["id"].clone(), json!(key(9))] {
        let mut sale = house.sale();
        sale["till_day_id"] = unknown;
        let problem = house
            .sell(&camille.access, &key(2), sale)
            .await
            .problem(ErrorCode::TillDayNotFound);
        assert_eq!(problem["field"], "till_day_id");
    }
    let total = u32::try_from(taken["total_cents"].as_u64().unwrap()).unwrap();
    let close = format!("/v1/tills/{till_here}/close");
    house
        .post(&close, &camille.access, closing(&day, total, ""))
        .await
        .fine();
    let problem = house
        .sell(&camille.access, &key(3), sale_on(&house, &day))
        .await
        .problem(ErrorCode::TillClosed);
    assert_eq!(problem["field"], "till_day_id");
    // Taken before the closing, and its answer lost.
    assert_eq!(house.sell(&camille.access, &key(1), taken).await.status, 200);
    // The same ticket without its day is another sale.
    house
        .sell(&camille.access, &key(1), house.sale())
        .await
        .problem(ErrorCode::IdempotencyKeyReused);
    // Sent to the day that is open by now, the refused one goes through under its own key.
    let next = opened(&house, &camille, till_here, 0).await;
    let mended = house.sell(&camille.access, &key(3), sale_on(&house, &next)).await;
    assert_eq!(mended.status, 201);
}

#[tokio::test]
async fn tills_of_another_organisation_are_unknown() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "till").await;
    let here = own_till(&house).await;
    let there = till(&house, house.other_organization, house.other_site, "Quai 9").await;
    let day = opened(&house, &eva, there, 0).await;
    for id in [there.to_string(), key(1), "none".to_owned()] {
        house
            .get(&format!("/v1/tills/{id}/day"), &camille.access)
            .await
            .problem(ErrorCode::TillNotFound);
        house
            .post(
                &format!("/v1/tills/{id}/open"),
                &camille.access,
                json!({ "float_cents": 1 }),
            )
            .await
            .problem(ErrorCode::TillNotFound);
    }
    for id in [here, there] {
        house
            .post(
                &format!("/v1/tills/{id}/close"),
                &camille.access,
                closing(&day, 0, ""),
            )
            .await
            .problem(ErrorCode::TillDayNotFound);
    }
    let tills = house.get("/v1/tills", &camille.access).await.fine();
    let names: Vec<_> = tills["tills"]
        .as_array()
        .unwrap()
        .iter()
        .map(|till| &till["name"])
        .collect();
    assert_eq!(names, ["Caisse 1"]);
}

#[tokio::test]
async fn managers_read_past_days_in_pages() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .person("manon", house.organization, OrganizationRole::Manager)
        .await;
    let manon = house.sign_in("manon", "desk").await;
    let one = own_till(&house).await;
    let two = till(&house, house.organization, house.site, "Caisse 2").await;
    let mut days = Vec::new();
    for till in [one, two, one] {
        let day = opened(&house, &camille, till, 0).await;
        let close = format!("/v1/tills/{till}/close");
        days.insert(
            0,
            house
                .post(&close, &camille.access, closing(&day, 0, ""))
                .await
                .fine(),
        );
        house.pass(1);
    }
    let path = "/v1/admin/till-days";
    house
        .get(path, &camille.access)
        .await
        .problem(ErrorCode::Forbidden);
    let all = house.get(path, &manon.access).await.fine();
    assert_eq!((&all["days"], all.get("next")), (&json!(days), None));
    let first = house.get(&format!("{path}?limit=2"), &manon.access).await.fine();
    assert_eq!(first["days"], json!(days[..2]));
    let rest = format!("{path}?limit=2&after={}", first["next"].as_str().unwrap());
    let rest = house.get(&rest, &manon.access).await.fine();
    assert_eq!((&rest["days"], rest.get("next")), (&json!(days[2..]), None));
    let of_two = house
        .get(&format!("{path}?till_id={two}"), &manon.access)
        .await
        .fine();
    assert_eq!(of_two["days"], json!([days[1]]));
}
