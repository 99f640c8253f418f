//! Every route of administration, asked by every rank about what is the organisation's own, somebody above, another
//! organisation's, and nobody's: who gets in, and what all others are told.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use protocol::ErrorCode;
use protocol::auth::OrganizationRole::{self, Admin, Manager, Owner, User};
use serde_json::{Value, json};
use store::{Directory as _, NewTill};
use uuid::Uuid;

use crate::house::{House, PASSWORD, SignedIn, entry};
use crate::openapi::ROUTES;

/// What somebody is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Within(OrganizationRole),
    Above,
}

const RANKS: [Rank; 5] = [
    Rank::Within(User),
    Rank::Within(Manager),
    Rank::Within(Admin),
    Rank::Within(Owner),
    Rank::Above,
];

/// Managers of the current organisation and whoever ranks higher.
const MANAGERS: Rank = Rank::Within(Manager);
/// Administrators of the current organisation and whoever ranks higher.
const ADMINS: Rank = Rank::Within(Admin);
/// Its owners, and super admins.
const OWNERS: Rank = Rank::Within(Owner);
/// Super admins.
const ABOVE: Rank = Rank::Above;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Password {
    NotAsked,
    AskedAgain,
}

/// One call about one thing.
#[derive(Debug)]
struct Row {
    method: Method,
    route: &'static str,
    path: String,
    body: Option<Value>,
    password: Password,
    /// Who gets in, with whoever ranks higher.
    least: Rank,
    /// What administrators are told who rank lower. Whoever administers nothing is always told `forbidden`.
    refusal: ErrorCode,
    /// What a super admin is told instead of being let in.
    even_above: Option<ErrorCode>,
}

impl Row {
    fn expected(&self, rank: Rank) -> Result<(), ErrorCode> {
        if rank < self.least.min(ADMINS) {
            return Err(ErrorCode::Forbidden);
        }
        if rank < self.least {
            return Err(self.refusal);
        }
        self.even_above.map_or(Ok(()), Err)
    }
}

#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn row(&mut self, method: Method, route: &'static str, id: &str, body: Option<Value>) -> &mut Row {
        self.0.push(Row {
            method,
            route,
            path: route.replace("{id}", id),
            body,
            password: Password::NotAsked,
            least: ADMINS,
            refusal: ErrorCode::Forbidden,
            even_above: None,
        });
        self.0.last_mut().unwrap()
    }

    /// A call that is about nothing in particular.
    fn plain(&mut self, method: Method, route: &'static str, body: Option<Value>, least: Rank) -> &mut Row {
        let row = self.row(method, route, "", body);
        row.least = least;
        row
    }
}

impl Row {
    fn query(&mut self, query: &str) -> &mut Self {
        self.path.push_str(query);
        self
    }

    fn after_the_password(&mut self) -> &mut Self {
        self.password = Password::AskedAgain;
        self
    }

    /// Administrators are not even told that it is there.
    fn unseen(&mut self, least: Rank, code: ErrorCode) -> &mut Self {
        self.least = least;
        self.refusal = code;
        self
    }

    fn even_above(&mut self, code: ErrorCode) {
        self.even_above = Some(code);
    }
}

/// The users whom a call about a user is made about, anew for each call.
struct Subjects<'a> {
    house: &'a House,
    made: std::cell::Cell<u32>,
}

impl Subjects<'_> {
    async fn one(&self, organization_id: Uuid, role: OrganizationRole) -> String {
        let number = self.made.get();
        self.made.set(number + 1);
        let name = format!("subject{number}");
        let id = self.house.person(&name, organization_id, role).await;
        id.to_string()
    }

    async fn above(&self) -> String {
        let id = self.one(self.house.organization, User).await;
        let user_id = id.parse().unwrap();
        self.house
            .store
            .set_super_admin(user_id, true, entry())
            .await
            .unwrap();
        id
    }
}

