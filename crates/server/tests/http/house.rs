//! A server over a database of its own, with two organisations and a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use protocol::sale::Category;
use serde_json::{Value, json};
use server::clock::{Clock as _, ManualClock};
use server::passwords::Passwords;
use server::{Keys, Server, ServerOptions};
use store::{
    AuditEntry, AuditLog as _, AuditRow, Categories as _, Directory as _, NewOrganization, NewSite, NewUser,
};
use tokio::sync::OnceCell;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::unreliable::Unreliable;

pub(crate) const PASSWORD: &str = "right horse";
pub(crate) const START_MS: i64 = 1_790_000_000_000;

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn fine(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// Checks that this is a problem of that code, in the form that every problem has.
    #[track_caller]
    pub(crate) fn problem(self, code: ErrorCode) -> Value {
        assert_eq!(self.body["code"], code.as_str(), "{self:?}");
        assert_eq!(self.status.as_u16(), code.status(), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], code.status());
        assert_eq!(self.body["type"], format!("urn:vigie:error:{code}"));
        assert_eq!(
            self.body["request_id"],
            self.headers["x-request-id"].to_str().unwrap()
        );
        let retry = self.body.get("retry_after_seconds").map(ToString::to_string);
        let header = self
            .headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(retry, header);
        assert_eq!(
            self.headers.contains_key("www-authenticate"),
            code.status() == 401
        );
        assert_eq!(self.body.get("redirect").is_some(), code.status() == 401);
        self.body
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) whole: Value,
}

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<Unreliable>,
    pub(crate) category: Uuid,
    pub(crate) other_category: Uuid,
    pub(crate) organization: Uuid,
    pub(crate) other_organization: Uuid,
    pub(crate) site: Uuid,
    pub(crate) other_site: Uuid,
    pub(crate) keys: Keys,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(ServerOptions::default()).await
    }

    pub(crate) async fn with(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inner = server::open_store(&folder.path().join("vigie.db")).await.unwrap();
        let store = Arc::new(Unreliable::over(inner));
        let clock = Arc::new(ManualClock::at(START_MS));
        let keys = Keys::generate().unwrap();
        let server = Server::new(
            Arc::clone(&store) as Arc<_>,
            keys.clone(),
            Arc::clone(&clock) as Arc<_>,
            options,
        );
        let port = furnish(
            &store,
            "port",
            &[
                ("camille", OrganizationRole::User),
                ("dominique", OrganizationRole::Admin),
            ],
        )
        .await;
        let gare = furnish(&store, "gare", &[("eva", OrganizationRole::Owner)]).await;
        let server = server.unwrap();
        Self {
            router: server::router(server.clone()),
            server,
            clock,
            store,
            category: port.category,
            other_category: gare.category,
            organization: port.organization,
            other_organization: gare.organization,
            site: port.site,
            other_site: gare.site,
            keys,
            folder,
        }
    }

    /// The file that the database is in.
    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("vigie.db")
    }

    /// The same database under another set of keys, as after a restart.
    pub(crate) fn restart_with(&mut self, keys: Keys) {
        self.keys = keys;
        self.restart_as(ServerOptions::default());
    }

    /// The same database and keys with other options.
    pub(crate) fn restart_as(&mut self, options: ServerOptions) {
        let (store, clock) = (
            Arc::clone(&self.store) as Arc<_>,
            Arc::clone(&self.clock) as Arc<_>,
        );
        let server = Server::new(store, self.keys.clone(), clock, options).unwrap();
        self.router = server::router(server.clone());
        self.server = server;
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let is_csv = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_str().unwrap().starts_with("text/csv"));
        let body = if bytes.is_empty() {
            Value::Null
        } else if is_csv {
            Value::String(String::from_utf8(bytes.to_vec()).unwrap())
        } else {
            let text = std::str::from_utf8(&bytes).unwrap();
            if parts.headers["content-type"]
                .as_bytes()
                .starts_with(b"application/openmetrics-text")
            {
                Value::from(text)
            } else {
                serde_json::from_str(text).unwrap_or_else(|_| panic!("{} {text:?}", parts.status))
            }
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.send(request(Method::GET, path, Some(bearer), None)).await
    }

    /// The body as it came.
    pub(crate) async fn text(&self, path: &str, bearer: &str) -> String {
        let asked = request(Method::GET, path, Some(bearer), None);
        let response = self.router.clone().oneshot(asked).await.unwrap();
        assert!(response.status().is_success(), "{path}: {response:?}");
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, bearer: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, Some(bearer), Some(body)))
            .await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, bearer: &str, body: Option<Value>) -> Answer {
        self.send(request(method, path, Some(bearer), body)).await
    }

    pub(crate) async fn patch(&self, path: &str, bearer: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, bearer, Some(body)).await
    }

    /// Gives the password again, as the calls ask for that do most harm in the wrong hands.
    pub(crate) async fn confirm(&self, somebody: &SignedIn) {
        self.post(
            "/v1/auth/reauthenticate",
            &somebody.access,
            json!({ "password": PASSWORD }),
        )
        .await
        .fine();
    }

    /// Somebody more in an organisation, with everybody's password.
    pub(crate) async fn person(&self, username: &str, organization_id: Uuid, role: OrganizationRole) -> Uuid {
        let id = Uuid::now_v7();
        let new = NewUser {
            id,
            username: username.to_owned(),
            display_name: username.to_uppercase(),
            password_hash: password_hash().await,
            one_time_password: false,
            organization_id,
            role,
            site_id: None,
        };
        self.store.add_user(new, entry()).await.unwrap();
        id
    }

    /// Somebody above all organisations.
    pub(crate) async fn super_admin(&self) -> SignedIn {
        let id = self
            .person("alix", self.organization, OrganizationRole::User)
            .await;
        self.store.set_super_admin(id, true, entry()).await.unwrap();
        self.sign_in("alix", "desk").await
    }

    pub(crate) async fn login(&self, body: Value) -> Answer {
        self.send(request(Method::POST, "/v1/auth/login", None, Some(body)))
            .await
    }

    pub(crate) async fn sign_in(&self, username: &str, device_kind: &str) -> SignedIn {
        let body = json!({
            "username": username, "password": PASSWORD, "device_name": "Caisse 1", "device_kind": device_kind
        });
        let whole = self.login(body).await.fine();
        let text = |field: &str| whole[field].as_str().unwrap().to_owned();
        SignedIn {
            id: text("session_id").parse().unwrap(),
            user_id: whole["me"]["user_id"].as_str().unwrap().parse().unwrap(),
            access: text("access_token"),
            refresh: text("refresh_token"),
            whole,
        }
    }

    pub(crate) async fn refresh(&self, token: &str, attempt: u128) -> Answer {
        self.refresh_with(json!({ "refresh_token": token, "attempt_id": Uuid::from_u128(attempt) }))
            .await
    }

    pub(crate) async fn refresh_with(&self, body: Value) -> Answer {
        self.send(request(Method::POST, "/v1/auth/refresh", None, Some(body)))
            .await
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    pub(crate) fn sale(&self) -> Value {
        json!({
            "lines": [{ "category_id": self.category, "quantity": 2, "weight_grams": 350, "unit_price_cents": 150 }],
            "payments": [{ "method": "cash", "amount_cents": 300 }],
            "total_cents": 300,
            "note": "",
            "finished_at": "2026-11-21T10:00:00Z",
        })
    }

    pub(crate) async fn sell(&self, bearer: &str, key: &str, sale: Value) -> Answer {
        let mut request = request(Method::POST, "/v1/sales", Some(bearer), Some(sale));
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// The newest audit rows, newest first.
    pub(crate) async fn audit_rows(&self) -> Vec<AuditRow> {
        self.store.audit_rows(None, 1_000).await.unwrap()
    }
}

pub(crate) fn request(
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Option<Value>,
) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path);
    if let Some(bearer) = bearer {
        builder = builder.header("authorization", format!("Bearer {bearer}"));
    }
    match body {
        Some(body) => builder
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
        None => builder.body(Body::empty()).unwrap(),
    }
}

