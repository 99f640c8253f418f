//! The commands themselves.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use protocol::Secret;
use protocol::sale::Category;
use store::session::RevokeReason;
use store::{AuditEntry, Millis, NewOrganization, NewSite, NewUser, Organization, Store, StoreError};
use uuid::Uuid;

use super::wire::{
    AccountState, AddCategory, AddOrganization, AddSite, AddUser, AddedUser, Done, Ended, ListedOrganization,
    ListedSession, ListedSite, ListedUser, Of, Refusal,
};
use crate::auth::normalized;
use crate::client::AuditParticulars as _;
use crate::clock::{Clock, wire_time};
use crate::first_operator::program_audit;
use crate::ids::new_id;
use crate::passwords::{PasswordError, Passwords, one_time_password};
use crate::server::Server;

const SESSIONS_LISTED: u32 = 1_000;

/// What commands need of a server.
#[derive(Clone)]
pub struct Commands {
    store: Arc<dyn Store>,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
}

impl Commands {
    /// The commands of a server.
    pub fn of(server: &Server) -> Self {
        Self {
            store: Arc::clone(&server.store),
            passwords: server.passwords.clone(),
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
            clock,
        })
    }

    fn now(&self) -> Millis {
        self.clock.wall_ms()
    }

    fn audit(&self, action: &'static str, organization_id: Uuid) -> AuditEntry {
        program_audit(action, self.now()).organization(organization_id)
    }

    async fn organization(&self, slug: Option<&str>) -> Result<Organization, No> {
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
        .route("/organizations", get(organizations).post(add_organization))
        .route("/sites", get(sites).post(add_site))
        .route("/categories", get(categories).post(add_category))
        .route("/users", get(users).post(add_user))
        .route("/users/{username}/disable", post(disable_user))
        .route("/sessions", get(sessions))
        .route("/sessions/{id}/revoke", post(revoke_session))
        .with_state(commands)
}

/// A refused command.
struct No(Refusal);

impl No {
    fn new(code: &str, message: impl Into<String>) -> Self {
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

type Answer<T> = Result<Json<T>, No>;

fn name(what: &str, text: &str, most: usize) -> Result<String, No> {
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

async fn add_organization(
    State(commands): State<Commands>,
    Json(new): Json<AddOrganization>,
) -> Answer<Done> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=64).contains(&new.slug.len()) || !new.slug.chars().all(fits) {
        let message = "a short name has 1 to 64 lower case letters, digits and hyphens";
        return Err(No::new("bad_name", message));
    }
    let id = new_id(commands.now());
    let audit = commands
        .audit("organization.added", id)
        .target("organization", id);
    let name = name("an organization's name", &new.name, 128)?;
    commands
        .store
        .add_organization(
            NewOrganization {
                id,
                slug: new.slug,
                name,
            },
            audit,
        )
        .await?;
    Ok(Json(Done {}))
}

async fn organizations(State(commands): State<Commands>) -> Answer<Vec<ListedOrganization>> {
    let all = commands.store.organizations().await?;
    Ok(Json(
        all.into_iter()
            .map(|o| ListedOrganization {
                slug: o.slug,
                name: o.name,
            })
            .collect(),
    ))
}

async fn add_site(State(commands): State<Commands>, Json(new): Json<AddSite>) -> Answer<Done> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let id = new_id(commands.now());
    let audit = commands.audit("site.added", organization.id).target("site", id);
    let name = name("a site's name", &new.name, 128)?;
    commands
        .store
        .add_site(
            NewSite {
                id,
                organization_id: organization.id,
                name,
            },
            audit,
        )
        .await?;
    Ok(Json(Done {}))
}

async fn sites(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedSite>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    let sites = commands.store.sites(organization.id).await?;
    Ok(Json(
        sites
            .into_iter()
            .map(|site| ListedSite { name: site.name })
            .collect(),
    ))
}

async fn add_category(State(commands): State<Commands>, Json(new): Json<AddCategory>) -> Answer<Done> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let name = name("a category's name", &new.name, 64)?;
    let shortcut = new
        .shortcut
        .map(|shortcut| {
            let one = shortcut.chars().count() == 1 && shortcut.chars().all(char::is_alphanumeric);
            let message = "a shortcut is a single letter or digit";
            if one {
                Ok(shortcut.to_lowercase())
            } else {
                Err(No::new("bad_shortcut", message))
            }
        })
        .transpose()?;
    let there = commands.store.categories(organization.id).await?;
    let same = there.iter().find(|category| category.name == name);
    if let Some(taken) = there
        .iter()
        .find(|c| shortcut.is_some() && c.shortcut == shortcut && c.name != name)
    {
        return Err(No::new(
            "shortcut_taken",
            format!("`{}` has this shortcut already", taken.name),
        ));
    }
    let next = there
        .iter()
        .map(|category| category.position.saturating_add(1))
        .max()
        .unwrap_or(0);
    let category = Category {
        id: same.map_or_else(|| new_id(commands.now()), |category| category.id),
        name,
        price_cents: new
            .price_cents
            .or_else(|| same.and_then(|category| category.price_cents)),
        shortcut: shortcut.or_else(|| same.and_then(|category| category.shortcut.clone())),
        position: new
            .position
            .unwrap_or_else(|| same.map_or(next, |category| category.position)),
    };
    let audit = commands
        .audit("category.put", organization.id)
        .target("category", category.id);
    commands
        .store
        .put_category(organization.id, category, audit)
        .await?;
    Ok(Json(Done {}))
}

