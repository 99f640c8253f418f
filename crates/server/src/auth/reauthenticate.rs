//! Giving the password again: what opens the calls that do most harm in the wrong hands, for five minutes.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::Secret;
use protocol::auth::{ReauthenticateRequest, Reauthenticated};

use crate::body::Json;
use crate::caller::{Caller, REAUTHENTICATION_MS};
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::passwords::{LONGEST_BYTES, Match};
use crate::server::Server;

/// Takes the caller's password again. A wrong one is `password_wrong` and ends nothing.
#[utoipa::path(
    post,
    path = "/auth/reauthenticate",
    tag = "auth",
    request_body = ReauthenticateRequest,
    responses((status = 200, description = "Until when it counts", body = Reauthenticated))
)]
pub(super) async fn reauthenticate(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<ReauthenticateRequest>,
) -> Result<axum::Json<Reauthenticated>, Failure> {
    confirm(&server, &caller, &request.password, "password").await?;
    let session = &caller.identity.session;
    let audit = caller
        .audit("session.reauthenticated")
        .target("session", session.id);
    let noted = server
        .store
        .note_reauthentication(session.id, caller.now, audit)
        .await?;
    if !noted {
        return Err(Failure::new(ErrorCode::SessionRevoked));
    }
    Ok(axum::Json(Reauthenticated {
        reauthenticated_until: wire_time(caller.now.saturating_add(REAUTHENTICATION_MS)),
    }))
}

/// Checks the caller's own password, counted by the limits on signing in; a wrong one is written down.
///
/// # Errors
/// [`ErrorCode::PasswordWrong`], [`ErrorCode::RateLimited`], or that the store or the pool cannot be asked.
pub(super) async fn confirm(
    server: &Server,
    caller: &Caller,
    password: &Secret,
    field: &'static str,
) -> Result<(), Failure> {
    if !(1..=LONGEST_BYTES).contains(&password.expose().len()) {
        return Err(Failure::invalid(field, "1 to 1,024 bytes"));
    }
    server
        .login_limit
        .note(&caller.identity.username, caller.client.address())?;
    let user = server.store.user(caller.identity.session.user_id).await?;
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    match server.passwords.check(password, stored).await? {
        Match::Right => Ok(()),
        Match::Wrong => {
            let audit = caller
                .audit("reauthentication.denied")
                .denied()
                .target("user", caller.identity.session.user_id);
            server.store.audit(audit).await?;
            Err(Failure::new(ErrorCode::PasswordWrong).at(field))
        }
    }
}
