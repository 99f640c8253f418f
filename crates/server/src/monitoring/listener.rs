//! A listener that gives figures and nothing else, for those who keep them apart from what clients reach.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::open_metrics;
use super::overseer::Scraper;
use crate::failure::Failure;
use crate::router::dressed;
use crate::server::Server;

/// What it serves.
pub(crate) fn router(server: Server) -> Router {
    dressed(Router::new().route("/metrics", get(metrics)), server)
}

async fn metrics(State(server): State<Server>, _: Scraper) -> Result<Response, Failure> {
    Ok(open_metrics(server.scrapes.text(&server).await?))
}
