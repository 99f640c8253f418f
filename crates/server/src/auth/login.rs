//! Signing in with a name and a password.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::auth::{LoginAnswer, LoginRequest, Me, OrganizationRole};
use protocol::insight::LoginFailure;
use protocol::settings::SessionSettings;
use store::NewSession;
use store::directory::{Membership, Organization, User};

use super::sign_in_letters;
use super::tokens::{Grant, answer};
use crate::body::Json;
use crate::client::{AuditParticulars as _, Client};
use crate::failure::Failure;
use crate::ids::new_id;
use crate::insight::WatchedLogin;
use crate::lifetimes::session_ms;
use crate::passwords::{LONGEST_BYTES, Match};
use crate::proof::{Endpoint, Offered};
use crate::refresh_token::RefreshToken;
use crate::server::Server;
use crate::sign_in_place::place;

/// Signs in: the answer always comes with a session.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "auth",
    request_body = LoginRequest,
    responses((status = 200, description = "Signed in", body = LoginAnswer)),
    security(())
)]
pub(super) async fn login(
    State(server): State<Server>,
    client: Client,
    offered: Offered,
    Json(request): Json<LoginRequest>,
) -> Result<axum::Json<LoginAnswer>, Failure> {
    let mut watched = WatchedLogin::begin(&server, &client);
    let answer = sign_in(&server, &client, &offered, &request, &mut watched).await;
    watched.end(&answer);
    answer.map(axum::Json)
}

async fn sign_in(
    server: &Server,
    client: &Client,
    offered: &Offered,
    request: &LoginRequest,
    watched: &mut WatchedLogin,
) -> Result<LoginAnswer, Failure> {
    let username = normalized(&request.username);
    check(&username, request)?;
    let device_key = server.proofs.judge(offered, Endpoint::Login, server.now())?;
    server.login_limit.note(&username, client.address())?;

    let user = server.store.user_by_name(&username).await?;
    if let Some(user) = &user {
        watched.is_of_user(user.id, asked_for(user, request.organization.as_deref()));
    }
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let matched = server.passwords.check(&request.password, stored).await?;
    let open = everywhere(server, user.as_ref(), matched).await?;
    let verdict = judge(user.as_ref(), matched, request.organization.as_deref(), open);
    let (user, membership) = match verdict {
        Ok(found) => found,
        Err(denial) => {
            watched.is_denied(denial.figure());
            return Err(deny(server, client, user.as_ref(), denial).await);
        }
    };

    let organization = &membership.organization;
    let settings = server.store.session_settings(organization.id).await?;
    let now = server.now();
    let session_id = new_id(now);
    let mut audit = client
        .audit("session.created", now)
        .organization(organization.id)
        .actor(user.id)
        .session(session_id)
        .target("session", session_id)
        .detail(serde_json::json!({
            "device_name": request.device_name.trim(),
            "device_kind": request.device_kind,
            "one_time_password": user.one_time_password,
            "is_bound": device_key.is_some(),
        }));
    audit.device_name = Some(request.device_name.trim().to_owned());
    let begun = server
        .store
        .begin_session(
            NewSession {
                id: session_id,
                user_id: user.id,
                organization_id: organization.id,
                site_id: membership.site.as_ref().map(|site| site.id),
                device_kind: request.device_kind,
                device_name: request.device_name.trim().to_owned(),
                origin: client.origin(),
                expires_at: now.saturating_add(session_ms(&settings, &server.options.testing)),
                device_key,
                device_limit: settings.device_limit,
                place: Some(place(client, &request.device_name, request.device_kind)),
                now,
            },
            audit,
        )
        .await?;
    watched.is_of(&begun.session);
    sign_in_letters::post(server, &begun).await;
    let session = begun.session;
    for displaced in begun.displaced {
        tracing::info!(user = %user.id, session = %displaced, "ended: one device too many");
    }
    let refresh_token = RefreshToken::first(&server.keys, session_id)
        .sign(&server.keys)
        .map_err(|fault| Failure::internal(&fault))?;
    let grant = Grant {
        session: &session,
        role: membership.role,
        settings: &settings,
        refresh_token,
        now,
    };
    let tokens = answer(server, grant)?;
    tracing::info!(user = %user.id, session = %session_id, "signed in");
    Ok(LoginAnswer {
        tokens,
        me: me(user, &membership, &settings),
    })
}

/// The form in which names are stored and compared.
pub(crate) fn normalized(username: &str) -> String {
    username.trim().to_lowercase()
}

