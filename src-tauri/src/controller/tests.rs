//! The shell without a screen, over the embedded server and a network that can be cut.

use std::sync::atomic::Ordering;

use keeper::{Limits, Transport as _};
use keeper_core::{Banner, Connection, EndReason, Notice, Persistence, Severity, Trouble, VaultFault};
use protocol::Secret;
use protocol::notice::NoticeKind;
use server::demo::{CAMILLE, DOMINIQUE};

use super::{CloseAnswer, FirstAccount, Request, Unsent, WorkRequest};
use crate::administration::lifetimes;
use crate::sessions;
use crate::testing::{App, Device, Network, bearer_of, json_request};
use crate::view::{Language, MySession, Phase, RetryOutcome, ServerView, Theme, UiError, UiErrorCode};

fn code<T: std::fmt::Debug>(answer: Result<T, UiError>) -> UiErrorCode {
    answer.unwrap_err().code
}

async fn sign_out(app: &App, unsent: Unsent) -> Result<Phase, UiError> {
    app.handle
        .ask(|reply| Request::SignOut { unsent, reply })
        .await
        .map(|view| view.session.phase)
}

async fn my_sessions(app: &App) -> Vec<MySession> {
    sessions::mine(&app.client().await).await.unwrap()
}

#[tokio::test]
async fn signing_in_shows_who_it_is_and_a_wrong_password_shows_nothing_else() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.phase(Phase::SignedOut).await;
    let wrong = server::demo::Account {
        password: "wrong",
        ..CAMILLE
    };
    assert_eq!(code(app.sign_in(wrong).await), UiErrorCode::InvalidCredentials);
    let view = app.sign_in(CAMILLE).await.unwrap();
    assert_eq!(view.session.phase, Phase::SignedIn);
    let operator = view.operator.unwrap();
    assert_eq!(
        (operator.username.as_str(), operator.display_name.as_str()),
        ("camille", "Camille Le Goff")
    );
    assert_eq!(operator.site_name.as_deref(), Some("Quai Nord"));
    assert_eq!(view.session.persistence, Persistence::Durable);
    assert!(view.session.absolute_end_ms.unwrap().0 > 1_700_000_000_000.0);
}

#[tokio::test]
async fn a_start_after_a_stop_is_signed_in_with_the_ticket_as_it_was() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    let saved = app.put(&draft).await.unwrap();
    assert_eq!(app.handle.view().work.saved_at_ms, Some(saved.saved_at_ms));
    app.end().await;

    let app = device.start();
    let view = app.phase(Phase::SignedIn).await;
    assert_eq!(view.operator.unwrap().username, "camille");
    assert_eq!(app.current().await.unwrap(), Some(draft));
    let view = app
        .view(|view| view.operator.as_ref().is_some_and(|who| who.site_name.is_some()))
        .await;
    assert_eq!(view.operator.unwrap().display_name, "Camille Le Goff");
}

#[tokio::test]
async fn a_sale_made_while_cut_off_arrives_once_when_the_line_is_back() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    device.network.be(Network::Cut);
    app.view(|view| view.session.banner == Banner::Offline).await;
    let view = app.finish(&draft).await.unwrap();
    assert_eq!((view.work.waiting, view.session.phase), (1, Phase::SignedIn));
    assert_eq!(app.current().await.unwrap(), None);
    let goods = app.handle.ask(Request::Categories).await.unwrap();
    assert!(goods.from_cache && !goods.categories.is_empty());
    device.network.be(Network::LosesReceipts);
    app.view(|view| view.session.connection == Connection::Online)
        .await;
    while device.network.sales() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(app.handle.view().work.waiting, 1, "no receipt, no farewell");
    device.network.be(Network::Whole);
    assert_eq!(
        app.handle.ask(Request::Retry).await.unwrap(),
        RetryOutcome::Recovered
    );
    app.view(|view| view.work.waiting == 0 && view.work.refused == 0)
        .await;
    app.end().await;
    let sales = device.sales_of(CAMILLE).await;
    assert_eq!(sales.len(), 1);
    assert_eq!(
        (sales[0].idempotency_key.to_string(), sales[0].total_cents),
        (draft.id, 700)
    );
}

#[tokio::test]
async fn a_sale_the_server_refuses_waits_for_a_person_and_holds_nobody_up() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let unknown_goods = crate::work::sample::ticket(1);
    app.finish(&unknown_goods).await.unwrap();
    app.finish(&app.ticket(2).await).await.unwrap();
    let view = app
        .view(|view| view.work.waiting == 0 && view.work.refused == 1)
        .await;
    assert_eq!(view.work.fault, None);
    let outbox = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Outbox(reply)))
        .await
        .unwrap();
    assert_eq!(outbox.len(), 1);
    assert_eq!(
        outbox[0].refused.as_ref().unwrap().code,
        UiErrorCode::ValidationFailed
    );
}

