//! Whether somebody may act as another just now: looked up at every such call, so that an end is effective on the next one.

use axum::extract::MatchedPath;
use http::request::Parts;
use protocol::ErrorCode;
use store::rotation::Over;
use store::{Identity, Millis, RevokeReason};

use super::calls::{Permission, permission};
use crate::access_token::Actor;
use crate::caller::{Caller, live};
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

/// The code for each way in which an impersonation is over. None of them is a 401: nobody's own session is over by it.
pub(crate) const fn code_of(over: Over) -> ErrorCode {
    match over {
        Over::Revoked(RevokeReason::ImpersonationStopped) => ErrorCode::ImpersonationStopped,
        Over::Revoked(RevokeReason::ImpersonationForced) => ErrorCode::ImpersonationForced,
        Over::Revoked(
            RevokeReason::SignedOut
            | RevokeReason::ByOwner
            | RevokeReason::ByAdministrator
            | RevokeReason::AccountDisabled
            | RevokeReason::RefreshReused
            | RevokeReason::DeviceLimit
            | RevokeReason::PasswordChanged
            | RevokeReason::MembershipEnded
            | RevokeReason::ImpersonatorEnded,
        )
        | Over::Idle => ErrorCode::ImpersonationEnded,
        Over::Expired => ErrorCode::ImpersonationExpired,
    }
}

/// Who stands behind the session, where it is an impersonation: a second look-up, for those alone.
///
/// # Errors
/// [`ErrorCode::ImpersonationEnded`] where that one's own session is over or stands above all organisations no more, and
/// [`ErrorCode::LoginRequired`] where token and session disagree.
pub(crate) async fn behind(
    server: &Server,
    identity: &Identity,
    actor: Option<Actor>,
    now: Millis,
) -> Result<Option<Identity>, Failure> {
    let (by, actor) = match (identity.session.impersonator, actor) {
        (None, None) => return Ok(None),
        (Some(by), Some(actor)) => (by, actor),
        (None, Some(_)) | (Some(_), None) => return Err(Failure::new(ErrorCode::LoginRequired)),
    };
    if (by.user_id, by.session_id) != (actor.sub, actor.sid) {
        return Err(Failure::new(ErrorCode::LoginRequired));
    }
    let over = || Failure::new(ErrorCode::ImpersonationEnded);
    let impersonator = server.store.identity(by.session_id).await?.ok_or_else(over)?;
    live(server, &impersonator, now).map_err(|failure| over().because(&failure.code()))?;
    let is_able = impersonator.super_admin && !impersonator.one_time_password;
    if !is_able || impersonator.session.user_id != by.user_id || identity.super_admin {
        return Err(over());
    }
    Ok(Some(impersonator))
}

/// Lets a call of somebody who acts as another pass once it is written down; one that is forbidden is written down and
/// refused. Without the audit log there is no call.
///
/// # Errors
/// [`ErrorCode::ForbiddenWhileImpersonating`], or that the store cannot be asked.
pub(crate) async fn admit(server: &Server, caller: &Caller, parts: &Parts) -> Result<(), Failure> {
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .map_or_else(|| parts.uri.path(), MatchedPath::as_str);
    let permission = permission(&parts.method, route);
    let audit = match permission {
        Permission::Allowed => caller.audit("impersonation.called"),
        Permission::Forbidden => caller.audit("impersonation.refused").denied(),
    }
    .detail(serde_json::json!({ "method": parts.method.as_str(), "path": route }));
    server.store.audit(audit).await?;
    match permission {
        Permission::Allowed => Ok(()),
        Permission::Forbidden => Err(Failure::new(ErrorCode::ForbiddenWhileImpersonating)),
    }
}