pub(crate) fn entry() -> AuditEntry {
    AuditEntry::of("test.furnished", START_MS)
}

async fn password_hash() -> String {
    static HASH: OnceCell<String> = OnceCell::const_new();
    let made = || async {
        let passwords = Passwords::new(1, 1).unwrap();
        passwords.hash(&PASSWORD.to_owned().into()).await.unwrap()
    };
    HASH.get_or_init(made).await.clone()
}

struct Furnished {
    organization: Uuid,
    site: Uuid,
    category: Uuid,
}

async fn furnish(store: &Unreliable, slug: &str, users: &[(&str, OrganizationRole)]) -> Furnished {
    let hash = password_hash().await;
    let organization_id = Uuid::now_v7();
    let new = NewOrganization {
        id: organization_id,
        slug: slug.to_owned(),
        name: format!("Maison {slug}"),
    };
    store.add_organization(new, entry()).await.unwrap();
    let site_id = Uuid::now_v7();
    let new = NewSite {
        id: site_id,
        organization_id,
        name: "Quai".to_owned(),
    };
    store.add_site(new, entry()).await.unwrap();
    for (username, role) in users {
        let new = NewUser {
            id: Uuid::now_v7(),
            username: (*username).to_owned(),
            display_name: username.to_uppercase(),
            password_hash: hash.clone(),
            one_time_password: false,
            organization_id,
            role: *role,
            site_id: Some(site_id),
        };
        store.add_user(new, entry()).await.unwrap();
    }
    let category = Category {
        id: Uuid::now_v7(),
        name: "Livres".to_owned(),
        price_cents: Some(150),
        shortcut: None,
        position: 0,
        barcodes: vec!["2000000000015".to_owned()],
    };
    let id = category.id;
    store
        .put_category(organization_id, category, entry())
        .await
        .unwrap();
    Furnished {
        organization: organization_id,
        site: site_id,
        category: id,
    }
}
