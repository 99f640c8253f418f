//! Acting as somebody else: who may, what may be done meanwhile, what is written down of it, and everything that ends it.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use server::access_token::{AccessTokens, Actor, Subject};
use server::background::Background;
use server::impersonation::{CALLS, Permission, permission};
use server::{Server, ServerOptions};
use store::{AuditRow, Directory as _, Impersonations as _, RevokeReason, Sessions as _};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::house::{Answer, House, SignedIn, entry, request};
use crate::openapi::OPEN;
use crate::valid_calls::{Targets, calls};

const ROUTE: &str = "/v1/impersonations";
const SETTINGS: &str = "/v1/admin/settings/impersonation";
const REASON: &str = "a sale that does not leave";
const HOUR: u64 = 60 * 60;

/// Somebody who acts as somebody else.
#[derive(Debug)]
pub(crate) struct Acting {
    pub(crate) id: Uuid,
    pub(crate) access: String,
    whole: Value,
}

pub(crate) async fn ask(house: &House, admin: &SignedIn, user_id: Uuid) -> Answer {
    let body = json!({ "user_id": user_id, "reason": REASON });
    house.post(ROUTE, &admin.access, body).await
}

/// The administrator as this user, after the password.
pub(crate) async fn act(house: &House, admin: &SignedIn, user_id: Uuid) -> Acting {
    house.confirm(admin).await;
    read(ask(house, admin, user_id).await.fine())
}

fn read(whole: Value) -> Acting {
    Acting {
        id: whole["session_id"].as_str().unwrap().parse().unwrap(),
        access: whole["access_token"].as_str().unwrap().to_owned(),
        whole,
    }
}

pub(crate) async fn user_id(house: &House, username: &str) -> Uuid {
    house.store.user_by_name(username).await.unwrap().unwrap().id
}

/// Alix, above all organisations, as Camille.
pub(crate) async fn scene(house: &House) -> (SignedIn, Acting) {
    let alix = house.super_admin().await;
    let camille = user_id(house, "camille").await;
    let acting = act(house, &alix, camille).await;
    (alix, acting)
}

/// Somebody else above all organisations.
async fn another_super_admin(house: &House) -> SignedIn {
    let id = house
        .person("olga", house.organization, OrganizationRole::User)
        .await;
    house.store.set_super_admin(id, true, entry()).await.unwrap();
    house.sign_in("olga", "desk").await
}

fn path(acting: &Acting, deed: &str) -> String {
    format!("{ROUTE}/{}/{deed}", acting.id)
}

async fn token(house: &House, admin: &SignedIn, acting: &Acting) -> Answer {
    house.post(&path(acting, "token"), &admin.access, json!({})).await
}

/// The administrator with a new access token.
async fn refreshed(house: &House, admin: &SignedIn, attempt: u128) -> SignedIn {
    let whole = house.refresh(&admin.refresh, attempt).await.fine();
    SignedIn {
        access: whole["access_token"].as_str().unwrap().to_owned(),
        refresh: whole["refresh_token"].as_str().unwrap().to_owned(),
        ..admin.clone()
    }
}

/// A well-signed token that lives for ten hours, whatever the session does.
fn forged(house: &House, session_id: Uuid, user_id: Uuid, actor: Option<Actor>) -> String {
    let tokens = AccessTokens::new(&house.keys, &ServerOptions::default().issuer).unwrap();
    let subject = Subject {
        user_id,
        session_id,
        organization_id: house.organization,
        role: OrganizationRole::User,
        actor,
    };
    let token = tokens.sign(subject, house.now_ms(), 36_000).unwrap();
    token.expose().to_owned()
}

/// The newest rows, oldest first, without those from before.
async fn written_since(house: &House, before: usize) -> Vec<AuditRow> {
    let mut rows = house.audit_rows().await;
    rows.truncate(rows.len() - before);
    rows.reverse();
    rows
}

