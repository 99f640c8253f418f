//! One call to every route that needs a session, with a body that the route takes.

use http::Method;
use serde_json::{Value, json};
use store::{
    Directory as _, NewNotice, NewTill, NewTillDay, NoticeDetail, NoticeKind, Notices as _, TillDays as _,
};
use uuid::Uuid;

use protocol::ErrorCode;
use protocol::auth::OrganizationRole;

use crate::house::{Answer, House, PASSWORD, SignedIn, entry, request};
use crate::openapi::{OPEN, ROUTES};

/// A call that would succeed for whoever may make it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) route: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Call {
    pub(crate) async fn with(&self, house: &House, bearer: &str) -> Answer {
        let body = self.body.clone();
        let mut request = request(self.method.clone(), &self.path, Some(bearer), body);
        if self.route == "/v1/sales" {
            let key = Uuid::new_v4().to_string();
            request
                .headers_mut()
                .insert("idempotency-key", key.parse().unwrap());
        }
        house.send(request).await
    }
}

impl Call {
    /// Whether the call was answered for what it asks. The organisation has categories: it is given no first ones.
    pub(crate) fn got_there(&self, answer: &Answer) -> bool {
        let is_refused = answer.body["code"] == ErrorCode::CategoriesExist.as_str();
        answer.status.is_success() || (self.route.ends_with("/starter") && is_refused)
    }
}

/// What the calls are about.
pub(crate) struct Targets {
    user: Uuid,
    session: Uuid,
    own_session: Uuid,
    till: Uuid,
    closed_till: Uuid,
    open_till: Uuid,
    till_day: Uuid,
    notice: Uuid,
}

impl Targets {
    pub(crate) async fn of(house: &House, caller: &SignedIn) -> Self {
        let user = house
            .person("victor", house.organization, OrganizationRole::User)
            .await;
        let [till, closed_till, open_till] = [9, 8, 7].map(|number| (Uuid::now_v7(), number));
        for (id, number) in [till, closed_till, open_till] {
            let new = NewTill {
                id,
                organization_id: house.organization,
                site_id: house.site,
                name: format!("Caisse {number}"),
            };
            house.store.add_till(new, entry()).await.unwrap();
        }
        let till_day = Uuid::now_v7();
        let new = NewTillDay {
            id: till_day,
            organization_id: house.organization,
            till_id: open_till.0,
            operator_id: user,
            float_cents: 0,
            now: house.now_ms(),
        };
        house.store.open_till_day(new, entry()).await.unwrap();
        let notice = Uuid::now_v7();
        let new = NewNotice {
            id: notice,
            user_id: caller.user_id,
            at: house.now_ms(),
            kind: NoticeKind::NewNetwork,
            detail: NoticeDetail {
                device_name: "Bureau".to_owned(),
                ip_address: "192.0.2.1".to_owned(),
                user_agent: String::new(),
            },
        };
        house.store.add_notice(new).await.unwrap();
        let session = house.sign_in("victor", "till").await.id;
        let username = caller.whole["me"]["username"].as_str().unwrap();
        let own_session = house.sign_in(username, "till").await.id;
        Self {
            user,
            session,
            own_session,
            till: till.0,
            closed_till: closed_till.0,
            open_till: open_till.0,
            till_day,
            notice,
        }
    }
}

/// A call to every route that needs a session, but for the stream of events and for those of an impersonation, which hang
/// together.
pub(crate) fn calls(house: &House, targets: &Targets) -> Vec<Call> {
    ROUTES
        .iter()
        .filter(|(_, route)| !OPEN.contains(route) && *route != "/v1/events")
        .filter(|(_, route)| !route.starts_with("/v1/impersonations/"))
        .map(|(method, route)| {
            let id = if route.contains("/organizations/") {
                house.organization
            } else if route.contains("/sites/") {
                house.site
            } else if route.contains("/categories/") {
                house.category
            } else if *route == "/v1/tills/{id}/open" {
                targets.closed_till
            } else if route.starts_with("/v1/tills/") {
                targets.open_till
            } else if route.contains("/tills/") {
                targets.till
            } else if route.contains("/auth/sessions/") {
                targets.own_session
            } else if route.contains("/sessions/") {
                targets.session
            } else if route.contains("/notices/") {
                targets.notice
            } else {
                targets.user
            };
            Call {
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                route,
                path: route.replace("{id}", &id.to_string()),
                body: body(house, targets, method, route),
            }
        })
        .collect()
}

