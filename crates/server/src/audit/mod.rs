//! The audit log: read by administrators, sealed every second into a signed chain, checked and shortened by rule.

pub mod chain_check;
mod export;
mod groups;
mod heads;
mod heads_call;
mod list;
mod options;
mod record;
mod retention;
mod sealing;
pub mod signing;
mod wanted;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::groups::ACTIONS;
pub use self::heads::{Head, HeadsFileError, read_heads};
pub(crate) use self::heads_call::{EVERY as HEADS_POSTED_EVERY, PostedHeads, call};
pub use self::heads_call::{HeadsSecret, HeadsWebhook};
pub use self::options::{AuditOptions, HEADS_FILE};
pub(crate) use self::record::texts;
pub use self::retention::shorten;
pub(crate) use self::sealing::keep;
pub use self::sealing::{SealingError, seal_waiting};
use crate::server::Server;

/// The routes of administrators.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(export::export))
}