async fn categories(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<Category>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    Ok(Json(commands.store.categories(organization.id).await?))
}

async fn add_user(State(commands): State<Commands>, Json(new): Json<AddUser>) -> Answer<AddedUser> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let username = name("a user name", &normalized(&new.username), 128)?;
    let display_name = name("a display name", &new.display_name, 128)?;
    let site_id = match new.site {
        None => None,
        Some(wanted) => {
            let sites = commands.store.sites(organization.id).await?;
            let found = sites.into_iter().find(|site| site.name == wanted);
            let unknown = || {
                No::new(
                    "unknown_site",
                    format!("`{}` has no site `{wanted}`", organization.slug),
                )
            };
            Some(found.ok_or_else(unknown)?.id)
        }
    };
    let (password, one_time) = match new.password {
        Some(password) => (password, None),
        None => {
            let made: Secret =
                one_time_password().map_err(|error| No::new("no_randomness", error.to_string()))?;
            (made.clone(), Some(made))
        }
    };
    let password_hash = commands.passwords.hash(&password).await?;
    let id = new_id(commands.now());
    let audit = commands
        .audit("user.added", organization.id)
        .target("user", id)
        .detail(serde_json::json!({
            "by": "vigie-server",
            "role": new.role,
        }));
    let row = NewUser {
        id,
        username: username.clone(),
        display_name,
        password_hash,
        one_time_password: one_time.is_some(),
        organization_id: organization.id,
        role: new.role,
        site_id,
    };
    commands.store.add_user(row, audit).await?;
    Ok(Json(AddedUser {
        username,
        one_time_password: one_time,
    }))
}

async fn users(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedUser>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    let users = commands.store.users(organization.id).await?;
    let listed = |user: store::UserListing| ListedUser {
        state: if user.disabled_at.is_some() {
            AccountState::Disabled
        } else {
            AccountState::Enabled
        },
        username: user.username,
        display_name: user.display_name,
        role: user.role,
    };
    Ok(Json(users.into_iter().map(listed).collect()))
}

async fn disable_user(State(commands): State<Commands>, Path(username): Path<String>) -> Answer<Ended> {
    let username = normalized(&username);
    let unknown = || No::new("unknown_user", format!("there is no user `{username}`"));
    let user = commands
        .store
        .user_by_name(&username)
        .await?
        .ok_or_else(unknown)?;
    let mut audit = program_audit("user.disabled", commands.now()).target("user", user.id);
    if let Some(membership) = user.memberships.first() {
        audit = audit.organization(membership.organization.id);
    }
    let ended = commands
        .store
        .disable_user(user.id, commands.now(), audit)
        .await?
        .ok_or_else(unknown)?;
    Ok(Json(Ended { sessions: ended }))
}

async fn sessions(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedSession>> {
    let organization_id = match of.organization.as_deref() {
        Some(slug) => Some(commands.organization(Some(slug)).await?.id),
        None => None,
    };
    let live = commands
        .store
        .all_live_sessions(organization_id, commands.now(), SESSIONS_LISTED)
        .await?;
    let listed = |identity: store::Identity| ListedSession {
        session_id: identity.session.id,
        username: identity.username,
        organization: identity.organization_name,
        device_name: identity.session.device_name,
        device_kind: identity.session.device_kind,
        ip_address: identity.session.origin.ip_address,
        last_used_at: wire_time(identity.session.last_used_at).to_rfc3339(),
    };
    Ok(Json(live.into_iter().map(listed).collect()))
}

async fn revoke_session(State(commands): State<Commands>, Path(id): Path<String>) -> Answer<Ended> {
    let unknown = || No::new("session_not_found", format!("there is no live session `{id}`"));
    let session_id = id.parse::<Uuid>().map_err(|_| unknown())?;
    let identity = commands.store.identity(session_id).await?.ok_or_else(unknown)?;
    let audit = commands
        .audit("session.revoked", identity.session.organization_id)
        .target("session", session_id);
    let ended = commands
        .store
        .revoke_session(
            session_id,
            None,
            RevokeReason::ByAdministrator,
            commands.now(),
            audit,
        )
        .await?;
    if ended {
        Ok(Json(Ended { sessions: 1 }))
    } else {
        Err(unknown())
    }
}
