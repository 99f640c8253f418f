//! Calls to the site, and what came of them.

use serde_json::{Value, json};
use uuid::Uuid;

/// Status and body; `None` where no whole answer came. Every answer of this site is JSON, whoever gave it.
pub(crate) async fn answer(call: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let response = call.send().await.ok()?;
    let status = response.status().as_u16();
    let text = response.text().await.ok()?;
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} {error}: {text}"));
    Some((status, body))
}

pub(crate) fn refresh(
    http: &reqwest::Client,
    url: &str,
    token: &Value,
    attempt: Uuid,
) -> reqwest::RequestBuilder {
    let body = json!({ "refresh_token": token, "attempt_id": attempt, "last_input_age_seconds": 1 });
    http.post(format!("{url}/v1/auth/refresh")).json(&body)
}
