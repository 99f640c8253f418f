//! Everybody's impersonations, for super admins: those that last, forcing one to stop, and under what conditions there are any.

use http::Method;
use keeper::AuthorisedClient;
use protocol::impersonation::{
    ImpersonationParty, ImpersonationSettings, LiveImpersonation as Live, LiveImpersonationList,
};

use super::id;
use crate::api;
use crate::view::impersonation::{ImpersonationPerson, LiveImpersonation};
use crate::view::{Millis, UiError, UiErrorCode};

const SETTINGS: &str = "/v1/admin/settings/impersonation";

/// Those that last, the one begun last first, with their times on the clock that reads `now_ms`.
///
/// # Errors
/// Whatever stood in the way.
pub async fn live(client: &AuthorisedClient, now_ms: i64) -> Result<Vec<LiveImpersonation>, UiError> {
    let list: LiveImpersonationList = api::call(client, Method::GET, "/v1/impersonations").await?;
    let ahead_ms = now_ms.saturating_sub(list.server_time.timestamp_millis());
    let shown = list.impersonations.into_iter().map(|one| shown(one, ahead_ms));
    Ok(shown.collect())
}

/// Forces one to stop: it is effective on its next request.
///
/// # Errors
/// [`UiErrorCode::ReauthenticationRequired`], or whatever stood in the way.
pub async fn force_stop(client: &AuthorisedClient, session_id: &str) -> Result<(), UiError> {
    let id = id(session_id, UiErrorCode::ImpersonationOver)?;
    let path = format!("/v1/impersonations/{id}/force-stop");
    api::call_for_nothing(client, Method::POST, &path).await
}

/// Under what conditions there are impersonations.
///
/// # Errors
/// Whatever stood in the way.
pub async fn settings(client: &AuthorisedClient) -> Result<ImpersonationSettings, UiError> {
    api::call(client, Method::GET, SETTINGS).await
}

/// Sets them.
///
/// # Errors
/// [`UiErrorCode::ReauthenticationRequired`], or whatever stood in the way.
pub async fn put_settings(
    client: &AuthorisedClient,
    settings: &ImpersonationSettings,
) -> Result<ImpersonationSettings, UiError> {
    api::call_with(client, Method::PUT, SETTINGS, settings).await
}

fn shown(one: Live, ahead_ms: i64) -> LiveImpersonation {
    let here = |at: chrono::DateTime<chrono::Utc>| {
        Millis::from_epoch_ms(at.timestamp_millis().saturating_add(ahead_ms))
    };
    LiveImpersonation {
        session_id: one.session_id.to_string(),
        impersonator: person(one.impersonator),
        user: person(one.user),
        organization_id: one.organization_id.to_string(),
        organization_name: one.organization_name,
        reason: one.reason,
        device_name: one.device_name,
        ip_address: one.ip_address,
        application: one.application,
        started_ms: here(one.started_at),
        ends_ms: here(one.expires_at),
        is_own: one.is_own,
    }
}

fn person(party: ImpersonationParty) -> ImpersonationPerson {
    ImpersonationPerson {
        user_id: party.user_id.to_string(),
        username: party.username,
        display_name: party.display_name,
    }
}