fn check(username: &str, request: &LoginRequest) -> Result<(), Failure> {
    if !(1..=128).contains(&username.chars().count()) {
        return Err(Failure::invalid("username", "1 to 128 characters"));
    }
    if !(1..=LONGEST_BYTES).contains(&request.password.expose().len()) {
        return Err(Failure::invalid("password", "1 to 1,024 bytes"));
    }
    let device_name = request.device_name.trim();
    if !(1..=64).contains(&device_name.chars().count()) || device_name.chars().any(char::is_control) {
        return Err(Failure::invalid("device_name", "1 to 64 characters on one line"));
    }
    Ok(())
}

/// Why a sign-in is denied; only the audit log tells them apart.
#[derive(Clone, Copy, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Denial {
    UnknownUser,
    WrongPassword,
    AccountDisabled,
    NotAMember,
}

impl Denial {
    /// As it counts in figures.
    const fn figure(self) -> LoginFailure {
        match self {
            Self::UnknownUser => LoginFailure::UnknownUser,
            Self::WrongPassword => LoginFailure::WrongPassword,
            Self::AccountDisabled => LoginFailure::AccountDisabled,
            Self::NotAMember => LoginFailure::NotAMember,
        }
    }
}

/// The membership that a sign-in is about: the one asked for, or the first.
fn asked_for<'a>(user: &'a User, organization: Option<&str>) -> Option<&'a Membership> {
    let asked =
        |membership: &&Membership| organization.is_none_or(|slug| membership.organization.slug == slug);
    user.memberships
        .iter()
        .find(asked)
        .or_else(|| user.memberships.first())
}

/// What stands open beside the user's own memberships: every organisation, to somebody who stands above them.
async fn everywhere(
    server: &Server,
    user: Option<&User>,
    matched: Match,
) -> Result<Vec<Organization>, Failure> {
    match matched {
        Match::Right if user.is_some_and(|user| user.super_admin) => Ok(server.store.organizations().await?),
        Match::Right | Match::Wrong => Ok(Vec::new()),
    }
}

fn judge<'a>(
    user: Option<&'a User>,
    matched: Match,
    organization: Option<&str>,
    open: Vec<Organization>,
) -> Result<(&'a User, Membership), Denial> {
    let user = user.ok_or(Denial::UnknownUser)?;
    match matched {
        Match::Wrong => return Err(Denial::WrongPassword),
        Match::Right => {}
    }
    if user.disabled_at.is_some() {
        return Err(Denial::AccountDisabled);
    }
    let is_asked = |found: &Organization| organization.is_none_or(|slug| found.slug == slug);
    let own = user
        .memberships
        .iter()
        .find(|m| is_asked(&m.organization))
        .cloned();
    let entered = || {
        open.into_iter().find(is_asked).map(|organization| Membership {
            organization,
            role: OrganizationRole::Owner,
            site: None,
        })
    };
    let mut membership = own.or_else(entered).ok_or(Denial::NotAMember)?;
    if user.super_admin {
        membership.role = OrganizationRole::Owner;
    }
    Ok((user, membership))
}

async fn deny(server: &Server, client: &Client, user: Option<&User>, denial: Denial) -> Failure {
    let reason: &'static str = denial.into();
    let mut audit = client
        .audit("login.denied", server.now())
        .denied()
        .detail(serde_json::json!({ "reason": reason }));
    // The name of nobody is not written down: it may be a password typed into the wrong field.
    if let Some(user) = user {
        audit = audit.target("user", user.id);
        if let Some(membership) = user.memberships.first() {
            audit = audit.organization(membership.organization.id);
        }
    }
    if let Err(error) = server.store.audit(audit).await {
        return error.into();
    }
    Failure::new(match denial {
        Denial::AccountDisabled => ErrorCode::AccountDisabled,
        Denial::UnknownUser | Denial::WrongPassword | Denial::NotAMember => ErrorCode::InvalidCredentials,
    })
    .because(&reason)
}

fn me(user: &User, membership: &Membership, settings: &SessionSettings) -> Me {
    Me {
        user_id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        organization_id: membership.organization.id,
        organization_name: membership.organization.name.clone(),
        current_organization_role: membership.role,
        site_id: membership.site.as_ref().map(|site| site.id),
        site_name: membership.site.as_ref().map(|site| site.name.clone()),
        super_admin: user.super_admin,
        must_change_password: user.one_time_password,
        lock_after_minutes: settings.lock_after_minutes,
        organizations: u32::try_from(user.memberships.len()).unwrap_or(u32::MAX),
        impersonator: None,
        impersonation_ends_at: None,
    }
}
