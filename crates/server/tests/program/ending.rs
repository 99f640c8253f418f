//! SIGTERM: what was acknowledged is kept, what is under way is answered, and nothing new is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

use crate::place::{Place, Running};

struct Till {
    client: reqwest::Client,
    url: String,
    access: String,
    category: Value,
}

impl Till {
    async fn open(server: &Running, password: &str) -> Self {
        let client = reqwest::Client::new();
        let body = json!({ "username": "dom", "password": password, "device_name": "Caisse 1" });
        let answer = client
            .post(format!("{}/v1/auth/login", server.url))
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let access = answer["access_token"].as_str().unwrap().to_owned();
        let new = json!({ "current_password": password, "new_password": "quatre mouettes ivres" });
        let changed = client
            .post(format!("{}/v1/auth/password", server.url))
            .bearer_auth(&access)
            .json(&new)
            .send()
            .await
            .unwrap();
        assert_eq!(changed.status(), 200);
        let categories = client
            .get(format!("{}/v1/categories", server.url))
            .bearer_auth(&access)
            .send()
            .await;
        let categories: Value = categories.unwrap().json().await.unwrap();
        let category = categories["categories"][0]["id"].clone();
        Self {
            client,
            url: server.url.clone(),
            access,
            category,
        }
    }

    fn sale(&self) -> Value {
        json!({
            "lines": [{ "category_id": self.category, "quantity": 1, "weight_grams": 0, "unit_price_cents": 150 }],
            "payments": [{ "method": "card", "amount_cents": 150 }],
            "total_cents": 150,
            "finished_at": "2026-11-21T10:00:00Z",
        })
    }

    /// Sends a sale with a new key; the key where the server acknowledged it.
    async fn sell(&self) -> Option<Uuid> {
        let key = Uuid::new_v4();
        let request = self
            .client
            .post(format!("{}/v1/sales", self.url))
            .bearer_auth(&self.access);
        let sent = request
            .header("idempotency-key", key.to_string())
            .json(&self.sale())
            .send()
            .await;
        sent.ok().filter(|response| response.status() == 201).map(|_| key)
    }

    async fn kept(&self) -> Vec<String> {
        let sales = self
            .client
            .get(format!("{}/v1/sales", self.url))
            .bearer_auth(&self.access)
            .send()
            .await
            .unwrap();
        let sales: Value = sales.json().await.unwrap();
        let sales = sales["sales"].as_array().unwrap();
        sales
            .iter()
            .map(|sale| sale["idempotency_key"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn with_category() -> (Place, String) {
    let (place, password) = Place::initialised();
    place.fine(&["category", "add", "Livres"]);
    (place, password)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_sale_is_there_after_sigterm_in_the_middle_of_work() {
    let (place, password) = with_category();
    let server = place.serve(&[]);
    let till = Arc::new(Till::open(&server, &password).await);
    let acknowledged = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (till, acknowledged) = (Arc::clone(&till), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut keys = Vec::new();
                while let Some(key) = till.sell().await {
                    keys.push(key);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    if keys.len() == 12 {
                        break;
                    }
                }
                keys
            })
        })
        .collect();
    while acknowledged.load(Ordering::SeqCst) < 10 {
        tokio::task::yield_now().await;
    }
    server.signal("TERM");
    let (code, log) = tokio::task::spawn_blocking(move || server.ended()).await.unwrap();
    assert_eq!(code, 0, "{log}");
    let mut keys = Vec::new();
    for worker in workers {
        keys.extend(worker.await.unwrap());
    }

    let server = place.serve(&[]);
    let till = Till {
        url: server.url.clone(),
        client: reqwest::Client::new(),
        access: till.access.clone(),
        category: Value::Null,
    };
    let kept = till.kept().await;
    assert!(keys.len() >= 10 && keys.len() <= 100);
    for key in &keys {
        assert!(
            kept.contains(&key.to_string()),
            "{key} was acknowledged and is gone"
        );
    }
    server.end();
}

/// A call whose body is half sent when the signal comes is answered once the other half is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_under_way_is_finished_and_a_new_one_is_not_taken() {
    let (place, password) = with_category();
    let server = place.serve(&[]);
    let till = Till::open(&server, &password).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut under_way = tokio::net::TcpStream::connect(&address).await.unwrap();
    let body = till.sale().to_string();
    let (half, rest) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /v1/sales HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nidempotency-key: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        till.access,
        Uuid::from_u128(1),
        body.len(),
    );
    under_way.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: from here on the call is under way.
    let mut interim = [0_u8; 25];
    under_way.read_exact(&mut interim).await.unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue"));
    under_way.write_all(half.as_bytes()).await.unwrap();

    server.signal("TERM");
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    under_way.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    under_way.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let (code, log) = tokio::task::spawn_blocking(move || server.ended()).await.unwrap();
    assert_eq!(code, 0, "{log}");
}

#[test]
fn ctrl_c_ends_it_as_well() {
    let (place, _) = Place::initialised();
    let server = place.serve(&[]);
    server.signal("INT");
    let (code, log) = server.ended();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("SIGINT"), "{log}");
}

/// An open event stream would last for the life of its token; it must not hold up the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_event_stream_is_ended_at_once() {
    let (place, password) = with_category();
    let server = place.serve(&[]);
    let till = Till::open(&server, &password).await;
    let mut stream = till
        .client
        .get(format!("{}/v1/events", server.url))
        .bearer_auth(&till.access)
        .send()
        .await
        .unwrap();
    assert_eq!(stream.status(), 200);
    assert!(stream.chunk().await.unwrap().is_some());
    server.signal("TERM");
    let within = std::time::Duration::from_secs(3);
    let ended = tokio::time::timeout(within, async {
        while let Ok(Some(_)) = stream.chunk().await {}
        tokio::task::spawn_blocking(move || server.ended()).await.unwrap()
    });
    let (code, log) = ended
        .await
        .unwrap_or_else(|_| panic!("the stream held up the end"));
    assert_eq!(code, 0, "{log}");
}
