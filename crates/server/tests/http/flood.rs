//! A flood of sign-ins: it fills its own pool and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use protocol::ErrorCode;
use serde_json::json;
use server::ServerOptions;
use server::options::Limits;

use crate::house::House;

const WAITING: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_go_on_while_the_password_pool_is_full() {
    let house = House::with(ServerOptions {
        limits: Limits {
            password_workers: 1,
            password_queue: WAITING - 1,
            ..Limits::default()
        },
        ..ServerOptions::default()
    })
    .await;
    let camille = house.sign_in("camille", "till").await;
    let checked = AtomicUsize::new(0);
    let turned_away = AtomicUsize::new(0);
    let flood = join_all((0..2 * WAITING).map(|n| {
        let body = json!({ "username": format!("nobody{n}"), "password": "wrong", "device_name": "x" });
        let (house, checked, turned_away) = (&house, &checked, &turned_away);
        async move {
            let answer = house.login(body).await;
            if answer.status == 503 {
                let problem = answer.problem(ErrorCode::ServerBusy);
                assert_eq!(problem["retry_after_seconds"], 1);
                turned_away.fetch_add(1, Ordering::SeqCst);
            } else {
                answer.problem(ErrorCode::InvalidCredentials);
                checked.fetch_add(1, Ordering::SeqCst);
            }
        }
    }));
    let refreshes = async {
        let mut token = camille.refresh.clone();
        for attempt in 0..8 {
            let answer = house.refresh(&token, attempt).await.fine();
            token = answer["refresh_token"].as_str().unwrap().to_owned();
        }
        // All of them were answered while checks of passwords still waited.
        checked.load(Ordering::SeqCst)
    };
    let (_, checked_meanwhile) = tokio::join!(flood, refreshes);
    assert!(
        turned_away.load(Ordering::SeqCst) >= WAITING / 2,
        "the pool was never full"
    );
    assert!(
        checked_meanwhile < checked.load(Ordering::SeqCst),
        "{checked_meanwhile} of {checked:?} passwords were checked before the refreshes were answered"
    );
}
