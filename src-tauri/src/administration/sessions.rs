//! Everybody's live sessions.

use http::Method;
use keeper::AuthorisedClient;
use protocol::session::{AdminSession, AdminSessionList, Revoked};

use super::{id, with_query};
use crate::api;
use crate::sessions::my_session;
use crate::view::administration::{LiveSession, SessionPage, SessionQuery};
use crate::view::{Millis, UiError, UiErrorCode};

/// Sessions on a page: what a screen takes in.
const PAGE: u32 = 50;

/// The live sessions that fit, a page of them.
///
/// # Errors
/// Whatever stood in the way.
pub async fn live(client: &AuthorisedClient, query: SessionQuery) -> Result<SessionPage, UiError> {
    let path = with_query(
        "/v1/admin/sessions",
        &[
            ("organization_id", query.organization_id),
            ("user_id", query.user_id),
            ("site_id", query.site_id),
            ("ip_address", query.ip_address),
            ("device", query.device),
            (
                "idle_minutes",
                query.idle_minutes.map(|minutes| minutes.to_string()),
            ),
            ("after", query.after),
            ("limit", Some(PAGE.to_string())),
        ],
    );
    let list: AdminSessionList = api::call(client, Method::GET, &path).await?;
    Ok(SessionPage {
        sessions: list.sessions.into_iter().map(live_session).collect(),
        next: list.next,
    })
}

fn live_session(session: AdminSession) -> LiveSession {
    LiveSession {
        user_id: session.user_id.to_string(),
        username: session.username,
        display_name: session.display_name,
        last_input_at_ms: Millis::from_epoch_ms(session.last_input_at.timestamp_millis()),
        is_active: session.is_active,
        session: my_session(session.session),
    }
}

/// Ends one session.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke(client: &AuthorisedClient, session_id: &str) -> Result<u32, UiError> {
    let id = id(session_id, UiErrorCode::SessionNotFound)?;
    post(client, &format!("/v1/admin/sessions/{id}/revoke")).await
}

/// Ends a person's sessions.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke_of_person(client: &AuthorisedClient, user_id: &str) -> Result<u32, UiError> {
    let id = id(user_id, UiErrorCode::UserNotFound)?;
    post(client, &format!("/v1/admin/users/{id}/revoke-sessions")).await
}

/// Ends an organisation's sessions.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke_of_organization(
    client: &AuthorisedClient,
    organization_id: &str,
) -> Result<u32, UiError> {
    let id = id(organization_id, UiErrorCode::OrganizationNotFound)?;
    post(client, &format!("/v1/admin/organizations/{id}/revoke-sessions")).await
}

/// Ends every session of the server but this one.
///
/// # Errors
/// Whatever stood in the way.
pub async fn revoke_all(client: &AuthorisedClient) -> Result<u32, UiError> {
    post(client, "/v1/admin/sessions/revoke-all").await
}

async fn post(client: &AuthorisedClient, path: &str) -> Result<u32, UiError> {
    api::call(client, Method::POST, path)
        .await
        .map(|Revoked { revoked }| revoked)
}
