//! Bodies that are wrong in every way: refused with a code, never with a panic, and never repeated.

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request};
use protocol::ErrorCode;
use serde_json::json;

use crate::house::{House, request};

fn login(body: impl Into<Body>) -> Request<Body> {
    Request::post("/v1/auth/login")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn what_is_not_the_expected_json_is_malformed_and_not_repeated() {
    let house = House::new().await;
    for body in [
        "",
        "canary",
        "{",
        "[]",
        "null",
        r#"{"username":"camille"}"#,
        r#"{"username":"camille","password":77777777,"device_name":"x"}"#,
        r#"{"username":"camille","password":"canary","device_name":"x","more":1}"#,
        r#"{"username":"camille","password":"canary","password":"canary","device_name":"x"}"#,
        r#"{"username":"camille","password":"canary","device_name":"x","device_kind":"canary"}"#,
        "{\"username\":\"\u{0}",
        &"[".repeat(10_000),
    ] {
        let problem = house
            .send(login(body.to_owned()))
            .await
            .problem(ErrorCode::MalformedBody)
            .to_string();
        assert!(
            !problem.contains("canary") && !problem.contains("7777"),
            "{problem}"
        );
    }
    let invalid_utf8 = Bytes::from_static(b"{\"username\":\"\xff\"}");
    house
        .send(login(invalid_utf8))
        .await
        .problem(ErrorCode::MalformedBody);
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let house = House::new().await;
    for (kind, refused) in [
        ("text/plain", true),
        ("application/x-www-form-urlencoded", true),
        ("application/jsonp", true),
        ("application/json; charset=utf-8", false),
        ("Application/JSON", false),
    ] {
        let request = Request::post("/v1/auth/login")
            .header("content-type", kind)
            .body(Body::from("{}"))
            .unwrap();
        let code = if refused {
            ErrorCode::UnsupportedMediaType
        } else {
            ErrorCode::MalformedBody
        };
        house.send(request).await.problem(code);
    }
    let without = Request::post("/v1/auth/login").body(Body::from("{}")).unwrap();
    house.send(without).await.problem(ErrorCode::UnsupportedMediaType);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound_only() {
    let house = House::new().await;
    house
        .send(login(" ".repeat(256 * 1024)))
        .await
        .problem(ErrorCode::MalformedBody);
    house
        .send(login(" ".repeat(256 * 1024 + 1)))
        .await
        .problem(ErrorCode::BodyTooLarge);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let house = House::new().await;
    let chunks = [
        Ok(Bytes::from_static(b"{\"user")),
        Err(std::io::Error::other("gone")),
    ];
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    house.send(login(body)).await.problem(ErrorCode::MalformedBody);
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_malformed_or_out_of_range() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    for age in [
        json!(-1),
        json!(1.5),
        json!(4_294_967_296_u64),
        json!("1"),
        json!(null),
    ] {
        let body = json!({ "last_input_age_seconds": age });
        house
            .post("/v1/activity/ping", &camille.access, body)
            .await
            .problem(ErrorCode::MalformedBody);
    }
    let body = json!({ "last_input_age_seconds": u32::MAX });
    house
        .post("/v1/activity/ping", &camille.access, body)
        .await
        .fine();
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_are_problems_too() {
    let house = House::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/auth",
        "/v2/auth/me",
        "/v1/auth/me/",
        "/%ff",
        "/.env",
    ] {
        house
            .send(request(Method::GET, path, None, None))
            .await
            .problem(ErrorCode::NotFound);
    }
    let answer = house.send(request(Method::DELETE, "/v1/sales", None, None)).await;
    let mut allowed: Vec<_> = answer.headers["allow"].to_str().unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    answer.problem(ErrorCode::MethodNotAllowed);
}