#[tokio::test]
async fn somebody_acts_as_another_and_it_says_so() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    let me = house.get("/v1/auth/me", &acting.access).await.fine();
    assert_eq!(me["username"], "camille");
    assert_eq!(me["super_admin"], false);
    assert_eq!(
        me["impersonator"],
        json!({ "user_id": alix.user_id, "username": "alix", "display_name": "ALIX" })
    );
    assert_eq!(me["impersonation_ends_at"], acting.whole["expires_at"]);
    assert_eq!(acting.whole["absolute_expires_in"], 7_200);
    assert!(acting.whole.get("refresh_token").is_none());
    let own = house.get("/v1/auth/me", &alix.access).await.fine();
    assert!(own.get("impersonator").is_none() && own.get("impersonation_ends_at").is_none());
    let board = house.get(ROUTE, &alix.access).await.fine();
    let live = &board["impersonations"][0];
    assert_eq!(live["session_id"], json!(acting.id));
    assert_eq!(
        (
            &live["impersonator"]["username"],
            &live["user"]["username"],
            &live["reason"],
            &live["is_own"]
        ),
        (&json!("alix"), &json!("camille"), &json!(REASON), &json!(true))
    );
    house
        .post(&path(&acting, "stop"), &alix.access, json!({}))
        .await
        .fine();
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationStopped);
    house.get("/v1/auth/me", &alix.access).await.fine();
    let board = house.get(ROUTE, &alix.access).await.fine();
    assert_eq!(board["impersonations"], json!([]));
}

#[tokio::test]
async fn whoever_may_not_is_refused_and_the_try_is_written_down() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let olga = another_super_admin(&house).await;
    let camille = user_id(&house, "camille").await;
    house.confirm(&dominique).await;
    ask(&house, &dominique, camille)
        .await
        .problem(ErrorCode::Forbidden);
    let before = house.audit_rows().await.len();
    ask(&house, &alix, camille)
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    assert_eq!(house.audit_rows().await.len(), before);
    house.confirm(&alix).await;
    let disabled = house
        .person("dora", house.organization, OrganizationRole::User)
        .await;
    house
        .store
        .disable_user(disabled, house.now_ms(), entry())
        .await
        .unwrap();
    for (user_id, code) in [
        (alix.user_id, ErrorCode::CannotImpersonateOneself),
        (olga.user_id, ErrorCode::CannotImpersonateAbove),
        (disabled, ErrorCode::UserDisabled),
        (Uuid::from_u128(7), ErrorCode::UserNotFound),
    ] {
        let before = house.audit_rows().await.len();
        ask(&house, &alix, user_id).await.problem(code);
        let rows = written_since(&house, before).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].action, "impersonation.denied");
        assert_eq!(rows[0].target, Some(format!("user:{user_id}")));
        assert_eq!(rows[0].detail["code"], code.as_str());
        assert_eq!(rows[0].reason.as_deref(), Some(REASON));
    }
    let body = json!({ "user_id": camille, "organization_id": house.other_organization, "reason": REASON });
    house
        .post(ROUTE, &alix.access, body)
        .await
        .problem(ErrorCode::OrganizationNotFound);
    for reason in ["", "123456789", "   123456789   ", &"x".repeat(501)] {
        let body = json!({ "user_id": camille, "reason": reason });
        let problem = house.post(ROUTE, &alix.access, body).await;
        let problem = problem.problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], "reason");
    }
    ask(&house, &alix, camille).await.fine();
    ask(&house, &alix, camille)
        .await
        .problem(ErrorCode::AlreadyImpersonating);
}

#[tokio::test]
async fn only_from_the_networks_that_are_set() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    let put = async |networks: Value| {
        let body = json!({ "allowed_networks": networks, "tell_target": true });
        house.ask(Method::PUT, SETTINGS, &alix.access, Some(body)).await
    };
    let set = put(json!(["10.1.2.3/8"])).await.fine();
    assert_eq!(set["allowed_networks"], json!(["10.0.0.0/8"]));
    token(&house, &alix, &acting)
        .await
        .problem(ErrorCode::AddressNotAllowed);
    house
        .post(&path(&acting, "stop"), &alix.access, json!({}))
        .await
        .fine();
    let camille = user_id(&house, "camille").await;
    ask(&house, &alix, camille)
        .await
        .problem(ErrorCode::AddressNotAllowed);
    put(json!(["10.0.0.0/8", "127.0.0.0/8"])).await.fine();
    ask(&house, &alix, camille).await.fine();
    let problem = put(json!(["office"])).await.problem(ErrorCode::ValidationFailed);
    assert_eq!(problem["field"], "allowed_networks");
    let read = house.get(SETTINGS, &alix.access).await.fine();
    assert_eq!(read["allowed_networks"], json!(["10.0.0.0/8", "127.0.0.0/8"]));
    let rows = house.audit_rows().await;
    let row = rows
        .iter()
        .find(|row| row.action == "settings.impersonation_changed");
    assert_eq!(
        row.unwrap().after["allowed_networks"],
        r#"["10.0.0.0/8","127.0.0.0/8"]"#
    );
}

