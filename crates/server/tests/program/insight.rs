//! Counters of a server that is killed: they lose at most what was not written yet, never count twice, and note each end once.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::{Place, Running};

const PASSWORD: &str = "quatre mouettes ivres";
const SURE: u64 = 30;
const IN_DOUBT: u64 = 20;

struct Admin {
    client: reqwest::Client,
    access: String,
    refresh: String,
    turn: u128,
}

impl Admin {
    /// Signs in with the one-time password, and gives itself another.
    async fn new(server: &Running, one_time: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let first = sign_in(&client, server, one_time).await;
        let body = json!({ "current_password": one_time, "new_password": PASSWORD });
        let changed = client
            .post(format!("{}/v1/auth/password", server.url))
            .bearer_auth(first["access_token"].as_str().unwrap())
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(changed.status().is_success(), "{}", changed.text().await.unwrap());
        let text = |name: &str| first[name].as_str().unwrap().to_owned();
        Self {
            client,
            access: text("access_token"),
            refresh: text("refresh_token"),
            turn: 0,
        }
    }

    async fn refreshes(&mut self, server: &Running, times: u64) {
        for _ in 0..times {
            self.turn += 1;
            let body = json!({ "refresh_token": self.refresh, "attempt_id": Uuid::from_u128(self.turn) });
            let answer = self
                .client
                .post(format!("{}/v1/auth/refresh", server.url))
                .json(&body)
                .send()
                .await
                .unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
            let answer: Value = answer.json().await.unwrap();
            self.refresh = answer["refresh_token"].as_str().unwrap().to_owned();
            self.access = answer["access_token"].as_str().unwrap().to_owned();
        }
    }

    async fn sign_in_and_out(&self, server: &Running) {
        let session = sign_in(&self.client, server, PASSWORD).await;
        let answer = self
            .client
            .post(format!("{}/v1/auth/logout", server.url))
            .bearer_auth(session["access_token"].as_str().unwrap())
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
    }

    /// Refreshes that succeeded, and sessions that ended.
    async fn figures(&self, server: &Running) -> (u64, u64) {
        let answer = self
            .client
            .get(format!("{}/v1/admin/sessions/metrics?range=6h", server.url))
            .bearer_auth(&self.access)
            .send()
            .await
            .unwrap();
        let metrics: Value = answer.json().await.unwrap();
        let refreshes = metrics["refreshes"]["success"].as_u64();
        let ends = metrics["ends"].as_array().unwrap();
        let ends = ends.iter().map(|end| end["sessions"].as_u64().unwrap()).sum();
        (refreshes.unwrap(), ends)
    }

    async fn until(&self, server: &Running, wanted: impl Fn((u64, u64)) -> bool) -> (u64, u64) {
        let mut found = (0, 0);
        for _ in 0..600 {
            found = self.figures(server).await;
            if wanted(found) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        found
    }
}

async fn sign_in(client: &reqwest::Client, server: &Running, password: &str) -> Value {
    let body =
        json!({ "username": "dom", "password": password, "device_name": "Caisse 1", "device_kind": "till" });
    let answer = client
        .post(format!("{}/v1/auth/login", server.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_what_it_had_not_written_and_counts_nothing_twice() {
    let (place, one_time) = Place::initialised();
    let server = place.serve(&[]);
    let mut admin = Admin::new(&server, &one_time).await;
    admin.refreshes(&server, SURE).await;
    let (written, _) = admin.until(&server, |(refreshes, _)| refreshes == SURE).await;
    assert_eq!(written, SURE);
    admin.refreshes(&server, IN_DOUBT).await;
    for _ in 0..3 {
        admin.sign_in_and_out(&server).await;
    }
    server.signal("KILL");
    drop(server);

    let server = place.serve(&[]);
    let (refreshes, ends) = admin.until(&server, |(_, ends)| ends == 3).await;
    assert_eq!(ends, 3, "an end is lost or doubled");
    assert!(
        (SURE..=SURE + IN_DOUBT).contains(&refreshes),
        "{refreshes} refreshes, of which {SURE} were written and {IN_DOUBT} may be lost"
    );
    admin.refreshes(&server, 5).await;
    server.end();

    let server = place.serve(&[]);
    let found = admin.until(&server, |_| true).await;
    assert_eq!(found, (refreshes + 5, 3), "an orderly end loses nothing");
    server.end();
}