#[tokio::test]
async fn a_cut_is_notified_once_and_its_end_too() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    device.network.be(Network::Cut);
    let view = app.view(|view| view.session.banner == Banner::Offline).await;
    assert!(view.session.next_attempt_ms.is_some() || view.session.attempting);
    assert_eq!(
        app.handle.ask(Request::Retry).await.unwrap(),
        RetryOutcome::StillOffline
    );
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    device.network.be(Network::Whole);
    app.view(|view| view.session.banner == Banner::Hidden).await;
    let expected = [
        Notice::ConnectionLost {
            trouble: Trouble::Offline,
        },
        Notice::ConnectionBack,
    ];
    for _ in 0..100 {
        if app.shown.notices.lock().unwrap().len() == expected.len() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(*app.shown.notices.lock().unwrap(), expected);
    let tray = app.shown.tray.lock().unwrap().clone();
    assert!(
        tray.iter()
            .any(|(severity, words)| *severity >= Severity::Warning && words.contains("perdue"))
    );
    assert_eq!(tray.last().unwrap().0, Severity::Hidden);
}

#[tokio::test]
async fn a_session_closed_elsewhere_leaves_the_work_and_a_new_sign_in_finds_it() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    app.put(&draft).await.unwrap();
    let first = my_sessions(&app).await;
    assert!(first[0].is_current);
    app.end().await;
    let keys = server::Keys::from_bytes(&device.vault.peek("embedded-server-keys").unwrap()).unwrap();
    close_session(&device, &keys, &first[0].session_id).await;

    let app = device.start();
    let view = app.phase(Phase::Ended).await;
    assert_eq!(
        view.session.banner,
        Banner::Ended {
            reason: EndReason::Revoked
        }
    );
    assert_eq!(app.current().await.unwrap().as_ref(), Some(&draft));
    let mut longer = draft.clone();
    longer.note = "tapé après la fermeture".to_owned();
    app.put(&longer).await.unwrap();
    app.sign_in(CAMILLE).await.unwrap();
    assert_eq!(app.current().await.unwrap(), Some(longer));
}

async fn close_session(device: &Device, keys: &server::Keys, session_id: &str) {
    use keeper::InProcessTransport;
    let server = device.server(keys).await;
    let transport = InProcessTransport::new(server.router.clone());
    let bearer = bearer_of(&transport, CAMILLE).await;
    let password = serde_json::json!({ "password": CAMILLE.password }).to_string();
    let revoke = format!("/v1/auth/sessions/{session_id}/revoke");
    for (path, body) in [("/v1/auth/reauthenticate", password), (&revoke, String::new())] {
        let request = json_request("POST", path, Some(&bearer), body);
        let answer = transport.send(request, Limits::AUTH).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    server.close().await;
}

#[tokio::test]
async fn signing_out_is_guarded_and_the_next_operator_sees_nothing_of_the_first() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    app.put(&draft).await.unwrap();
    let refused = sign_out(&app, Unsent::Guard).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (UiErrorCode::WorkUnsent, Some("ticket"))
    );
    device.network.be(Network::Cut);
    app.finish(&draft).await.unwrap();
    let refused = sign_out(&app, Unsent::Guard).await.unwrap_err();
    assert_eq!(refused.subject.as_deref(), Some("sales"));
    assert_eq!(sign_out(&app, Unsent::Leave).await.unwrap(), Phase::SignedOut);
    assert_eq!(code(app.put(&draft).await), UiErrorCode::SessionOver);

    device.network.be(Network::Whole);
    let view = app.sign_in(DOMINIQUE).await.unwrap();
    assert_eq!((view.work.waiting, app.current().await.unwrap()), (0, None));
    assert_eq!(code(app.put(&draft).await), UiErrorCode::Forbidden);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(
        device.network.sales(),
        0,
        "one operator's sale is never sent by another"
    );
    sign_out(&app, Unsent::Guard).await.unwrap();

    app.sign_in(CAMILLE).await.unwrap();
    app.view(|view| view.work.waiting == 0 && device.network.sales() > 0)
        .await;
    app.end().await;
    assert_eq!(device.sales_of(CAMILLE).await.len(), 1);
    assert!(device.sales_of(DOMINIQUE).await.is_empty());
}