#[tokio::test]
async fn the_others_above_are_told_and_the_user_where_the_settings_say_so() {
    let house = House::new().await;
    let olga = another_super_admin(&house).await;
    let camille = house.sign_in("camille", "till").await;
    let (alix, acting) = scene(&house).await;
    let kinds = async |who: &SignedIn| {
        let list = house.get("/v1/auth/notices", &who.access).await.fine();
        let kinds = list["notices"].as_array().unwrap().iter();
        kinds
            .map(|notice| notice["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&olga).await, ["impersonation_started"]);
    assert_eq!(kinds(&camille).await, ["impersonated"]);
    assert!(kinds(&alix).await.is_empty());
    house
        .post(&path(&acting, "stop"), &alix.access, json!({}))
        .await
        .fine();
    let quiet = json!({ "allowed_networks": [], "tell_target": false });
    house
        .ask(Method::PUT, SETTINGS, &alix.access, Some(quiet))
        .await
        .fine();
    act(&house, &alix, camille.user_id).await;
    assert_eq!((kinds(&olga).await.len(), kinds(&camille).await.len()), (2, 1));
}

/// Every operation of the document with its method in capitals.
fn operations() -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(&server::openapi_json()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            found.insert((method.to_uppercase(), path.clone()));
        }
    }
    found
}

#[test]
fn the_table_knows_every_operation_that_needs_a_session_and_no_other() {
    let listed: BTreeSet<_> = CALLS
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(listed.len(), CALLS.len());
    let expected: BTreeSet<_> = operations()
        .into_iter()
        .filter(|(_, path)| !OPEN.contains(&path.as_str()))
        .collect();
    assert_eq!(listed, expected);
}

/// Checks what one call left behind: it is written down with both people, and refused where the table says so.
fn judge(rows: &[AuditRow], method: &Method, route: &str, code: Option<&str>, both: (Uuid, Uuid)) {
    let permission = permission(method, route);
    let action = match permission {
        Permission::Allowed => "impersonation.called",
        Permission::Forbidden => "impersonation.refused",
    };
    let row = rows
        .iter()
        .find(|row| row.action == action)
        .unwrap_or_else(|| panic!("{method} {route} left {rows:?}"));
    assert_eq!(row.detail["method"], method.as_str());
    assert_eq!(row.detail["path"], route);
    for row in rows {
        let found = (row.actor_user_id, row.impersonated_user_id);
        assert_eq!(found, (Some(both.0), Some(both.1)), "{method} {route}: {row:?}");
    }
    let is_refused = code == Some(ErrorCode::ForbiddenWhileImpersonating.as_str());
    assert_eq!(
        is_refused,
        permission == Permission::Forbidden,
        "{method} {route}: {code:?}"
    );
    assert!(!is_refused || rows.len() == 1, "{method} {route}: {rows:?}");
}

#[tokio::test]
async fn every_operation_is_written_down_with_both_people_or_refused() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let dominique = user_id(&house, "dominique").await;
    let acting = act(&house, &alix, dominique).await;
    let both = (alix.user_id, dominique);
    let targets = Targets::of(&house, &house.sign_in("eva", "desk").await).await;
    let mut left = operations();
    left.retain(|(_, path)| !OPEN.contains(&path.as_str()));

    for call in calls(&house, &targets) {
        let before = house.audit_rows().await.len();
        let answer = call.with(&house, &acting.access).await;
        let rows = written_since(&house, before).await;
        judge(
            &rows,
            &call.method,
            call.route,
            answer.body["code"].as_str(),
            both,
        );
        assert!(left.remove(&(call.method.to_string(), call.route.to_owned())));
    }
    // The stream of events never ends by itself: its head is enough.
    let before = house.audit_rows().await.len();
    let stream = request(Method::GET, "/v1/events", Some(&acting.access), None);
    let response = house.router.clone().oneshot(stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let rows = written_since(&house, before).await;
    judge(&rows, &Method::GET, "/v1/events", None, both);
    assert!(left.remove(&("GET".to_owned(), "/v1/events".to_owned())));
    // Stopping comes last: nothing works after it.
    for deed in ["token", "force-stop", "stop"] {
        let before = house.audit_rows().await.len();
        let route = format!("{ROUTE}/{{id}}/{deed}");
        let answer = house.post(&path(&acting, deed), &acting.access, json!({})).await;
        let rows = written_since(&house, before).await;
        judge(&rows, &Method::POST, &route, answer.body["code"].as_str(), both);
        assert!(left.remove(&("POST".to_owned(), route)));
    }
    assert_eq!(left, BTreeSet::new(), "operations that were not tried");
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationStopped);
}

