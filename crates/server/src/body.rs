//! JSON bodies and queries in, with every way in which one may be wrong told by its code and without repeating what it
//! held.

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use protocol::ErrorCode;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::server::Server;

/// A request's body as `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Server> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Failure> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(Failure::new(ErrorCode::UnsupportedMediaType));
        }
        let bytes = Bytes::from_request(request, server).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let most = server.options.limits.body_bytes;
                Failure::new(ErrorCode::BodyTooLarge).detail(format!("at most {most} bytes"))
            } else {
                Failure::new(ErrorCode::MalformedBody).detail("the body broke off")
            }
        })?;
        // A list would do for a record whose fields may all be absent.
        let opens = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if opens == Some(&b'[') {
            return Err(Failure::new(ErrorCode::MalformedBody).detail("it is a list"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "a field is missing, unknown or of another type",
                serde_json::error::Category::Eof => "it breaks off",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
            };
            Failure::new(ErrorCode::MalformedBody).detail(format!(
                "{what}, at line {} column {}",
                error.line(),
                error.column()
            ))
        })
    }
}

/// What stands behind the `?` as `T`.
pub(crate) struct Queried<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Server> for Queried<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Server) -> Result<Self, Failure> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|_| {
                Failure::invalid(
                    "query",
                    "a name is unknown or twice there, or a value is of another type",
                )
            })
    }
}