#[tokio::test]
async fn without_a_keychain_work_goes_on_in_memory_and_is_kept_once_there_is_one() {
    let device = Device::with_accounts().await;
    device.vault.fail(Some(VaultFault::Absent));
    let app = device.start();
    let view = app.sign_in(CAMILLE).await.unwrap();
    assert_eq!(
        view.session.persistence,
        Persistence::MemoryOnly {
            fault: VaultFault::Absent
        }
    );
    let draft = app.ticket(1).await;
    assert_eq!(code(app.put(&draft).await), UiErrorCode::KeychainAbsent);
    let view = app.handle.view();
    assert_eq!(view.work.fault.unwrap().code, UiErrorCode::KeychainAbsent);
    assert_eq!(view.work.saved_at_ms, None);
    assert_eq!(
        app.current().await.unwrap().as_ref(),
        Some(&draft),
        "nothing typed is lost while the app runs"
    );

    device.vault.fail(None);
    app.view(|view| view.session.persistence == Persistence::Durable)
        .await;
    app.view(|view| view.work.fault.is_none()).await;
    app.put(&draft).await.unwrap();
    app.end().await;
    let app = device.start();
    app.view(|view| matches!(view.session.phase, Phase::Ended | Phase::SignedIn))
        .await;
    assert_eq!(app.current().await.unwrap(), Some(draft));
}

#[tokio::test]
async fn a_locked_keychain_at_the_start_leaves_sealed_work_sealed() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    app.put(&draft).await.unwrap();
    app.end().await;

    device.vault.fail(Some(VaultFault::Locked));
    let app = device.start();
    let view = app.view(|view| view.fault.is_some()).await;
    assert_eq!(view.fault.unwrap().code, UiErrorCode::KeychainLocked);
    assert_eq!(code(app.sign_in(CAMILLE).await), UiErrorCode::KeychainLocked);
    device.vault.fail(None);
    let _ = app.handle.ask(Request::Retry).await;
    if app.handle.view().session.phase != Phase::SignedIn {
        app.sign_in(CAMILLE).await.unwrap();
    }
    assert_eq!(app.current().await.unwrap(), Some(draft));
    app.view(|view| view.fault.is_none()).await;
}

#[tokio::test]
async fn closing_over_unsent_sales_asks_once_and_a_second_wish_is_an_answer() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    device.network.be(Network::Cut);
    app.finish(&draft).await.unwrap();
    app.handle.tell(Request::CloseAsked);
    app.view(|view| view.close_asked).await;
    app.handle.tell(Request::CloseAnswered(CloseAnswer::Stay));
    app.view(|view| !view.close_asked).await;
    app.handle.tell(Request::CloseAsked);
    app.view(|view| view.close_asked).await;
    app.handle.tell(Request::CloseAsked);
    app.shown.ended.notified().await;
    assert_eq!(
        &app.shown.window()[app.shown.window().len() - 2..],
        ["hide", "end"]
    );
}

#[tokio::test]
async fn the_question_before_closing_is_withdrawn_when_the_sales_have_left() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    device.network.be(Network::Cut);
    app.finish(&draft).await.unwrap();
    app.handle.tell(Request::CloseAsked);
    app.view(|view| view.close_asked).await;
    device.network.be(Network::Whole);
    app.view(|view| view.work.waiting == 0 && !view.close_asked).await;
    assert!(!app.shown.window().contains(&"end"));
}

#[tokio::test]
async fn closing_with_nothing_to_send_just_closes() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    app.put(&app.ticket(1).await).await.unwrap();
    app.handle.tell(Request::CloseAsked);
    app.shown.ended.notified().await;
    assert!(!app.handle.view().close_asked);
}

#[tokio::test]
async fn the_window_is_shown_when_the_screen_has_painted() {
    let device = Device::new();
    let app = device.start();
    app.phase(Phase::SignedOut).await;
    assert!(app.shown.window().is_empty());
    app.handle.tell(Request::WindowReady);
    app.handle.tell(Request::Show);
    let _ = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Current(reply)))
        .await;
    assert_eq!(app.shown.window(), ["show", "front"]);
}

#[tokio::test]
async fn data_of_a_newer_version_are_named_before_and_at_signing_in() {
    let device = Device::with_accounts().await;
    let file = device
        .folders()
        .embedded_server()
        .join(server::embedded::DATABASE);
    rusqlite::Connection::open(file)
        .unwrap()
        .pragma_update(None, "user_version", 9_999)
        .unwrap();
    let app = device.start();
    let view = app.view(|view| view.fault.is_some()).await;
    assert_eq!(view.fault.unwrap().code, UiErrorCode::DataNewer);
    assert_eq!(code(app.sign_in(CAMILLE).await), UiErrorCode::DataNewer);
}

