//! Alerts: what is the matter with sessions is looked for every minute, noted once, and told by mail and webhook.

mod evaluation;
mod judging;
mod letter;
mod list;
mod opening;
mod reach;
mod sending;
mod settings;
mod trial;
mod webhook;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::evaluation::look;
pub(crate) use self::evaluation::watch;
pub(crate) use self::sending::send;
pub use self::sending::send_waiting;
pub use self::webhook::WebhookError;
pub(crate) use self::webhook::{CallFault, Webhooks};
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(list::list))
        .routes(routes!(trial::test))
}