const USER: &str = "/v1/admin/users/{id}";
const MEMBERSHIP: &str = "/v1/admin/users/{id}/membership";
const RESET: &str = "/v1/admin/users/{id}/password";
const USER_SESSIONS: &str = "/v1/admin/users/{id}/revoke-sessions";
const SESSION: &str = "/v1/admin/sessions/{id}/revoke";
const ORGANIZATION: &str = "/v1/admin/organizations/{id}";
const ORGANIZATION_SESSIONS: &str = "/v1/admin/organizations/{id}/revoke-sessions";

fn unknown() -> String {
    Uuid::from_u128(1).to_string()
}

async fn about_users(table: &mut Table, house: &House) {
    use ErrorCode::{Forbidden, UserNotFound, ValidationFailed};
    let subjects = Subjects {
        house,
        made: std::cell::Cell::new(0),
    };
    // Method, route, body, who may do it to somebody of the organisation, what a super admin is told of somebody outside.
    let acts = [
        (Method::GET, USER, None, ADMINS, None),
        (
            Method::PATCH,
            USER,
            Some(json!({ "display_name": "N" })),
            ADMINS,
            None,
        ),
        (
            Method::PATCH,
            USER,
            Some(json!({ "role": "admin" })),
            ADMINS,
            Some(ValidationFailed),
        ),
        (
            Method::PATCH,
            USER,
            Some(json!({ "site_id": house.site })),
            ADMINS,
            Some(ValidationFailed),
        ),
        (
            Method::PATCH,
            USER,
            Some(json!({ "disabled": true })),
            ADMINS,
            None,
        ),
        (
            Method::PATCH,
            USER,
            Some(json!({ "super_admin": true })),
            ABOVE,
            None,
        ),
        (Method::DELETE, MEMBERSHIP, None, ADMINS, Some(Forbidden)),
        (Method::POST, RESET, Some(json!({})), ADMINS, None),
        (Method::POST, USER_SESSIONS, Some(json!({})), ADMINS, None),
    ];
    for (method, route, body, least, outside) in acts {
        let asked = match &body {
            Some(body) if body.get("display_name").is_some() || body.get("site_id").is_some() => {
                Password::NotAsked
            }
            _ if method == Method::GET => Password::NotAsked,
            _ => Password::AskedAgain,
        };
        let seen = method == Method::GET;
        let own = subjects.one(house.organization, User).await;
        let equal = subjects.one(house.organization, Admin).await;
        let owner = subjects.one(house.organization, Owner).await;
        let above = subjects.above().await;
        for (id, needed) in [(own, ADMINS), (equal, ADMINS), (owner, OWNERS), (above, ABOVE)] {
            if needed == ABOVE && body == Some(json!({ "super_admin": true })) {
                // It is so already: nothing is asked for.
                continue;
            }
            let row = table.row(method.clone(), route, &id, body.clone());
            row.least = if seen { ADMINS } else { needed.max(least) };
            row.password = asked;
            if needed == ADMINS && body == Some(json!({ "role": "admin" })) {
                // An administrator already: nothing to change, and no password asked for.
                let subject = house.store.user(id.parse().unwrap()).await.unwrap().unwrap();
                if subject.memberships[0].role == Admin {
                    row.password = Password::NotAsked;
                }
            }
        }
        let foreign = subjects.one(house.other_organization, User).await;
        let row = table
            .row(method.clone(), route, &foreign, body.clone())
            .unseen(ABOVE, UserNotFound);
        row.password = asked;
        row.even_above = outside;
        for id in [unknown(), "none".to_owned()] {
            table
                .row(method.clone(), route, &id, body.clone())
                .unseen(ABOVE, UserNotFound)
                .even_above(UserNotFound);
        }
    }
    for role in ["manager", "owner"] {
        let own = subjects.one(house.organization, User).await;
        let row = table
            .row(Method::PATCH, USER, &own, Some(json!({ "role": role })))
            .after_the_password();
        row.least = if role == "owner" { OWNERS } else { ADMINS };
    }
    for organization in [house.organization, house.other_organization] {
        let id = subjects.one(organization, User).await;
        table
            .row(Method::PUT, MEMBERSHIP, &id, Some(json!({ "role": "owner" })))
            .after_the_password()
            .least = ABOVE;
    }
    table
        .row(
            Method::PUT,
            MEMBERSHIP,
            &unknown(),
            Some(json!({ "role": "user" })),
        )
        .unseen(ABOVE, Forbidden)
        .even_above(UserNotFound);

    let users = "/v1/admin/users";
    table.plain(Method::GET, users, None, ADMINS);
    table
        .plain(Method::GET, users, None, ABOVE)
        .query("?everywhere=true");
    let new = |role: &str| Some(json!({ "username": Uuid::new_v4(), "display_name": "N", "role": role }));
    table.plain(Method::POST, users, new("user"), ADMINS);
    for (role, least) in [("manager", ADMINS), ("admin", ADMINS), ("owner", OWNERS)] {
        table
            .plain(Method::POST, users, new(role), least)
            .after_the_password();
    }
    let mut elsewhere = new("user").unwrap();
    elsewhere["site_id"] = json!(house.other_site);
    table
        .plain(Method::POST, users, Some(elsewhere), ABOVE)
        .unseen(ABOVE, ErrorCode::SiteNotFound)
        .even_above(ErrorCode::SiteNotFound);
}

