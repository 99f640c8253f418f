//! Signing in, staying signed in and signing out.

mod login;
mod logout;
mod me;
mod notices;
mod organization;
mod password;
mod reauthenticate;
mod refresh;
mod sessions;
mod sign_in_letters;
mod tokens;
mod wrong_device;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::Server;

pub(crate) use login::normalized;
pub(crate) use password::write_of_reset;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(organization::list))
        .routes(routes!(organization::switch))
        .routes(routes!(reauthenticate::reauthenticate))
        .routes(routes!(password::change))
        .routes(routes!(notices::list))
        .routes(routes!(notices::seen))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(sessions::revoke_others))
}
