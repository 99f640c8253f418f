//! All routes of a server as one axum router, called in process or served over a socket.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, header};
use protocol::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::envelope::{envelope, panicked};
use crate::failure::Failure;
use crate::server::Server;
use crate::{
    activity, admin, alerts, audit, auth, events, health, impersonation, insight, mail, monitoring, openapi,
    sales, session_settings, till_days,
};

/// The router of this server.
pub fn router(server: Server) -> Router {
    let (router, document) = documented();
    let document: Arc<[u8]> = document.into_bytes().into();
    let router = router.route("/openapi.json", get(move || served(Arc::clone(&document))));
    dressed(router, server)
}

/// The OpenAPI document as JSON, indented, with a newline at its end.
pub fn openapi_json() -> String {
    documented().1
}

/// What is the same around every set of routes.
pub(crate) fn dressed(router: Router<Server>, server: Server) -> Router {
    router
        .fallback(|| async { Failure::new(ErrorCode::NotFound) })
        .method_not_allowed_fallback(|| async { Failure::new(ErrorCode::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(server.options.limits.body_bytes))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn_with_state(server.clone(), envelope))
        .with_state(server)
}

fn documented() -> (Router<Server>, String) {
    let v1 = OpenApiRouter::new()
        .merge(auth::routes())
        .merge(activity::routes())
        .merge(events::routes())
        .merge(session_settings::routes())
        .merge(admin::routes())
        .merge(impersonation::routes())
        .merge(monitoring::routes())
        .merge(insight::routes())
        .merge(alerts::routes())
        .merge(audit::routes())
        .merge(mail::settings::routes())
        .merge(sales::routes())
        .merge(till_days::routes());
    let (router, document) = OpenApiRouter::with_openapi(openapi::empty())
        .merge(health::routes())
        .nest("/v1", v1)
        .split_for_parts();
    let mut text = openapi::with_failures(document)
        .to_pretty_json()
        .unwrap_or_default();
    text.push('\n');
    (router, text)
}

async fn served(document: Arc<[u8]>) -> Response {
    let mut response = Bytes::copy_from_slice(&document).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