async fn about_sessions(table: &mut Table, house: &House) {
    let of = async |name: &str, organization_id, role, above: bool| {
        let user_id = house.person(name, organization_id, role).await;
        if above {
            house.store.set_super_admin(user_id, true, entry()).await.unwrap();
        }
        house.sign_in(name, "till").await.id.to_string()
    };
    let own = of("of-a-user", house.organization, User, false).await;
    let equal = of("of-an-admin", house.organization, Admin, false).await;
    let owner = of("of-an-owner", house.organization, Owner, false).await;
    let above = of("of-somebody-above", house.organization, User, true).await;
    // A super admin of another organisation who works here just now, as the list of sessions shows.
    let visitor = house.person("visitor", house.other_organization, User).await;
    house.store.set_super_admin(visitor, true, entry()).await.unwrap();
    let body = json!({
        "username": "visitor", "password": PASSWORD, "device_name": "Bureau", "organization": "port"
    });
    let visiting = house.login(body).await.fine()["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (id, least) in [
        (own, ADMINS),
        (equal, ADMINS),
        (owner, OWNERS),
        (above, ABOVE),
        (visiting, ABOVE),
    ] {
        table
            .row(Method::POST, SESSION, &id, Some(json!({})))
            .after_the_password()
            .least = least;
    }
    let foreign = of("of-another", house.other_organization, User, false).await;
    table
        .row(Method::POST, SESSION, &foreign, Some(json!({})))
        .after_the_password()
        .unseen(ABOVE, ErrorCode::SessionNotFound);
    // A member who works for another organisation just now.
    let member = house.person("of-a-member", house.other_organization, User).await;
    house
        .store
        .put_membership(member, house.organization, User, None, entry())
        .await
        .unwrap();
    let elsewhere = house.sign_in("of-a-member", "till").await.id.to_string();
    table
        .row(Method::POST, SESSION, &elsewhere, Some(json!({})))
        .after_the_password()
        .unseen(ABOVE, ErrorCode::SessionNotFound);
    for id in [unknown(), "none".to_owned()] {
        table
            .row(Method::POST, SESSION, &id, Some(json!({})))
            .unseen(ABOVE, ErrorCode::SessionNotFound)
            .even_above(ErrorCode::SessionNotFound);
    }
    let list = "/v1/admin/sessions";
    table.plain(Method::GET, list, None, ADMINS);
    let of = |id: Uuid| format!("?organization_id={id}");
    table
        .plain(Method::GET, list, None, ADMINS)
        .query(&of(house.organization));
    table
        .plain(Method::GET, list, None, ABOVE)
        .query(&of(house.other_organization))
        .refusal = ErrorCode::OrganizationNotFound;
    for figures in [
        "/v1/admin/sessions/metrics",
        "/v1/admin/sessions/metrics/export",
        "/v1/admin/sessions/errors",
        "/v1/admin/sessions/devices",
        "/v1/admin/audit",
        "/v1/admin/audit/export",
    ] {
        table.plain(Method::GET, figures, None, ADMINS);
        table
            .plain(Method::GET, figures, None, ADMINS)
            .query(&of(house.organization));
        table
            .plain(Method::GET, figures, None, ABOVE)
            .query(&of(house.other_organization))
            .refusal = ErrorCode::OrganizationNotFound;
    }
    table
        .plain(
            Method::POST,
            "/v1/admin/sessions/revoke-all",
            Some(json!({})),
            ABOVE,
        )
        .after_the_password();
}

