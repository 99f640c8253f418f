//! What an authorised request costs over a bare one, and what reading the access token costs: `name value unit` lines.
//!
//! `cargo run --release -p keeper --example overhead [pairs]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends; figures are printed"
)]
#![expect(clippy::disallowed_methods, reason = "a measurement reads real time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::Request;
use keeper::vault::MemoryVault;
use keeper::{BoottimeClock, Device, HttpTransport, Keeper, KeeperConfig, ServerTarget, Trust, VigieProfile};
use protocol::auth::DeviceKind;
use secrecy::SecretString;
use serde_json::json;

const THREADS: usize = 32;
const READS: usize = 20_000;

fn main() {
    let pairs = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let address = serve();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let keeper = signed_in(&address).await;
        overhead(&keeper, &address, pairs).await;
        reads(&keeper);
        keeper.shutdown().await;
    });
}

/// A server on a runtime of its own that answers at once.
fn serve() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let id = "00000000-0000-7000-8000-000000000001";
    let tokens = json!({
        "access_token": "x".repeat(700), "refresh_token": "r", "token_type": "Bearer", "expires_in": 36_000,
        "absolute_expires_in": 86_400, "session_id": id, "generation": 0,
        "me": {"user_id": id, "username": "m", "display_name": "M", "organization_id": id,
            "organization_name": "R", "current_organization_role": "user", "site_id": null, "site_name": null},
    });
    let answer =
        json!({"categories": (0..12).map(|n| json!({"id": n, "name": "Vaisselle"})).collect::<Vec<_>>()});
    let router = Router::new()
        .route(
            "/healthz",
            get(|| async { Json(json!({"service": "vigie", "version": "0"})) }),
        )
        .route("/v1/auth/login", post(move || async move { Json(tokens) }))
        .route("/v1/categories", get(move || async move { Json(answer) }));
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
    });
    address
}

async fn signed_in(address: &str) -> Keeper {
    let server = ServerTarget::parse(address).unwrap();
    let ServerTarget::Origin(origin) = &server else {
        unreachable!()
    };
    let folder = std::env::temp_dir().join(format!("vigie-overhead-{}", std::process::id()));
    let config = KeeperConfig {
        transport: Arc::new(HttpTransport::new(origin, &Trust::System, "vigie").unwrap()),
        server,
        profile: Arc::new(VigieProfile::new()),
        vault: Arc::new(MemoryVault::new()),
        clock: Arc::new(BoottimeClock::new()),
        folder,
        device: Device {
            name: "bench".into(),
            kind: DeviceKind::Till,
            user_agent: "vigie".into(),
        },
        knobs: keeper_core::Knobs::default(),
    };
    let keeper = Keeper::open(config).await.unwrap();
    keeper
        .sign_in("m", SecretString::from("p".to_owned()))
        .await
        .unwrap();
    keeper
}

/// Pairs of one authorised and one bare request, in turns, so that both see the same machine.
async fn overhead(keeper: &Keeper, address: &str, pairs: usize) {
    let client = keeper.client();
    let bare = reqwest::Client::builder().tcp_nodelay(true).build().unwrap();
    let token = keeper.access().unwrap();
    let bearer = format!("Bearer {}", token.token.expose());
    let url = format!("{address}/v1/categories");
    let authorised = async || {
        let begun = Instant::now();
        let request = Request::builder()
            .uri("/v1/categories")
            .body(Bytes::new())
            .unwrap();
        let answer = client.send(request).await.unwrap();
        assert!(answer.status().is_success() && !answer.body().is_empty());
        begun.elapsed()
    };
    let plain = async || {
        let begun = Instant::now();
        let answer = bare
            .get(&url)
            .header("authorization", &bearer)
            .timeout(Duration::from_secs(10))
            .send();
        let answer = answer.await.unwrap();
        assert!(answer.status().is_success());
        assert!(!answer.bytes().await.unwrap().is_empty());
        begun.elapsed()
    };
    for _ in 0..500 {
        authorised().await;
        plain().await;
    }
    let (mut ours, mut theirs) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for turn in 0..pairs {
        if turn % 2 == 0 {
            ours.push(authorised().await);
            theirs.push(plain().await);
        } else {
            theirs.push(plain().await);
            ours.push(authorised().await);
        }
    }
    let (ratio, bound) = ratio(&ours, &theirs);
    println!("request_authorised {:.1} us", mean(&ours));
    println!("request_bare {:.1} us", mean(&theirs));
    println!("request_ratio {ratio:.4} x");
    println!("request_ratio_upper_95 {bound:.4} x");
}

fn mean(times: &[Duration]) -> f64 {
    times.iter().sum::<Duration>().as_secs_f64() * 1e6 / times.len() as f64
}

/// The ratio of the means of 100 groups of pairs, and its upper 95 % bound.
fn ratio(ours: &[Duration], theirs: &[Duration]) -> (f64, f64) {
    let size = (ours.len() / 100).max(1);
    let ratios: Vec<f64> = ours
        .chunks(size)
        .zip(theirs.chunks(size))
        .map(|(ours, theirs)| mean(ours) / mean(theirs))
        .collect();
    let count = ratios.len() as f64;
    let middle = ratios.iter().sum::<f64>() / count;
    let variance = ratios.iter().map(|ratio| (ratio - middle).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (middle, middle + 1.645 * (variance / count).sqrt())
}

/// Reads the access token from many threads at once.
fn reads(keeper: &Keeper) {
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let keeper = keeper.clone();
            std::thread::spawn(move || {
                let mut times = Vec::with_capacity(READS);
                for _ in 0..READS {
                    let begun = Instant::now();
                    let grant = keeper.access();
                    times.push(begun.elapsed());
                    assert!(grant.is_some());
                }
                times
            })
        })
        .collect();
    let mut times: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    times.sort_unstable();
    println!("access_read_median {} ns", times[times.len() / 2].as_nanos());
    println!("access_read_p99 {} ns", times[times.len() * 99 / 100].as_nanos());
}
