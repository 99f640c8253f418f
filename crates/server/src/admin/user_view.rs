//! Users as administrators see them, and finding one that the caller may see.

use protocol::ErrorCode;
use protocol::administration::{UserDetail, UserMembership, UserSummary};
use store::directory::User;
use uuid::Uuid;

use super::fields::id;
use crate::authority::{Act, Person, Standing, allowed, may};
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;

/// The caller with all places in organisations.
///
/// # Errors
/// Where the store cannot be asked.
pub(super) async fn actor(server: &Server, caller: &Caller) -> Result<Person, Failure> {
    let user = server.store.user(caller.identity.session.user_id).await?;
    user.map(|user| Person::of(&user))
        .ok_or_else(|| Failure::new(ErrorCode::LoginRequired))
}

/// The user whom a path names, if the caller may see that one.
///
/// # Errors
/// [`ErrorCode::UserNotFound`], [`ErrorCode::Forbidden`]
pub(super) async fn subject(
    server: &Server,
    caller: &Caller,
    actor: &Person,
    text: &str,
) -> Result<User, Failure> {
    caller.administers()?;
    let user_id = id(text, ErrorCode::UserNotFound)?;
    let user = server
        .store
        .user(user_id)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::UserNotFound))?;
    may(actor, caller.organization_id(), Act::See, &Person::of(&user))?;
    Ok(user)
}

/// The user as the caller may see it.
pub(super) fn detail(user: User, actor: &Person, organization_id: Uuid) -> UserDetail {
    let allowed = allowed(actor, organization_id, &Person::of(&user));
    let here = user
        .memberships
        .iter()
        .find(|membership| membership.organization.id == organization_id);
    let summary = UserSummary {
        user_id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        role: here.map(|membership| membership.role),
        site_id: here.and_then(|membership| membership.site.as_ref().map(|site| site.id)),
        site_name: here.and_then(|membership| membership.site.as_ref().map(|site| site.name.clone())),
        super_admin: user.super_admin,
        disabled_at: user.disabled_at.map(wire_time),
        last_sign_in_at: user.last_sign_in_at.map(wire_time),
    };
    let is_told = |id: Uuid| match actor.standing {
        Standing::Above => true,
        Standing::Within => id == organization_id,
    };
    UserDetail {
        user: summary,
        must_change_password: user.one_time_password,
        memberships: user
            .memberships
            .into_iter()
            .filter(|membership| is_told(membership.organization.id))
            .map(|membership| UserMembership {
                organization_id: membership.organization.id,
                organization_name: membership.organization.name,
                role: membership.role,
                site_id: membership.site.as_ref().map(|site| site.id),
                site_name: membership.site.map(|site| site.name),
            })
            .collect(),
        allowed,
    }
}

/// The user after a change, read again.
///
/// # Errors
/// Where the store cannot be asked.
pub(super) async fn reread(
    server: &Server,
    caller: &Caller,
    actor: &Person,
    user_id: Uuid,
) -> Result<UserDetail, Failure> {
    let user = server
        .store
        .user(user_id)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::UserNotFound))?;
    Ok(detail(user, actor, caller.organization_id()))
}