#[tokio::test]
async fn a_deed_is_the_administrators_in_the_name_of_the_other() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    let camille = user_id(&house, "camille").await;
    let key = Uuid::from_u128(5).to_string();
    house.sell(&acting.access, &key, house.sale()).await.fine();
    let rows = house.audit_rows().await;
    let row = rows.iter().find(|row| row.action == "sale.kept").unwrap();
    assert_eq!(
        (row.actor_user_id, row.session_id, row.impersonated_user_id),
        (Some(alix.user_id), Some(acting.id), Some(camille))
    );
    let row = rows
        .iter()
        .find(|row| row.action == "impersonation.started")
        .unwrap();
    assert_eq!(row.reason.as_deref(), Some(REASON));
    assert_eq!(
        (row.actor_user_id, row.session_id, row.impersonated_user_id),
        (Some(alix.user_id), Some(acting.id), Some(camille))
    );
}

#[tokio::test]
async fn without_the_audit_log_there_is_no_call() {
    let house = House::new().await;
    let (_, acting) = scene(&house).await;
    let before = house.audit_rows().await.len();
    // Both look-ups work, and then nothing is written.
    house.store.works_for(2);
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::StoreUnavailable);
    house.store.works_for(u32::MAX);
    assert_eq!(house.audit_rows().await.len(), before);
}

#[tokio::test]
async fn an_ordinary_call_costs_no_second_look_up() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    let asked = async |bearer: &str| {
        let before = house.store.asked();
        house.get("/v1/auth/me", bearer).await.fine();
        house.store.asked() - before
    };
    assert_eq!(
        asked(&alix.access).await,
        2,
        "the session, and the user's memberships"
    );
    assert_eq!(
        asked(&acting.access).await,
        4,
        "the session behind and the entry come on top"
    );
}

#[tokio::test]
async fn token_and_session_must_agree_on_who_acts() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    let camille = house.sign_in("camille", "till").await;
    let real = Actor {
        sub: alix.user_id,
        sid: alix.id,
    };
    let me = async |token: String| house.get("/v1/auth/me", &token).await;
    let of_camille = camille.user_id;
    me(forged(&house, acting.id, of_camille, Some(real))).await.fine();
    for (session, actor) in [
        (acting.id, None),
        (camille.id, Some(real)),
        (
            acting.id,
            Some(Actor {
                sid: camille.id,
                ..real
            }),
        ),
        (
            acting.id,
            Some(Actor {
                sub: of_camille,
                ..real
            }),
        ),
    ] {
        let token = forged(&house, session, of_camille, actor);
        me(token).await.problem(ErrorCode::LoginRequired);
    }
}

#[tokio::test]
async fn nothing_works_after_the_deadline() {
    let mut house = House::new().await;
    let (mut alix, acting) = scene(&house).await;
    let actor = Actor {
        sub: alix.user_id,
        sid: alix.id,
    };
    let camille = user_id(&house, "camille").await;
    let long_lived = forged(&house, acting.id, camille, Some(actor));
    house.pass(2 * HOUR - 1);
    alix = refreshed(&house, &alix, 1).await;
    let last = read(token(&house, &alix, &acting).await.fine());
    assert_eq!(last.whole["expires_in"], 1);
    house.get("/v1/auth/me", &last.access).await.fine();
    house.get("/v1/auth/me", &long_lived).await.fine();

    house.pass(2);
    let nothing_works = async |house: &House, alix: &SignedIn| {
        house
            .get("/v1/auth/me", &last.access)
            .await
            .problem(ErrorCode::TokenExpired);
        house
            .get("/v1/auth/me", &long_lived)
            .await
            .problem(ErrorCode::ImpersonationExpired);
        token(house, alix, &acting)
            .await
            .problem(ErrorCode::ImpersonationExpired);
        house
            .post(&path(&acting, "stop"), &alix.access, json!({}))
            .await
            .problem(ErrorCode::ImpersonationNotFound);
    };
    nothing_works(&house, &alix).await;
    house.restart_as(ServerOptions::default());
    nothing_works(&house, &alix).await;
    house.get("/v1/auth/me", &alix.access).await.fine();
    house
        .store
        .note_ended_impersonations(house.now_ms(), 10)
        .await
        .unwrap();
    nothing_works(&house, &alix).await;
}

