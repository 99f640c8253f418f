//! Every code of the table is reached over HTTP: a code without a way to it fails here.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use protocol::ErrorCode;
use serde_json::json;
use server::ServerOptions;
use server::options::Limits;
use store::{Directory as _, RevokeReason, Sessions as _};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use crate::house::{Answer, House, PASSWORD, entry, request};
use crate::unreliable::Mood;

#[tokio::test]
async fn every_code_is_reached() {
    for code in ErrorCode::iter() {
        reach(code).await.problem(code);
    }
}

const HOUR: u64 = 60 * 60;

async fn reach(code: ErrorCode) -> Answer {
    let mut limits = Limits::default();
    if code == ErrorCode::Timeout {
        limits.call_timeout = Duration::from_millis(20);
    }
    if code == ErrorCode::RateLimited {
        limits.logins_per_minute_per_account = const { NonZeroU32::new(1).unwrap() };
    }
    let house = House::with(ServerOptions {
        limits,
        mail: (code == ErrorCode::SettingsFixed).then(|| crate::mail::options(25)),
        ..ServerOptions::default()
    })
    .await;
    let wrong = json!({ "username": "camille", "password": "wrong", "device_name": "Caisse 1" });
    match code {
        ErrorCode::LoginRequired => house.send(request(Method::GET, "/v1/auth/me", None, None)).await,
        ErrorCode::InvalidCredentials => house.login(wrong).await,
        ErrorCode::RateLimited => {
            house.login(wrong.clone()).await;
            house.login(wrong).await
        }
        ErrorCode::NotFound => house.send(request(Method::GET, "/v1/nothing", None, None)).await,
        ErrorCode::MethodNotAllowed => {
            house
                .send(request(Method::DELETE, "/v1/auth/me", None, None))
                .await
        }
        ErrorCode::UnsupportedMediaType => {
            let request = Request::post("/v1/auth/login").header("content-type", "text/plain");
            house.send(request.body(Body::from("{}")).unwrap()).await
        }
        ErrorCode::ProofRequired | ErrorCode::ProofInvalid | ErrorCode::UseDpopNonce => {
            crate::proof::refused(&house, code).await
        }
        ErrorCode::MalformedBody => house.login(json!({ "username": 1 })).await,
        ErrorCode::BodyTooLarge => house.login(json!({ "username": "x".repeat(300 * 1024) })).await,
        ErrorCode::RefreshInvalid => house.refresh("vr1_nonsense", 1).await,
        ErrorCode::ServerBusy => busy().await,
        ErrorCode::Timeout => {
            house.store.becomes(Mood::Hangs);
            house.send(request(Method::GET, "/readyz", None, None)).await
        }
        ErrorCode::AccountDisabled => {
            let user = house.store.user_by_name("camille").await.unwrap().unwrap();
            house
                .store
                .disable_user(user.id, house.now_ms(), entry())
                .await
                .unwrap();
            house
                .login(json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1" }))
                .await
        }
        ErrorCode::ImpersonationStopped
        | ErrorCode::ImpersonationForced
        | ErrorCode::ImpersonationExpired
        | ErrorCode::ImpersonationEnded
        | ErrorCode::ForbiddenWhileImpersonating
        | ErrorCode::AddressNotAllowed
        | ErrorCode::CannotImpersonateAbove
        | ErrorCode::CannotImpersonateOneself
        | ErrorCode::AlreadyImpersonating
        | ErrorCode::UserDisabled
        | ErrorCode::ImpersonationNotFound => crate::impersonation::reach(&house, code).await,
        ErrorCode::TokenExpired
        | ErrorCode::SessionRevoked
        | ErrorCode::SessionIdle
        | ErrorCode::SessionEnded
        | ErrorCode::SessionSignedOut
        | ErrorCode::RefreshReused
        | ErrorCode::StaleAttempt
        | ErrorCode::RotationRequired
        | ErrorCode::CannotRevokeCurrentSession
        | ErrorCode::SessionNotFound
        | ErrorCode::Forbidden
        | ErrorCode::ValidationFailed
        | ErrorCode::SettingsIncoherent
        | ErrorCode::SettingsFixed
        | ErrorCode::IdempotencyKeyRequired
        | ErrorCode::IdempotencyKeyReused
        | ErrorCode::CategoryUnknown
        | ErrorCode::SaleTotalMismatch
        | ErrorCode::OrganizationMismatch
        | ErrorCode::SessionDisplaced
        | ErrorCode::PasswordChanged
        | ErrorCode::ReauthenticationRequired
        | ErrorCode::PasswordWrong
        | ErrorCode::OneTimePassword
        | ErrorCode::WeakPassword
        | ErrorCode::LastOwner
        | ErrorCode::NameTaken
        | ErrorCode::UserNotFound
        | ErrorCode::OrganizationNotFound
        | ErrorCode::SiteNotFound
        | ErrorCode::TillNotFound
        | ErrorCode::TillDayOpen
        | ErrorCode::TillClosed
        | ErrorCode::TillDayNotFound
        | ErrorCode::CategoryNotFound
        | ErrorCode::ShortcutTaken
        | ErrorCode::BarcodeTaken
        | ErrorCode::CategoriesExist
        | ErrorCode::NoticeNotFound
        | ErrorCode::StoreUnavailable
        | ErrorCode::Internal => reach_signed_in(&house, code).await,
    }
}

async fn reach_signed_in(house: &House, code: ErrorCode) -> Answer {
    let camille = house.sign_in("camille", "desk").await;
    let key = Uuid::from_u128(1).to_string();
    let mut sale = house.sale();
    match code {
        ErrorCode::TokenExpired => {
            house.pass(HOUR);
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::SessionRevoked => {
            let other = house.sign_in("camille", "desk").await;
            house.confirm(&other).await;
            let path = format!("/v1/auth/sessions/{}/revoke", camille.id);
            house.post(&path, &other.access, json!({})).await.fine();
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::SessionDisplaced | ErrorCode::PasswordChanged => {
            let reason = if code == ErrorCode::SessionDisplaced {
                RevokeReason::DeviceLimit
            } else {
                RevokeReason::PasswordChanged
            };
            house
                .store
                .revoke_session(camille.id, None, None, reason, house.now_ms(), entry())
                .await
                .unwrap();
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::SessionIdle => {
            house.pass(9 * HOUR);
            house.refresh(&camille.refresh, 1).await
        }
        ErrorCode::SessionEnded => {
            let till = house.sign_in("camille", "till").await;
            house.pass(721 * HOUR);
            house.refresh(&till.refresh, 1).await
        }
        ErrorCode::SessionSignedOut => {
            house
                .post("/v1/auth/logout", &camille.access, json!({}))
                .await
                .fine();
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::RefreshReused => {
            house.refresh(&camille.refresh, 1).await.fine();
            house.refresh(&camille.refresh, 2).await
        }
        ErrorCode::StaleAttempt => {
            let second = house.refresh(&camille.refresh, 1).await.fine();
            house
                .refresh(second["refresh_token"].as_str().unwrap(), 2)
                .await
                .fine();
            house.refresh(&camille.refresh, 1).await
        }
        ErrorCode::RotationRequired => {
            let till = house.sign_in("camille", "till").await;
            house.pass(25 * HOUR);
            let attempt_id = Uuid::from_u128(1);
            house
                .refresh_with(
                    json!({ "refresh_token": till.refresh, "attempt_id": attempt_id, "rotate": false }),
                )
                .await
        }
        ErrorCode::CannotRevokeCurrentSession => {
            house
                .post(
                    &format!("/v1/auth/sessions/{}/revoke", camille.id),
                    &camille.access,
                    json!({}),
                )
                .await
        }
        ErrorCode::SessionNotFound => {
            house.confirm(&camille).await;
            house
                .post(
                    &format!("/v1/auth/sessions/{key}/revoke"),
                    &camille.access,
                    json!({}),
                )
                .await
        }
        ErrorCode::Forbidden => house.get("/v1/admin/settings/session", &camille.access).await,
        ErrorCode::ValidationFailed => {
            sale["lines"][0]["quantity"] = json!(0);
            house.sell(&camille.access, &key, sale).await
        }
        ErrorCode::SettingsFixed => {
            let alix = house.super_admin().await;
            house.confirm(&alix).await;
            let body =
                json!({ "host": "localhost", "port": 25, "security": "none", "from": "vigie@example.org" });
            house
                .ask(Method::PUT, "/v1/admin/settings/mail", &alix.access, Some(body))
                .await
        }
        ErrorCode::SettingsIncoherent => {
            let dominique = house.sign_in("dominique", "desk").await;
            let settings = json!({
                "token_expiration_minutes": 30, "activity_threshold_minutes": 5, "idle_timeout_minutes": 20,
                "session_max_hours": 1
            });
            let path = "/v1/admin/settings/session";
            house
                .send(request(
                    Method::PUT,
                    path,
                    Some(&dominique.access),
                    Some(settings),
                ))
                .await
        }
        ErrorCode::IdempotencyKeyRequired => house.post("/v1/sales", &camille.access, sale).await,
        ErrorCode::IdempotencyKeyReused => {
            house.sell(&camille.access, &key, sale.clone()).await.fine();
            sale["note"] = json!("another");
            house.sell(&camille.access, &key, sale).await
        }
        ErrorCode::CategoryUnknown => {
            sale["lines"][0]["category_id"] = json!(house.other_category);
            house.sell(&camille.access, &key, sale).await
        }
        ErrorCode::SaleTotalMismatch => {
            sale["total_cents"] = json!(299);
            house.sell(&camille.access, &key, sale).await
        }
        ErrorCode::ReauthenticationRequired
        | ErrorCode::PasswordWrong
        | ErrorCode::OneTimePassword
        | ErrorCode::WeakPassword
        | ErrorCode::LastOwner
        | ErrorCode::NameTaken
        | ErrorCode::UserNotFound
        | ErrorCode::OrganizationNotFound
        | ErrorCode::SiteNotFound
        | ErrorCode::TillNotFound
        | ErrorCode::TillDayOpen
        | ErrorCode::TillClosed
        | ErrorCode::TillDayNotFound
        | ErrorCode::CategoryNotFound
        | ErrorCode::ShortcutTaken
        | ErrorCode::BarcodeTaken
        | ErrorCode::CategoriesExist
        | ErrorCode::NoticeNotFound => reach_administering(house, code).await,
        ErrorCode::OrganizationMismatch => {
            sale["organization_id"] = json!(key);
            house.sell(&camille.access, &key, sale).await
        }
        ErrorCode::StoreUnavailable => {
            house.store.becomes(Mood::Away);
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::Internal => {
            house.store.becomes(Mood::Faulty);
            house.get("/v1/auth/me", &camille.access).await
        }
        ErrorCode::LoginRequired
        | ErrorCode::InvalidCredentials
        | ErrorCode::RateLimited
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::MalformedBody
        | ErrorCode::BodyTooLarge
        | ErrorCode::RefreshInvalid
        | ErrorCode::ServerBusy
        | ErrorCode::Timeout
        | ErrorCode::ImpersonationStopped
        | ErrorCode::ImpersonationForced
        | ErrorCode::ImpersonationExpired
        | ErrorCode::ImpersonationEnded
        | ErrorCode::ForbiddenWhileImpersonating
        | ErrorCode::AddressNotAllowed
        | ErrorCode::CannotImpersonateAbove
        | ErrorCode::CannotImpersonateOneself
        | ErrorCode::AlreadyImpersonating
        | ErrorCode::UserDisabled
        | ErrorCode::ImpersonationNotFound
        | ErrorCode::ProofRequired
        | ErrorCode::ProofInvalid
        | ErrorCode::UseDpopNonce
        | ErrorCode::AccountDisabled => unreachable!("reached without a session"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a code that neither function reaches fails the test"
)]
async fn reach_administering(house: &House, code: ErrorCode) -> Answer {
    let eva = house.sign_in("eva", "desk").await;
    let nobody = Uuid::from_u128(1);
    let password = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    match code {
        ErrorCode::ReauthenticationRequired => {
            house
                .post("/v1/auth/sessions/revoke-others", &eva.access, json!({}))
                .await
        }
        ErrorCode::PasswordWrong => {
            house
                .post(
                    "/v1/auth/reauthenticate",
                    &eva.access,
                    json!({ "password": "wrong" }),
                )
                .await
        }
        ErrorCode::OneTimePassword => {
            let hash = house
                .store
                .user(eva.user_id)
                .await
                .unwrap()
                .unwrap()
                .password_hash;
            let now = house.now_ms();
            house
                .store
                .set_password(eva.user_id, hash, true, Some(eva.id), now, entry())
                .await
                .unwrap();
            house.get("/v1/auth/sessions", &eva.access).await
        }
        ErrorCode::WeakPassword => {
            house
                .post(
                    "/v1/auth/password",
                    &eva.access,
                    password(PASSWORD, "password123"),
                )
                .await
        }
        ErrorCode::LastOwner => {
            house
                .patch(
                    &format!("/v1/admin/users/{}", eva.user_id),
                    &{
                        house.confirm(&eva).await;
                        eva.access.clone()
                    },
                    json!({ "role": "user" }),
                )
                .await
        }
        ErrorCode::NameTaken => {
            house
                .post("/v1/admin/sites", &eva.access, json!({ "name": "Quai" }))
                .await
        }
        ErrorCode::UserNotFound => house.get(&format!("/v1/admin/users/{nobody}"), &eva.access).await,
        ErrorCode::OrganizationNotFound => {
            let body = json!({ "organization_id": house.organization });
            house.post("/v1/auth/organization", &eva.access, body).await
        }
        ErrorCode::SiteNotFound => {
            house
                .patch(&format!("/v1/admin/sites/{nobody}"), &eva.access, json!({}))
                .await
        }
        ErrorCode::TillNotFound => {
            house
                .patch(&format!("/v1/admin/tills/{nobody}"), &eva.access, json!({}))
                .await
        }
        ErrorCode::TillDayOpen | ErrorCode::TillClosed | ErrorCode::TillDayNotFound => {
            let till = json!({ "site_id": house.other_site, "name": "Caisse 1" });
            let till = house.post("/v1/admin/tills", &eva.access, till).await.fine();
            let path = |what: &str| format!("/v1/tills/{}/{what}", till["till_id"].as_str().unwrap());
            if code == ErrorCode::TillDayNotFound {
                return house.get(&path("day"), &eva.access).await;
            }
            let float = |float_cents: u32| json!({ "float_cents": float_cents });
            let day = house.post(&path("open"), &eva.access, float(1)).await.fine();
            if code == ErrorCode::TillDayOpen {
                return house.post(&path("open"), &eva.access, float(2)).await;
            }
            let count =
                |comment: &str| json!({ "day_id": day["id"], "counted_cents": 1, "comment": comment });
            house.post(&path("close"), &eva.access, count("")).await.fine();
            house.post(&path("close"), &eva.access, count("later")).await
        }
        ErrorCode::CategoryNotFound => {
            house
                .patch(&format!("/v1/admin/categories/{nobody}"), &eva.access, json!({}))
                .await
        }
        ErrorCode::ShortcutTaken => {
            let path = "/v1/admin/categories";
            let new = |name: &str| json!({ "name": name, "shortcut": "k" });
            house.post(path, &eva.access, new("Skis")).await.fine();
            house.post(path, &eva.access, new("Kayaks")).await
        }
        ErrorCode::BarcodeTaken => {
            let path = "/v1/admin/categories";
            let new = |name: &str| json!({ "name": name, "barcodes": ["LAB-0042"] });
            house.post(path, &eva.access, new("Skis")).await.fine();
            house.post(path, &eva.access, new("Kayaks")).await
        }
        ErrorCode::CategoriesExist => {
            house
                .post(
                    "/v1/admin/categories/starter",
                    &eva.access,
                    json!({ "language": "fr" }),
                )
                .await
        }
        ErrorCode::NoticeNotFound => {
            house
                .post(&format!("/v1/auth/notices/{nobody}/seen"), &eva.access, json!({}))
                .await
        }
        other => unreachable!("{other} is reached otherwise"),
    }
}

/// One place for password checks and many who want it at once: the first takes it, somebody is turned away.
async fn busy() -> Answer {
    let limits = Limits {
        password_workers: 1,
        password_queue: 0,
        ..Limits::default()
    };
    let house = House::with(ServerOptions {
        limits,
        ..ServerOptions::default()
    })
    .await;
    let all = (0..24).map(|n| {
        house.login(
            json!({ "username": format!("somebody{n}"), "password": "wrong", "device_name": "Caisse 1" }),
        )
    });
    let answers = futures_util::future::join_all(all).await;
    answers.into_iter().find(|answer| answer.status == 503).unwrap()
}

#[tokio::test]
async fn a_dead_session_is_refused_at_login_time_and_by_every_token() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .store
        .disable_user(camille.user_id, house.now_ms(), entry())
        .await
        .unwrap();
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::AccountDisabled);
    house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::AccountDisabled);
    assert!(
        house
            .store
            .live_sessions(camille.user_id, house.now_ms())
            .await
            .unwrap()
            .is_empty()
    );
}
