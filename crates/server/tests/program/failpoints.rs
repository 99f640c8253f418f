//! A server that dies or falls silent after it has kept something: asking again brings the same, once.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::{Place, Running};

async fn sign_in(client: &reqwest::Client, server: &Running, password: &str) -> Value {
    let body = json!({ "username": "dom", "password": password, "device_name": "Caisse 1" });
    let answer = client
        .post(format!("{}/v1/auth/login", server.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

async fn refresh(
    client: &reqwest::Client,
    server: &Running,
    token: &Value,
) -> reqwest::Result<reqwest::Response> {
    let body = json!({ "refresh_token": token, "attempt_id": Uuid::from_u128(1) });
    client
        .post(format!("{}/v1/auth/refresh", server.url))
        .json(&body)
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_repeated_to_the_same_attempt() {
    let (place, password) = Place::initialised();
    let server = place.serve_with(&[], &[("VIGIE_SERVER_FAILPOINTS", "refresh.kept=lose")]);
    let client = reqwest::Client::new();
    let token = sign_in(&client, &server, &password).await["refresh_token"].clone();
    assert_eq!(refresh(&client, &server, &token).await.unwrap().status(), 500);
    let answer: Value = refresh(&client, &server, &token)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["generation"], 1);
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_between_keeping_and_answering_goes_on_where_it_was() {
    let (place, password) = Place::initialised();
    let server = place.serve_with(&[], &[("VIGIE_SERVER_FAILPOINTS", "refresh.kept=kill")]);
    let client = reqwest::Client::new();
    let token = sign_in(&client, &server, &password).await["refresh_token"].clone();
    assert!(refresh(&client, &server, &token).await.is_err());
    drop(server);
    let server = place.serve(&[]);
    let answer: Value = refresh(&client, &server, &token)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["generation"], 1);
    server.end();
}