#[tokio::test]
async fn it_ends_with_the_administrators_session_where_that_ends_first() {
    let house = House::with(ServerOptions {
        testing: server::options::TestingOverrides {
            session_seconds: std::num::NonZeroU32::new(600),
            ..server::options::TestingOverrides::default()
        },
        ..ServerOptions::default()
    })
    .await;
    let (_, acting) = scene(&house).await;
    assert_eq!(acting.whole["absolute_expires_in"], 600);
    assert_eq!(acting.whole["expires_in"], 600);
}

#[tokio::test]
async fn an_expiry_is_written_down_once_by_the_background() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    house.pass(2 * HOUR);
    let background = Background::start(&house.server);
    let other = Background::start(&second(&house));
    let expired = async || {
        let rows = house.audit_rows().await;
        rows.into_iter()
            .filter(|row| row.action == "impersonation.expired")
            .collect::<Vec<_>>()
    };
    for _ in 0..500 {
        if !expired().await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    background.stop().await;
    other.stop().await;
    let rows = expired().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].actor_user_id, rows[0].session_id),
        (Some(alix.user_id), Some(acting.id))
    );
    assert_eq!(rows[0].reason.as_deref(), Some(REASON));
}

/// Another server over the same store.
fn second(house: &House) -> Server {
    Server::new(
        std::sync::Arc::clone(&house.store) as std::sync::Arc<_>,
        house.keys.clone(),
        std::sync::Arc::clone(&house.clock) as std::sync::Arc<_>,
        ServerOptions::default(),
    )
    .unwrap()
}

/// A way in which an impersonation comes to its end, from outside.
#[derive(Clone, Copy, Debug)]
enum Way {
    SignOut,
    Disabling,
    Demotion,
    Idleness,
    ClosedByOther,
    DisabledUser,
    UsersNewPassword,
    UserSignsOutEverywhere,
    UserLeaves,
}

const WAYS: [Way; 9] = [
    Way::SignOut,
    Way::Disabling,
    Way::Demotion,
    Way::Idleness,
    Way::ClosedByOther,
    Way::DisabledUser,
    Way::UsersNewPassword,
    Way::UserSignsOutEverywhere,
    Way::UserLeaves,
];

async fn end(house: &House, way: Way, alix: &SignedIn, olga: &SignedIn) {
    let camille = user_id(house, "camille").await;
    let change = async |user: Uuid, change: Value| {
        house.confirm(olga).await;
        let path = format!("/v1/admin/users/{user}");
        house.patch(&path, &olga.access, change).await.fine();
    };
    match way {
        Way::SignOut => {
            house
                .post("/v1/auth/logout", &alix.access, json!({}))
                .await
                .fine();
        }
        Way::Disabling => change(alix.user_id, json!({ "disabled": true })).await,
        Way::Demotion => change(alix.user_id, json!({ "super_admin": false })).await,
        Way::Idleness => house.pass(8 * HOUR),
        Way::ClosedByOther => {
            house.confirm(olga).await;
            let path = format!("/v1/admin/sessions/{}/revoke", alix.id);
            house.post(&path, &olga.access, json!({})).await.fine();
        }
        Way::DisabledUser => change(camille, json!({ "disabled": true })).await,
        Way::UsersNewPassword => {
            house.confirm(olga).await;
            let path = format!("/v1/admin/users/{camille}/password");
            house.post(&path, &olga.access, json!({})).await.fine();
        }
        Way::UserSignsOutEverywhere => {
            let own = house.sign_in("camille", "till").await;
            house.confirm(&own).await;
            let answer = house
                .post("/v1/auth/sessions/revoke-others", &own.access, json!({}))
                .await
                .fine();
            assert_eq!(answer["revoked"], 0, "it is none of the user's own sessions");
        }
        Way::UserLeaves => {
            house.confirm(olga).await;
            let path = format!("/v1/admin/users/{camille}/membership");
            house.ask(Method::DELETE, &path, &olga.access, None).await.fine();
        }
    }
}