#[tokio::test]
async fn data_in_use_by_another_program_are_named_and_freed_data_are_used() {
    let device = Device::with_accounts().await;
    let keys = server::Keys::from_bytes(&device.vault.peek("embedded-server-keys").unwrap()).unwrap();
    let other = device.server(&keys).await;
    let app = device.start();
    assert_eq!(code(app.sign_in(CAMILLE).await), UiErrorCode::DataInUse);
    assert_eq!(
        app.view(|view| view.fault.is_some()).await.fault.unwrap().code,
        UiErrorCode::DataInUse
    );
    other.close().await;
    let view = app.sign_in(CAMILLE).await.unwrap();
    assert_eq!(view.fault, None);
}

#[tokio::test]
async fn the_first_account_of_a_new_device_is_made_and_signed_in() {
    let device = Device::new();
    let app = device.start();
    app.view(|view| view.first_operator_needed).await;
    let account = |password: &str| FirstAccount {
        organization_name: "Ressourcerie".to_owned(),
        username: "Ana".to_owned(),
        display_name: "Ana".to_owned(),
        password: Secret::new(password),
    };
    let make = |account| {
        app.handle
            .ask(move |reply| Request::FirstOperator { account, reply })
    };
    let refused = make(account("x")).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (UiErrorCode::ValidationFailed, Some("password"))
    );
    let view = make(account("une longue phrase de passe")).await.unwrap();
    assert_eq!(
        (view.session.phase, view.first_operator_needed),
        (Phase::SignedIn, false)
    );
    let goods = app.handle.ask(Request::Categories).await.unwrap();
    assert!(!goods.categories.is_empty(), "a till with nothing to sell");
    assert!(goods.categories.iter().all(|each| each.price_cents.is_none()));
    assert_eq!(
        code(make(account("une autre longue phrase")).await),
        UiErrorCode::Forbidden
    );
}

#[tokio::test]
async fn settings_are_written_checked_and_shown() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.phase(Phase::SignedOut).await;
    let before = app.handle.view().settings;
    let put = |settings| {
        app.handle.ask(move |reply| Request::PutDeviceSettings {
            settings: Box::new(settings),
            reply,
        })
    };
    let mut english = before.clone();
    (english.language, english.theme) = (Language::En, Theme::Dark);
    assert_eq!(put(english.clone()).await.unwrap().settings, english);
    for (url, expected) in [
        ("ftp://x", UiErrorCode::AddressInvalid),
        ("http://vigie.example", UiErrorCode::AddressInsecure),
    ] {
        let mut elsewhere = before.clone();
        elsewhere.server = ServerView::Remote { url: url.to_owned() };
        assert_eq!(code(put(elsewhere).await), expected);
    }
    let mut untrusted = before.clone();
    untrusted.server = ServerView::Remote {
        url: "https://127.0.0.1:9".to_owned(),
    };
    untrusted.ca_file = Some("/does/not/exist.pem".to_owned());
    assert_eq!(code(put(untrusted.clone()).await), UiErrorCode::CaFileInvalid);
    app.sign_in(CAMILLE).await.unwrap();
    app.put(&app.ticket(1).await).await.unwrap();
    untrusted.ca_file = None;
    assert_eq!(code(put(untrusted).await), UiErrorCode::WorkUnsent);
    app.end().await;
    assert_eq!(device.start().handle.view().settings, english);
}

#[tokio::test]
async fn own_sessions_can_be_listed_and_closed() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let mine = my_sessions(&app).await;
    assert_eq!((mine.len(), mine[0].is_current), (1, true));
    assert_eq!(mine[0].device_name, "caisse");
    assert_eq!(mine[0].application, concat!("Vigie ", env!("CARGO_PKG_VERSION")));
    let client = app.client().await;
    let revoke = |session_id| sessions::revoke(&client, session_id);
    let another = "01890000-0000-7000-8000-000000000001";
    assert_eq!(code(revoke(another).await), UiErrorCode::ReauthenticationRequired);
    let wrong = sessions::reauthenticate(&client, Secret::new("wrong")).await;
    assert_eq!(code(wrong), UiErrorCode::PasswordWrong);
    let given = Secret::new(CAMILLE.password);
    sessions::reauthenticate(&client, given).await.unwrap();
    assert_eq!(
        code(revoke(&mine[0].session_id).await),
        UiErrorCode::CannotRevokeCurrentSession
    );
    assert_eq!(code(revoke("not-an-id").await), UiErrorCode::SessionNotFound);
    assert_eq!(code(revoke(another).await), UiErrorCode::SessionNotFound);
    assert_eq!(sessions::revoke_others(&client).await.unwrap(), 0);
    assert_eq!(code(lifetimes::read(&client).await), UiErrorCode::Forbidden);
}

