//! Alerts from the counting to the letter: begun once, told once, ended once, whoever looks.

use std::sync::Arc;

use http::Method;
use protocol::ErrorCode;
use protocol::alert::MailProtection;
use serde_json::{Value, json};
use server::ServerOptions;
use server::alerts::{look, send_waiting};
use server::background::Background;
use server::certificates::make;
use server::clock::{Clock as _, SystemClock};
use server::config::TlsFiles;
use server::mail::MailOptions;
use server::options::{AlertOptions, MailSetBy};
use server::tls::server_config;
use store::insight::{
    ClientKind, EventBatch, EventKind, EventOutcome, Insight as _, Keeping, SessionEvent, network_of,
};
use store::{Alerts as _, AuditRow};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::house::{House, SignedIn};
use crate::mail::{Got, PostOffice, a_thief_comes};
use crate::unreliable::Mood;

pub(crate) const MONITORING: &str = "/v1/admin/settings/monitoring";
const MAIL: &str = "/v1/admin/settings/mail";
const LIST: &str = "/v1/admin/alerts";
const TEST: &str = "/v1/admin/alerts/test";
const MINUTE: u64 = 60;

pub(crate) fn settings(recipients: &[&str]) -> Value {
    json!({
        "retention_days": 30, "refresh_failure_percent": 5, "refresh_least": 20, "time_zone": "Europe/Paris",
        "login_failures_of_account": 10, "login_failures_of_network": 50, "recipients": recipients
    })
}

async fn put(house: &House, who: &SignedIn, path: &str, body: Value) -> Value {
    house.ask(Method::PUT, path, &who.access, Some(body)).await.fine()
}

/// A house whose server writes to this office, and an administrator who is told.
async fn told_house(office: &PostOffice) -> (House, SignedIn) {
    let house = House::with(ServerOptions {
        mail: Some(crate::mail::options(office.port)),
        ..ServerOptions::default()
    })
    .await;
    let dominique = house.sign_in("dominique", "desk").await;
    put(&house, &dominique, MONITORING, settings(&["ops@example.org"])).await;
    (house, dominique)
}

fn event(house: &House, kind: EventKind, outcome: EventOutcome) -> SessionEvent {
    SessionEvent {
        at: house.now_ms(),
        kind,
        outcome,
        reason: match (kind, outcome) {
            (EventKind::Refresh, EventOutcome::Failure) => "session_closed",
            (EventKind::Login, EventOutcome::Failure) => "wrong_password",
            _ => "",
        },
        user_id: None,
        organization_id: Some(house.organization),
        site_id: None,
        session_id: None,
        ip_address: "192.0.2.7".to_owned(),
        network: network_of("192.0.2.7"),
        device_name: String::new(),
        device_kind: None,
        client_kind: ClientKind::App,
        latency_us: None,
        duration_seconds: None,
        keeping: Keeping::Row,
    }
}

async fn happens(house: &House, events: Vec<SessionEvent>) {
    let batch = EventBatch {
        id: Uuid::now_v7(),
        at: house.now_ms(),
        events,
        reports: Vec::new(),
    };
    assert!(house.store.add_events(batch).await.unwrap());
}

async fn refreshes(house: &House, succeeded: usize, failed: usize) {
    let mut events = vec![event(house, EventKind::Refresh, EventOutcome::Success); succeeded];
    events.extend(vec![
        event(house, EventKind::Refresh, EventOutcome::Failure);
        failed
    ]);
    happens(house, events).await;
}

/// One look of everybody, and everything sent that is due.
async fn round(house: &House) {
    look(&house.server).await;
    send_waiting(&house.server).await;
}

pub(crate) fn letters(office: &mut PostOffice) -> Vec<Got> {
    let mut all = Vec::new();
    while let Ok(letter) = office.got.try_recv() {
        all.push(letter);
    }
    all
}

