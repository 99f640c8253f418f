//! Administration: users, organisations, sites, tills, categories and everybody's sessions.

mod categories;
mod fields;
mod organizations;
mod session_endings;
mod sessions;
mod sites;
mod tills;
mod user_changes;
mod user_view;
mod users;
mod wanted;

pub(crate) use self::fields::Paging;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::one, user_changes::change))
        .routes(routes!(user_changes::join, user_changes::remove))
        .routes(routes!(user_changes::reset_password))
        .routes(routes!(session_endings::of_user))
        .routes(routes!(sessions::list))
        .routes(routes!(session_endings::all))
        .routes(routes!(session_endings::one))
        .routes(routes!(organizations::list, organizations::add))
        .routes(routes!(organizations::change))
        .routes(routes!(session_endings::of_organization))
        .routes(routes!(sites::list, sites::add))
        .routes(routes!(sites::change))
        .routes(routes!(tills::list, tills::add))
        .routes(routes!(tills::change))
        .routes(routes!(categories::list, categories::add))
        .routes(routes!(categories::start))
        .routes(routes!(categories::change))
        .routes(routes!(categories::rearrange))
}
