//! Acting as somebody else in the shell, over the embedded server and a network that can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use keeper::{BoottimeClock, Clock, Limits, Transport as _};
use keeper_core::{EndWarning, ImpersonationEnd, Moment, Span};
use protocol::Secret;
use protocol::impersonation::StartImpersonationRequest;
use protocol::sale::SaleList;
use server::demo::{ALIX, CAMILLE};

use crate::administration::{impersonation, people};
use crate::api;
use crate::controller::{Request, Unsent, WorkRequest};
use crate::sessions;
use crate::surfaces::ImpersonationNotice;
use crate::testing::{App, Device, Network, bearer_of, json_request};
use crate::view::administration::PeopleQuery;
use crate::view::{AppView, Phase, TicketKeeping, TicketToPark, UiError, UiErrorCode};

/// The operating system's clocks, some time later.
struct Later {
    system: BoottimeClock,
    by_ms: AtomicU64,
}

impl Later {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            system: BoottimeClock::new(),
            by_ms: AtomicU64::new(0),
        })
    }

    fn by(&self) -> Span {
        Span::from_ms(self.by_ms.load(Ordering::SeqCst))
    }

    fn sleep(&self, minutes: u64) {
        self.by_ms.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

impl Clock for Later {
    fn now(&self) -> Moment {
        self.system.now() + self.by()
    }
    fn awake(&self) -> Moment {
        self.system.awake()
    }
    fn wall_ms(&self) -> i64 {
        self.system
            .wall_ms()
            .saturating_add(self.by().as_ms().cast_signed())
    }
    fn boot_id(&self) -> String {
        self.system.boot_id()
    }
}

async fn signed_in(app: &App) -> String {
    app.sign_in(ALIX).await.unwrap();
    let client = app.client().await;
    sessions::reauthenticate(&client, Secret::new(ALIX.password))
        .await
        .unwrap();
    let query = PeopleQuery {
        search: Some(CAMILLE.username.to_owned()),
        ..PeopleQuery::default()
    };
    let found = people::list(&client, query).await.unwrap().people;
    found[0].user_id.clone()
}

async fn start(app: &App, user_id: &str) -> Result<AppView, UiError> {
    let request = StartImpersonationRequest {
        user_id: user_id.parse().unwrap(),
        organization_id: None,
        reason: "  a sale that does not leave ".to_owned(),
    };
    app.handle
        .ask(|reply| Request::StartImpersonation {
            request: Box::new(request),
            reply,
        })
        .await
}

async fn stop(app: &App, session_id: &str) -> Result<AppView, UiError> {
    let session_id = session_id.to_owned();
    app.handle
        .ask(|reply| Request::StopImpersonation { session_id, reply })
        .await
}

/// Alix as Camille.
async fn acting(app: &App) -> AppView {
    let camille = signed_in(app).await;
    start(app, &camille).await.unwrap()
}

fn session_id(view: &AppView) -> String {
    view.impersonation.as_ref().unwrap().session_id.clone()
}

fn why(view: &AppView) -> Option<ImpersonationEnd> {
    view.impersonation_over.as_ref().map(|over| over.why)
}

async fn name(app: &App) -> String {
    let me: protocol::auth::Me = api::call(&app.client().await, Method::GET, "/v1/auth/me")
        .await
        .unwrap();
    me.username
}

async fn sales(app: &App) -> Vec<uuid::Uuid> {
    let list: SaleList = api::call(&app.client().await, Method::GET, "/v1/sales")
        .await
        .unwrap();
    list.sales.iter().map(|sale| sale.idempotency_key).collect()
}

#[tokio::test]
async fn the_screen_sees_both_people_and_every_call_is_the_others() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let view = acting(&app).await;
    let on = view.impersonation.as_ref().unwrap();
    assert_eq!(view.operator.as_ref().unwrap().username, "alix");
    assert_eq!(
        (
            on.operator.username.as_str(),
            on.impersonator_name.as_str(),
            on.reason.as_str()
        ),
        ("camille", "Alix Bernard", "a sale that does not leave")
    );
    assert!(!on.operator.is_super_admin);
    assert_eq!(on.operator.site_name.as_deref(), Some("Quai Nord"));
    let (near, whole) = (on.near_ms.0 - on.started_ms.0, on.ends_ms.0 - on.started_ms.0);
    assert!((whole - 7_200_000.0).abs() < 2.0, "{whole}");
    assert!((near - 5_400_000.0).abs() < 2.0, "{near}");
    assert_eq!(name(&app).await, "camille");
    let refused = impersonation::live(&app.client().await, 0).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ForbiddenWhileImpersonating);
    let again = start(&app, &on.operator.organization_id.clone().unwrap()).await;
    assert_eq!(again.unwrap_err().code, UiErrorCode::AlreadyImpersonating);

    let view = stop(&app, &session_id(&view)).await.unwrap();
    assert_eq!(
        (view.impersonation.clone(), why(&view)),
        (None, Some(ImpersonationEnd::Stopped))
    );
    assert_eq!(view.session.phase, Phase::SignedIn);
    assert_eq!(name(&app).await, "alix");
    assert!(
        impersonation::live(&app.client().await, 0)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(app.shown.impersonation.lock().unwrap().is_empty());
    let view = app.handle.ask(Request::PutImpersonationEndAway).await.unwrap();
    assert_eq!(view.impersonation_over, None);
}