/// The list, by a new sign-in: time passes in these tests.
async fn listed(house: &House, who: &SignedIn) -> Vec<Value> {
    let who = house
        .sign_in(who.whole["me"]["username"].as_str().unwrap(), "desk")
        .await;
    house.get(LIST, &who.access).await.fine()["alerts"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_percent_is_an_alert_that_begins_once_and_ends_once() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    refreshes(&house, 94, 6).await;
    for _ in 0..3 {
        round(&house).await;
        house.pass(MINUTE);
    }
    let began = letters(&mut office);
    assert_eq!(began.len(), 1, "{began:?}");
    assert!(began[0].to.starts_with("<ops@example.org>"), "{began:?}");
    let alerts = listed(&house, &dominique).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = &alerts[0];
    assert_eq!(
        (
            &alert["kind"],
            &alert["worst_count"],
            &alert["worst_of"],
            &alert["mail"],
            &alert["webhook"]
        ),
        (
            &json!("refresh_failures"),
            &json!(6),
            &json!(100),
            &json!("sent"),
            &json!("not_set_up")
        )
    );
    assert_eq!(alert.get("ended_at"), None);

    // The window has passed; the alert holds for five more minutes and then ends.
    house.pass(12 * MINUTE);
    for _ in 0..8 {
        round(&house).await;
        house.pass(MINUTE);
    }
    let ended = letters(&mut office);
    assert_eq!(ended.len(), 1, "{ended:?}");
    let alerts = listed(&house, &dominique).await;
    assert!(alerts[0]["ended_at"].is_string(), "{alerts:?}");
    let thread = |letter: &Got| {
        let line = letter.text.lines().find(|line| line.starts_with("References:"));
        line.map(str::to_owned)
    };
    assert!(thread(&began[0]).is_some());
    assert_eq!(thread(&began[0]), thread(&ended[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_percent_nineteen_refreshes_and_foreign_tokens_by_the_thousand_are_none() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    refreshes(&house, 96, 4).await;
    round(&house).await;
    house.pass(20 * MINUTE);
    refreshes(&house, 0, 19).await;
    round(&house).await;
    house.pass(20 * MINUTE);
    refreshes(&house, 100, 5).await;
    let mut foreign = event(&house, EventKind::Refresh, EventOutcome::Rejected);
    foreign.organization_id = None;
    happens(&house, vec![foreign; 5_000]).await;
    round(&house).await;
    assert_eq!(letters(&mut office).len(), 0);
    assert_eq!(listed(&house, &dominique).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_at_the_edge_does_not_flap() {
    let mut office = PostOffice::open(0, None).await;
    let (house, _) = told_house(&office).await;
    for minute in 0..30 {
        // Above the limit in every third minute, below it in those between.
        match minute % 3 {
            0 => refreshes(&house, 20, 40).await,
            _ => refreshes(&house, 2_000, 0).await,
        }
        round(&house).await;
        house.pass(MINUTE);
    }
    assert!(letters(&mut office).len() <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_the_organisations_own() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    let foreign = SessionEvent {
        organization_id: Some(house.other_organization),
        ..event(&house, EventKind::Refresh, EventOutcome::Failure)
    };
    happens(&house, vec![foreign; 50]).await;
    round(&house).await;
    assert_eq!(letters(&mut office).len(), 0);
    assert_eq!(listed(&house, &dominique).await, Vec::<Value>::new());
    let eva = house.sign_in("eva", "desk").await;
    let alerts = listed(&house, &eva).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["mail"], "not_set_up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_an_account_and_from_a_network_is_told_by_name() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    let camille = house.sign_in("camille", "till").await;
    let denied = event(&house, EventKind::Login, EventOutcome::Failure);
    let on_camille = SessionEvent {
        user_id: Some(camille.user_id),
        ..denied.clone()
    };
    let on_nobody = SessionEvent {
        organization_id: None,
        reason: "unknown_user",
        ..denied
    };
    happens(&house, vec![on_camille.clone(); 9]).await;
    happens(&house, vec![on_nobody; 40]).await;
    round(&house).await;
    assert_eq!(listed(&house, &dominique).await, Vec::<Value>::new());
    happens(&house, vec![on_camille; 1]).await;
    round(&house).await;
    let mut alerts = listed(&house, &dominique).await;
    alerts.sort_by_key(|alert| alert["kind"].to_string());
    let seen: Vec<_> = alerts
        .iter()
        .map(|alert| {
            (
                alert["kind"].as_str().unwrap(),
                alert["subject"].as_str().unwrap(),
                &alert["worst_count"],
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("login_failures_of_account", "camille", &json!(10)),
            ("login_failures_of_network", "192.0.2.0/24", &json!(50)),
        ]
    );
    let letters = letters(&mut office);
    assert_eq!(letters.len(), 2);
    assert!(
        letters.iter().any(|letter| letter.text.contains("camille")),
        "{letters:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_told_during_opening_hours_alone() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    // The clock stands on Monday 2026-09-21 at 14:13:20 UTC: in Paris 16:13:20.
    let mut watched = settings(&["ops@example.org"]);
    watched["no_refresh_minutes"] = json!(30);
    watched["opening_hours"] =
        json!([{ "weekday": 1, "opens_minute": 15 * 60 + 30, "closes_minute": 17 * 60 + 30 }]);
    put(&house, &dominique, MONITORING, watched).await;
    refreshes(&house, 1, 0).await;
    let mut told = Vec::new();
    for minute in 0..120 {
        round(&house).await;
        told.extend(letters(&mut office).into_iter().map(|_| minute));
        house.pass(MINUTE);
    }
    // The last refresh was in the minute of 16:13; the shop closes at 17:30, and the alert ends five minutes after its last look.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        (30..=32).contains(&told[0]) && (80..=82).contains(&told[1]),
        "{told:?}"
    );
    let alerts = listed(&house, &dominique).await;
    assert_eq!(alerts[0]["kind"], "no_refresh");
    assert!(alerts[0]["worst_count"].as_u64().unwrap() > 70, "{alerts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_lasts_is_told_again_when_it_is_set() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    let mut watched = settings(&["ops@example.org"]);
    watched["repeat_minutes"] = json!(15);
    put(&house, &dominique, MONITORING, watched).await;
    let mut told = Vec::new();
    for minute in 0..40 {
        refreshes(&house, 0, 30).await;
        round(&house).await;
        told.extend(letters(&mut office).into_iter().map(|_| minute));
        house.pass(MINUTE);
    }
    assert_eq!(told, [0, 15, 30]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_turned_away_is_tried_again_and_a_refused_address_is_given_up() {
    let mut office = PostOffice::open(1, None).await;
    let (house, dominique) = told_house(&office).await;
    refreshes(&house, 0, 30).await;
    round(&house).await;
    assert_eq!(letters(&mut office).len(), 0);
    assert_eq!(listed(&house, &dominique).await[0]["mail"], "waiting");
    send_waiting(&house.server).await;
    assert_eq!(letters(&mut office).len(), 0, "before it is time");
    house.pass(10);
    send_waiting(&house.server).await;
    assert_eq!(letters(&mut office).len(), 1);
    assert_eq!(listed(&house, &dominique).await[0]["mail"], "sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_ends_where_it_cannot_be_counted() {
    let mut office = PostOffice::open(0, None).await;
    let (house, dominique) = told_house(&office).await;
    refreshes(&house, 0, 30).await;
    round(&house).await;
    assert_eq!(letters(&mut office).len(), 1);
    house.pass(30 * MINUTE);
    house.store.becomes(Mood::Away);
    round(&house).await;
    // Organisations and settings can be read, the sums cannot.
    house.store.becomes(Mood::Works);
    house.store.works_for(3);
    look(&house.server).await;
    house.store.works_for(u32::MAX);
    assert_eq!(listed(&house, &dominique).await[0].get("ended_at"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_background_looks_and_sends_by_itself() {
    let mut office = PostOffice::open(0, None).await;
    let (house, _) = told_house(&office).await;
    refreshes(&house, 0, 30).await;
    let background = Background::start(&house.server);
    assert!(office.next().await.to.starts_with("<ops@example.org>"));
    background.stop().await;
}

/// A webhook's other end: it answers each call with the next of these.
pub(crate) struct Hook {
    port: u16,
    pub(crate) got: mpsc::UnboundedReceiver<String>,
    pub(crate) options: AlertOptions,
    _folder: tempfile::TempDir,
}

impl Hook {
    pub(crate) async fn open(answers: &'static [&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = chrono::DateTime::from_timestamp_millis(SystemClock::new().wall_ms()).unwrap();
        let made = make(folder.path(), &["localhost".to_owned()], now).unwrap();
        let files = TlsFiles {
            cert: made.server.clone(),
            key: made.server_key.clone(),
        };
        let mut tls = (*server_config(&files).unwrap()).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, got) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut answers = answers.iter().cycle();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut call = Vec::new();
                let mut part = [0; 4_096];
                while !is_whole(&call) {
                    let read = stream.read(&mut part).await.unwrap();
                    if read == 0 {
                        break;
                    }
                    call.extend_from_slice(&part[..read]);
                }
                sender.send(String::from_utf8(call).unwrap()).unwrap();
                let answer = answers.next().unwrap();
                let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        Self {
            port,
            got,
            options: AlertOptions {
                webhook_networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
                webhook_ca_file: Some(made.authority),
            },
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/alerts?key=canary", self.port)
    }

    /// An administrator of a house whose alerts go to this hook.
    pub(crate) async fn house(&self, options: AlertOptions) -> (House, SignedIn) {
        let house = House::with(ServerOptions {
            alerts: options,
            ..ServerOptions::default()
        })
        .await;
        let dominique = house.sign_in("dominique", "desk").await;
        let mut watched = settings(&[]);
        watched["webhook_url"] = json!(self.url());
        put(&house, &dominique, MONITORING, watched).await;
        (house, dominique)
    }
}

fn is_whole(call: &[u8]) -> bool {
    let text = String::from_utf8_lossy(call);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    body.len() >= length
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_posted_what_the_protocol_says_and_tried_again() {
    let mut hook = Hook::open(&["503 Later", "204 Fine"]).await;
    let (house, dominique) = hook.house(hook.options.clone()).await;
    refreshes(&house, 94, 6).await;
    round(&house).await;
    house.pass(10);
    round(&house).await;
    let calls = [hook.got.try_recv().unwrap(), hook.got.try_recv().unwrap()];
    let bodies = calls.map(|call| {
        let (head, body) = call.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /alerts?key=canary HTTP/1.1"), "{head}");
        assert!(
            head.to_lowercase().contains("content-type: application/json"),
            "{head}"
        );
        serde_json::from_str::<Value>(body).unwrap()
    });
    assert_eq!(bodies[0]["delivery_id"], bodies[1]["delivery_id"]);
    let alerts = listed(&house, &dominique).await;
    let expected = json!({
        "version": 1, "delivery_id": bodies[0]["delivery_id"], "occasion": "began",
        "organization_id": house.organization, "organization_name": "Maison port",
        "alert": {
            "id": alerts[0]["id"], "kind": "refresh_failures", "began_at": alerts[0]["began_at"],
            "worst_count": 6, "worst_of": 100
        }
    });
    assert_eq!(bodies[1], expected);
    assert_eq!(alerts[0]["webhook"], "sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_redirects_is_not_followed() {
    let mut hook = Hook::open(&["302 Found\r\nLocation: https://localhost:1/"]).await;
    let (house, dominique) = hook.house(hook.options.clone()).await;
    let answer = house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    assert_eq!(
        (&answer["is_sent"], &answer["failure"]),
        (&json!(false), &json!("refused"))
    );
    assert_eq!(answer["reason"], "answered 302 Found");
    assert!(hook.got.try_recv().is_ok() && hook.got.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_inside_the_servers_network_is_not_called() {
    let mut hook = Hook::open(&["204 Fine"]).await;
    let (house, dominique) = hook
        .house(AlertOptions {
            webhook_networks: Vec::new(),
            ..hook.options.clone()
        })
        .await;
    let answer = house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    assert_eq!(answer["failure"], "address_not_allowed");
    refreshes(&house, 0, 30).await;
    round(&house).await;
    assert!(hook.got.try_recv().is_err());
    assert_eq!(listed(&house, &dominique).await[0]["webhook"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_must_show_a_certificate_that_is_trusted() {
    let mut hook = Hook::open(&["204 Fine"]).await;
    let (house, dominique) = hook
        .house(AlertOptions {
            webhook_ca_file: None,
            ..hook.options.clone()
        })
        .await;
    let answer = house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    assert_eq!(answer["failure"], "unreachable", "{answer}");
    assert!(!answer.to_string().contains("canary"), "{answer}");
    assert!(hook.got.try_recv().is_err());
    let (house, dominique) = hook.house(hook.options.clone()).await;
    let answer = house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    assert_eq!(answer, json!({ "is_sent": true }));
    assert!(hook.got.try_recv().unwrap().contains("\"occasion\":\"test\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_try_says_what_the_other_end_said_and_is_bounded() {
    let mut office = PostOffice::open(1, None).await;
    let (house, dominique) = told_house(&office).await;
    let answer = house.post(TEST, &dominique.access, json!("mail")).await.fine();
    assert_eq!(answer["failure"], "refused");
    assert!(
        answer["reason"].as_str().unwrap().contains("come back later"),
        "{answer}"
    );
    let answer = house.post(TEST, &dominique.access, json!("mail")).await.fine();
    assert_eq!(answer, json!({ "is_sent": true }));
    assert_eq!(letters(&mut office).len(), 1);
    let answer = house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    assert_eq!(answer["failure"], "not_set_up");
    for _ in 0..2 {
        house.post(TEST, &dominique.access, json!("webhook")).await.fine();
    }
    house
        .post(TEST, &dominique.access, json!("mail"))
        .await
        .problem(ErrorCode::RateLimited);
}

fn mail_server(port: u16) -> Value {
    json!({
        "host": "localhost", "port": port, "security": "none", "from": "Vigie <vigie@example.org>",
        "to": "office@example.org", "username": "vigie", "password": "mail-canary"
    })
}

async fn audit_of(house: &House, action: &str) -> Vec<AuditRow> {
    let rows = house.audit_rows().await;
    rows.into_iter().filter(|row| row.action == action).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mail_server_set_on_screen_is_used_at_once_and_its_password_never_comes_out() {
    let mut office = PostOffice::open(0, None).await;
    let house = House::new().await;
    let alix = house.super_admin().await;
    assert_eq!(
        house.get(MAIL, &alix.access).await.fine(),
        json!({
            "host": "", "port": 587, "security": "starttls", "from": "", "has_password": false, "is_fixed": false
        })
    );
    let background = Background::start(&house.server);
    house.confirm(&alix).await;
    let answer = put(&house, &alix, MAIL, mail_server(office.port)).await;
    assert_eq!(answer["has_password"], true);
    // What was set is used by security notices, without a restart.
    a_thief_comes(&house).await;
    let letter = office.next().await;
    assert_eq!(letter.credentials.as_deref(), Some(" vigie mail-canary"));
    assert!(letter.to.starts_with("<office@example.org>"));
    background.stop().await;

    let row = house.store.mail_settings().await.unwrap().unwrap();
    let sealed = String::from_utf8_lossy(row.sealed_password.as_ref().unwrap()).into_owned();
    let shown = house.get(MAIL, &alix.access).await.fine();
    let audited = audit_of(&house, "settings.mail_changed").await;
    assert_eq!(audited.len(), 1);
    for text in [
        answer.to_string(),
        shown.to_string(),
        sealed,
        format!("{audited:?}"),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_kept_goes_to_its_own_mail_server_alone() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    house
        .ask(Method::PUT, MAIL, &alix.access, Some(mail_server(25)))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house.confirm(&alix).await;
    put(&house, &alix, MAIL, mail_server(25)).await;
    let mut change = mail_server(25);
    change.as_object_mut().unwrap().remove("password");
    change["from"] = json!("other@example.org");
    assert_eq!(
        put(&house, &alix, MAIL, change.clone()).await["has_password"],
        true
    );
    for (field, value) in [
        ("host", json!("127.0.0.2")),
        ("port", json!(26)),
        ("username", json!("eve")),
    ] {
        let mut elsewhere = change.clone();
        elsewhere[field] = value;
        let problem = house
            .ask(Method::PUT, MAIL, &alix.access, Some(elsewhere))
            .await
            .problem(ErrorCode::SettingsIncoherent);
        assert_eq!(problem["field"], "password");
    }
    for (field, value) in [
        ("host", json!("mail.example.org")),
        ("host", json!("a b")),
        ("port", json!(0)),
        ("from", json!("vigie")),
        ("to", json!("x\r\nBcc: eve@evil.example")),
    ] {
        let mut wrong = mail_server(25);
        wrong[field] = value;
        let problem = house
            .ask(Method::PUT, MAIL, &alix.access, Some(wrong))
            .await
            .problem(ErrorCode::ValidationFailed);
        let at = problem["field"].as_str().unwrap();
        assert!(at == field || (field == "host" && at == "security"), "{problem}");
    }
    let answer = put(
        &house,
        &alix,
        MAIL,
        json!({ "host": "", "port": 587, "security": "starttls", "from": "" }),
    )
    .await;
    assert_eq!(answer["has_password"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_servers_configuration_says_is_shown_and_cannot_be_changed() {
    let house = House::with(ServerOptions {
        mail: Some(MailOptions {
            security: MailProtection::Starttls,
            credentials: Some(("vigie".to_owned(), "mail-canary".to_owned().into())),
            ..crate::mail::options(587)
        }),
        ..ServerOptions::default()
    })
    .await;
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    house
        .ask(Method::PUT, MAIL, &alix.access, Some(mail_server(25)))
        .await
        .problem(ErrorCode::SettingsFixed);
    let shown = house.get(MAIL, &alix.access).await.fine();
    assert_eq!(
        shown,
        json!({
            "host": "localhost", "port": 587, "security": "starttls", "from": "Vigie <vigie@example.org>",
            "to": "office@example.org", "username": "vigie", "has_password": true, "is_fixed": true
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_server_inside_the_app_an_owner_sets_the_mail_server() {
    let house = House::with(ServerOptions {
        mail_set_by: MailSetBy::Owners,
        ..ServerOptions::default()
    })
    .await;
    let dominique = house.sign_in("dominique", "desk").await;
    house
        .get(MAIL, &dominique.access)
        .await
        .problem(ErrorCode::Forbidden);
    let eva = house.sign_in("eva", "desk").await;
    house.confirm(&eva).await;
    assert_eq!(
        put(&house, &eva, MAIL, mail_server(25)).await["host"],
        "localhost"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_checked_kept_and_audited_without_the_webhooks_secret() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let mut wanted = settings(&[" ops@example.org "]);
    wanted["webhook_url"] = json!("https://hooks.example.org/canary");
    let kept = put(&house, &dominique, MONITORING, wanted.clone()).await;
    assert_eq!(kept["recipients"], json!(["ops@example.org"]));
    assert_eq!(house.get(MONITORING, &dominique.access).await.fine(), kept);
    let audited = audit_of(&house, "settings.monitoring_changed").await;
    assert_eq!(audited.len(), 1);
    assert_eq!(
        audited[0].detail["after"]["webhook_url"],
        "https://hooks.example.org"
    );
    assert!(!format!("{audited:?}").contains("canary"));
    let eva = house.sign_in("eva", "desk").await;
    assert_eq!(
        house.get(MONITORING, &eva.access).await.fine()["recipients"],
        json!([])
    );
    wanted["time_zone"] = json!("Mars/Olympus");
    let problem = house
        .ask(Method::PUT, MONITORING, &dominique.access, Some(wanted))
        .await
        .problem(ErrorCode::ValidationFailed);
    assert_eq!(problem["field"], "time_zone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_comes_in_pages() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for number in 0..5 {
        let denied = SessionEvent {
            network: format!("192.0.{number}.0/24"),
            ..event(&house, EventKind::Login, EventOutcome::Failure)
        };
        happens(&house, vec![denied; 50]).await;
        look(&house.server).await;
        house.pass(4 * MINUTE);
    }
    look(&house.server).await;
    let whole = listed(&house, &dominique).await;
    assert_eq!(whole.len(), 5);
    assert!(whole[0].get("ended_at").is_none() && whole[4].get("ended_at").is_some());
    let dominique = house.sign_in("dominique", "desk").await;
    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let page = house
            .get(&format!("{LIST}?limit=2{after}"), &dominique.access)
            .await
            .fine();
        paged.extend(page["alerts"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(paged, whole);
    for wrong in ["after=x", "limit=0", "limit=201", "after=bGFzdGluZzox"] {
        house
            .get(&format!("{LIST}?{wrong}"), &dominique.access)
            .await
            .problem(ErrorCode::ValidationFailed);
    }
}