async fn about_places(table: &mut Table, house: &House) {
    use ErrorCode::{CategoriesExist, CategoryNotFound, OrganizationNotFound, SiteNotFound, TillNotFound};
    let settings = "/v1/admin/settings/session";
    table.plain(Method::GET, settings, None, ADMINS);
    let lifetimes = json!({
        "token_expiration_minutes": 15, "activity_threshold_minutes": 15, "idle_timeout_minutes": 480,
        "session_max_hours": 720
    });
    table.plain(Method::PUT, settings, Some(lifetimes), ADMINS);

    let settings = "/v1/admin/settings/monitoring";
    table.plain(Method::GET, settings, None, ADMINS);
    let watched = json!({
        "retention_days": 30, "refresh_failure_percent": 5, "refresh_least": 20, "time_zone": "Europe/Paris"
    });
    table.plain(Method::PUT, settings, Some(watched), ADMINS);
    table.plain(Method::GET, "/v1/admin/alerts", None, ADMINS);
    table.plain(Method::POST, "/v1/admin/alerts/test", Some(json!("mail")), ADMINS);
    let settings = "/v1/admin/settings/impersonation";
    table.plain(Method::GET, settings, None, ABOVE);
    let conditions = json!({ "allowed_networks": [], "tell_target": true });
    table
        .plain(Method::PUT, settings, Some(conditions), ABOVE)
        .after_the_password();
    let settings = "/v1/admin/settings/mail";
    table.plain(Method::GET, settings, None, ABOVE);
    let mail = json!({ "host": "localhost", "port": 25, "security": "none", "from": "vigie@example.org" });
    table
        .plain(Method::PUT, settings, Some(mail), ABOVE)
        .after_the_password();

    let organizations = "/v1/admin/organizations";
    table.plain(Method::GET, organizations, None, ADMINS);
    let new = json!({ "name": "Quai Sud", "slug": Uuid::new_v4() });
    table.plain(Method::POST, organizations, Some(new), ABOVE);
    let organizations = [
        (house.organization.to_string(), OWNERS, ErrorCode::Forbidden, None),
        (
            house.other_organization.to_string(),
            ABOVE,
            OrganizationNotFound,
            None,
        ),
        (unknown(), ABOVE, OrganizationNotFound, Some(OrganizationNotFound)),
        (
            "none".to_owned(),
            ABOVE,
            OrganizationNotFound,
            Some(OrganizationNotFound),
        ),
    ];
    for (id, least, refusal, even_above) in organizations {
        let row = table
            .row(
                Method::PATCH,
                ORGANIZATION,
                &id,
                Some(json!({ "name": "Maison" })),
            )
            .unseen(least, refusal);
        row.even_above = even_above;
        let row = table
            .row(Method::POST, ORGANIZATION_SESSIONS, &id, Some(json!({})))
            .unseen(least, refusal);
        row.password = if even_above.is_none() {
            Password::AskedAgain
        } else {
            Password::NotAsked
        };
        row.even_above = even_above;
    }

    // Sites and tills are those of the current organisation, for a super admin too.
    let tills = async |organization_id, site_id| {
        let id = Uuid::now_v7();
        let new = NewTill {
            id,
            organization_id,
            site_id,
            name: "Caisse 9".to_owned(),
        };
        house.store.add_till(new, entry()).await.unwrap();
        id.to_string()
    };
    let own_till = tills(house.organization, house.site).await;
    let foreign_till = tills(house.other_organization, house.other_site).await;
    let (site, till) = ("/v1/admin/sites/{id}", "/v1/admin/tills/{id}");
    for (route, code, own, foreign) in [
        (
            site,
            SiteNotFound,
            house.site.to_string(),
            house.other_site.to_string(),
        ),
        (till, TillNotFound, own_till, foreign_till),
    ] {
        let change = Some(json!({ "name": "Autre" }));
        table.row(Method::PATCH, route, &own, change.clone());
        for id in [foreign, unknown(), "none".to_owned()] {
            table
                .row(Method::PATCH, route, &id, change.clone())
                .unseen(ABOVE, code)
                .even_above(code);
        }
    }
    let (category, moved) = ("/v1/admin/categories/{id}", "/v1/admin/categories/{id}/move");
    for (method, route, body) in [
        (Method::PATCH, category, json!({ "price_cents": 300 })),
        (Method::POST, moved, json!({ "direction": "up" })),
    ] {
        table.row(
            method.clone(),
            route,
            &house.category.to_string(),
            Some(body.clone()),
        );
        for id in [house.other_category.to_string(), unknown(), "none".to_owned()] {
            table
                .row(method.clone(), route, &id, Some(body.clone()))
                .unseen(ABOVE, CategoryNotFound)
                .even_above(CategoryNotFound);
        }
    }
    let categories = "/v1/admin/categories";
    table.plain(Method::GET, categories, None, ADMINS);
    table.plain(Method::POST, categories, Some(json!({ "name": "Skis" })), ADMINS);
    table
        .plain(
            Method::POST,
            "/v1/admin/categories/starter",
            Some(json!({ "language": "fr" })),
            ABOVE,
        )
        .unseen(ABOVE, CategoriesExist)
        .even_above(CategoriesExist);
    let (sites, tills) = ("/v1/admin/sites", "/v1/admin/tills");
    table.plain(Method::GET, sites, None, ADMINS);
    table.plain(Method::GET, tills, None, ADMINS);
    table.plain(Method::GET, "/v1/admin/till-days", None, MANAGERS);
    table.plain(Method::POST, sites, Some(json!({ "name": "Hangar" })), ADMINS);
    let new = |site_id: Uuid| Some(json!({ "site_id": site_id, "name": "Caisse 1" }));
    table.plain(Method::POST, tills, new(house.site), ADMINS);
    for site_id in [house.other_site, Uuid::from_u128(1)] {
        table
            .plain(Method::POST, tills, new(site_id), ABOVE)
            .unseen(ABOVE, SiteNotFound)
            .even_above(SiteNotFound);
    }
}

