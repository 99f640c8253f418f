//! What the security document promises and no other test shows: equal work for every name, roles that count at once, and
//! that each test it names is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use server::ServerOptions;
use server::options::Limits;
use store::{Directory as _, RevokeReason, Sessions as _};

use crate::house::{House, PASSWORD, entry};
use crate::unreliable::Mood;

#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
fn clock() -> Instant {
    Instant::now()
}

async fn time_of_a_sign_in(house: &House, username: &str) -> Duration {
    let body = json!({ "username": username, "password": "wrong horse", "device_name": "Caisse 1" });
    let started = clock();
    house.login(body).await.problem(ErrorCode::InvalidCredentials);
    started.elapsed()
}

#[tokio::test]
async fn a_name_that_nobody_has_takes_as_long_as_a_wrong_password() {
    let minute = const { std::num::NonZeroU32::new(1_000).unwrap() };
    let house = House::with(ServerOptions {
        limits: Limits {
            logins_per_minute_per_account: minute,
            logins_per_minute_per_account_and_address: minute,
            ..Limits::default()
        },
        ..ServerOptions::default()
    })
    .await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        known.push(time_of_a_sign_in(&house, "camille").await);
        unknown.push(time_of_a_sign_in(&house, "nobody").await);
    }
    known.sort();
    unknown.sort();
    // Without the same work it would be a hundredth.
    assert!(
        unknown[3] > known[3] / 2 && known[3] > unknown[3] / 2,
        "{known:?} {unknown:?}"
    );
}

#[tokio::test]
async fn a_lesser_role_and_a_membership_that_ended_count_from_the_next_request_on() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let path = "/v1/admin/settings/session";
    house.get(path, &dominique.access).await.fine();
    house
        .store
        .put_membership(
            dominique.user_id,
            house.organization,
            OrganizationRole::User,
            None,
            entry(),
        )
        .await
        .unwrap();
    house
        .get(path, &dominique.access)
        .await
        .problem(ErrorCode::Forbidden);
    house
        .store
        .remove_membership(dominique.user_id, house.organization, house.now_ms(), entry())
        .await
        .unwrap();
    house
        .get("/v1/auth/me", &dominique.access)
        .await
        .problem(ErrorCode::SessionRevoked);
}

#[tokio::test]
async fn a_sign_out_during_a_refresh_is_final() {
    let house = House::new().await;
    for attempt in 0..20 {
        let camille = house.sign_in("camille", "till").await;
        house.pass(10);
        let refresh = house.refresh(&camille.refresh, attempt);
        let ended = house.store.revoke_session(
            camille.id,
            None,
            None,
            RevokeReason::SignedOut,
            house.now_ms(),
            entry(),
        );
        let (answer, ended) = tokio::join!(refresh, ended);
        assert!(ended.unwrap());
        let token = answer.body["refresh_token"]
            .as_str()
            .unwrap_or(&camille.refresh)
            .to_owned();
        house
            .refresh(&token, 1_000 + attempt)
            .await
            .problem(ErrorCode::SessionSignedOut);
    }
}

#[tokio::test]
async fn a_password_counts_exactly_as_it_was_typed() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let typed = " Deux Mouettes à l\u{e9}cluse ";
    house
        .post(
            "/v1/auth/password",
            &camille.access,
            json!({ "current_password": PASSWORD, "new_password": typed }),
        )
        .await
        .fine();
    let login =
        |password: &str| json!({ "username": "camille", "password": password, "device_name": "Caisse 1" });
    for other in [
        typed.trim(),
        &typed.to_lowercase(),
        &typed.replace('\u{e9}', "e\u{301}"),
        &typed[..typed.len() - 1],
        &format!("{typed}\n"),
    ] {
        house
            .login(login(other))
            .await
            .problem(ErrorCode::InvalidCredentials);
    }
    house.login(login(typed)).await.fine();
}

#[tokio::test]
async fn a_password_stays_good_for_years() {
    let house = House::new().await;
    house.pass(3 * 366 * 24 * 60 * 60);
    let camille = house.sign_in("camille", "desk").await;
    let me = house.get("/v1/auth/me", &camille.access).await.fine();
    assert_eq!(me["must_change_password"], json!(false));
}

/// What the server writes to its log on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || log.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    /// The lines about refusals with this code.
    fn lines(&self, code: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["fields"]["code"] == code)
            .collect()
    }
}

