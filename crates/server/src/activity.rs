//! The operator's real input, as the client reports it.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::auth::{PingAnswer, PingRequest};
use store::{DeviceReport, Millis};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Json;
use crate::caller::{Caller, Newcomer};
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::insight::plausible;
use crate::lifetimes::{idle_expires_in, idle_timeout_ms, seconds_until};
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(ping))
}

/// Takes note of the operator's input, and of what the client counted since it last said, and answers with the deadlines
/// as they now stand.
#[utoipa::path(
    post,
    path = "/activity/ping",
    tag = "activity",
    request_body = PingRequest,
    responses((status = 200, description = "Noted", body = PingAnswer))
)]
async fn ping(
    State(server): State<Server>,
    Newcomer(caller): Newcomer,
    Json(request): Json<PingRequest>,
) -> Result<axum::Json<PingAnswer>, Failure> {
    let Caller { identity, now, .. } = caller;
    if let Some(report) = &request.report {
        plausible(report)?;
    }
    let age_ms = Millis::from(request.last_input_age_seconds) * 1_000;
    // It lived a moment ago; where it ended in between, the next call says why.
    let session = server
        .store
        .note_input(identity.session.id, age_ms, now)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::SessionRevoked))?;
    if let Some(counted) = request.report {
        server.observed.report(DeviceReport {
            at: now,
            organization_id: session.organization_id,
            site_id: session.site_id,
            device_name: session.device_name.clone(),
            counted,
        });
    }
    let idle_ms = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
    Ok(axum::Json(PingAnswer {
        idle_expires_in: idle_expires_in(&session, idle_ms, now),
        absolute_expires_in: seconds_until(session.expires_at, now),
        server_time: wire_time(now),
    }))
}
