//! A till at work through nginx, which never takes a failing node for the end of its session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;
use vigie_tests::Stopwatch;

use crate::calls::{answer, refresh};

/// What a till does all day: refresh, then sell, each until there is an answer, under one attempt and one key.
pub(crate) struct Till {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) over: Arc<AtomicBool>,
    pub(crate) done: Arc<AtomicUsize>,
    pub(crate) not_now: Arc<AtomicUsize>,
    pub(crate) slowest: Duration,
}

impl Till {
    pub(crate) async fn until_done(&mut self, call: impl Fn(&Self) -> reqwest::RequestBuilder) -> Value {
        let begun = Stopwatch::start();
        loop {
            match answer(call(self)).await {
                Some((200 | 201, body)) => {
                    self.slowest = self.slowest.max(begun.elapsed());
                    return body;
                }
                Some((503, body)) => assert_eq!(body["code"], "store_unavailable", "{body}"),
                Some((status, body)) => panic!("refused: {status} {body}"),
                None => {}
            }
            self.not_now.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn work(mut self, mut token: Value, category: Value) -> (Value, Duration) {
        while !self.over.load(Ordering::Relaxed) {
            let attempt = Uuid::new_v4();
            let tokens = {
                let token = token.clone();
                self.until_done(|till| refresh(&till.http, &till.url, &token, attempt))
                    .await
            };
            token = tokens["refresh_token"].clone();
            let access = tokens["access_token"].as_str().unwrap().to_owned();
            let (ticket, sale) = (Uuid::new_v4(), sale(&category));
            self.until_done(|till| {
                let call = till.http.post(format!("{}/v1/sales", till.url)).json(&sale);
                call.bearer_auth(&access)
                    .header("Idempotency-Key", ticket.to_string())
            })
            .await;
            self.done.fetch_add(1, Ordering::Relaxed);
            // Within the limit of refreshes of one session.
            sleep(Duration::from_millis(400)).await;
        }
        (token, self.slowest)
    }
}

pub(crate) fn sale(category: &Value) -> Value {
    json!({
        "lines": [{ "category_id": category, "quantity": 1, "weight_grams": 0, "unit_price_cents": 100 }],
        "payments": [{ "method": "cash", "amount_cents": 100 }],
        "total_cents": 100,
        "note": "",
        "finished_at": "2026-01-02T03:04:05Z",
    })
}