#[tokio::test]
async fn it_ends_with_whatever_it_hangs_on_at_its_next_request() {
    for way in WAYS {
        let house = House::new().await;
        let olga = another_super_admin(&house).await;
        let (alix, acting) = scene(&house).await;
        house.get("/v1/auth/me", &acting.access).await.fine();
        let token = forged(
            &house,
            acting.id,
            user_id(&house, "camille").await,
            Some(Actor {
                sub: alix.user_id,
                sid: alix.id,
            }),
        );
        end(&house, way, &alix, &olga).await;
        let answer = house.get("/v1/auth/me", &token).await;
        let expected = match way {
            Way::Idleness => ErrorCode::ImpersonationExpired,
            Way::SignOut
            | Way::Disabling
            | Way::Demotion
            | Way::ClosedByOther
            | Way::DisabledUser
            | Way::UsersNewPassword
            | Way::UserSignsOutEverywhere
            | Way::UserLeaves => ErrorCode::ImpersonationEnded,
        };
        assert_eq!(answer.body["code"], expected.as_str(), "{way:?}: {answer:?}");
        assert_eq!(answer.status.as_u16(), 403, "{way:?}");
    }
}

#[tokio::test]
async fn it_ends_with_an_administrators_desk_that_is_left_alone() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    house.pass(8 * HOUR - 60);
    let alix = refreshed(&house, &alix, 1).await;
    let camille = user_id(&house, "camille").await;
    let acting = act(&house, &alix, camille).await;
    house.get("/v1/auth/me", &acting.access).await.fine();
    house.pass(60);
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationEnded);
    let noted = house.store.note_ended_impersonations(house.now_ms(), 10).await;
    assert_eq!(noted.unwrap(), 1);
    let rows = house.audit_rows().await;
    assert_eq!(
        (rows[0].action.as_str(), &rows[0].detail["cause"]),
        ("impersonation.ended", &json!("impersonator_ended"))
    );
}

#[tokio::test]
async fn a_reused_refresh_token_of_the_administrator_takes_it_along() {
    let house = House::new().await;
    let (alix, acting) = scene(&house).await;
    house.refresh(&alix.refresh, 1).await.fine();
    house
        .refresh(&alix.refresh, 2)
        .await
        .problem(ErrorCode::RefreshReused);
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationEnded);
    let session = house.store.identity(acting.id).await.unwrap().unwrap().session;
    assert_eq!(
        session.revoked.map(|(_, reason)| reason),
        Some(RevokeReason::ImpersonatorEnded)
    );
}

#[tokio::test]
async fn a_super_admin_forces_it_to_stop_after_the_password() {
    let house = House::new().await;
    let olga = another_super_admin(&house).await;
    let dominique = house.sign_in("dominique", "desk").await;
    let (alix, acting) = scene(&house).await;
    let force = path(&acting, "force-stop");
    house
        .post(&force, &dominique.access, json!({}))
        .await
        .problem(ErrorCode::Forbidden);
    house
        .get(ROUTE, &dominique.access)
        .await
        .problem(ErrorCode::Forbidden);
    house
        .post(&force, &olga.access, json!({}))
        .await
        .problem(ErrorCode::ReauthenticationRequired);
    house
        .post(&path(&acting, "stop"), &olga.access, json!({}))
        .await
        .problem(ErrorCode::ImpersonationNotFound);
    token(&house, &olga, &acting)
        .await
        .problem(ErrorCode::ImpersonationNotFound);
    house.confirm(&olga).await;
    house.post(&force, &olga.access, json!({})).await.fine();
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationForced);
    token(&house, &alix, &acting)
        .await
        .problem(ErrorCode::ImpersonationForced);
    let rows = house.audit_rows().await;
    let row = rows
        .iter()
        .find(|row| row.action == "impersonation.force_stopped")
        .unwrap();
    let camille = user_id(&house, "camille").await;
    assert_eq!(
        (row.actor_user_id, row.impersonated_user_id),
        (Some(olga.user_id), Some(camille))
    );
    assert_eq!(row.detail["impersonator_user_id"], json!(alix.user_id));
    for unknown in [
        olga.id.to_string(),
        Uuid::from_u128(3).to_string(),
        "none".to_owned(),
    ] {
        house
            .post(&format!("{ROUTE}/{unknown}/force-stop"), &olga.access, json!({}))
            .await
            .problem(ErrorCode::ImpersonationNotFound);
    }
}

