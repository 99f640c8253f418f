//! The committed OpenAPI document is what the server publishes, and it names every route.

use http::Method;
use serde_json::Value;

use crate::house::{House, request};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

/// With `UPDATE_OPENAPI=1` the document is written anew.
#[test]
fn the_committed_document_has_not_drifted() {
    let made = server::openapi_json();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &made).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        made == committed,
        "docs/openapi.json has drifted; run this test with UPDATE_OPENAPI=1"
    );
}

#[tokio::test]
async fn the_server_publishes_the_document() {
    let house = House::new().await;
    let answer = house
        .send(request(Method::GET, "/openapi.json", None, None))
        .await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(
        answer.body,
        serde_json::from_str::<Value>(&server::openapi_json()).unwrap()
    );
}

/// The routes of the protocol, by hand: the document must name these and no others.
pub(crate) const ROUTES: [(&str, &str); 75] = [
    ("get", "/.well-known/jwks.json"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/v1/admin/settings/session"),
    ("put", "/v1/admin/settings/session"),
    ("get", "/v1/admin/settings/monitoring"),
    ("put", "/v1/admin/settings/monitoring"),
    ("get", "/v1/admin/settings/impersonation"),
    ("put", "/v1/admin/settings/impersonation"),
    ("get", "/v1/admin/settings/mail"),
    ("put", "/v1/admin/settings/mail"),
    ("get", "/v1/admin/alerts"),
    ("get", "/v1/admin/audit"),
    ("get", "/v1/admin/audit/export"),
    ("post", "/v1/admin/alerts/test"),
    ("get", "/v1/admin/categories"),
    ("post", "/v1/admin/categories"),
    ("post", "/v1/admin/categories/starter"),
    ("patch", "/v1/admin/categories/{id}"),
    ("post", "/v1/admin/categories/{id}/move"),
    ("get", "/v1/admin/organizations"),
    ("post", "/v1/admin/organizations"),
    ("patch", "/v1/admin/organizations/{id}"),
    ("post", "/v1/admin/organizations/{id}/revoke-sessions"),
    ("get", "/v1/admin/sessions"),
    ("get", "/v1/admin/sessions/devices"),
    ("get", "/v1/admin/sessions/errors"),
    ("get", "/v1/admin/sessions/metrics"),
    ("get", "/v1/admin/sessions/metrics/export"),
    ("get", "/v1/monitoring/sessions/metrics"),
    ("post", "/v1/admin/sessions/revoke-all"),
    ("post", "/v1/admin/sessions/{id}/revoke"),
    ("get", "/v1/admin/sites"),
    ("post", "/v1/admin/sites"),
    ("patch", "/v1/admin/sites/{id}"),
    ("get", "/v1/admin/till-days"),
    ("get", "/v1/admin/tills"),
    ("post", "/v1/admin/tills"),
    ("patch", "/v1/admin/tills/{id}"),
    ("get", "/v1/admin/users"),
    ("post", "/v1/admin/users"),
    ("get", "/v1/admin/users/{id}"),
    ("patch", "/v1/admin/users/{id}"),
    ("put", "/v1/admin/users/{id}/membership"),
    ("delete", "/v1/admin/users/{id}/membership"),
    ("post", "/v1/admin/users/{id}/password"),
    ("post", "/v1/admin/users/{id}/revoke-sessions"),
    ("get", "/v1/auth/notices"),
    ("post", "/v1/auth/notices/{id}/seen"),
    ("post", "/v1/auth/organization"),
    ("get", "/v1/auth/organizations"),
    ("post", "/v1/auth/password"),
    ("post", "/v1/auth/reauthenticate"),
    ("post", "/v1/activity/ping"),
    ("post", "/v1/auth/login"),
    ("post", "/v1/auth/logout"),
    ("get", "/v1/auth/me"),
    ("post", "/v1/auth/refresh"),
    ("get", "/v1/auth/sessions"),
    ("post", "/v1/auth/sessions/revoke-others"),
    ("post", "/v1/auth/sessions/{id}/revoke"),
    ("get", "/v1/categories"),
    ("get", "/v1/events"),
    ("get", "/v1/impersonations"),
    ("post", "/v1/impersonations"),
    ("post", "/v1/impersonations/{id}/token"),
    ("post", "/v1/impersonations/{id}/stop"),
    ("post", "/v1/impersonations/{id}/force-stop"),
    ("get", "/v1/monitoring/sessions/metrics/prometheus"),
    ("get", "/v1/sales"),
    ("post", "/v1/sales"),
    ("get", "/v1/tills"),
    ("get", "/v1/tills/{id}/day"),
    ("post", "/v1/tills/{id}/open"),
    ("post", "/v1/tills/{id}/close"),
];

/// The routes that need no session.
pub(crate) const OPEN: [&str; 5] = [
    "/healthz",
    "/readyz",
    "/.well-known/jwks.json",
    "/v1/auth/login",
    "/v1/auth/refresh",
];

#[tokio::test]
async fn the_document_names_every_route_and_every_route_is_there() {
    let document: Value = serde_json::from_str(&server::openapi_json()).unwrap();
    let mut named: Vec<(String, String)> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            named.push((method.clone(), path.clone()));
        }
    }
    named.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    let mut expected: Vec<_> = ROUTES
        .iter()
        .map(|(m, p)| ((*m).to_owned(), (*p).to_owned()))
        .collect();
    expected.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    assert_eq!(named, expected);

    let house = House::new().await;
    for (method, path) in named {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = house.send(request(method.clone(), &path, None, None)).await;
        assert!(
            answer.status != 404 && answer.status != 405,
            "{method} {path}: {answer:?}"
        );
        assert_eq!(
            answer.status == 401,
            !OPEN.contains(&path.as_str()),
            "{method} {path}: {answer:?}"
        );
    }
}

/// What the document cannot say about a route stands in docs/PROTOCOL.md.
#[test]
fn the_protocols_page_names_every_route() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROTOCOL.md")).unwrap();
    for (method, route) in ROUTES {
        let route = route.trim_start_matches("/v1");
        let is_named = page
            .lines()
            .any(|line| line.contains(&format!("{route}`")) && line.contains(&method.to_uppercase()));
        assert!(is_named, "{method} {route}");
    }
}

#[test]
fn every_operation_may_fail_with_a_problem_and_every_reference_resolves() {
    let document: Value = serde_json::from_str(&server::openapi_json()).unwrap();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let problem =
                &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let mut referred = 0;
    for rest in text.split("#/components/schemas/").skip(1) {
        let name = rest.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
        referred += 1;
    }
    assert!(referred > 20);
}
