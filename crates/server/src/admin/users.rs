//! Users: listing, reading and adding them.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{NewUserAnswer, NewUserRequest, UserDetail, UserList, UserSummary};
use protocol::auth::OrganizationRole;
use store::{Membership, NewUser, Organization, Site, User, UserFilter};
use uuid::Uuid;

use super::fields::{name, unknown_reference};
use super::user_view::{actor, detail, subject};
use super::wanted::WantedUsers;
use crate::auth::normalized;
use crate::authority::may_add;
use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::passwords::one_time_password;
use crate::server::Server;

/// The users of the current organisation, by user name.
#[utoipa::path(
    get,
    path = "/admin/users",
    tag = "admin",
    params(WantedUsers),
    responses((status = 200, description = "A page, by user name", body = UserList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedUsers>,
) -> Result<axum::Json<UserList>, Failure> {
    caller.administers()?;
    let organization_id = if wanted.everywhere == Some(true) {
        caller.stands_above()?;
        None
    } else {
        Some(caller.organization_id())
    };
    let limit = page::limit(wanted.limit)?;
    let search = wanted
        .search
        .map(|search| search.trim().to_owned())
        .filter(|search| !search.is_empty());
    if search.as_ref().is_some_and(|search| search.chars().count() > 128) {
        return Err(Failure::invalid("search", "at most 128 characters"));
    }
    let after = page::read(wanted.after.as_deref())?;
    let filter = UserFilter {
        organization_id,
        search,
    };
    let found = server.store.users(filter, after, limit + 1).await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    let users: Vec<UserSummary> = found
        .into_iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .map(|user| UserSummary {
            user_id: user.id,
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            site_id: user.site.as_ref().map(|site| site.id),
            site_name: user.site.map(|site| site.name),
            super_admin: user.super_admin,
            disabled_at: user.disabled_at.map(wire_time),
            last_sign_in_at: user.last_sign_in_at.map(wire_time),
        })
        .collect();
    let next = users
        .last()
        .filter(|_| more)
        .map(|user| page::written(&user.username));
    Ok(axum::Json(UserList { users, next }))
}

/// One user.
#[utoipa::path(
    get,
    path = "/admin/users/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserDetail))
)]
pub(super) async fn one(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<UserDetail>, Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &id).await?;
    Ok(axum::Json(detail(user, &actor, caller.organization_id())))
}

/// Adds a user to the current organisation, with a password for one use that is in this answer and nowhere else. Needs the
/// password again where the role is more than that of a user.
#[utoipa::path(
    post,
    path = "/admin/users",
    tag = "admin",
    request_body = NewUserRequest,
    responses((status = 201, description = "Added", body = NewUserAnswer))
)]
pub(super) async fn add(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<NewUserRequest>,
) -> Result<(StatusCode, axum::Json<NewUserAnswer>), Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let organization_id = caller.organization_id();
    may_add(&actor, organization_id, request.role)?;
    if request.role > OrganizationRole::User {
        caller.confirmed()?;
    }
    let username = normalized(&name("username", &request.username, 128)?);
    let display_name = name("display_name", &request.display_name, 128)?;
    // All that the answer says is read before: once the user is there, the password must not get lost on the way.
    let (organization, site) = place(&server, organization_id, request.site_id).await?;
    let password = one_time_password().map_err(|fault| Failure::internal(&fault))?;
    let password_hash = server.passwords.hash(&password).await?;
    let user_id = new_id(caller.now);
    let added = serde_json::json!({ "username": username, "role": request.role, "site_id": request.site_id });
    let audit = caller
        .audit("user.added")
        .target("user", user_id)
        .changed(&serde_json::Value::Null, &added)
        .detail(added);
    let user = User {
        id: user_id,
        username: username.clone(),
        display_name: display_name.clone(),
        password_hash: String::new(),
        one_time_password: true,
        disabled_at: None,
        super_admin: false,
        last_sign_in_at: None,
        memberships: vec![Membership {
            organization,
            role: request.role,
            site,
        }],
    };
    let new = NewUser {
        id: user_id,
        username,
        display_name,
        password_hash,
        one_time_password: true,
        organization_id,
        role: request.role,
        site_id: request.site_id,
    };
    server
        .store
        .add_user(new, audit)
        .await
        .map_err(|error| unknown_reference(error, ErrorCode::SiteNotFound, "site_id"))?;
    let answer = NewUserAnswer {
        user: detail(user, &actor, organization_id),
        one_time_password: password,
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// The organisation and the site in use where somebody is to work.
async fn place(
    server: &Server,
    organization_id: Uuid,
    site_id: Option<Uuid>,
) -> Result<(Organization, Option<Site>), Failure> {
    let (organizations, sites) =
        tokio::try_join!(server.store.organizations(), server.store.sites(organization_id))?;
    let organization = organizations
        .into_iter()
        .find(|organization| organization.id == organization_id)
        .ok_or_else(|| Failure::new(ErrorCode::OrganizationNotFound))?;
    let site = site_id
        .map(|site_id| {
            sites
                .into_iter()
                .find(|site| site.id == site_id && site.archived_at.is_none())
                .ok_or_else(|| Failure::new(ErrorCode::SiteNotFound).at("site_id"))
        })
        .transpose()?;
    Ok((organization, site))
}