#[tokio::test]
async fn nothing_is_kept_or_queued_meanwhile_and_the_own_ticket_is_there_afterwards() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let camille = signed_in(&app).await;
    let own = app.ticket(1).await;
    app.put(&own).await.unwrap();
    let view = start(&app, &camille).await.unwrap();
    assert_eq!(app.current().await.unwrap(), None);
    let saved = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Save { draft: None, reply }))
        .await;
    assert_eq!(saved.unwrap_err().code, UiErrorCode::ForbiddenWhileImpersonating);
    let draft = app.ticket(2).await;
    let put = app.put(&draft).await.unwrap_err();
    assert_eq!(put.code, UiErrorCode::ForbiddenWhileImpersonating);
    let own_sale = app.finish(&own).await.unwrap_err();
    assert_eq!(own_sale.code, UiErrorCode::ForbiddenWhileImpersonating);

    device.network.be(Network::Cut);
    let lost = app.finish_from(TicketKeeping::Memory, &draft).await.unwrap_err();
    assert!(
        matches!(lost.code, UiErrorCode::Offline | UiErrorCode::ServerDown),
        "{lost:?}"
    );
    let waiting = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Outbox(reply)))
        .await;
    assert!(waiting.unwrap().is_empty());
    device.network.be(Network::Whole);
    app.handle.ask(Request::Retry).await.unwrap();
    app.finish_from(TicketKeeping::Memory, &draft).await.unwrap();
    assert_eq!(sales(&app).await, [draft.id.parse::<uuid::Uuid>().unwrap()]);

    let view = stop(&app, &session_id(&view)).await.unwrap();
    assert_eq!((view.work.waiting, view.work.refused), (0, 0));
    let late = app.ticket(4).await;
    let refused = app.finish_from(TicketKeeping::Memory, &late).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ImpersonationOver);
    assert_eq!(app.handle.view().work.waiting, 0);
    assert_eq!(app.current().await.unwrap(), Some(own));
}

#[tokio::test]
async fn forced_to_stop_by_somebody_else_the_screen_says_so_at_once() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let view = acting(&app).await;
    let seen = view.changes.impersonations;
    let bearer = bearer_of(app.server.as_ref(), ALIX).await;
    let post = async |path: &str, body: serde_json::Value| {
        let request = json_request("POST", path, Some(&bearer), body.to_string());
        let answer = app.server.send(request, Limits::AUTH).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    };
    post(
        "/v1/auth/reauthenticate",
        serde_json::json!({ "password": ALIX.password }),
    )
    .await;
    let path = format!("/v1/impersonations/{}/force-stop", session_id(&view));
    post(&path, serde_json::json!({})).await;

    let view = app.view(|view| view.impersonation.is_none()).await;
    assert_eq!(why(&view), Some(ImpersonationEnd::Forced));
    assert!(view.changes.impersonations > seen);
    assert_eq!(view.session.phase, Phase::SignedIn);
    let how = ImpersonationEnd::Forced;
    assert_eq!(
        *app.shown.impersonation.lock().unwrap(),
        [ImpersonationNotice::Over { how }]
    );
    assert_eq!(name(&app).await, "alix");
}

