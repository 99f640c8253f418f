//! Whether the server lives and can work, and the public half of its keys.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use protocol::health::{Health, SERVICE, StoreState};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::STORE_RETRY_SECONDS;
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(keys))
}

/// Says that this is a Vigie server and that it lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "Alive", body = Health)),
    security(())
)]
async fn alive() -> axum::Json<Health> {
    axum::Json(health(None))
}

/// Says whether the store reads and writes.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "The store cannot be asked just now", body = Health)
    ),
    security(())
)]
async fn ready(State(server): State<Server>) -> Response {
    match server.store.ping().await {
        Ok(()) => axum::Json(health(Some(StoreState::Ready))).into_response(),
        Err(error) => {
            tracing::error!(cause = %error, "not ready");
            let mut response = (
                StatusCode::SERVICE_UNAVAILABLE,
                axum::Json(health(Some(StoreState::Unavailable))),
            )
                .into_response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(STORE_RETRY_SECONDS));
            response
        }
    }
}

/// The public keys that verify access tokens (RFC 7517).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "health",
    responses((status = 200, description = "A JSON Web Key Set", body = Object)),
    security(())
)]
async fn keys(State(server): State<Server>) -> Response {
    let mut response = axum::Json(server.access_tokens.published()).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}

fn health(store: Option<StoreState>) -> Health {
    Health {
        service: SERVICE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store,
    }
}
