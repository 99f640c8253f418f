//! Beginning an impersonation: who may, as whom, from where and why.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::impersonation::{
    ImpersonationGrant, ImpersonationParty, REASON_LEAST, REASON_MOST, StartImpersonationRequest,
};
use store::{BegunImpersonation, ImpersonationRefusal, Impersonator, Membership, NewImpersonation, User};
use uuid::Uuid;

use super::address::allowed;
use super::grant::{Granted, grant};
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::server::Server;

/// Begins to act as somebody else, as only a super admin may. Needs the password again. It ends after two hours, or with the
/// session that asks if that ends before.
#[utoipa::path(
    post,
    path = "/impersonations",
    tag = "impersonation",
    request_body = StartImpersonationRequest,
    responses((status = 200, description = "An access token for the impersonation", body = ImpersonationGrant))
)]
pub(super) async fn begin(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<StartImpersonationRequest>,
) -> Result<axum::Json<ImpersonationGrant>, Failure> {
    let outcome = start(&server, &caller, &request).await;
    if let Err(failure) = &outcome
        && is_denial(failure.code())
    {
        let audit = caller
            .audit("impersonation.denied")
            .target("user", request.user_id)
            .denied()
            .reason(reason(&request.reason).ok().as_deref())
            .detail(serde_json::json!({
                "code": failure.code(),
                "organization_id": request.organization_id,
            }));
        server.store.audit(audit).await?;
    }
    outcome.map(axum::Json)
}

async fn start(
    server: &Server,
    caller: &Caller,
    request: &StartImpersonationRequest,
) -> Result<ImpersonationGrant, Failure> {
    caller.stands_above()?;
    let reason = reason(&request.reason)?;
    caller.confirmed()?;
    let settings = server.store.impersonation_settings().await?;
    allowed(&settings.allowed_networks, &caller.client)?;
    let user = server.store.user(request.user_id).await?;
    let place = user
        .as_ref()
        .and_then(|user| place(user, request.organization_id));
    let of_place = place.map(|membership| membership.organization.id);
    // Nobody's place is none: the store says why.
    let organization_id = request.organization_id.or(of_place).unwrap_or_default();
    let lifetimes = server.store.session_settings(organization_id).await?;
    let session = &caller.identity.session;
    let id = new_id(caller.now);
    let audit = caller
        .audit("impersonation.started")
        .organization(organization_id)
        .session(id)
        .target("session", id)
        .reason(Some(&reason))
        .detail(serde_json::json!({ "impersonator_session_id": session.id }))
        .impersonated(request.user_id);
    let new = NewImpersonation {
        id,
        impersonator: Impersonator {
            user_id: session.user_id,
            session_id: session.id,
        },
        user_id: request.user_id,
        organization_id,
        reason,
        origin: caller.client.origin(),
        now: caller.now,
    };
    let begun = match server.store.begin_impersonation(new, audit).await? {
        BegunImpersonation::Begun(begun) => begun,
        BegunImpersonation::Refused(refusal) => return Err(Failure::new(code(refusal))),
    };
    tracing::warn!(user = %session.user_id, impersonated = %request.user_id, session = %id, "impersonation started");
    let (Some(user), Some(place)) = (&user, place) else {
        return Err(Failure::new(ErrorCode::UserNotFound));
    };
    let granted = Granted {
        session: &begun,
        role: place.role,
        settings: &lifetimes,
        user: ImpersonationParty {
            user_id: user.id,
            username: user.username.clone(),
            display_name: user.display_name.clone(),
        },
        organization_name: place.organization.name.clone(),
    };
    grant(server, granted, caller.now)
}

/// A reason without blanks around it.
fn reason(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let is_plain = |c: char| !c.is_control() || c == '\n';
    if (REASON_LEAST..=REASON_MOST).contains(&text.chars().count()) && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err(Failure::invalid(
            "reason",
            format!("{REASON_LEAST} to {REASON_MOST} characters"),
        ))
    }
}

/// The user's membership in the organisation that is asked for, or the one joined first.
fn place(user: &User, organization_id: Option<Uuid>) -> Option<&Membership> {
    let is_asked =
        |membership: &&Membership| organization_id.is_none_or(|asked| membership.organization.id == asked);
    user.memberships.iter().find(is_asked)
}

const fn code(refusal: ImpersonationRefusal) -> ErrorCode {
    match refusal {
        ImpersonationRefusal::ImpersonatorOver => ErrorCode::SessionRevoked,
        ImpersonationRefusal::Nested => ErrorCode::ForbiddenWhileImpersonating,
        ImpersonationRefusal::AlreadyImpersonating => ErrorCode::AlreadyImpersonating,
        ImpersonationRefusal::NotAbove => ErrorCode::Forbidden,
        ImpersonationRefusal::Oneself => ErrorCode::CannotImpersonateOneself,
        ImpersonationRefusal::UnknownUser => ErrorCode::UserNotFound,
        ImpersonationRefusal::UserAbove => ErrorCode::CannotImpersonateAbove,
        ImpersonationRefusal::UserDisabled => ErrorCode::UserDisabled,
        ImpersonationRefusal::NotAMember => ErrorCode::OrganizationNotFound,
    }
}

/// Whether somebody tried what is not allowed, which is written down. A form that is not filled in, a password that is to be
/// given first and a fault of the server are none of that.
fn is_denial(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Forbidden
            | ErrorCode::ForbiddenWhileImpersonating
            | ErrorCode::AddressNotAllowed
            | ErrorCode::AlreadyImpersonating
            | ErrorCode::CannotImpersonateOneself
            | ErrorCode::CannotImpersonateAbove
            | ErrorCode::UserNotFound
            | ErrorCode::UserDisabled
            | ErrorCode::OrganizationNotFound
    )
}
