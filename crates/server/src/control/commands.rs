//! What all commands share: the store they work on, their form of refusal, and where each is found.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use store::{AuditEntry, Millis, Organization, Store, StoreError};
use uuid::Uuid;

use super::wire::Refusal;
use super::{categories, impersonations, live_sessions, organizations, tills, user_changes, users};
use crate::client::AuditParticulars as _;
use crate::clock::Clock;
use crate::first_operator::program_audit;
use crate::password_rules::Weakness;
use crate::passwords::{PasswordError, Passwords};
use crate::server::Server;

/// What commands need of a server.
#[derive(Clone)]
pub struct Commands {
    pub(super) store: Arc<dyn Store>,
    pub(super) passwords: Passwords,
    /// The server that runs, if one does: it sends letters.
    pub(super) server: Option<Server>,
    clock: Arc<dyn Clock>,
}

impl Commands {
    /// The commands of a server.
    pub fn of(server: &Server) -> Self {
        Self {
            store: Arc::clone(&server.store),
            passwords: server.passwords.clone(),
            server: Some(server.clone()),
            clock: Arc::clone(&server.clock),
        }
    }

    /// The commands over a store that is open while no server runs.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub fn over(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, PasswordError> {
        Ok(Self {
            store,
            passwords: Passwords::new(1, 1)?,
            server: None,
            clock,
        })
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.wall_ms()
    }

    pub(super) fn audit(&self, action: &'static str, organization_id: Uuid) -> AuditEntry {
        program_audit(action, self.now()).organization(organization_id)
    }

    pub(super) async fn organization(&self, slug: Option<&str>) -> Result<Organization, No> {
        let mut all = self.store.organizations().await?;
        match slug {
            Some(slug) => all
                .into_iter()
                .find(|organization| organization.slug == slug)
                .ok_or_else(|| {
                    No::new(
                        "unknown_organization",
                        format!("there is no organization `{slug}`"),
                    )
                }),
            None if all.len() > 1 => {
                let slugs = all.iter().map(|o| o.slug.as_str()).collect::<Vec<_>>().join(", ");
                Err(No::new(
                    "organization_needed",
                    format!("name one with --organization: {slugs}"),
                ))
            }
            None => all.pop().ok_or_else(|| {
                No::new(
                    "no_organization",
                    "there is no organization yet; run `vigie-server init`".to_owned(),
                )
            }),
        }
    }
}

/// All commands.
pub fn router(commands: Commands) -> Router {
    Router::new()
        .route(
            "/organizations",
            get(organizations::organizations).post(organizations::add_organization),
        )
        .route("/sites", get(organizations::sites).post(organizations::add_site))
        .route(
            "/categories",
            get(categories::categories).post(categories::add_category),
        )
        .route("/users", get(users::users).post(users::add_user))
        .route("/tills", get(tills::tills).post(tills::add_till))
        .route("/users/{username}/disable", post(user_changes::disable))
        .route("/users/{username}/enable", post(user_changes::enable))
        .route("/users/{username}/join", post(user_changes::join))
        .route("/users/{username}/password", post(user_changes::set_password))
        .route("/users/{username}/promote", post(user_changes::promote))
        .route("/users/{username}/demote", post(user_changes::demote))
        .route("/impersonations/report", post(impersonations::report))
        .route("/sessions", get(live_sessions::sessions))
        .route("/sessions/{id}/revoke", post(live_sessions::revoke_session))
        .with_state(commands)
}

/// A refused command.
pub(super) struct No(Refusal);

impl No {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self(Refusal {
            code: code.to_owned(),
            message: message.into(),
        })
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        if let StoreError::NameTaken(what) = error {
            return Self::new("name_taken", format!("there is one already with this {what}"));
        }
        // A store's message is `code: sentence`.
        let text = error.to_string();
        match text.split_once(": ") {
            Some((code, message)) => Self::new(code, message),
            None => Self::new("store_failed", text),
        }
    }
}

impl From<Weakness> for No {
    fn from(weakness: Weakness) -> Self {
        PasswordError::from(weakness).into()
    }
}

impl From<PasswordError> for No {
    fn from(error: PasswordError) -> Self {
        let text = error.to_string();
        match text.split_once(": ") {
            Some((code, message)) => Self::new(code, message),
            None => Self::new("password_hash", text),
        }
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(self.0)).into_response()
    }
}

pub(super) type Answer<T> = Result<Json<T>, No>;

pub(super) fn name(what: &str, text: &str, most: usize) -> Result<String, No> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(No::new(
            "bad_name",
            format!("{what} has 1 to {most} characters on one line"),
        ))
    }
}
