//! Live events: each session hears of itself within a second, and of nobody else.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use http::Method;
use protocol::ErrorCode;
use serde_json::{Value, json};
use server::ServerOptions;
use server::options::Limits;
use store::session::RevokeReason;
use store::{Change, NewNotice, NoticeDetail, NoticeKind, Notices as _, Sessions as _, SettingsStore as _};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::house::{House, SignedIn, entry, request};

const SOON: Duration = Duration::from_secs(1);

pub(crate) struct Heard {
    stream: BodyDataStream,
    text: String,
}

#[derive(Debug, PartialEq)]
enum Next {
    Event(String, Value),
    End,
}

impl Heard {
    pub(crate) fn of(body: axum::body::Body) -> Self {
        Self {
            stream: body.into_data_stream(),
            text: String::new(),
        }
    }

    /// The next block of the stream, an event or a comment, `None` at its end.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let more = tokio::time::timeout(SOON, self.stream.next()).await;
            let bytes = more
                .unwrap_or_else(|_| panic!("nothing within a second"))?
                .unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn next(&mut self) -> Next {
        loop {
            let Some(block) = self.block().await else {
                return Next::End;
            };
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                return Next::Event(name.to_owned(), serde_json::from_str(data).unwrap());
            }
        }
    }
}

async fn listen(house: &House, who: &SignedIn) -> Heard {
    let call = request(Method::GET, "/v1/events", Some(&who.access), None);
    let response = house.router.clone().oneshot(call).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut heard = Heard::of(response.into_body());
    assert_eq!(heard.block().await.as_deref(), Some(": listening"));
    heard
}

fn event(name: &str, data: Value) -> Next {
    Next::Event(name.to_owned(), data)
}

async fn end(house: &House, who: &SignedIn, reason: RevokeReason) {
    let ended = house
        .store
        .revoke_session(who.id, None, None, reason, house.now_ms(), entry())
        .await
        .unwrap();
    assert!(ended);
}

async fn settings_change(house: &House, organization: Uuid) {
    let settings = house.store.session_settings(organization).await.unwrap();
    house
        .store
        .put_session_settings(organization, settings, entry())
        .await
        .unwrap();
}

fn notice(user_id: Uuid) -> NewNotice {
    NewNotice {
        id: Uuid::now_v7(),
        user_id,
        at: crate::house::START_MS,
        kind: NoticeKind::NewDevice,
        detail: NoticeDetail {
            device_name: "Caisse 2".to_owned(),
            ip_address: "192.0.2.7".to_owned(),
            user_agent: String::new(),
        },
    }
}

#[tokio::test]
async fn a_session_that_is_closed_hears_why_within_a_second_and_the_stream_ends() {
    let house = House::new().await;
    for (reason, code) in [
        (RevokeReason::ByAdministrator, "session_revoked"),
        (RevokeReason::SignedOut, "session_signed_out"),
        (RevokeReason::AccountDisabled, "account_disabled"),
        (RevokeReason::RefreshReused, "refresh_reused"),
        (RevokeReason::DeviceLimit, "session_displaced"),
        (RevokeReason::PasswordChanged, "password_changed"),
    ] {
        let camille = house.sign_in("camille", "till").await;
        let mut heard = listen(&house, &camille).await;
        end(&house, &camille, reason).await;
        let told = json!({ "session_id": camille.id, "code": code });
        assert_eq!(heard.next().await, event("session_ended", told));
        assert_eq!(heard.next().await, Next::End);
    }
}

#[tokio::test]
async fn one_session_hears_of_settings_and_notices_and_nothing_of_anybody_else() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let own_other = house.sign_in("camille", "desk").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let eva = house.sign_in("eva", "desk").await;
    let other_organization = eva.whole["me"]["organization_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let mut heard = listen(&house, &camille).await;

    end(&house, &own_other, RevokeReason::ByOwner).await;
    end(&house, &dominique, RevokeReason::ByAdministrator).await;
    end(&house, &eva, RevokeReason::ByAdministrator).await;
    settings_change(&house, other_organization).await;
    house.store.add_notice(notice(dominique.user_id)).await.unwrap();
    let own = notice(camille.user_id);
    house.store.add_notice(own.clone()).await.unwrap();
    settings_change(&house, house.organization).await;

    let told = json!({ "id": own.id, "kind": "new_device" });
    assert_eq!(heard.next().await, event("notice", told));
    assert_eq!(heard.next().await, event("settings_changed", json!({})));
}

#[tokio::test]
async fn a_till_hears_that_its_organisations_categories_changed() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let eva = house.sign_in("eva", "desk").await;
    let mut heard = listen(&house, &camille).await;
    let path = "/v1/admin/categories";
    house
        .post(path, &eva.access, json!({ "name": "Skis" }))
        .await
        .fine();
    house
        .post(path, &dominique.access, json!({ "name": "Skis" }))
        .await
        .fine();
    settings_change(&house, house.organization).await;
    assert_eq!(heard.next().await, event("categories_changed", json!({})));
    assert_eq!(heard.next().await, event("settings_changed", json!({})));
}

#[tokio::test]
async fn administrators_hear_of_their_organisations_alerts_and_cashiers_of_none() {
    let house = House::new().await;
    let relay = house.store.relay_changes(8);
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let mut told = listen(&house, &dominique).await;
    let mut untold = listen(&house, &camille).await;
    for organization_id in [Uuid::from_u128(1), house.organization] {
        relay.send(Change::AlertsChanged { organization_id }).unwrap();
    }
    let organization_id = house.organization;
    relay.send(Change::SettingsChanged { organization_id }).unwrap();
    assert_eq!(told.next().await, event("alerts_changed", json!({})));
    assert_eq!(told.next().await, event("settings_changed", json!({})));
    assert_eq!(untold.next().await, event("settings_changed", json!({})));
}

