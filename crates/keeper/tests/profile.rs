//! What the Vigie profile makes of answers, from a corpus of servers, portals, proxies and gateways.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use keeper::profile::{Profile, Refusal, Reply};
use keeper::{Device, SignInError, VigieProfile};
use keeper_core::{Answer, AttemptId, CallId, EndReason, RefreshCall, RefreshToken, Span, Trouble};
use proptest::prelude::*;
use protocol::auth::DeviceKind;
use protocol::insight::ClientReport;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Case {
    name: String,
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
    means: String,
    pause_seconds: Option<u64>,
}

fn corpus() -> Vec<Case> {
    serde_json::from_str(include_str!("corpus/refresh.json")).unwrap()
}

fn headers(pairs: impl IntoIterator<Item = (String, String)>) -> HeaderMap {
    let pair = |(name, value): (String, String)| {
        (
            name.parse::<HeaderName>().unwrap(),
            value.parse::<HeaderValue>().unwrap(),
        )
    };
    pairs.into_iter().map(pair).collect()
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Granted(grant) => {
            let token = if grant.refresh_token.is_some() {
                "new"
            } else {
                "old"
            };
            format!("granted:{}:{token}", grant.expires_in.as_ms())
        }
        Answer::Refused(reason) => format!("refused:{reason}"),
        Answer::Stale => "stale".to_owned(),
        Answer::RotationRequired => "rotation_required".to_owned(),
        Answer::NonceWanted => "nonce_wanted".to_owned(),
        Answer::ProofRefused => "proof_refused".to_owned(),
        Answer::Transient(trouble, _) => trouble.to_string(),
        Answer::Misconfigured(fault) => format!("misconfigured:{fault}"),
    }
}

#[test]
fn every_answer_of_the_corpus_means_what_it_should() {
    for case in corpus() {
        let headers = headers(case.headers);
        let status = StatusCode::from_u16(case.status).unwrap();
        let reply = Reply {
            status,
            headers: &headers,
            body: case.body.as_bytes(),
            wall_ms: 1_800_000_000_000,
        };
        let answer = VigieProfile::new().read_refresh(reply);
        assert_eq!(said(&answer), case.means, "{}", case.name);
        if let Answer::Transient(_, pause) = answer {
            assert_eq!(pause, case.pause_seconds.map(Span::from_secs), "{}", case.name);
        }
    }
}

#[test]
fn only_the_servers_own_word_refuses_at_the_front_door_too() {
    for case in corpus()
        .into_iter()
        .filter(|case| !case.means.starts_with("refused"))
    {
        let headers = headers(case.headers);
        let status = StatusCode::from_u16(case.status).unwrap();
        let reply = Reply {
            status,
            headers: &headers,
            body: case.body.as_bytes(),
            wall_ms: 0,
        };
        let refusal = VigieProfile::new().read_refusal(reply);
        assert!(!matches!(refusal, Refusal::Session(_)), "{}", case.name);
        assert!(
            VigieProfile::new().read_heartbeat(reply).is_err() || case.name.contains("429"),
            "{}",
            case.name
        );
    }
}

