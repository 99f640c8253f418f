//! Sessions bound to a device's key: a copied token is refused, told, and costs its owner nothing.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use http::{Method, Request};
use protocol::ErrorCode;
use serde_json::{Value, json};
use store::{NoticeKind, Notices as _, Sessions as _};
use uuid::Uuid;

use crate::device::Device;
use crate::house::{Answer, House, PASSWORD, request};

const LOGIN: &str = "http://vigie.embedded/v1/auth/login";
const REFRESH: &str = "http://vigie.embedded/v1/auth/refresh";

fn with_proof(path: &str, body: Value, proof: Option<&str>) -> Request<axum::body::Body> {
    let mut request = request(Method::POST, path, None, Some(body));
    if let Some(proof) = proof {
        request.headers_mut().insert("dpop", proof.parse().unwrap());
    }
    let peer: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn credentials() -> Value {
    json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1" })
}

fn nonce(answer: &Answer) -> String {
    answer.headers["dpop-nonce"].to_str().unwrap().to_owned()
}

struct Bound {
    id: Uuid,
    user_id: Uuid,
    refresh: String,
    nonce: String,
}

impl House {
    async fn bound(&self, device: &Device) -> Bound {
        let first = self
            .send(with_proof(
                "/v1/auth/login",
                credentials(),
                Some(&device.sign(&device.claims(LOGIN, None))),
            ))
            .await;
        let nonce_given = nonce(&first);
        first.problem(ErrorCode::UseDpopNonce);
        let proof = device.proof(LOGIN, &nonce_given);
        let answer = self
            .send(with_proof("/v1/auth/login", credentials(), Some(&proof)))
            .await;
        let nonce = nonce(&answer);
        let whole = answer.fine();
        Bound {
            id: whole["session_id"].as_str().unwrap().parse().unwrap(),
            user_id: whole["me"]["user_id"].as_str().unwrap().parse().unwrap(),
            refresh: whole["refresh_token"].as_str().unwrap().to_owned(),
            nonce,
        }
    }

    async fn renew(&self, token: &str, attempt: u128, proof: Option<&str>) -> Answer {
        let body = json!({ "refresh_token": token, "attempt_id": Uuid::from_u128(attempt) });
        self.send(with_proof("/v1/auth/refresh", body, proof)).await
    }
}

/// Somebody tries the refresh token of a session that is bound to this device's key, without the key.
pub(crate) async fn steal(house: &House, device: &Device) {
    let session = house.bound(device).await;
    house
        .renew(&session.refresh, 1, None)
        .await
        .problem(ErrorCode::ProofRequired);
}

/// A call that is refused with this code.
pub(crate) async fn refused(house: &House, code: ErrorCode) -> Answer {
    let device = Device::new();
    if code == ErrorCode::ProofRequired {
        let session = house.bound(&device).await;
        return house.renew(&session.refresh, 1, None).await;
    }
    let without_nonce = device.sign(&device.claims(LOGIN, None));
    let proof = if code == ErrorCode::UseDpopNonce {
        &without_nonce
    } else {
        "canary"
    };
    house
        .send(with_proof("/v1/auth/login", credentials(), Some(proof)))
        .await
}

#[tokio::test]
async fn a_session_begun_with_a_proof_is_renewed_with_its_key_only() {
    let house = House::new().await;
    let (device, thief) = (Device::new(), Device::new());
    let session = house.bound(&device).await;
    house
        .renew(&session.refresh, 1, None)
        .await
        .problem(ErrorCode::ProofRequired);
    house
        .renew(&session.refresh, 1, Some(&thief.proof(REFRESH, &session.nonce)))
        .await
        .problem(ErrorCode::ProofInvalid);
    let renewed = house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await
        .fine();
    assert_eq!(renewed["generation"], 1);
}

#[tokio::test]
async fn the_sessions_row_holds_the_keys_thumbprint() {
    let house = House::new().await;
    let device = Device::new();
    let session = house.bound(&device).await;
    let identity = house.store.identity(session.id).await.unwrap().unwrap();
    assert_eq!(identity.session.device_key, Some(device.thumbprint()));
    let unbound = house.sign_in("camille", "till").await;
    let identity = house.store.identity(unbound.id).await.unwrap().unwrap();
    assert_eq!(identity.session.device_key, None);
}

#[tokio::test]
async fn a_repeated_attempt_with_a_fresh_proof_is_the_same_answer() {
    let house = House::new().await;
    let device = Device::new();
    let session = house.bound(&device).await;
    let one = house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await
        .fine();
    let again = house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await
        .fine();
    assert_eq!(one["refresh_token"], again["refresh_token"]);
}

#[tokio::test]
async fn a_proof_serves_once_for_one_call() {
    let house = House::new().await;
    let device = Device::new();
    let session = house.bound(&device).await;
    let proof = device.proof(REFRESH, &session.nonce);
    house.renew(&session.refresh, 1, Some(&proof)).await.fine();
    house
        .renew(&session.refresh, 1, Some(&proof))
        .await
        .problem(ErrorCode::ProofInvalid);
    let for_login = device.proof(LOGIN, &session.nonce);
    house
        .renew(&session.refresh, 1, Some(&for_login))
        .await
        .problem(ErrorCode::ProofInvalid);
}

#[tokio::test]
async fn a_nonce_runs_out_and_the_refusal_brings_the_next_one() {
    let house = House::new().await;
    let device = Device::new();
    let session = house.bound(&device).await;
    house.pass(10 * 60);
    let refused = house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await;
    let fresh = nonce(&refused);
    assert_eq!(
        refused.headers["www-authenticate"],
        r#"DPoP algs="ES256", error="use_dpop_nonce""#
    );
    refused.problem(ErrorCode::UseDpopNonce);
    house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &fresh)))
        .await
        .fine();
}