#[tokio::test]
async fn warnings_come_at_their_time_also_after_a_sleep_and_the_end_without_the_server() {
    let device = Device::with_accounts().await;
    let clock = Later::new();
    let mut parts = device.parts();
    parts.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let app = device.start_with(parts);
    acting(&app).await;
    let told = async |count: usize| {
        for _ in 0..500 {
            if app.shown.impersonation.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        app.shown.impersonation.lock().unwrap().clone()
    };
    clock.sleep(106);
    let near = |warning| ImpersonationNotice::EndNear { warning };
    assert_eq!(told(1).await, [near(EndWarning::FifteenMinutes)]);
    clock.sleep(13);
    assert_eq!(
        told(2).await,
        [near(EndWarning::FifteenMinutes), near(EndWarning::TwoMinutes)]
    );
    device.network.be(Network::Cut);
    clock.sleep(2);
    let view = app.view(|view| view.impersonation.is_none()).await;
    assert_eq!(why(&view), Some(ImpersonationEnd::Expired));
    let how = ImpersonationEnd::Expired;
    assert_eq!(told(3).await.last(), Some(&ImpersonationNotice::Over { how }));
}

#[tokio::test]
async fn signing_out_and_closing_the_app_end_it() {
    let device = Device::with_accounts().await;
    let app = device.start();
    acting(&app).await;
    let unsent = Unsent::Guard;
    let view = app
        .handle
        .ask(|reply| Request::SignOut { unsent, reply })
        .await
        .unwrap();
    assert_eq!(
        (view.session.phase, view.impersonation, view.impersonation_over),
        (Phase::SignedOut, None, None)
    );
    acting(&app).await;
    app.end().await;

    let app = device.start();
    let view = app.phase(Phase::SignedIn).await;
    assert_eq!(view.impersonation, None);
    assert!(
        impersonation::live(&app.client().await, 0)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn one_left_behind_by_a_crash_is_on_the_board_and_can_be_stopped() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let camille = signed_in(&app).await;
    let body = serde_json::json!({ "user_id": camille, "reason": "a sale that does not leave" });
    let own = app.client().await;
    let grant: serde_json::Value = api::call_with(&own, Method::POST, "/v1/impersonations", &body)
        .await
        .unwrap();
    let refused = start(&app, &camille).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::AlreadyImpersonating);
    let live = impersonation::live(&own, app.handle.wall_ms()).await.unwrap();
    let whole_ms = live[0].ends_ms.0 - live[0].started_ms.0;
    assert!(live[0].is_own && (whole_ms - 7_200_000.0).abs() < 2.0);
    assert_eq!(grant["session_id"], live[0].session_id.as_str());

    let view = stop(&app, &live[0].session_id).await.unwrap();
    assert_eq!(view.impersonation_over, None, "it was not under way here");
    assert!(impersonation::live(&own, 0).await.unwrap().is_empty());
    assert!(start(&app, &camille).await.is_ok());
    let unknown = stop(&app, "no id").await.unwrap_err();
    assert_eq!(unknown.code, UiErrorCode::ImpersonationOver);
}

#[tokio::test]
async fn settings_are_read_changed_after_the_password_and_refused_at_the_field() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(ALIX).await.unwrap();
    let client = app.client().await;
    let mut settings = impersonation::settings(&client).await.unwrap();
    assert!(settings.tell_target && settings.allowed_networks.is_empty());
    settings.allowed_networks = vec!["192.0.2.7/24".to_owned()];
    let unasked = impersonation::put_settings(&client, &settings).await.unwrap_err();
    assert_eq!(unasked.code, UiErrorCode::ReauthenticationRequired);
    let camille = signed_in(&app).await;
    let put = impersonation::put_settings(&client, &settings).await.unwrap();
    assert_eq!(put.allowed_networks, ["192.0.2.0/24"]);
    let elsewhere = start(&app, &camille).await.unwrap_err();
    assert_eq!(elsewhere.code, UiErrorCode::AddressNotAllowed);
    settings.allowed_networks = vec!["bureau".to_owned()];
    let refused = impersonation::put_settings(&client, &settings).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (UiErrorCode::ValidationFailed, Some("allowed_networks"))
    );
}

#[tokio::test]
async fn nothing_parked_or_refused_of_ones_own_is_reached_while_acting_as_somebody() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let camille = signed_in(&app).await;
    let own = app.ticket(1).await;
    let park = |name: &str| TicketToPark {
        draft: own.clone(),
        name: name.to_owned(),
    };
    let ask_to_park = |ticket| {
        app.handle.ask(|reply| {
            Request::Work(WorkRequest::Park {
                ticket: Box::new(ticket),
                reply,
            })
        })
    };
    ask_to_park(park("à moi")).await.unwrap();
    let view = start(&app, &camille).await.unwrap();

    let shelf = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Parked(reply)))
        .await;
    assert_eq!(shelf.unwrap().len(), 0);
    let refused = ask_to_park(park("encore")).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ForbiddenWhileImpersonating);
    let taken = app.handle.ask(|reply| {
        Request::Work(WorkRequest::TakeUp {
            id: own.id.clone(),
            in_hand: None,
            reply,
        })
    });
    assert_eq!(
        taken.await.unwrap_err().code,
        UiErrorCode::ForbiddenWhileImpersonating
    );

    stop(&app, &session_id(&view)).await.unwrap();
    let shelf = app
        .handle
        .ask(|reply| Request::Work(WorkRequest::Parked(reply)))
        .await;
    assert_eq!(shelf.unwrap().len(), 1);
}