fn body(house: &House, targets: &Targets, method: &str, route: &str) -> Option<Value> {
    let body = match (method, route) {
        ("get" | "delete", _) => return None,
        (_, "/v1/activity/ping") => json!({ "last_input_age_seconds": 0 }),
        (_, "/v1/sales") => house.sale(),
        (_, "/v1/tills/{id}/open") => json!({ "float_cents": 0 }),
        (_, "/v1/tills/{id}/close") => json!({ "day_id": targets.till_day, "counted_cents": 0 }),
        (_, "/v1/admin/settings/session") => json!({
            "token_expiration_minutes": 15, "activity_threshold_minutes": 15, "idle_timeout_minutes": 480,
            "session_max_hours": 720
        }),
        (_, "/v1/admin/settings/monitoring") => json!({
            "retention_days": 30, "refresh_failure_percent": 5, "refresh_least": 20, "time_zone": "Europe/Paris"
        }),
        (_, "/v1/admin/settings/impersonation") => json!({ "allowed_networks": [], "tell_target": true }),
        (_, "/v1/impersonations") => {
            json!({ "user_id": targets.user, "reason": "a sale that does not leave" })
        }
        (_, "/v1/admin/settings/mail") => json!({
            "host": "localhost", "port": 25, "security": "none", "from": "vigie@example.org"
        }),
        (_, "/v1/admin/alerts/test") => json!("webhook"),
        (_, "/v1/admin/organizations") => json!({ "name": "Quai Sud", "slug": Uuid::new_v4().to_string() }),
        (_, "/v1/admin/organizations/{id}") => json!({ "name": "Maison du port" }),
        (_, "/v1/admin/sites") => json!({ "name": Uuid::new_v4().to_string() }),
        (_, "/v1/admin/sites/{id}") => json!({ "name": "Quai Ouest", "archived": false }),
        (_, "/v1/admin/tills") => json!({ "site_id": house.site, "name": Uuid::new_v4().to_string() }),
        (_, "/v1/admin/tills/{id}") => json!({ "name": "Caisse 10", "archived": true }),
        (_, "/v1/admin/categories") => json!({ "name": Uuid::new_v4().to_string() }),
        (_, "/v1/admin/categories/starter") => json!({ "language": "fr" }),
        (_, "/v1/admin/categories/{id}") => json!({ "price_cents": 200, "shortcut": "z" }),
        (_, "/v1/admin/categories/{id}/move") => json!({ "direction": "down" }),
        (_, "/v1/admin/users") => {
            json!({ "username": Uuid::new_v4().to_string(), "display_name": "N", "role": "user" })
        }
        (_, "/v1/admin/users/{id}") => {
            json!({ "display_name": "Victor", "role": "manager", "site_id": house.site })
        }
        (_, "/v1/admin/users/{id}/membership") => json!({ "role": "user" }),
        (_, "/v1/auth/organization") => json!({ "organization_id": house.organization }),
        (_, "/v1/auth/reauthenticate") => json!({ "password": PASSWORD }),
        (_, "/v1/auth/password") => {
            json!({ "current_password": PASSWORD, "new_password": "quatre mouettes ivres" })
        }
        _ => json!({}),
    };
    Some(body)
}

#[tokio::test]
async fn every_call_succeeds_for_whoever_may_make_it() {
    let house = House::new().await;
    let alix = house.super_admin().await;
    house.confirm(&alix).await;
    let targets = Targets::of(&house, &alix).await;
    let mut calls = calls(&house, &targets);
    // What ends sessions and memberships comes last, the caller's own last of all.
    calls.sort_by_key(|call| {
        let path = call.route;
        (
            path.ends_with("logout"),
            call.method == Method::DELETE,
            path.contains("/revoke-") || path.ends_with("/password"),
        )
    });
    for call in calls {
        let answer = call.with(&house, &alix.access).await;
        assert!(call.got_there(&answer), "{call:?}: {answer:?}");
    }
}
