//! What happens to sessions: noted in memory at each refresh and sign-in, written beside the calls, and shown in figures.

mod devices;
mod errors;
mod export;
mod metrics;
mod observed;
mod range;
mod watched;
mod writing;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::Server;

pub(crate) use devices::plausible;
pub(crate) use observed::Observed;
pub(crate) use watched::{WatchedLogin, WatchedRefresh};
pub(crate) use writing::{Writing, forget, record};

/// The routes of administrators.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(metrics::of_organization))
        .routes(routes!(export::export))
        .routes(routes!(errors::list))
        .routes(routes!(devices::list))
        .routes(routes!(metrics::of_server))
}
