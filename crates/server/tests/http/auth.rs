//! Signing in, being somebody, and signing out.

use axum::extract::ConnectInfo;
use http::Method;
use protocol::ErrorCode;
use serde_json::json;
use server::ServerOptions;
use server::access_token::{AccessTokens, Subject};
use std::net::SocketAddr;
use store::{Directory as _, NewUser};
use uuid::Uuid;

use crate::house::{House, PASSWORD, entry, request};

#[tokio::test]
async fn a_sign_in_brings_a_whole_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    assert_eq!(camille.whole["token_type"], "Bearer");
    assert_eq!(camille.whole["me"]["current_organization_role"], "user");
    let me = house.get("/v1/auth/me", &camille.access).await.fine();
    assert_eq!(me, camille.whole["me"]);
    assert_eq!(
        (&me["display_name"], &me["site_name"]),
        (&json!("CAMILLE"), &json!("Quai"))
    );
}

#[tokio::test]
async fn letter_case_and_blanks_do_not_matter_in_a_name() {
    let house = House::new().await;
    let body = json!({ "username": "  CaMille\t", "password": PASSWORD, "device_name": "Caisse 1" });
    house.login(body).await.fine();
}

#[tokio::test]
async fn nobody_learns_which_part_was_wrong() {
    let house = House::new().await;
    let mut answers = Vec::new();
    for (username, password, organization) in [
        ("nobody", PASSWORD, None),
        ("camille", "wrong horse", None),
        ("camille", PASSWORD, Some("gare")),
        ("camille", PASSWORD, Some("nowhere")),
        ("nobody", "nobody", None),
    ] {
        let mut body = json!({ "username": username, "password": password, "device_name": "Caisse 1" });
        if let Some(organization) = organization {
            body["organization"] = json!(organization);
        }
        let mut problem = house.login(body).await.problem(ErrorCode::InvalidCredentials);
        problem.as_object_mut().unwrap().remove("request_id");
        answers.push(problem);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_disabled_account_is_told_only_to_whoever_knows_the_password() {
    let house = House::new().await;
    let user = house.store.user_by_name("camille").await.unwrap().unwrap();
    house
        .store
        .disable_user(user.id, house.now_ms(), entry())
        .await
        .unwrap();
    let body = |password| json!({ "username": "camille", "password": password, "device_name": "Caisse 1" });
    house
        .login(body("wrong"))
        .await
        .problem(ErrorCode::InvalidCredentials);
    house
        .login(body(PASSWORD))
        .await
        .problem(ErrorCode::AccountDisabled);
}

#[tokio::test]
async fn a_one_time_password_signs_in_and_says_so_in_the_audit_log() {
    let house = House::new().await;
    let hash = house
        .store
        .user_by_name("camille")
        .await
        .unwrap()
        .unwrap()
        .password_hash;
    let new = NewUser {
        id: Uuid::now_v7(),
        username: "new".to_owned(),
        display_name: "New".to_owned(),
        password_hash: hash,
        one_time_password: true,
        organization_id: house.organization,
        role: protocol::auth::OrganizationRole::User,
        site_id: None,
    };
    house.store.add_user(new, entry()).await.unwrap();
    house.sign_in("new", "till").await;
    let rows = house.audit_rows().await;
    let created = rows.iter().find(|row| row.action == "session.created").unwrap();
    assert_eq!(created.detail["one_time_password"], true);
}

#[tokio::test]
async fn fields_out_of_range_are_named() {
    let house = House::new().await;
    for (field, value) in [
        ("username", json!(" ")),
        ("username", json!("x".repeat(129))),
        ("password", json!("")),
        ("password", json!("x".repeat(1_025))),
        ("device_name", json!("")),
        ("device_name", json!("x".repeat(65))),
        ("device_name", json!("Caisse\u{1b}[2J1")),
    ] {
        let mut body = json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1" });
        body[field] = value;
        let problem = house.login(body).await.problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field);
    }
}

#[tokio::test]
async fn signing_out_kills_both_tokens() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    assert_eq!(
        house
            .post("/v1/auth/logout", &camille.access, json!({}))
            .await
            .fine()["revoked"],
        1
    );
    house
        .get("/v1/auth/me", &camille.access)
        .await
        .problem(ErrorCode::SessionSignedOut);
    house
        .refresh(&camille.refresh, 1)
        .await
        .problem(ErrorCode::SessionSignedOut);
    house
        .post("/v1/auth/logout", &camille.access, json!({}))
        .await
        .problem(ErrorCode::SessionSignedOut);
}