#[tokio::test]
async fn what_was_not_allowed_is_in_the_log_with_its_call() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let log = Log::default();
    let _listening = log.listen();
    house
        .get("/v1/admin/settings/session", &camille.access)
        .await
        .problem(ErrorCode::Forbidden);
    let lines = log.lines("forbidden");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["level"], "WARN");
    let line = lines[0].to_string();
    assert!(line.contains("/v1/admin/settings/session"), "{line}");
    assert!(!line.contains(&camille.access), "{line}");
}

#[tokio::test]
async fn a_fault_of_the_server_is_in_the_log_with_its_cause_and_never_in_the_answer() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let log = Log::default();
    let _listening = log.listen();
    for (mood, code) in [
        (Mood::Away, ErrorCode::StoreUnavailable),
        (Mood::Faulty, ErrorCode::Internal),
        (Mood::Panics, ErrorCode::Internal),
    ] {
        let before = log.lines(code.as_str()).len();
        house.store.becomes(mood);
        let answer = house.get("/v1/auth/me", &camille.access).await;
        let told = answer.problem(code).to_string();
        assert!(!told.contains("canary"), "{told}");
        let lines = log.lines(code.as_str());
        assert_eq!(lines.len(), before + 1, "{mood:?}: {lines:?}");
        assert_eq!(lines[before]["level"], "ERROR");
        if mood == Mood::Faulty {
            assert!(lines[before].to_string().contains("canary-of-the-engine"));
        }
        house.store.becomes(Mood::Works);
        house.get("/v1/auth/me", &camille.access).await.fine();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap()
}

/// The tests named in the document, as `path#name`.
fn named(document: &str) -> BTreeSet<(String, String)> {
    document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once('#'))
        .map(|(path, name)| (path.to_owned(), name.to_owned()))
        .collect()
}

#[test]
fn every_test_that_the_security_document_names_is_there() {
    let document = document();
    let named = named(&document);
    assert!(named.len() > 60, "only {} tests are named", named.len());
    for (path, name) in named {
        let text =
            std::fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let is_there = if path.ends_with(".ts") {
            text.contains(&format!("it('{name}'"))
        } else if path.contains("/conformance/") {
            let listed =
                std::fs::read_to_string(root().join("crates/store/src/conformance/suite.rs")).unwrap();
            text.contains(&format!("fn {name}(")) && listed.contains(&format!("{name}:"))
        } else {
            is_a_test(&text, &name)
        };
        assert!(is_there, "{path} has no test `{name}`");
    }
}

/// Whether a function of that name stands right below an attribute that makes it a test.
fn is_a_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let is_the_function = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ")
            .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')));
        is_the_function
            && lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["))
                .any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
    })
}

/// The requirements of OWASP ASVS 5.0 that the document must speak of.
const REQUIREMENTS: [(&str, &[u32]); 13] = [
    ("6.1", &[1]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("6.3", &[1, 2, 8]),
    ("7.1", &[1, 2, 3]),
    ("7.2", &[1, 2, 3, 4]),
    ("7.3", &[1, 2]),
    ("7.4", &[1, 2, 3, 4, 5]),
    ("7.5", &[1, 2, 3]),
    ("7.6", &[1, 2]),
    ("8.2", &[1, 2, 3, 4]),
    ("8.3", &[1, 2, 3]),
    ("8.4", &[1, 2]),
    ("10.4", &[5, 8, 9]),
];

/// The chapters of which every requirement is spoken of.
const WHOLE: [(&str, &[u32]); 7] = [
    ("9.1", &[1, 2, 3]),
    ("9.2", &[1, 2, 3, 4]),
    ("16.1", &[1]),
    ("16.2", &[1, 2, 3, 4, 5]),
    ("16.3", &[1, 2, 3, 4]),
    ("16.4", &[1, 2, 3]),
    ("16.5", &[1, 2, 3, 4]),
];

#[test]
fn every_requirement_has_a_row_with_a_test_or_a_reason() {
    let document = document();
    for (section, numbers) in REQUIREMENTS.iter().chain(&WHOLE) {
        for number in *numbers {
            let begins = format!("| {section}.{number} |");
            let row = document
                .lines()
                .find(|line| line.starts_with(&begins))
                .unwrap_or_else(|| panic!("no row for {section}.{number}"));
            let speaks = row.contains('#')
                || row.contains("Deviation")
                || row.contains("Not applicable")
                || row.contains("Document");
            assert!(speaks, "{row}");
        }
    }
}