fn json_reply(status: u16, body: &Value, read: impl FnOnce(Reply<'_>)) {
    let headers = headers([("content-type".to_owned(), "application/json".to_owned())]);
    let body = body.to_string();
    let status = StatusCode::from_u16(status).unwrap();
    read(Reply {
        status,
        headers: &headers,
        body: body.as_bytes(),
        wall_ms: 1_767_225_600_000,
    });
}

fn good_login() -> Value {
    json!({
        "access_token": "a", "refresh_token": "r", "token_type": "Bearer", "expires_in": 900, "refresh_in": 450,
        "absolute_expires_in": 86_400, "server_time": "2026-01-01T00:00:05Z", "session_id": "s", "generation": 0,
        "me": {
            "user_id": "00000000-0000-7000-8000-000000000001", "username": "marie", "display_name": "Marie",
            "organization_id": "00000000-0000-7000-8000-000000000002", "organization_name": "R",
            "current_organization_role": "user", "site_id": null, "site_name": null,
        },
    })
}

#[test]
fn a_whole_login_answer_is_taken() {
    json_reply(200, &good_login(), |reply| {
        let signed_in = VigieProfile::new().read_sign_in(reply).unwrap();
        assert_eq!(
            (signed_in.session_id.as_str(), signed_in.me.username.as_str()),
            ("s", "marie")
        );
        assert_eq!(signed_in.grant.refresh_in, Some(Span::from_secs(450)));
        assert_eq!(signed_in.grant.clock_ahead_ms, Some(-5_000));
    });
}

#[test]
fn a_login_answer_with_a_part_missing_is_no_answer_of_ours() {
    for field in ["access_token", "refresh_token", "expires_in", "session_id", "me"] {
        let mut answer = good_login();
        answer.as_object_mut().unwrap().remove(field);
        json_reply(200, &answer, |reply| {
            assert_eq!(
                VigieProfile::new().read_sign_in(reply).unwrap_err(),
                SignInError::NotVigie,
                "{field}"
            );
        });
    }
}

#[test]
fn refused_sign_ins_say_why() {
    let cases = [
        (
            401,
            json!({"code": "invalid_credentials"}),
            SignInError::InvalidCredentials,
        ),
        (
            401,
            json!({"code": "account_disabled"}),
            SignInError::AccountDisabled,
        ),
        (
            429,
            json!({"code": "rate_limited", "retry_after_seconds": 9}),
            SignInError::RateLimited {
                retry_after_seconds: Some(9),
            },
        ),
        (
            503,
            json!({"code": "server_busy"}),
            SignInError::ServerBusy {
                retry_after_seconds: None,
            },
        ),
        (500, json!({"code": "internal"}), SignInError::ServerDown),
        (
            422,
            json!({"code": "validation_failed", "field": "username"}),
            SignInError::InputRejected {
                field: "username".to_owned(),
            },
        ),
        (
            401,
            json!({"detail": "Identifiants invalides"}),
            SignInError::NotVigie,
        ),
        (502, json!({}), SignInError::ServerDown),
        (200, json!({"hello": "world"}), SignInError::NotVigie),
    ];
    for (status, body, expected) in cases {
        json_reply(status, &body, |reply| {
            assert_eq!(
                VigieProfile::new().read_sign_in(reply).unwrap_err(),
                expected,
                "{body}"
            );
        });
    }
}

#[test]
fn only_a_vigie_server_has_a_heartbeat() {
    let cases = [
        (200, json!({"service": "vigie", "version": "1"}), Ok(())),
        (
            200,
            json!({"service": "vigie", "version": "1", "store": "ready", "more": 1}),
            Ok(()),
        ),
        (
            200,
            json!({"service": "other", "version": "1"}),
            Err(Trouble::NotTheServer),
        ),
        (200, json!({"status": "ok"}), Err(Trouble::NotTheServer)),
        (
            503,
            json!({"code": "store_unavailable"}),
            Err(Trouble::ServerDown),
        ),
        (429, json!({"code": "rate_limited"}), Ok(())),
    ];
    for (status, body, expected) in cases {
        json_reply(status, &body, |reply| {
            assert_eq!(VigieProfile::new().read_heartbeat(reply), expected, "{body}");
        });
    }
}

#[test]
fn refusals_of_requests_are_told_apart() {
    let cases = [
        (401, "token_expired", Refusal::Token),
        (401, "login_required", Refusal::Token),
        (401, "session_revoked", Refusal::Session(EndReason::Revoked)),
        (401, "session_idle", Refusal::Session(EndReason::Idle)),
        (401, "session_displaced", Refusal::Session(EndReason::Displaced)),
        (
            401,
            "password_changed",
            Refusal::Session(EndReason::PasswordChanged),
        ),
        (403, "forbidden", Refusal::None),
        (403, "reauthentication_required", Refusal::None),
        (403, "password_wrong", Refusal::None),
        (403, "one_time_password", Refusal::None),
        (401, "proof_required", Refusal::None),
        (401, "proof_invalid", Refusal::None),
        (401, "use_dpop_nonce", Refusal::None),
        (401, "invalid_credentials", Refusal::None),
    ];
    for (status, code, expected) in cases {
        json_reply(status, &json!({"code": code}), |reply| {
            assert_eq!(VigieProfile::new().read_refusal(reply), expected, "{code}");
        });
    }
}

#[test]
fn requests_are_those_of_the_protocol() {
    let profile = VigieProfile::new();
    let call = RefreshCall {
        call: CallId(1),
        refresh_token: RefreshToken::new("r"),
        attempt: AttemptId::from_bytes([0x11; 16]),
        rotate: false,
        last_input_age: Some(Span::from_ms(2_900)),
        key: None,
    };
    let body = |request: &http::Request<Bytes>| serde_json::from_slice::<Value>(request.body()).unwrap();
    let refresh = profile.refresh_request(&call);
    assert_eq!(
        (refresh.method().as_str(), refresh.uri().path()),
        ("POST", "/v1/auth/refresh")
    );
    assert_eq!(
        body(&refresh),
        json!({"refresh_token": "r", "attempt_id": "11111111-1111-1111-1111-111111111111", "rotate": false,
            "last_input_age_seconds": 2})
    );
    let device = Device {
        name: "till".to_owned(),
        kind: DeviceKind::Desk,
        user_agent: String::new(),
    };
    let login = profile.sign_in_request("Marie", &SecretString::from("pw".to_owned()), &device);
    assert_eq!(login.uri().path(), "/v1/auth/login");
    assert_eq!(
        body(&login),
        json!({"username": "Marie", "password": "pw", "device_name": "till", "device_kind": "desk"})
    );
    assert_eq!(
        body(&profile.ping_request(Span::from_secs(3), None)),
        json!({"last_input_age_seconds": 3})
    );
    let report = ClientReport {
        observed_seconds: 60,
        offline_seconds: 20,
        server_fault_seconds: 5,
        refreshes: 1,
        incidents: 2,
    };
    assert_eq!(
        body(&profile.ping_request(Span::from_secs(3), Some(report))),
        json!({"last_input_age_seconds": 3, "report": {"observed_seconds": 60, "offline_seconds": 20,
            "server_fault_seconds": 5, "refreshes": 1, "incidents": 2}})
    );
    assert!(profile.is_auth_path("/v1/auth/refresh/") && !profile.is_auth_path("/v1/sales"));
}

proptest! {
    #[test]
    fn no_answer_makes_a_reader_panic_and_none_refuses_without_a_code(
        status in 100_u16..1_000,
        kind in prop_oneof![Just("application/json"), Just("text/html"), Just("application/problem+json"), Just("")],
        body in prop_oneof![
            any::<Vec<u8>>(),
            "\\{\"(code|access_token|expires_in)\":(\"[a-z_]{0,20}\"|-?[0-9]{1,25}|null|\\[\\])\\}".prop_map(String::into_bytes),
        ],
    ) {
        let Ok(status) = StatusCode::from_u16(status) else { return Ok(()) };
        let headers = headers([("content-type".to_owned(), kind.to_owned())]);
        let reply = Reply { status, headers: &headers, body: &body, wall_ms: i64::MIN };
        let profile = VigieProfile::new();
        let answer = profile.read_refresh(reply);
        let known = std::str::from_utf8(&body).is_ok_and(|text| text.contains("_"));
        prop_assert!(known || !matches!(answer, Answer::Refused(_)));
        prop_assert!(!matches!(answer, Answer::Granted(_)));
        let _ = (profile.read_sign_in(reply), profile.read_heartbeat(reply), profile.read_ping(reply), profile.read_refusal(reply));
    }
}