#[tokio::test]
async fn what_is_no_token_of_this_server_asks_for_a_sign_in() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let foreign = House::new().await.sign_in("camille", "till").await.access;
    for bearer in [
        "",
        "nonsense",
        "a.b.c",
        foreign.as_str(),
        camille.refresh.as_str(),
    ] {
        house
            .get("/v1/auth/me", bearer)
            .await
            .problem(ErrorCode::LoginRequired);
    }
    let mut basic = request(Method::GET, "/v1/auth/me", None, None);
    basic
        .headers_mut()
        .insert("authorization", "Basic Y2FtaWxsZTpob3JzZQ==".parse().unwrap());
    house.send(basic).await.problem(ErrorCode::LoginRequired);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_account_opens_again() {
    let house = House::new().await;
    let wrong = json!({ "username": "camille", "password": "wrong", "device_name": "Caisse 1" });
    for _ in 0..10 {
        house
            .login(wrong.clone())
            .await
            .problem(ErrorCode::InvalidCredentials);
    }
    let refused = house.login(wrong).await.problem(ErrorCode::RateLimited);
    let wait = refused["retry_after_seconds"].as_u64().unwrap();
    house.pass(wait);
    house.sign_in("camille", "till").await;
}

#[tokio::test]
async fn the_clients_address_comes_from_a_trusted_proxy_only() {
    let options = ServerOptions {
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..Default::default()
    };
    let house = House::with(options).await;
    for (peer, expected) in [
        ("10.1.2.3:5000", "198.51.100.7"),
        ("203.0.113.9:5000", "203.0.113.9"),
    ] {
        let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "Caisse 1" });
        let mut login = request(Method::POST, "/v1/auth/login", None, Some(body));
        login
            .headers_mut()
            .insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
        login
            .headers_mut()
            .insert("user-agent", "vigie/0.1".parse().unwrap());
        login
            .extensions_mut()
            .insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let access = house.send(login).await.fine()["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        let sessions = house.get("/v1/auth/sessions", &access).await.fine();
        let own = sessions["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["is_current"] == true)
            .unwrap();
        assert_eq!(
            (&own["ip_address"], &own["user_agent"]),
            (&json!(expected), &json!("vigie/0.1"))
        );
    }
}

#[tokio::test]
async fn a_ping_reports_the_operators_input_and_answers_with_the_deadlines() {
    let house = House::new().await;
    let desk = house.sign_in("camille", "desk").await;
    house.pass(600);
    let answer = house
        .post(
            "/v1/activity/ping",
            &desk.access,
            json!({ "last_input_age_seconds": 100 }),
        )
        .await
        .fine();
    assert_eq!(answer["idle_expires_in"], 8 * 60 * 60 - 100);
    let answer = house
        .post(
            "/v1/activity/ping",
            &desk.access,
            json!({ "last_input_age_seconds": 500 }),
        )
        .await
        .fine();
    assert_eq!(
        answer["idle_expires_in"],
        8 * 60 * 60 - 100,
        "input never moves back"
    );
    let till = house.sign_in("camille", "till").await;
    let answer = house
        .post(
            "/v1/activity/ping",
            &till.access,
            json!({ "last_input_age_seconds": 0 }),
        )
        .await
        .fine();
    assert!(answer.get("idle_expires_in").is_none());
}

