//! The whole server's figures for programs: OpenMetrics for Prometheus, at a route and on a listener of its own.

mod exposition;
pub(crate) mod listener;
mod overseer;
mod scrape;
mod scrape_token;
mod site_labels;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::overseer::Overseer;
pub(crate) use self::scrape::Scrapes;
pub use self::scrape_token::{LEAST_CHARACTERS, NoScrapeToken, ScrapeToken};
use crate::failure::Failure;
use crate::server::Server;

/// The media type of OpenMetrics text (OpenMetrics 1.0, "Text format").
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(prometheus))
}

/// The counters and gauges of the whole server, in the text form of OpenMetrics 1.0. For a super admin, or with the
/// scrape token.
#[utoipa::path(
    get,
    path = "/monitoring/sessions/metrics/prometheus",
    tag = "monitoring",
    responses((
        status = 200,
        description = "OpenMetrics text; at most a second old",
        body = String,
        content_type = "application/openmetrics-text"
    ))
)]
async fn prometheus(State(server): State<Server>, _: Overseer) -> Result<Response, Failure> {
    Ok(open_metrics(server.scrapes.text(&server).await?))
}

fn open_metrics(text: Bytes) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
    response
}
