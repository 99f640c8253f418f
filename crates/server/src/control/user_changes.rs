//! Accounts: enabling and disabling them, passwords, memberships, and who stands above all organisations.

use axum::Json;
use axum::extract::{Path, State};
use store::{AuditEntry, User};

use super::commands::{Answer, Commands, No};
use super::users::site_named;
use super::wire::{AccountState, Done, Ended, Join, Outcome, PasswordSet, SetPassword};
use crate::auth::{normalized, write_of_reset};
use crate::client::AuditParticulars as _;
use crate::first_operator::program_audit;
use crate::password_rules::judge;
use crate::passwords::one_time_password;

pub(super) async fn disable(State(commands): State<Commands>, Path(username): Path<String>) -> Answer<Ended> {
    let user = found(&commands, &username).await?;
    let audit = audit(&commands, "user.disabled", &user);
    let ended = commands
        .store
        .disable_user(user.id, commands.now(), audit)
        .await?
        .ok_or_else(|| unknown(&username))?;
    Ok(Json(Ended { sessions: ended }))
}

pub(super) async fn enable(
    State(commands): State<Commands>,
    Path(username): Path<String>,
) -> Answer<Outcome> {
    let user = found(&commands, &username).await?;
    let audit = audit(&commands, "user.enabled", &user);
    let changed = commands.store.enable_user(user.id, audit).await?;
    Ok(Json(Outcome::of(changed)))
}

/// Ends all of the user's sessions, as every new password that is not the user's own doing does.
pub(super) async fn set_password(
    State(commands): State<Commands>,
    Path(username): Path<String>,
    Json(wanted): Json<SetPassword>,
) -> Answer<PasswordSet> {
    let user = found(&commands, &username).await?;
    let (password, one_time, action) = match wanted.password {
        Some(password) => {
            judge(password.expose(), &[user.username.as_str(), &user.display_name])?;
            (password, None, "password.changed")
        }
        None => {
            let made = one_time_password().map_err(|error| No::new("no_randomness", error.to_string()))?;
            (made.clone(), Some(made), "password.reset")
        }
    };
    let password_hash = commands.passwords.hash(&password).await?;
    let audit = audit(&commands, action, &user);
    let sessions = commands
        .store
        .set_password(
            user.id,
            password_hash,
            one_time.is_some(),
            None,
            commands.now(),
            audit,
        )
        .await?
        .ok_or_else(|| unknown(&username))?;
    if let Some(server) = &commands.server {
        write_of_reset(server, user.id);
    }
    Ok(Json(PasswordSet {
        username: user.username,
        one_time_password: one_time,
        sessions,
        state: AccountState::of(user.disabled_at),
    }))
}

/// Makes a user a member of an organisation, or changes role and site there.
pub(super) async fn join(
    State(commands): State<Commands>,
    Path(username): Path<String>,
    Json(wanted): Json<Join>,
) -> Answer<Done> {
    let user = found(&commands, &username).await?;
    let organization = commands.organization(wanted.organization.as_deref()).await?;
    let site_id = site_named(&commands, &organization, wanted.site).await?;
    let role = wanted.role;
    let before = user
        .memberships
        .iter()
        .find(|membership| membership.organization.id == organization.id);
    let action = match before {
        Some(_) => "membership.changed",
        None => "membership.added",
    };
    let audit = commands
        .audit(action, organization.id)
        .target("user", user.id)
        .detail(serde_json::json!({
            "by": "vigie-server",
            "before": before.map(|before| before.role),
            "role": role,
            "site_id": site_id,
        }));
    commands
        .store
        .put_membership(user.id, organization.id, role, site_id, audit)
        .await?;
    Ok(Json(Done {}))
}

pub(super) async fn promote(
    State(commands): State<Commands>,
    Path(username): Path<String>,
) -> Answer<Outcome> {
    let user = found(&commands, &username).await?;
    let audit = audit(&commands, "user.promoted", &user);
    let changed = commands.store.set_super_admin(user.id, true, audit).await?;
    Ok(Json(Outcome::of(changed)))
}

pub(super) async fn demote(
    State(commands): State<Commands>,
    Path(username): Path<String>,
) -> Answer<Outcome> {
    let user = found(&commands, &username).await?;
    let audit = audit(&commands, "user.demoted", &user);
    let changed = commands.store.set_super_admin(user.id, false, audit).await?;
    Ok(Json(Outcome::of(changed)))
}

async fn found(commands: &Commands, username: &str) -> Result<User, No> {
    let username = normalized(username);
    commands
        .store
        .user_by_name(&username)
        .await?
        .ok_or_else(|| unknown(&username))
}

fn unknown(username: &str) -> No {
    No::new(
        "unknown_user",
        format!("there is no user `{}`", normalized(username)),
    )
}

fn audit(commands: &Commands, action: &'static str, user: &User) -> AuditEntry {
    let audit = program_audit(action, commands.now()).target("user", user.id);
    match user.memberships.first() {
        Some(membership) => audit.organization(membership.organization.id),
        None => audit,
    }
}
