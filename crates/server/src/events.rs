//! Live events of the caller's own session, as server-sent events: hints that something changed, on which nothing hangs.

mod listening;
mod streams;

use axum::extract::State;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue};
use protocol::ErrorCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::listening::Listening;
pub(crate) use self::streams::EventStreams;
use crate::caller::{Newcomer, live};
use crate::failure::Failure;
use crate::server::Server;

/// Tells nginx to pass events on as they come.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Tells what changes for the caller's session until it ends or the access token runs out.
///
/// `session_ended` with `{session_id, code}`, `settings_changed`, `categories_changed`, `organization_changed`, `notice` with `{id, kind}`,
/// `alerts_changed` for administrators, `impersonations_changed` for super admins, and a comment line every 15 seconds. An event is a hint; what holds is what the other calls answer.
#[utoipa::path(
    get,
    path = "/events",
    tag = "sessions",
    responses((status = 200, description = "Events as they happen", body = String, content_type = "text/event-stream"))
)]
async fn events(State(server): State<Server>, Newcomer(caller): Newcomer) -> Result<Response, Failure> {
    let session_id = caller.identity.session.id;
    let place = server.event_streams.place(session_id)?;
    // First listen, then look: what happens in between is heard.
    let changes = server.store.changes();
    let identity = server
        .store
        .identity(session_id)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::LoginRequired))?;
    live(&server, &identity, caller.now)?;
    if identity.session.organization_id != caller.identity.session.organization_id {
        return Err(Failure::new(ErrorCode::TokenExpired));
    }
    let heartbeat = server.options.limits.event_heartbeat;
    let stream = Listening::new(server, &caller, identity.session, changes, place).into_stream();
    let mut response = Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(heartbeat))
        .into_response();
    response.headers_mut().extend([NO_BUFFERING]);
    Ok(response)
}
