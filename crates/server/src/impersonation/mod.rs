//! Impersonation: a super admin at work as somebody else, with every call written down and what would do harm refused.

mod address;
mod begin;
mod board;
mod calls;
mod ending;
mod grant;
mod noting;
mod settings;
mod standing;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::Server;

pub use calls::{CALLS, Permission, permission};
pub(crate) use noting::note;
pub(crate) use standing::{admit, behind, code_of};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(board::list, begin::begin))
        .routes(routes!(grant::token))
        .routes(routes!(ending::stop))
        .routes(routes!(ending::force_stop))
        .routes(routes!(settings::get, settings::put))
}