/// Signs Camille in from another device, beside the app.
async fn sign_in_elsewhere(app: &App, device_name: &str) {
    let login = serde_json::json!({
        "username": CAMILLE.username, "password": CAMILLE.password,
        "device_name": device_name, "device_kind": "desk",
    });
    let client = app.client().await;
    crate::api::call_with_for_nothing(&client, http::Method::POST, "/v1/auth/login", &login)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_sign_in_from_a_new_device_is_shown_at_once_and_notified_where_nobody_looks() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    app.shown.in_front.store(true, Ordering::SeqCst);
    sign_in_elsewhere(&app, "Bureau").await;
    let view = app.view(|view| view.notices.len() == 1).await;
    assert_eq!(view.notices[0].kind, NoticeKind::NewDevice);
    assert_eq!(view.notices[0].device_name.as_deref(), Some("Bureau"));
    assert!(
        app.shown.security.lock().unwrap().is_empty(),
        "it stands on the screen"
    );

    app.shown.in_front.store(false, Ordering::SeqCst);
    sign_in_elsewhere(&app, "Autre bureau").await;
    app.view(|view| view.notices.len() == 2).await;
    assert_eq!(*app.shown.security.lock().unwrap(), [NoticeKind::NewDevice]);

    let id = view.notices[0].id.clone();
    let view = app.handle.ask(|reply| Request::PutNoticeAway { id, reply }).await;
    assert_eq!(view.unwrap().notices.len(), 1);
}

#[tokio::test]
async fn an_administrator_changes_the_session_settings_and_incoherent_ones_are_refused() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(DOMINIQUE).await.unwrap();
    let client = app.client().await;
    let mut settings = lifetimes::read(&client).await.unwrap();
    settings.session_max_hours = 24;
    assert_eq!(
        lifetimes::put(&client, &settings)
            .await
            .unwrap()
            .session_max_hours,
        24
    );
    settings.token_expiration_minutes = 600;
    let refused = lifetimes::put(&client, &settings).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::SettingsIncoherent);
    assert!(refused.subject.is_some());
}

#[tokio::test]
async fn an_unreadable_settings_file_starts_with_defaults_and_says_so() {
    let device = Device::with_accounts().await;
    let file = device.folders().settings_file();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "theme = \"pink\"").unwrap();
    let app = device.start();
    let view = app.view(|view| view.fault.is_some()).await;
    assert_eq!(view.fault.unwrap().subject.as_deref(), Some("theme"));
    assert_eq!(view.settings.theme, Theme::System);
}

/// Waits until this app hears of what changes: it asks by itself who is signed in, because the settings are others now.
async fn listening(app: &App, device: &Device) {
    let client = app.client().await;
    let mut settings = lifetimes::read(&client).await.unwrap();
    for turn in 0..100 {
        let before = device.network.asked_who();
        settings.session_max_hours = 20 + turn % 4;
        lifetimes::put(&client, &settings).await.unwrap();
        for _ in 0..10 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if device.network.asked_who() > before {
                return;
            }
        }
    }
    panic!("nothing is ever heard");
}

/// What another device of the same operator asks of the server.
async fn elsewhere(app: &App, bearer: &str, path: &str, body: &str) -> serde_json::Value {
    let request = json_request("POST", path, Some(bearer), body.to_owned());
    let answer = app.server.send(request, Limits::AUTH).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}: {answer:?}");
    serde_json::from_slice(answer.body()).unwrap()
}

#[tokio::test]
async fn a_session_closed_elsewhere_shows_its_banner_though_nothing_is_asked_here() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(DOMINIQUE).await.unwrap();
    listening(&app, &device).await;
    let bearer = bearer_of(app.server.as_ref(), DOMINIQUE).await;
    let password = serde_json::json!({ "password": DOMINIQUE.password }).to_string();
    elsewhere(&app, &bearer, "/v1/auth/reauthenticate", &password).await;
    let asked = device.network.asked_who();

    elsewhere(&app, &bearer, "/v1/auth/sessions/revoke-others", "{}").await;

    let reason = EndReason::Revoked;
    app.view(|view| view.session.banner == Banner::Ended { reason })
        .await;
    assert_eq!(device.network.asked_who(), asked);
}
