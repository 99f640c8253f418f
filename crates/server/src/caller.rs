//! Who calls: the access token verified, and the session's row read at every request, so that revocation works at once.

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use store::rotation::{Over, over};
use store::session::RevokeReason;
use store::{AuditEntry, Identity, Millis, SessionRow};
use uuid::Uuid;

use crate::access_token::Unacceptable;
use crate::client::{AuditParticulars as _, Client};
use crate::failure::Failure;
use crate::impersonation;
use crate::lifetimes::idle_timeout_ms;
use crate::server::Server;

/// For how long giving the password again counts, in milliseconds.
pub(crate) const REAUTHENTICATION_MS: Millis = 5 * 60 * 1_000;

/// The caller of a route that needs a session, and a password that is the user's own.
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) role: OrganizationRole,
    pub(crate) client: Client,
    pub(crate) now: Millis,
    /// When the access token runs out.
    pub(crate) token_ends_at: Millis,
    /// Who acts as the user, where somebody else does.
    pub(crate) impersonator: Option<Identity>,
}

impl Caller {
    /// An audit entry of this caller: whoever acts as somebody else is the one who did it.
    pub(crate) fn audit(&self, action: &'static str) -> AuditEntry {
        let session = &self.identity.session;
        let entry = AuditEntry {
            device_name: Some(session.device_name.clone()),
            ..self
                .client
                .audit(action, self.now)
                .organization(session.organization_id)
                .session(session.id)
        };
        match &self.impersonator {
            None => entry.actor(session.user_id),
            Some(impersonator) => entry
                .actor(impersonator.session.user_id)
                .impersonated(session.user_id),
        }
    }

    /// Lets those pass who gave their password again not long ago.
    ///
    /// # Errors
    /// [`ErrorCode::ReauthenticationRequired`]
    pub(crate) fn confirmed(&self) -> Result<(), Failure> {
        let since = self
            .identity
            .session
            .reauthenticated_at
            .map(|at| self.now.saturating_sub(at));
        if since.is_some_and(|since| (0..REAUTHENTICATION_MS).contains(&since)) {
            Ok(())
        } else {
            Err(Failure::new(ErrorCode::ReauthenticationRequired))
        }
    }

    /// Lets those pass who stand above all organisations.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`]
    pub(crate) fn stands_above(&self) -> Result<(), Failure> {
        if self.identity.super_admin {
            Ok(())
        } else {
            Err(Failure::new(ErrorCode::Forbidden))
        }
    }

    /// The organisation that the session works in.
    pub(crate) const fn organization_id(&self) -> Uuid {
        self.identity.session.organization_id
    }

    /// Lets managers, administrators and owners pass.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`]
    pub(crate) fn manages(&self) -> Result<(), Failure> {
        if self.role >= OrganizationRole::Manager {
            Ok(())
        } else {
            Err(Failure::new(ErrorCode::Forbidden))
        }
    }

    /// Lets administrators and owners pass.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`]
    pub(crate) fn administers(&self) -> Result<(), Failure> {
        if self.role >= OrganizationRole::Admin {
            Ok(())
        } else {
            Err(Failure::new(ErrorCode::Forbidden))
        }
    }
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        let Newcomer(caller) = Newcomer::from_request_parts(parts, server).await?;
        // Whoever acts as the user neither knows the password nor may change it.
        if caller.identity.one_time_password && caller.impersonator.is_none() {
            return Err(Failure::new(ErrorCode::OneTimePassword));
        }
        Ok(caller)
    }
}

/// The caller of a route that is open as well to whoever signed in with a one-time password.
pub(crate) struct Newcomer(pub(crate) Caller);

impl FromRequestParts<Server> for Newcomer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        let client = Client::from_request_parts(parts, server).await?;
        let now = server.now();
        let token = bearer(parts).ok_or_else(|| Failure::new(ErrorCode::LoginRequired))?;
        let claims = server.access_tokens.verify(token, now).map_err(|unacceptable| {
            Failure::new(match unacceptable {
                Unacceptable::Foreign => ErrorCode::LoginRequired,
                Unacceptable::Expired => ErrorCode::TokenExpired,
            })
        })?;
        let identity = server
            .store
            .identity(claims.sid)
            .await?
            .ok_or_else(|| Failure::new(ErrorCode::LoginRequired))?;
        let role = live(server, &identity, now)?;
        let session = &identity.session;
        if session.user_id != claims.sub {
            return Err(Failure::new(ErrorCode::LoginRequired));
        }
        if session.organization_id != claims.org {
            // The session has moved to another organisation: a refresh brings a token for that one.
            return Err(Failure::new(ErrorCode::TokenExpired));
        }
        let impersonator = impersonation::behind(server, &identity, claims.act, now).await?;
        server.touches.note(session.id, &client, now);
        let caller = Caller {
            identity,
            role,
            client,
            now,
            token_ends_at: claims.exp.saturating_mul(1_000),
            impersonator,
        };
        if caller.impersonator.is_some() {
            impersonation::admit(server, &caller, parts).await?;
        }
        Ok(Self(caller))
    }
}

/// The role of a session that lives.
///
/// # Errors
/// The code that says why it does not.
pub(crate) fn live(server: &Server, identity: &Identity, now: Millis) -> Result<OrganizationRole, Failure> {
    let idle = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
    let session = &identity.session;
    if let Some(over) = over(session, idle, now) {
        return Err(Failure::new(code_for(session, over)));
    }
    if identity.disabled_at.is_some() {
        let over = Over::Revoked(RevokeReason::AccountDisabled);
        return Err(Failure::new(code_for(session, over)));
    }
    role_of(identity).ok_or_else(|| {
        let over = Over::Revoked(RevokeReason::MembershipEnded);
        Failure::new(code_for(session, over)).detail("no longer a member of the organisation")
    })
}

/// The role in the session's organisation: somebody above all organisations is as good as an owner in each.
pub(crate) fn role_of(identity: &Identity) -> Option<OrganizationRole> {
    if identity.super_admin {
        Some(OrganizationRole::Owner)
    } else {
        identity.role
    }
}

/// The code for a way in which this session is over.
pub(crate) const fn code_for(session: &SessionRow, over: Over) -> ErrorCode {
    match session.impersonator {
        None => code_of(over),
        Some(_) => impersonation::code_of(over),
    }
}

/// The code for each way in which a session of one's own is over.
pub(crate) const fn code_of(over: Over) -> ErrorCode {
    match over {
        Over::Revoked(RevokeReason::SignedOut) => ErrorCode::SessionSignedOut,
        Over::Revoked(
            RevokeReason::ByOwner | RevokeReason::ByAdministrator | RevokeReason::MembershipEnded,
        ) => ErrorCode::SessionRevoked,
        Over::Revoked(RevokeReason::DeviceLimit) => ErrorCode::SessionDisplaced,
        Over::Revoked(RevokeReason::PasswordChanged) => ErrorCode::PasswordChanged,
        Over::Revoked(RevokeReason::AccountDisabled) => ErrorCode::AccountDisabled,
        Over::Revoked(RevokeReason::RefreshReused) => ErrorCode::RefreshReused,
        Over::Revoked(
            RevokeReason::ImpersonationStopped
            | RevokeReason::ImpersonationForced
            | RevokeReason::ImpersonatorEnded,
        ) => impersonation::code_of(over),
        Over::Expired => ErrorCode::SessionEnded,
        Over::Idle => ErrorCode::SessionIdle,
    }
}

pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