#[tokio::test]
async fn those_above_all_organisations_hear_of_impersonations_and_nobody_else() {
    let house = House::new().await;
    let relay = house.store.relay_changes(8);
    let dominique = house.sign_in("dominique", "desk").await;
    let alix = house.super_admin().await;
    let mut told = listen(&house, &alix).await;
    let mut untold = listen(&house, &dominique).await;
    relay.send(Change::ImpersonationsChanged).unwrap();
    let organization_id = house.organization;
    relay.send(Change::SettingsChanged { organization_id }).unwrap();
    assert_eq!(told.next().await, event("impersonations_changed", json!({})));
    assert_eq!(untold.next().await, event("settings_changed", json!({})));
}

#[tokio::test]
async fn a_session_that_moves_to_another_organisation_is_told_and_comes_again() {
    let house = House::new().await;
    let relay = house.store.relay_changes(8);
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let mut heard = listen(&house, &camille).await;
    for (session_id, organization_id) in [
        (dominique.id, Uuid::from_u128(1)),
        (camille.id, house.organization),
        (camille.id, Uuid::from_u128(1)),
    ] {
        relay
            .send(Change::SessionMoved {
                session_id,
                organization_id,
            })
            .unwrap();
    }
    assert_eq!(heard.next().await, event("organization_changed", json!({})));
    assert_eq!(heard.next().await, Next::End);
}

#[tokio::test]
async fn whoever_missed_events_is_told_what_became_of_the_session() {
    let house = House::new().await;
    let relay = house.store.relay_changes(1);
    let flood = |house: &House| {
        for _ in 0..3 {
            let organization_id = house.organization;
            relay.send(Change::SettingsChanged { organization_id }).unwrap();
        }
    };
    let camille = house.sign_in("camille", "till").await;
    let mut heard = listen(&house, &camille).await;
    let own = notice(camille.user_id);
    house.store.add_notice(own.clone()).await.unwrap();
    flood(&house);
    assert_eq!(heard.next().await, event("settings_changed", json!({})));
    assert_eq!(heard.next().await, event("categories_changed", json!({})));
    let told = json!({ "id": own.id, "kind": "new_device" });
    assert_eq!(heard.next().await, event("notice", told));
    assert_eq!(heard.next().await, event("settings_changed", json!({})));

    end(&house, &camille, RevokeReason::ByAdministrator).await;
    flood(&house);
    let told = json!({ "session_id": camille.id, "code": "session_revoked" });
    assert_eq!(heard.next().await, event("session_ended", told));
    assert_eq!(heard.next().await, Next::End);
}

#[tokio::test]
async fn the_stream_ends_with_the_access_token() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let seconds = camille.whole["expires_in"].as_u64().unwrap();
    house.clock.advance(Duration::from_millis(seconds * 1_000 - 400));
    let mut heard = listen(&house, &camille).await;
    assert_eq!(heard.next().await, Next::End);
}

#[tokio::test]
async fn a_session_that_ended_for_lack_of_input_is_told_so_when_its_token_ends() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "desk").await;
    let seconds = camille.whole["expires_in"].as_u64().unwrap();
    house.clock.advance(Duration::from_millis(seconds * 1_000 - 400));
    let mut heard = listen(&house, &camille).await;
    house.pass(9 * 60 * 60);
    let told = json!({ "session_id": camille.id, "code": "session_idle" });
    assert_eq!(heard.next().await, event("session_ended", told));
    assert_eq!(heard.next().await, Next::End);
}

#[tokio::test]
async fn the_time_of_a_call_does_not_cut_a_stream_and_silence_is_broken_by_comments() {
    let mut house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house.restart_as(ServerOptions {
        limits: Limits {
            call_timeout: Duration::from_millis(300),
            event_heartbeat: Duration::from_millis(50),
            ..Limits::default()
        },
        ..ServerOptions::default()
    });
    let mut heard = listen(&house, &camille).await;
    for _ in 0..8 {
        assert_eq!(heard.block().await.as_deref(), Some(":"));
    }
    settings_change(&house, house.organization).await;
    assert_eq!(heard.next().await, event("settings_changed", json!({})));
}

#[tokio::test]
async fn a_session_has_four_streams_and_one_that_is_left_makes_room() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let dominique = house.sign_in("dominique", "desk").await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(listen(&house, &camille).await);
    }
    house
        .get("/v1/events", &camille.access)
        .await
        .problem(ErrorCode::RateLimited);
    listen(&house, &dominique).await;
    open.pop();
    listen(&house, &camille).await;
}

#[tokio::test]
async fn streams_end_at_once_when_the_server_ends() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    let mut heard = listen(&house, &camille).await;
    house.server.end_event_streams();
    assert_eq!(heard.next().await, Next::End);
    house
        .get("/v1/events", &camille.access)
        .await
        .problem(ErrorCode::ServerBusy);
}

#[tokio::test]
async fn a_stream_needs_a_live_session() {
    let house = House::new().await;
    let camille = house.sign_in("camille", "till").await;
    house
        .send(request(Method::GET, "/v1/events", None, None))
        .await
        .problem(ErrorCode::LoginRequired);
    end(&house, &camille, RevokeReason::ByOwner).await;
    house
        .get("/v1/events", &camille.access)
        .await
        .problem(ErrorCode::SessionRevoked);
}
