//! The token pair that login and refresh answer with.

use protocol::Secret;
use protocol::auth::{OrganizationRole, TokenAnswer};
use protocol::settings::SessionSettings;
use store::{Millis, SessionRow};

use crate::access_token::Subject;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::lifetimes::{access_seconds, idle_expires_in, idle_timeout_ms, refresh_in_seconds, seconds_until};
use crate::server::Server;

pub(crate) struct Grant<'a> {
    pub(crate) session: &'a SessionRow,
    pub(crate) role: OrganizationRole,
    pub(crate) settings: &'a SessionSettings,
    pub(crate) refresh_token: Secret,
    pub(crate) now: Millis,
}

pub(crate) fn answer(server: &Server, grant: Grant<'_>) -> Result<TokenAnswer, Failure> {
    let Grant {
        session,
        role,
        settings,
        refresh_token,
        now,
    } = grant;
    let testing = &server.options.testing;
    let subject = Subject {
        user_id: session.user_id,
        session_id: session.id,
        organization_id: session.organization_id,
        role,
        actor: None,
    };
    let expires_in = access_seconds(settings, testing, session, now);
    let idle_ms = idle_timeout_ms(Millis::from(settings.idle_timeout_minutes) * 60_000, testing);
    Ok(TokenAnswer {
        access_token: server
            .access_tokens
            .sign(subject, now, expires_in)
            .map_err(|fault| Failure::internal(&fault))?,
        refresh_token,
        token_type: "Bearer".to_owned(),
        expires_in,
        refresh_in: refresh_in_seconds(expires_in),
        idle_expires_in: idle_expires_in(session, idle_ms, now),
        absolute_expires_in: seconds_until(session.expires_at, now),
        server_time: wire_time(now),
        session_id: session.id,
        generation: session.generation,
    })
}