async fn whole_table(house: &House) -> Vec<Row> {
    // Somebody stays who owns the organisation, whatever happens to the others.
    house.person("keeper", house.organization, Owner).await;
    let mut table = Table::default();
    about_users(&mut table, house).await;
    about_sessions(&mut table, house).await;
    about_places(&mut table, house).await;
    // What ends other people's sessions comes last.
    table.0.sort_by_key(|row| {
        row.route == ORGANIZATION_SESSIONS || row.route == "/v1/admin/sessions/revoke-all"
    });
    table.0
}

async fn actor(house: &House, rank: Rank) -> SignedIn {
    match rank {
        Rank::Above => house.super_admin().await,
        Rank::Within(role) => {
            house.person("actor", house.organization, role).await;
            house.sign_in("actor", "desk").await
        }
    }
}

async fn ask(house: &House, actor: &SignedIn, row: &Row) -> Result<Value, (ErrorCode, Value)> {
    let answer = house
        .ask(row.method.clone(), &row.path, &actor.access, row.body.clone())
        .await;
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    let code: ErrorCode = serde_json::from_value(answer.body["code"].clone()).unwrap();
    let mut problem = answer.problem(code);
    problem.as_object_mut().unwrap().remove("request_id");
    Err((code, problem))
}

async fn every_row_holds_for(rank: Rank) {
    let house = House::new().await;
    let rows = whole_table(&house).await;
    let actor = actor(&house, rank).await;

    // Before the password was given again: refusals stay what they are, and what asks for it says so.
    let written = house.audit_rows().await.len();
    let mut told: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        let expected = match (row.expected(rank), row.password) {
            (Ok(()), Password::NotAsked) => continue,
            (Ok(()), Password::AskedAgain) => ErrorCode::ReauthenticationRequired,
            (Err(code), _) => code,
        };
        let (code, problem) = ask(&house, &actor, row).await.err().unwrap_or_else(|| {
            panic!("{rank:?} got in: {row:?}");
        });
        assert_eq!(code, expected, "{rank:?} {row:?}");
        if code.status() == 404 {
            let kind = format!("{} {}", row.method, row.route);
            told.entry((code.as_str(), kind))
                .or_default()
                .insert(problem.to_string());
        }
    }
    assert_eq!(
        house.audit_rows().await.len(),
        written,
        "{rank:?}: a refused call left something behind"
    );
    for (of, problems) in told {
        assert_eq!(
            problems.len(),
            1,
            "{rank:?} {of:?}: foreign and unknown differ: {problems:?}"
        );
    }

    house.confirm(&actor).await;
    for row in &rows {
        let got = ask(&house, &actor, row).await.map(drop).map_err(|(code, _)| code);
        assert_eq!(got, row.expected(rank), "{rank:?} {row:?}");
    }
}