#[tokio::test]
async fn a_restart_and_another_process_accept_the_nonce() {
    let mut house = House::new().await;
    let device = Device::new();
    let session = house.bound(&device).await;
    house.restart_with(house.keys.clone());
    house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await
        .fine();
}

#[tokio::test]
async fn a_bad_proof_at_sign_in_is_refused_and_begins_nothing() {
    let house = House::new().await;
    let device = Device::new();
    let fresh = nonce(&house.renew("nothing", 1, None).await);
    let good = device.proof(LOGIN, &fresh);
    let (signed, _) = good.rsplit_once('.').unwrap();
    let unsigned = format!("{signed}.{}", "A".repeat(86));
    for proof in ["", "canary", &unsigned, &device.proof(REFRESH, &fresh)] {
        house
            .send(with_proof("/v1/auth/login", credentials(), Some(proof)))
            .await
            .problem(ErrorCode::ProofInvalid);
    }
    let camille = house.sign_in("camille", "till").await;
    let live = house
        .store
        .live_sessions(camille.user_id, house.now_ms())
        .await
        .unwrap();
    assert_eq!(live.len(), 1);
}

#[tokio::test]
async fn a_session_without_a_key_needs_no_proof_and_a_bad_one_is_still_refused() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.renew(&camille.refresh, 1, None).await.fine();
    house
        .renew(&camille.refresh, 1, Some("canary"))
        .await
        .problem(ErrorCode::ProofInvalid);
}

#[tokio::test]
async fn every_answer_to_sign_in_and_refresh_brings_a_nonce_and_no_other_does() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let wrong = json!({ "username": "camille", "password": "wrong", "device_name": "x" });
    for answer in [
        house.login(credentials()).await,
        house.login(wrong).await,
        house.login(json!([])).await,
        house.refresh(&camille.refresh, 1).await,
        house.refresh("forged", 1).await,
    ] {
        assert!(answer.headers.contains_key("dpop-nonce"), "{answer:?}");
    }
    let me = house.get("/v1/auth/me", &camille.access).await;
    assert!(!me.headers.contains_key("dpop-nonce"));
}

#[tokio::test]
async fn a_copied_token_tried_again_and_again_is_told_once_and_never_reaches_the_store_twice_a_minute() {
    let house = House::new().await;
    let (device, thief) = (Device::new(), Device::new());
    let session = house.bound(&device).await;
    let proof = || thief.proof(REFRESH, &session.nonce);
    house
        .renew(&session.refresh, 1, Some(&proof()))
        .await
        .problem(ErrorCode::ProofInvalid);
    let asked = house.store.asked();
    for attempt in 2..100 {
        house
            .renew(&session.refresh, attempt, Some(&proof()))
            .await
            .problem(ErrorCode::ProofInvalid);
    }
    assert_eq!(house.store.asked(), asked);

    let refused = |rows: Vec<store::AuditRow>| {
        rows.iter()
            .filter(|row| row.action == "session.proof_refused")
            .count()
    };
    assert_eq!(refused(house.audit_rows().await), 1);
    let notices = house
        .store
        .security_notices(session.user_id, true, 10)
        .await
        .unwrap();
    let kinds: Vec<_> = notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::ProofRefused]);
    assert_eq!(notices[0].detail.ip_address, "192.0.2.7");

    house
        .renew(&session.refresh, 1, Some(&device.proof(REFRESH, &session.nonce)))
        .await
        .fine();
    house.pass(61);
    house
        .renew(&session.refresh, 1, None)
        .await
        .problem(ErrorCode::ProofRequired);
    assert_eq!(refused(house.audit_rows().await), 2);
    let notices = house
        .store
        .security_notices(session.user_id, true, 10)
        .await
        .unwrap();
    assert_eq!(notices.len(), 1);
}

#[tokio::test]
async fn an_address_that_is_refused_too_often_is_limited_and_the_tills_beside_it_are_not() {
    let house = House::new().await;
    let mut tills = Vec::new();
    for _ in 0..10 {
        let device = Device::new();
        house.pass(30);
        tills.push((house.bound(&device).await, device));
    }
    let mut limited = 0;
    for attempt in 0..200 {
        let answer = house.renew("vr1_forged", attempt, None).await;
        if answer.status == 429 {
            answer.problem(ErrorCode::RateLimited);
            limited += 1;
        }
    }
    assert_eq!(limited, 80);
    let renewals = tills.iter().enumerate().map(|(till, (session, device))| {
        let proof = device.proof(REFRESH, &session.nonce);
        let house = &house;
        async move {
            for attempt in 0..5_u128 {
                let proof = if attempt == 0 {
                    proof.clone()
                } else {
                    device.proof(REFRESH, &session.nonce)
                };
                house
                    .renew(&session.refresh, u128::try_from(till).unwrap() + 1, Some(&proof))
                    .await
                    .fine();
            }
        }
    });
    futures_util::future::join_all(renewals).await;
}

#[tokio::test]
async fn a_session_renewed_without_end_is_limited_by_itself() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let other = house.sign_in("camille", "till").await;
    for _ in 0..60 {
        house.refresh(&camille.refresh, 1).await.fine();
    }
    let problem = house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::RateLimited);
    assert_eq!(problem["retry_after_seconds"], 1);
    house.refresh(&other.refresh, 1).await.fine();
    house.pass(1);
    house.refresh(&camille.refresh, 1).await.fine();
}
