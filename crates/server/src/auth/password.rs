//! Changing the own password: it ends all other sessions of the account.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::auth::ChangePasswordRequest;
use protocol::session::Revoked;
use store::{NewNotice, NoticeDetail, NoticeKind};
use uuid::Uuid;

use super::reauthenticate::confirm;
use crate::body::Json;
use crate::caller::Newcomer;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::mail::Letter;
use crate::password_rules::{Weakness, judge};
use crate::server::Server;

/// Sets a new password. This session goes on, all others of the account end with `password_changed`.
#[utoipa::path(
    post,
    path = "/auth/password",
    tag = "auth",
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "Changed; how many other sessions ended", body = Revoked))
)]
pub(super) async fn change(
    State(server): State<Server>,
    Newcomer(caller): Newcomer,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<axum::Json<Revoked>, Failure> {
    let identity = &caller.identity;
    confirm(&server, &caller, &request.current_password, "current_password").await?;
    let names = [identity.username.as_str(), &identity.display_name];
    judge(request.new_password.expose(), &names)?;
    if request.new_password.expose() == request.current_password.expose() {
        return Err(Weakness::Same.into());
    }
    let password_hash = server.passwords.hash(&request.new_password).await?;
    let session = &identity.session;
    let audit = caller.audit("password.changed").target("user", session.user_id);
    let revoked = server
        .store
        .set_password(
            session.user_id,
            password_hash,
            false,
            Some(session.id),
            caller.now,
            audit,
        )
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::LoginRequired))?;
    let origin = caller.client.origin();
    let notice = NewNotice {
        id: new_id(caller.now),
        user_id: session.user_id,
        at: caller.now,
        kind: NoticeKind::PasswordChanged,
        detail: NoticeDetail {
            device_name: session.device_name.clone(),
            ip_address: origin.ip_address,
            user_agent: origin.user_agent,
        },
    };
    server.outbox.tell(Letter {
        user_id: notice.user_id,
        at: notice.at,
        kind: notice.kind,
        detail: notice.detail.clone(),
    });
    // The password is changed already: a notice that cannot be added must not make it look as if it were not.
    if let Err(error) = server.store.add_notice(notice).await {
        tracing::error!(cause = %error, user = %session.user_id, "no notice of the changed password");
    }
    tracing::info!(user = %session.user_id, revoked, "password changed");
    Ok(axum::Json(Revoked { revoked }))
}

/// Tells a user by mail that somebody else set the password. Who and from where is for the audit log alone; in the app
/// the one-time password itself is the news.
pub(crate) fn write_of_reset(server: &Server, user_id: Uuid) {
    server.outbox.tell(Letter {
        user_id,
        at: server.now(),
        kind: NoticeKind::PasswordChanged,
        detail: NoticeDetail {
            device_name: String::new(),
            ip_address: String::new(),
            user_agent: String::new(),
        },
    });
}
