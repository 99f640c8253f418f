//! Users: listing, reading and adding them.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{NewUserAnswer, NewUserRequest, UserDetail, UserList, UserSummary};
use protocol::auth::OrganizationRole;
use serde::Deserialize;
use store::{NewUser, UserFilter};
use utoipa::IntoParams;

use super::fields::{name, unknown_reference};
use super::user_view::{actor, detail, reread, subject};
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

/// Which users are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Part of the name to sign in with or to show, in capitals or not; at most 128 characters.
    #[param(max_length = 128)]
    search: Option<String>,
    /// Users of all organisations, for a super admin.
    everywhere: Option<bool>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The users of the current organisation, by user name.
#[utoipa::path(
    get,
    path = "/admin/users",
    tag = "admin",
    params(Wanted),
    responses((status = 200, description = "A page, by user name", body = UserList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Wanted>,
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
    let password = one_time_password().map_err(|fault| Failure::internal(&fault))?;
    let password_hash = server.passwords.hash(&password).await?;
    let user_id = new_id(caller.now);
    let audit = caller
        .audit("user.added")
        .target("user", user_id)
        .detail(serde_json::json!({ "username": username, "role": request.role, "site_id": request.site_id }));
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
    let user = reread(&server, &caller, &actor, user_id).await?;
    let answer = NewUserAnswer {
        user,
        one_time_password: password,
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}
