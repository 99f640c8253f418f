//! Calls about the operator's own account: sessions, organisations, password, security notices.

use http::Method;
use keeper::AuthorisedClient;
use protocol::Secret;
use protocol::auth::{
    ChangePasswordRequest, OwnOrganization as Membership, OwnOrganizationList, ReauthenticateRequest,
};
use protocol::notice::{SecurityNotice as Told, SecurityNoticeList};
use protocol::session::{Revoked, SessionList, SessionSummary};
use uuid::Uuid;

use crate::api;
use crate::view::{
    Millis, MySession, OwnOrganization, Reauthenticated, SecurityNotice, UiError, UiErrorCode,
};

/// The operator's own live sessions.
///
/// # Errors
/// Whatever stood in the way.
pub async fn mine(client: &AuthorisedClient) -> Result<Vec<MySession>, UiError> {
    let list: SessionList = api::call(client, Method::GET, "/v1/auth/sessions").await?;
    Ok(list.sessions.into_iter().map(my_session).collect())
}

/// Ends one of them.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke(client: &AuthorisedClient, session_id: &str) -> Result<u32, UiError> {
    let id = Uuid::parse_str(session_id).map_err(|_| UiErrorCode::SessionNotFound)?;
    api::call(client, Method::POST, &format!("/v1/auth/sessions/{id}/revoke"))
        .await
        .map(|Revoked { revoked }| revoked)
}

/// Ends all but this one.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke_others(client: &AuthorisedClient) -> Result<u32, UiError> {
    api::call(client, Method::POST, "/v1/auth/sessions/revoke-others")
        .await
        .map(|Revoked { revoked }| revoked)
}

/// Gives the password again.
///
/// # Errors
/// [`UiErrorCode::PasswordWrong`], or whatever stood in the way.
pub async fn reauthenticate(client: &AuthorisedClient, password: Secret) -> Result<Reauthenticated, UiError> {
    let request = ReauthenticateRequest { password };
    let answer: protocol::auth::Reauthenticated =
        api::call_with(client, Method::POST, "/v1/auth/reauthenticate", &request).await?;
    Ok(Reauthenticated {
        until_ms: millis(answer.reauthenticated_until),
    })
}

/// Changes the password.
///
/// # Errors
/// [`UiErrorCode::PasswordWrong`], [`UiErrorCode::WeakPassword`], or whatever stood in the way.
pub async fn change_password(
    client: &AuthorisedClient,
    current_password: Secret,
    new_password: Secret,
) -> Result<(), UiError> {
    let request = ChangePasswordRequest {
        current_password,
        new_password,
    };
    api::call_with_for_nothing(client, Method::POST, "/v1/auth/password", &request).await
}

/// The organisations the operator may work in.
///
/// # Errors
/// Whatever stood in the way.
pub async fn organizations(client: &AuthorisedClient) -> Result<Vec<OwnOrganization>, UiError> {
    let list: OwnOrganizationList = api::call(client, Method::GET, "/v1/auth/organizations").await?;
    Ok(list.organizations.into_iter().map(own_organization).collect())
}

/// What the operator should know of and has not put away.
///
/// # Errors
/// Whatever stood in the way.
pub async fn notices(client: &AuthorisedClient) -> Result<Vec<SecurityNotice>, UiError> {
    let list: SecurityNoticeList = api::call(client, Method::GET, "/v1/auth/notices").await?;
    Ok(list.notices.into_iter().map(notice).collect())
}

/// Puts one away.
///
/// # Errors
/// Whatever stood in the way.
pub async fn put_notice_away(client: &AuthorisedClient, id: Uuid) -> Result<(), UiError> {
    api::call_for_nothing(client, Method::POST, &format!("/v1/auth/notices/{id}/seen")).await
}

/// A session as the screen shows it.
pub fn my_session(session: SessionSummary) -> MySession {
    MySession {
        session_id: session.session_id.to_string(),
        organization_name: session.organization_name,
        role: session.organization_role,
        site_name: session.site_name,
        ip_address: session.ip_address,
        device_name: session.device_name,
        device_kind: session.device_kind,
        application: session.application.unwrap_or_default(),
        created_at_ms: millis(session.created_at),
        last_used_at_ms: millis(session.last_used_at),
        expires_at_ms: millis(session.expires_at),
        idle_end_ms: session.idle_expires_at.map(millis),
        is_bound: session.is_bound,
        is_current: session.is_current,
    }
}

fn own_organization(membership: Membership) -> OwnOrganization {
    OwnOrganization {
        organization_id: membership.organization_id.to_string(),
        name: membership.name,
        role: membership.role,
        site_name: membership.site_name,
        is_current: membership.is_current,
    }
}

fn notice(told: Told) -> SecurityNotice {
    SecurityNotice {
        id: told.id.to_string(),
        kind: told.kind,
        at_ms: millis(told.at),
        device_name: told.device_name,
        ip_address: told.ip_address,
        application: told.application,
    }
}

fn millis(moment: chrono::DateTime<chrono::Utc>) -> Millis {
    Millis::from_epoch_ms(moment.timestamp_millis())
}
