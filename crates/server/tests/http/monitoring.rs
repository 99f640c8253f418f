//! Figures for programs: who may read them, in which form, and what they cost the store.

use http::Method;
use protocol::ErrorCode;
use serde_json::json;
use server::ServerOptions;
use server::monitoring::ScrapeToken;

use crate::house::{Answer, House, request};
use crate::openapi::ROUTES;

const TOKEN: &str = "4f1c2d3b5a697887a6b5c4d3e2f10011";
const METRICS: &str = "/v1/monitoring/sessions/metrics/prometheus";

async fn house() -> House {
    House::with(ServerOptions {
        scrape_token: Some(ScrapeToken::new(TOKEN).unwrap()),
        ..ServerOptions::default()
    })
    .await
}

#[track_caller]
fn text(answer: Answer) -> String {
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    assert_eq!(
        answer.headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.body.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn figures_are_for_super_admins_and_the_scrape_token_alone() {
    let house = house().await;
    let alix = house.super_admin().await;
    text(house.get(METRICS, TOKEN).await);
    text(house.get(METRICS, &alix.access).await);
    for username in ["camille", "dominique", "eva"] {
        let somebody = house.sign_in(username, "desk").await;
        house
            .get(METRICS, &somebody.access)
            .await
            .problem(ErrorCode::Forbidden);
    }
    let nobody = house.send(request(Method::GET, METRICS, None, None)).await;
    nobody.problem(ErrorCode::LoginRequired);
    for other in ["", &TOKEN[1..], &format!("{TOKEN}1"), &TOKEN.replace('f', "e")] {
        house.get(METRICS, other).await.problem(ErrorCode::LoginRequired);
    }
}

#[tokio::test]
async fn without_a_scrape_token_no_text_is_one() {
    let house = House::new().await;
    for text in ["", TOKEN] {
        house.get(METRICS, text).await.problem(ErrorCode::LoginRequired);
    }
}

#[tokio::test]
async fn the_scrape_token_opens_figures_and_nothing_else() {
    let house = house().await;
    let mut opened = Vec::new();
    for (method, path) in ROUTES {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let with = house.ask(method.clone(), path, TOKEN, Some(json!({}))).await;
        let without = house.send(request(method, path, None, Some(json!({})))).await;
        if with.status == without.status {
            assert_eq!(with.body["code"], without.body["code"], "{path}");
        } else {
            assert!(with.status.is_success(), "{path}: {with:?}");
            opened.push(path);
        }
    }
    assert!(opened.contains(&METRICS));
    assert!(
        opened.iter().all(|path| path.starts_with("/v1/monitoring/")),
        "{opened:?}"
    );
}

#[tokio::test]
async fn readers_of_one_second_cost_the_store_one_reading() {
    let house = house().await;
    let first = text(house.get(METRICS, TOKEN).await);
    assert!(first.ends_with("# EOF\n"), "{first}");
    assert!(first.contains("\nactive_sessions 0\n"), "{first}");
    house.sign_in("camille", "till").await;
    house.store.works_for(0);
    for _ in 0..100 {
        assert_eq!(text(house.get(METRICS, TOKEN).await), first);
    }
    house.pass(1);
    house
        .get(METRICS, TOKEN)
        .await
        .problem(ErrorCode::StoreUnavailable);
    house.store.works_for(u32::MAX);
    let now = text(house.get(METRICS, TOKEN).await);
    assert!(now.contains("\nactive_sessions 1\n"), "{now}");
}

#[tokio::test]
async fn a_store_that_goes_away_in_the_middle_gives_no_half_answer() {
    let house = house().await;
    let mut refused = 0;
    for works_for in 0..10 {
        house.store.works_for(works_for);
        let answer = house.get(METRICS, TOKEN).await;
        if answer.status.is_success() {
            break;
        }
        answer.problem(ErrorCode::StoreUnavailable);
        refused += 1;
    }
    assert!((3..10).contains(&refused), "{refused}");
}