#[tokio::test]
async fn it_stops_itself_and_no_other() {
    let house = House::new().await;
    let olga = another_super_admin(&house).await;
    let (_, acting) = scene(&house).await;
    let dominique = user_id(&house, "dominique").await;
    let other = act(&house, &olga, dominique).await;
    house
        .post(&path(&other, "stop"), &acting.access, json!({}))
        .await
        .problem(ErrorCode::ForbiddenWhileImpersonating);
    house.get("/v1/auth/me", &other.access).await.fine();
    house
        .post(&path(&acting, "stop"), &acting.access, json!({}))
        .await
        .fine();
    house
        .get("/v1/auth/me", &acting.access)
        .await
        .problem(ErrorCode::ImpersonationStopped);
}

#[tokio::test]
async fn a_one_time_password_of_the_user_is_no_matter_of_whoever_acts() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let camille = house.store.user_by_name("camille").await.unwrap().unwrap();
    house
        .store
        .set_password(
            camille.id,
            camille.password_hash,
            true,
            None,
            house.now_ms(),
            entry(),
        )
        .await
        .unwrap();
    let acting = act(&house, &alix, camille.id).await;
    house.get("/v1/categories", &acting.access).await.fine();
}

#[tokio::test]
async fn the_gauge_counts_those_that_last() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    let gauge = async || {
        house.pass(2);
        let path = "/v1/monitoring/sessions/metrics/prometheus";
        let text = house.get(path, &alix.access).await.fine();
        let text = text.as_str().unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("impersonations_active "));
        line.unwrap().to_owned()
    };
    assert_eq!(gauge().await, "impersonations_active 0");
    let acting = act(&house, &alix, user_id(&house, "camille").await).await;
    assert_eq!(gauge().await, "impersonations_active 1");
    house
        .post(&path(&acting, "stop"), &alix.access, json!({}))
        .await
        .fine();
    assert_eq!(gauge().await, "impersonations_active 0");
}

/// An answer with this code, for whoever checks that every code is reached.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a code that is not about impersonation fails the test"
)]
pub(crate) async fn reach(house: &House, code: ErrorCode) -> Answer {
    let (alix, acting) = scene(house).await;
    let me = async || house.get("/v1/auth/me", &acting.access).await;
    let stop = async |deed: &str| house.post(&path(&acting, deed), &alix.access, json!({})).await;
    match code {
        ErrorCode::ImpersonationStopped => {
            stop("stop").await.fine();
            me().await
        }
        ErrorCode::ImpersonationForced => {
            stop("force-stop").await.fine();
            me().await
        }
        ErrorCode::ImpersonationExpired => {
            house.pass(2 * HOUR);
            let alix = refreshed(house, &alix, 1).await;
            token(house, &alix, &acting).await
        }
        ErrorCode::ImpersonationEnded => {
            let logout = "/v1/auth/logout";
            house.post(logout, &alix.access, json!({})).await.fine();
            me().await
        }
        ErrorCode::ForbiddenWhileImpersonating => {
            house.post("/v1/auth/logout", &acting.access, json!({})).await
        }
        ErrorCode::AddressNotAllowed => {
            let body = json!({ "allowed_networks": ["192.0.2.0/24"], "tell_target": true });
            house
                .ask(Method::PUT, SETTINGS, &alix.access, Some(body))
                .await
                .fine();
            token(house, &alix, &acting).await
        }
        ErrorCode::CannotImpersonateAbove => {
            let olga = another_super_admin(house).await;
            ask(house, &alix, olga.user_id).await
        }
        ErrorCode::CannotImpersonateOneself => ask(house, &alix, alix.user_id).await,
        ErrorCode::AlreadyImpersonating => ask(house, &alix, user_id(house, "dominique").await).await,
        ErrorCode::UserDisabled => {
            let dominique = user_id(house, "dominique").await;
            house
                .store
                .disable_user(dominique, house.now_ms(), entry())
                .await
                .unwrap();
            ask(house, &alix, dominique).await
        }
        ErrorCode::ImpersonationNotFound => {
            let path = format!("{ROUTE}/{}/stop", alix.id);
            house.post(&path, &alix.access, json!({})).await
        }
        other => unreachable!("{other} is reached otherwise"),
    }
}
