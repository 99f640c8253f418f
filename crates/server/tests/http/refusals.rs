//! Whatever is wrong with a session, every route says so in the same clean form, and none takes it for a fault.

use std::time::Duration;

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use server::ServerOptions;
use server::access_token::{AccessTokens, Subject};
use store::{Directory as _, RevokeReason, Sessions as _};
use uuid::Uuid;

use crate::house::{House, SignedIn, entry, request};
use crate::valid_calls::{Targets, calls};

/// One way in which a session is not good, and the code for it.
async fn spoil(house: &House, fault: usize) -> Option<(String, ErrorCode)> {
    let dora = |house| async move {
        let house: &House = house;
        let name = format!("dora{fault}");
        house
            .person(&name, house.organization, OrganizationRole::User)
            .await;
        house.sign_in(&name, "desk").await
    };
    let now = house.now_ms();
    let revoke = |somebody: SignedIn, reason| async move {
        house
            .store
            .revoke_session(somebody.id, None, None, reason, now, entry())
            .await
            .unwrap();
        somebody.access
    };
    let spoiled = match fault {
        0 => (
            revoke(dora(house).await, RevokeReason::ByOwner).await,
            ErrorCode::SessionRevoked,
        ),
        1 => (
            revoke(dora(house).await, RevokeReason::ByAdministrator).await,
            ErrorCode::SessionRevoked,
        ),
        2 => (
            revoke(dora(house).await, RevokeReason::SignedOut).await,
            ErrorCode::SessionSignedOut,
        ),
        3 => (
            revoke(dora(house).await, RevokeReason::DeviceLimit).await,
            ErrorCode::SessionDisplaced,
        ),
        4 => (
            revoke(dora(house).await, RevokeReason::PasswordChanged).await,
            ErrorCode::PasswordChanged,
        ),
        5 => (
            revoke(dora(house).await, RevokeReason::RefreshReused).await,
            ErrorCode::RefreshReused,
        ),
        6 => {
            let somebody = dora(house).await;
            house
                .store
                .disable_user(somebody.user_id, now, entry())
                .await
                .unwrap();
            (somebody.access, ErrorCode::AccountDisabled)
        }
        7 => {
            let somebody = dora(house).await;
            house
                .store
                .remove_membership(somebody.user_id, house.organization, now, entry())
                .await
                .unwrap();
            (somebody.access, ErrorCode::SessionRevoked)
        }
        8 => ("garbage".to_owned(), ErrorCode::LoginRequired),
        9 => (
            "\u{7f}".repeat(3).replace('\u{7f}', "."),
            ErrorCode::LoginRequired,
        ),
        10 => {
            let other = House::new().await;
            (
                other.sign_in("camille", "desk").await.access,
                ErrorCode::LoginRequired,
            )
        }
        11 => {
            let somebody = dora(house).await;
            (somebody.refresh, ErrorCode::LoginRequired)
        }
        12 => {
            let somebody = dora(house).await;
            (
                token(house, &somebody, Uuid::from_u128(7), 0),
                ErrorCode::LoginRequired,
            )
        }
        13 => {
            let somebody = dora(house).await;
            (
                token(house, &somebody, somebody.id, -7_200_000),
                ErrorCode::TokenExpired,
            )
        }
        _ => return None,
    };
    Some(spoiled)
}

/// A well-signed token of an hour for any session, from so many milliseconds after now.
fn token(house: &House, somebody: &SignedIn, session_id: Uuid, from_ms: i64) -> String {
    let tokens = AccessTokens::new(&house.keys, &ServerOptions::default().issuer).unwrap();
    let subject = Subject {
        user_id: somebody.user_id,
        session_id,
        organization_id: house.organization,
        role: OrganizationRole::User,
        actor: None,
    };
    let token = tokens.sign(subject, house.now_ms() + from_ms, 3_600).unwrap();
    token.expose().to_owned()
}

async fn walk(house: &House, bearer: &str, code: ErrorCode) {
    let targets = Targets::of(house, &house.sign_in("eva", "desk").await).await;
    for call in calls(house, &targets) {
        let answer = call.with(house, bearer).await;
        let challenge = answer.headers["www-authenticate"].to_str().unwrap().to_owned();
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#),
            "{call:?}: {challenge}"
        );
        let problem = answer.problem(code);
        assert_eq!(problem["redirect"], "/login");
    }
    let events = house.get("/v1/events", bearer).await.problem(code);
    assert_eq!(events["redirect"], "/login");
}

#[tokio::test]
async fn every_route_refuses_every_bad_session_in_the_same_clean_form() {
    let mut fault = 0;
    let mut seen = 0;
    loop {
        let house = House::new().await;
        let Some((bearer, code)) = spoil(&house, fault).await else {
            break;
        };
        walk(&house, &bearer, code).await;
        fault += 1;
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[tokio::test]
async fn every_route_refuses_idle_and_outlived_sessions() {
    for (kind, hours, code) in [
        ("desk", 9, ErrorCode::SessionIdle),
        ("till", 721, ErrorCode::SessionEnded),
    ] {
        let house = House::new().await;
        let somebody = house.sign_in("camille", kind).await;
        house.clock.advance(Duration::from_secs(hours * 60 * 60));
        let bearer = token(&house, &somebody, somebody.id, 0);
        walk(&house, &bearer, code).await;
    }
}

#[tokio::test]
async fn every_route_asks_for_a_sign_in_where_no_token_came() {
    let house = House::new().await;
    let targets = Targets::of(&house, &house.sign_in("eva", "desk").await).await;
    for call in calls(&house, &targets) {
        let answer = house
            .send(request(call.method.clone(), &call.path, None, call.body.clone()))
            .await;
        assert_eq!(
            answer.headers["www-authenticate"], r#"Bearer realm="vigie""#,
            "{call:?}"
        );
        answer.problem(ErrorCode::LoginRequired);
    }
}

#[tokio::test]
async fn a_one_time_password_opens_only_what_it_takes_to_change_it() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let hash = house
        .store
        .user(camille.user_id)
        .await
        .unwrap()
        .unwrap()
        .password_hash;
    let now = house.now_ms();
    house
        .store
        .set_password(camille.user_id, hash, true, Some(camille.id), now, entry())
        .await
        .unwrap();
    let targets = Targets::of(&house, &house.sign_in("eva", "desk").await).await;
    let open = [
        "/v1/auth/me",
        "/v1/auth/password",
        "/v1/auth/logout",
        "/v1/activity/ping",
    ];
    for call in calls(&house, &targets) {
        if !open.contains(&call.route) {
            call.with(&house, &camille.access)
                .await
                .problem(ErrorCode::OneTimePassword);
        }
    }
    let me = house.get("/v1/auth/me", &camille.access).await.fine();
    assert_eq!(me["must_change_password"], true);
    let change = serde_json::json!({
        "current_password": crate::house::PASSWORD, "new_password": "quatre mouettes ivres"
    });
    house
        .post("/v1/auth/password", &camille.access, change)
        .await
        .fine();
    let me = house.get("/v1/auth/me", &camille.access).await.fine();
    assert_eq!(me["must_change_password"], false);
    house.get("/v1/auth/sessions", &camille.access).await.fine();
}
