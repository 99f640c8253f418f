//! Calls to a running server, one at a time.

use serde_json::{Value, json};

use crate::place::Running;

/// The password of the operator that [`crate::migrate`] and its kin add.
pub(crate) const PASSWORD: &str = "quatre mots bien longs";

fn call(make: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = make(&client).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    })
}

pub(crate) fn login(server: &Running, username: &str) -> Value {
    let body = json!({ "username": username, "password": PASSWORD, "device_name": "Caisse 1", "device_kind": "till" });
    let url = format!("{}/v1/auth/login", server.url);
    let (status, answer) = call(|client| client.post(url).json(&body));
    assert_eq!(status, 200, "{answer}");
    answer
}

pub(crate) fn refresh(server: &Running, token: &Value, attempt: u128) -> (u16, Value) {
    let body = json!({ "refresh_token": token, "attempt_id": uuid::Uuid::from_u128(attempt) });
    let url = format!("{}/v1/auth/refresh", server.url);
    call(|client| client.post(url).json(&body))
}

pub(crate) fn me(server: &Running, access: &Value) -> (u16, Value) {
    let url = format!("{}/v1/auth/me", server.url);
    call(|client| client.get(url).bearer_auth(access.as_str().unwrap()))
}

#[cfg(target_os = "linux")]
pub(crate) fn post(server: &Running, access: &Value, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}{path}", server.url);
    call(|client| client.post(url).bearer_auth(access.as_str().unwrap()).json(body))
}

/// Sells one piece of the first category.
pub(crate) fn sell(server: &Running, access: &Value, ticket: u128) {
    let access = access.as_str().unwrap();
    let url = format!("{}/v1/categories", server.url);
    let (_, listed) = call(|client| client.get(url).bearer_auth(access));
    let sale = json!({
        "lines": [{ "category_id": listed["categories"][0]["id"], "quantity": 1, "weight_grams": 0, "unit_price_cents": 100 }],
        "payments": [{ "method": "cash", "amount_cents": 100 }],
        "total_cents": 100,
        "note": "un\tgrand\\pot\nà fleurs — 日本",
        "finished_at": "2026-01-02T03:04:05Z",
    });
    let url = format!("{}/v1/sales", server.url);
    let (status, answer) = call(|client| {
        client
            .post(url)
            .bearer_auth(access)
            .header("Idempotency-Key", uuid::Uuid::from_u128(ticket).to_string())
            .json(&sale)
    });
    assert_eq!(status, 201, "{answer}");
}
