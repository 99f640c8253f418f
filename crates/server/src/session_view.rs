//! A live session as its owner and administrators see it.

use protocol::auth::OrganizationRole;
use protocol::session::{AdminSession, SessionSummary};
use store::rotation::over;
use store::{Identity, Millis};
use uuid::Uuid;

use crate::caller::role_of;
use crate::clock::wire_time;
use crate::lifetimes::{idle_expires_at, idle_timeout_ms};
use crate::server::Server;
use crate::user_agent::application;

const MS_PER_MINUTE: Millis = 60 * 1_000;

/// Whether a session lives by this server's own lifetimes too, which a test may shorten.
pub(crate) fn lives(server: &Server, identity: &Identity, now: Millis) -> bool {
    let idle_ms = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
    over(&identity.session, idle_ms, now).is_none()
}

/// The session; `None` where its user belongs to its organisation no more.
pub(crate) fn summary(server: &Server, identity: Identity, current: Uuid) -> Option<SessionSummary> {
    let role = role_of(&identity)?;
    Some(with_role(server, identity, role, current))
}

/// The session with its owner, for an administrator.
pub(crate) fn for_administrator(
    server: &Server,
    identity: Identity,
    current: Uuid,
    now: Millis,
) -> Option<AdminSession> {
    let role = role_of(&identity)?;
    let last_input_at = identity.session.last_input_at;
    let threshold_ms = Millis::from(identity.settings.activity_threshold_minutes) * MS_PER_MINUTE;
    Some(AdminSession {
        user_id: identity.session.user_id,
        username: identity.username.clone(),
        display_name: identity.display_name.clone(),
        last_input_at: wire_time(last_input_at),
        is_active: now.saturating_sub(last_input_at) <= threshold_ms,
        session: with_role(server, identity, role, current),
    })
}

fn with_role(server: &Server, identity: Identity, role: OrganizationRole, current: Uuid) -> SessionSummary {
    let idle_ms = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
    let session = identity.session;
    SessionSummary {
        is_current: session.id == current,
        session_id: session.id,
        organization_id: session.organization_id,
        organization_name: identity.organization_name,
        organization_role: role,
        ip_address: session.origin.ip_address,
        application: application(&session.origin.user_agent),
        user_agent: session.origin.user_agent,
        site_name: identity.site_name,
        idle_expires_at: idle_expires_at(session.device_kind, session.last_input_at, idle_ms).map(wire_time),
        is_bound: session.device_key.is_some(),
        device_name: session.device_name,
        device_kind: session.device_kind,
        created_at: wire_time(session.created_at),
        last_used_at: wire_time(session.last_used_at),
        expires_at: wire_time(session.expires_at),
    }
}
