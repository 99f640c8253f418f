//! The impersonations that last, for super admins.

use axum::extract::State;
use protocol::impersonation::{ImpersonationParty, LiveImpersonation, LiveImpersonationList};

use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;
use crate::user_agent::application;

/// The impersonations that last, the one begun last first. For super admins.
#[utoipa::path(
    get,
    path = "/impersonations",
    tag = "impersonation",
    responses((status = 200, description = "Those that last", body = LiveImpersonationList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<LiveImpersonationList>, Failure> {
    caller.stands_above()?;
    let found = server.store.live_impersonations(caller.now).await?;
    let own = caller.identity.session.user_id;
    Ok(axum::Json(LiveImpersonationList {
        impersonations: found.into_iter().map(|one| wire(one, own)).collect(),
        server_time: wire_time(caller.now),
    }))
}

fn wire(one: store::LiveImpersonation, own: uuid::Uuid) -> LiveImpersonation {
    LiveImpersonation {
        session_id: one.session_id,
        is_own: one.impersonator.user_id == own,
        impersonator: party(one.impersonator),
        user: party(one.user),
        organization_id: one.organization_id,
        organization_name: one.organization_name,
        reason: one.reason,
        device_name: one.device_name,
        ip_address: one.origin.ip_address,
        application: application(&one.origin.user_agent),
        started_at: wire_time(one.started_at),
        expires_at: wire_time(one.expires_at),
    }
}

fn party(party: store::Party) -> ImpersonationParty {
    ImpersonationParty {
        user_id: party.user_id,
        username: party.username,
        display_name: party.display_name,
    }
}