#[tokio::test]
async fn a_user_administers_nothing() {
    every_row_holds_for(RANKS[0]).await;
}

#[tokio::test]
async fn a_manager_reads_the_days_of_tills_and_administers_nothing() {
    every_row_holds_for(RANKS[1]).await;
}

#[tokio::test]
async fn an_administrator_acts_below_the_owners_and_within_the_organisation() {
    every_row_holds_for(RANKS[2]).await;
}

#[tokio::test]
async fn an_owner_acts_within_the_organisation() {
    every_row_holds_for(RANKS[3]).await;
}

#[tokio::test]
async fn a_super_admin_acts_everywhere() {
    every_row_holds_for(RANKS[4]).await;
}

#[tokio::test]
async fn no_route_of_administration_is_missing_from_the_table() {
    let house = House::new().await;
    let asked: BTreeSet<(String, &str)> = whole_table(&house)
        .await
        .iter()
        .map(|row| (row.method.as_str().to_lowercase(), row.route))
        .collect();
    let there: BTreeSet<(String, &str)> = ROUTES
        .iter()
        .filter(|(_, route)| route.starts_with("/v1/admin/"))
        .map(|(method, route)| ((*method).to_owned(), *route))
        .collect();
    assert_eq!(asked, there);
}

#[tokio::test]
async fn what_a_member_does_for_another_organisation_is_neither_seen_nor_ended() {
    let house = House::new().await;
    let member = house.person("nadia", house.other_organization, Owner).await;
    house
        .store
        .put_membership(member, house.organization, User, None, entry())
        .await
        .unwrap();
    let there = house.sign_in("nadia", "desk").await;
    let here = house.sign_in("nadia", "till").await;
    let to = json!({ "organization_id": house.organization });
    house.post("/v1/auth/organization", &here.access, to).await.fine();
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let list = format!("/v1/admin/sessions?user_id={member}");
    let seen = house.get(&list, &dominique.access).await.fine();
    let seen: Vec<_> = seen["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["session_id"].clone())
        .collect();
    assert_eq!(seen, [json!(here.id)]);
    let path = USER_SESSIONS.replace("{id}", &member.to_string());
    let ended = house.post(&path, &dominique.access, json!({})).await.fine();
    assert_eq!(ended["revoked"], 1);
    let path = MEMBERSHIP.replace("{id}", &member.to_string());
    let ended = house
        .ask(Method::DELETE, &path, &dominique.access, None)
        .await
        .fine();
    assert_eq!(ended["revoked"], 0);
    house.get("/v1/auth/me", &there.access).await.fine();
    house
        .refresh(&here.refresh, 1)
        .await
        .problem(ErrorCode::SessionRevoked);
}
