//! Users: adding and listing them.

use axum::Json;
use axum::extract::{Query, State};
use protocol::Secret;
use store::{NewUser, Organization, UserFilter};
use uuid::Uuid;

use super::commands::{Answer, Commands, No, name};
use super::wire::{AccountState, AddUser, AddedUser, ListedUser, UserStanding, UsersOf};
use crate::auth::normalized;
use crate::client::AuditParticulars as _;
use crate::ids::new_id;
use crate::password_rules::judge;
use crate::passwords::one_time_password;

pub(super) async fn add_user(
    State(commands): State<Commands>,
    Json(new): Json<AddUser>,
) -> Answer<AddedUser> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let username = name("a user name", &normalized(&new.username), 128)?;
    let display_name = name("a display name", &new.display_name, 128)?;
    let site_id = site_named(&commands, &organization, new.site).await?;
    let (password, one_time) = match new.password {
        Some(password) => {
            let names = [username.as_str(), &display_name, &organization.name];
            judge(password.expose(), &names)?;
            (password, None)
        }
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

/// The id of the organisation's site of that name, if one is wanted.
pub(super) async fn site_named(
    commands: &Commands,
    organization: &Organization,
    wanted: Option<String>,
) -> Result<Option<Uuid>, No> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    let sites = commands.store.sites(organization.id).await?;
    let found = sites
        .into_iter()
        .find(|site| site.name == wanted && site.archived_at.is_none());
    let unknown = || {
        No::new(
            "unknown_site",
            format!("`{}` has no site `{wanted}` in use", organization.slug),
        )
    };
    Ok(Some(found.ok_or_else(unknown)?.id))
}

pub(super) async fn users(
    State(commands): State<Commands>,
    Query(of): Query<UsersOf>,
) -> Answer<Vec<ListedUser>> {
    let organization_id = if of.everywhere {
        None
    } else {
        Some(commands.organization(of.organization.as_deref()).await?.id)
    };
    let filter = UserFilter {
        organization_id,
        search: None,
    };
    let users = commands.store.users(filter, None, u32::MAX).await?;
    let listed = |user: store::UserListing| ListedUser {
        role: user.role,
        standing: if user.super_admin {
            UserStanding::Above
        } else {
            UserStanding::Within
        },
        state: AccountState::of(user.disabled_at),
        username: user.username,
        display_name: user.display_name,
    };
    Ok(Json(users.into_iter().map(listed).collect()))
}
