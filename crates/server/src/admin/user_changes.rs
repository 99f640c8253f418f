//! Changes of users: names, roles, sites, memberships, passwords, and whether an account can sign in.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{MembershipRequest, OneTimePasswordAnswer, UserChange, UserDetail};
use protocol::session::Revoked;

use super::fields::{name, unknown_reference};
use super::user_view::{actor, reread, subject};
use crate::auth::write_of_reset;
use crate::authority::{Act, Person, may};
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::passwords::one_time_password;
use crate::server::Server;

/// Changes a user. Role, account state and standing need the password again.
#[utoipa::path(
    patch,
    path = "/admin/users/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    request_body = UserChange,
    responses((status = 200, description = "The user as it now is", body = UserDetail))
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Json(change): Json<UserChange>,
) -> Result<axum::Json<UserDetail>, Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &id).await?;
    let organization_id = caller.organization_id();
    let person = Person::of(&user);
    let here = user
        .memberships
        .iter()
        .find(|membership| membership.organization.id == organization_id);
    let display_name = change
        .display_name
        .map(|text| name("display_name", &text, 128))
        .transpose()?
        .filter(|text| *text != user.display_name);
    let place = match (change.role, change.site_id) {
        (None, None) => None,
        (role, site_id) => {
            let here = here.ok_or_else(|| {
                Failure::invalid("role", "the user is no member of the current organisation")
            })?;
            let site_before = here.site.as_ref().map(|site| site.id);
            let to = (role.unwrap_or(here.role), site_id.unwrap_or(site_before));
            Some(to).filter(|to| *to != (here.role, site_before))
        }
    };
    let disabled = change
        .disabled
        .filter(|disabled| *disabled != user.disabled_at.is_some());
    let super_admin = change
        .super_admin
        .filter(|super_admin| *super_admin != user.super_admin);

    // All that is asked for is allowed, or nothing of it is done.
    let check = |act| may(&actor, organization_id, act, &person);
    if display_name.is_some() {
        check(Act::Rename)?;
    }
    if let Some((role, _)) = place {
        check(Act::Place(role))?;
        if here.is_some_and(|here| here.role != role) {
            caller.confirmed()?;
        }
    }
    if disabled.is_some() {
        check(Act::Disable)?;
        caller.confirmed()?;
    }
    if super_admin.is_some() {
        check(Act::Promote)?;
        caller.confirmed()?;
    }

    let audit = |action| caller.audit(action).target("user", user.id);
    if let Some((role, site_id)) = place {
        let before = here.map(|here| (here.role, here.site.as_ref().map(|site| site.id)));
        let placed = |(role, site_id)| serde_json::json!({ "role": role, "site_id": site_id });
        let (before, after) = (serde_json::json!(before.map(placed)), placed((role, site_id)));
        let audit = audit("membership.changed")
            .changed(&before, &after)
            .detail(serde_json::json!({ "before": before, "after": after }));
        server
            .store
            .put_membership(user.id, organization_id, role, site_id, audit)
            .await
            .map_err(|error| unknown_reference(error, ErrorCode::SiteNotFound, "site_id"))?;
    }
    let switched = |field: &str, on: bool| {
        (
            serde_json::json!({ field: !on }),
            serde_json::json!({ field: on }),
        )
    };
    match disabled {
        Some(true) => {
            let (before, after) = switched("disabled", true);
            let audit = audit("user.disabled").changed(&before, &after);
            let ended = server.store.disable_user(user.id, caller.now, audit).await?;
            tracing::info!(user = %user.id, ended, "account disabled");
        }
        Some(false) => {
            let (before, after) = switched("disabled", false);
            let audit = audit("user.enabled").changed(&before, &after);
            server.store.enable_user(user.id, audit).await?;
        }
        None => {}
    }
    if let Some(super_admin) = super_admin {
        let action = if super_admin {
            "user.promoted"
        } else {
            "user.demoted"
        };
        let (before, after) = switched("super_admin", super_admin);
        let audit = audit(action).changed(&before, &after);
        server.store.set_super_admin(user.id, super_admin, audit).await?;
    }
    // What an organisation's last owner may not lose is refused above: a name is given only where all else was.
    if let Some(display_name) = display_name {
        let audit = audit("user.renamed").changed(
            &serde_json::json!({ "display_name": user.display_name }),
            &serde_json::json!({ "display_name": display_name }),
        );
        server.store.rename_user(user.id, display_name, audit).await?;
    }
    reread(&server, &caller, &actor, user.id).await.map(axum::Json)
}

/// Makes a user of another organisation a member of the current one, as only a super admin may. Needs the password again.
#[utoipa::path(
    put,
    path = "/admin/users/{id}/membership",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    request_body = MembershipRequest,
    responses((status = 200, description = "The user as it now is", body = UserDetail))
)]
pub(super) async fn join(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<MembershipRequest>,
) -> Result<axum::Json<UserDetail>, Failure> {
    caller.stands_above()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &id).await?;
    let organization_id = caller.organization_id();
    let act = Act::Place(request.role);
    may(&actor, organization_id, act, &Person::of(&user))?;
    caller.confirmed()?;
    let audit = caller
        .audit("membership.added")
        .target("user", user.id)
        .changed(
            &serde_json::Value::Null,
            &serde_json::json!({ "role": request.role, "site_id": request.site_id }),
        )
        .detail(serde_json::json!({ "role": request.role, "site_id": request.site_id }));
    server
        .store
        .put_membership(user.id, organization_id, request.role, request.site_id, audit)
        .await
        .map_err(|error| unknown_reference(error, ErrorCode::SiteNotFound, "site_id"))?;
    reread(&server, &caller, &actor, user.id).await.map(axum::Json)
}

/// Ends a user's membership in the current organisation, and the sessions that work in it. Needs the password again.
#[utoipa::path(
    delete,
    path = "/admin/users/{id}/membership",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "Ended, and how many sessions with it", body = Revoked))
)]
pub(super) async fn remove(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &id).await?;
    let organization_id = caller.organization_id();
    may(&actor, organization_id, Act::Remove, &Person::of(&user))?;
    caller.confirmed()?;
    let audit = caller.audit("membership.removed").target("user", user.id);
    let revoked = server
        .store
        .remove_membership(user.id, organization_id, caller.now, audit)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::UserNotFound))?;
    Ok(axum::Json(Revoked { revoked }))
}

/// Gives a user a password for one use, which is in this answer and nowhere else, and ends all of the user's sessions. Needs
/// the password again.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/password",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 201, description = "Made", body = OneTimePasswordAnswer))
)]
pub(super) async fn reset_password(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<OneTimePasswordAnswer>), Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &id).await?;
    may(
        &actor,
        caller.organization_id(),
        Act::ResetPassword,
        &Person::of(&user),
    )?;
    caller.confirmed()?;
    let password = one_time_password().map_err(|fault| Failure::internal(&fault))?;
    let password_hash = server.passwords.hash(&password).await?;
    let audit = caller.audit("password.reset").target("user", user.id);
    let revoked = server
        .store
        .set_password(user.id, password_hash, true, None, caller.now, audit)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::UserNotFound))?;
    write_of_reset(&server, user.id);
    tracing::info!(user = %user.id, revoked, "password reset");
    let answer = OneTimePasswordAnswer {
        one_time_password: password,
        revoked,
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}
