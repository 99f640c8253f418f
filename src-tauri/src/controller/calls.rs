//! Requests that are one call to the server with the operator's access token.

use http::Method;
use keeper::AuthorisedClient;
use protocol::session::{Revoked, SessionList, SessionSummary};
use protocol::settings::SessionSettings;
use serde_json::json;
use uuid::Uuid;

use super::Controller;
use super::request::Reply;
use crate::api;
use crate::view::{Millis, MySession, ServerView, UiError, UiErrorCode};

const SETTINGS: &str = "/v1/admin/settings/session";

impl Controller {
    /// Makes a call beside the loop and hands its answer over.
    fn call<T, F>(&self, reply: Reply<T>, call: impl FnOnce(AuthorisedClient) -> F)
    where
        T: Send + 'static,
        F: Future<Output = Result<T, UiError>> + Send + 'static,
    {
        let Some(keeper) = &self.session.keeper else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let answer = call(keeper.client());
        tokio::spawn(async move { reply.send(answer.await) });
    }

    pub(super) fn my_sessions(&self, reply: Reply<Vec<MySession>>) {
        self.call(reply, |client| async move {
            let list: SessionList = api::call(&client, Method::GET, "/v1/auth/sessions").await?;
            Ok(list.sessions.into_iter().map(my_session).collect())
        });
    }

    pub(super) fn revoke_session(&self, session_id: &str, reply: Reply<u32>) {
        let Ok(id) = Uuid::parse_str(session_id) else {
            return drop(reply.send(Err(UiErrorCode::SessionNotFound.into())));
        };
        self.call(reply, move |client| async move {
            let path = format!("/v1/auth/sessions/{id}/revoke");
            api::call(&client, Method::POST, &path)
                .await
                .map(|Revoked { revoked }| revoked)
        });
    }

    pub(super) fn revoke_other_sessions(&self, reply: Reply<u32>) {
        self.call(reply, |client| async move {
            let answer = api::call(&client, Method::POST, "/v1/auth/sessions/revoke-others").await;
            answer.map(|Revoked { revoked }| revoked)
        });
    }

    pub(super) fn session_settings(&self, reply: Reply<SessionSettings>) {
        self.call(reply, |client| async move {
            api::call(&client, Method::GET, SETTINGS).await
        });
    }

    pub(super) fn put_session_settings(&self, settings: SessionSettings, reply: Reply<SessionSettings>) {
        self.call(reply, move |client| async move {
            api::call_with(&client, Method::PUT, SETTINGS, &json!(settings)).await
        });
    }

    pub(super) fn test_server(&self, server: ServerView, ca_file: Option<String>, reply: Reply<()>) {
        let reach = self.reach.clone();
        tokio::spawn(async move { reply.send(reach.test(&server, ca_file.as_deref()).await) });
    }
}

fn my_session(session: SessionSummary) -> MySession {
    MySession {
        session_id: session.session_id.to_string(),
        organization_name: session.organization_name,
        role: session.organization_role,
        ip_address: session.ip_address,
        device_name: session.device_name,
        device_kind: session.device_kind,
        user_agent: session.user_agent,
        created_at_ms: Millis::from_epoch_ms(session.created_at.timestamp_millis()),
        last_used_at_ms: Millis::from_epoch_ms(session.last_used_at.timestamp_millis()),
        expires_at_ms: Millis::from_epoch_ms(session.expires_at.timestamp_millis()),
        is_current: session.is_current,
    }
}