#[tokio::test]
async fn health_names_the_service_and_the_stores_state() {
    let house = House::new().await;
    let get = |path| request(Method::GET, path, None, None);
    let alive = house.send(get("/healthz")).await.fine();
    assert_eq!((&alive["service"], alive.get("store")), (&json!("vigie"), None));
    assert_eq!(house.send(get("/readyz")).await.fine()["store"], "ready");
    house.store.becomes(crate::unreliable::Mood::Away);
    let away = house.send(get("/readyz")).await;
    assert_eq!(
        (away.status.as_u16(), &away.body["store"]),
        (503, &json!("unavailable"))
    );
    assert!(away.headers.contains_key("retry-after"));
    house.send(get("/healthz")).await.fine();
}

#[tokio::test]
async fn the_published_keys_verify_an_access_token() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let keys = house
        .send(request(Method::GET, "/.well-known/jwks.json", None, None))
        .await
        .fine();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let header = jsonwebtoken::decode_header(&camille.access).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&["vigie"]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<serde_json::Value>(&camille.access, &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(claims["sid"], json!(camille.id));
    assert_eq!(claims["sub"], json!(camille.user_id));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
}

#[tokio::test]
async fn no_answer_may_be_cached_and_each_has_a_request_id() {
    let house = House::new().await;
    let mut get = request(Method::GET, "/healthz", None, None);
    get.headers_mut()
        .insert("x-request-id", "till-7_42".parse().unwrap());
    let answer = house.send(get).await;
    assert_eq!(answer.headers["x-request-id"], "till-7_42");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut get = request(Method::GET, "/healthz", None, None);
    get.headers_mut()
        .insert("x-request-id", "not an id".parse().unwrap());
    assert_ne!(house.send(get).await.headers["x-request-id"], "not an id");
}

#[tokio::test]
async fn a_well_signed_token_must_fit_its_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let eva = house.sign_in("eva", "till").await;
    let tokens = AccessTokens::new(&house.keys, &ServerOptions::default().issuer).unwrap();
    let right = Subject {
        user_id: camille.user_id,
        session_id: camille.id,
        organization_id: house.organization,
        role: protocol::auth::OrganizationRole::Owner,
        actor: None,
    };
    let sign = |subject| {
        tokens
            .sign(subject, house.now_ms(), 60)
            .unwrap()
            .expose()
            .to_owned()
    };
    house.get("/v1/auth/me", &sign(right)).await.fine();
    let somebody_else = Subject {
        user_id: eva.user_id,
        ..right
    };
    house
        .get("/v1/auth/me", &sign(somebody_else))
        .await
        .problem(ErrorCode::LoginRequired);
    let no_session = Subject {
        session_id: Uuid::from_u128(1),
        ..right
    };
    house
        .get("/v1/auth/me", &sign(no_session))
        .await
        .problem(ErrorCode::LoginRequired);
    let another_organisation = Subject {
        organization_id: Uuid::from_u128(1),
        ..right
    };
    house
        .get("/v1/auth/me", &sign(another_organisation))
        .await
        .problem(ErrorCode::TokenExpired);
    // The role that counts is the one in the database, not the one in the token.
    house
        .get("/v1/admin/settings/session", &sign(right))
        .await
        .problem(ErrorCode::Forbidden);
}

#[tokio::test]
async fn an_idle_desk_is_refused_although_its_access_token_still_lives() {
    let house = House::new().await;
    let desk = house.sign_in("camille", "desk").await;
    let tokens = AccessTokens::new(&house.keys, &ServerOptions::default().issuer).unwrap();
    let subject = Subject {
        user_id: desk.user_id,
        session_id: desk.id,
        organization_id: house.organization,
        role: protocol::auth::OrganizationRole::User,
        actor: None,
    };
    let long = tokens.sign(subject, house.now_ms(), 24 * 60 * 60).unwrap();
    house.pass(8 * 60 * 60 - 1);
    house.get("/v1/auth/me", long.expose()).await.fine();
    house.pass(1);
    house
        .get("/v1/auth/me", long.expose())
        .await
        .problem(ErrorCode::SessionIdle);
}
