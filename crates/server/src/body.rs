//! JSON bodies and queries in, with every way in which one may be wrong told by its code and without repeating what it
//! held.

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use protocol::ErrorCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
        read(&bytes).map(Self).map_err(|error| {
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

/// Reads a body. JSON knows one kind of number: where a whole one is written as 3.0 it is taken for 3.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|error| {
        let Some(plain) = serde_json::from_slice(bytes).ok().and_then(with_plain_integers) else {
            return Err(error);
        };
        // The first error knows the line; the second does not.
        serde_json::from_value(plain).map_err(|_| error)
    })
}

/// The largest magnitude up to which a double holds every whole number.
const EXACT_UP_TO: f64 = 9_007_199_254_740_992.0;

/// The same value with its whole numbers as integers; `None` where there was nothing to change.
fn with_plain_integers(mut value: Value) -> Option<Value> {
    plain_integers(&mut value).then_some(value)
}

fn plain_integers(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_UP_TO => {
                *number = (float as i64).into();
                true
            }
            Some(_) | None => false,
        },
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |changed, item| plain_integers(item) | changed),
        Value::Object(fields) => fields
            .values_mut()
            .fold(false, |changed, field| plain_integers(field) | changed),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use protocol::auth::PingRequest;

    use super::read;

    fn age(body: &str) -> Option<u32> {
        read::<PingRequest>(body.as_bytes())
            .ok()
            .map(|ping| ping.last_input_age_seconds)
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for body in ["3", "3.0", "3e0", "0.3e1"] {
            let body = format!(r#"{{"last_input_age_seconds": {body}}}"#);
            assert_eq!(age(&body), Some(3), "{body}");
        }
    }

    #[test]
    fn what_is_no_whole_number_of_the_range_is_refused() {
        for body in [
            "3.5",
            "-1",
            "-1.0",
            "4294967296",
            "4294967296.0",
            "1e300",
            "\"3\"",
            "null",
        ] {
            let body = format!(r#"{{"last_input_age_seconds": {body}}}"#);
            assert_eq!(age(&body), None, "{body}");
        }
    }
}
