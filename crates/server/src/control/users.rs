//! Users: adding, listing and disabling them.

use axum::Json;
use axum::extract::{Path, Query, State};
use protocol::Secret;
use store::{NewUser, UserFilter};

use super::commands::{Answer, Commands, No, name};
use super::wire::{AccountState, AddUser, AddedUser, Ended, ListedUser, Of};
use crate::auth::normalized;
use crate::client::AuditParticulars as _;
use crate::first_operator::program_audit;
use crate::ids::new_id;
use crate::passwords::one_time_password;

pub(super) async fn add_user(
    State(commands): State<Commands>,
    Json(new): Json<AddUser>,
) -> Answer<AddedUser> {
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

pub(super) async fn users(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedUser>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    let members = UserFilter {
        organization_id: Some(organization.id),
        search: None,
    };
    let users = commands.store.users(members, None, u32::MAX).await?;
    let listed = |user: store::UserListing| {
        Some(ListedUser {
            role: user.role?,
            state: if user.disabled_at.is_some() {
                AccountState::Disabled
            } else {
                AccountState::Enabled
            },
            username: user.username,
            display_name: user.display_name,
        })
    };
    Ok(Json(users.into_iter().filter_map(listed).collect()))
}

pub(super) async fn disable_user(
    State(commands): State<Commands>,
    Path(username): Path<String>,
) -> Answer<Ended> {
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
