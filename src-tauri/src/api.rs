//! The calls that the app itself makes with the operator's access token.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use keeper::{AuthorisedClient, Limits, RequestError};
use protocol::error::Problem;
use protocol::sale::{IDEMPOTENCY_KEY, NewSale};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::refusal::refuses_for_good;
use crate::view::{UiError, UiErrorCode};
use crate::work::NextSale;
use crate::work::sender::{Delivery, SalesOffice};

const JSON: &str = "application/json";

/// Calls `path` without a body and reads the answer.
///
/// # Errors
/// The code for whatever stood in the way.
pub async fn call<T: DeserializeOwned>(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
) -> Result<T, UiError> {
    exchange(client, method, path, Bytes::new()).await
}

/// Calls `path` with a JSON body and reads the answer.
///
/// # Errors
/// The code for whatever stood in the way.
pub async fn call_with<T: DeserializeOwned>(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<T, UiError> {
    let body = serde_json::to_vec(body).map_err(|_| UiErrorCode::Internal)?;
    exchange(client, method, path, body.into()).await
}

/// Calls `path` without a body; what the answer says beyond its success does not matter.
///
/// # Errors
/// The code for whatever stood in the way.
pub async fn call_for_nothing(client: &AuthorisedClient, method: Method, path: &str) -> Result<(), UiError> {
    carry_out(client, method, path, Bytes::new()).await.map(drop)
}

/// Calls `path` with a JSON body; what the answer says beyond its success does not matter.
///
/// # Errors
/// The code for whatever stood in the way.
pub async fn call_with_for_nothing(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<(), UiError> {
    let body = serde_json::to_vec(body).map_err(|_| UiErrorCode::Internal)?;
    carry_out(client, method, path, body.into()).await.map(drop)
}

/// Calls `path` without a body and hands the answer's body on as it is, if it is of the kind that is wanted.
///
/// # Errors
/// The code for whatever stood in the way.
pub async fn call_for_file(
    client: &AuthorisedClient,
    path: &str,
    kind: &str,
    limits: Limits,
) -> Result<Bytes, UiError> {
    let answer = carry_out_within(client, Method::GET, path, Bytes::new(), limits).await?;
    let is_wanted = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim() == kind);
    if is_wanted {
        Ok(answer.into_body())
    } else {
        Err(UiErrorCode::NotVigie.into())
    }
}

async fn exchange<T: DeserializeOwned>(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<T, UiError> {
    let answer = carry_out(client, method, path, body).await?;
    serde_json::from_slice(answer.body()).map_err(|_| UiErrorCode::NotVigie.into())
}

async fn carry_out(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Response<Bytes>, UiError> {
    carry_out_within(client, method, path, body, Limits::WORK).await
}

async fn carry_out_within(
    client: &AuthorisedClient,
    method: Method,
    path: &str,
    body: Bytes,
    limits: Limits,
) -> Result<Response<Bytes>, UiError> {
    let mut request = Request::builder().method(method).uri(path);
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, JSON);
    }
    let request = request.body(body).map_err(|_| UiErrorCode::Internal)?;
    let answer = client.send_within(request, limits).await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(problem_of(&answer).map_or_else(|| UiErrorCode::ServerDown.into(), UiError::from))
}

/// The problem that an answer states; `None` where something other than the server speaks.
fn problem_of(answer: &Response<Bytes>) -> Option<Problem> {
    serde_json::from_slice::<Problem>(answer.body())
        .ok()
        .filter(|problem| problem.status == answer.status().as_u16())
}

/// The server's counter, reached with the operator's access token.
#[derive(Clone)]
pub struct ServerSales(pub AuthorisedClient);

#[async_trait]
impl SalesOffice for ServerSales {
    async fn deliver(&self, sale: &NextSale) -> Delivery {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/v1/sales")
            .header(CONTENT_TYPE, JSON)
            .header(IDEMPOTENCY_KEY, sale.ticket.to_string())
            .body(Bytes::from(sale.body.clone()));
        let Ok(request) = request else {
            return Delivery::Refused(UiErrorCode::Internal.into());
        };
        match self.0.send(request).await {
            Ok(answer) => verdict(&answer),
            Err(RequestError::SignedOut | RequestError::SessionOver(_) | RequestError::Stopped) => {
                Delivery::SessionOver
            }
            Err(
                RequestError::NoToken(_)
                | RequestError::Transport(_)
                | RequestError::NotRepeatable
                | RequestError::ImpersonationOver(_),
            ) => Delivery::Later(None),
        }
    }
}

/// Makes a sale now or not at all: nothing of it waits on this device.
///
/// # Errors
/// Why the server has not taken it, or is not known to have; the same ticket may be sent again.
pub async fn sell_at_once(client: &AuthorisedClient, ticket: Uuid, sale: &NewSale) -> Result<(), UiError> {
    let body = serde_json::to_vec(sale).map_err(|_| UiErrorCode::Internal)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/sales")
        .header(CONTENT_TYPE, JSON)
        .header(IDEMPOTENCY_KEY, ticket.to_string())
        .body(Bytes::from(body))
        .map_err(|_| UiErrorCode::Internal)?;
    let answer = client.send(request).await?;
    match verdict(&answer) {
        Delivery::Acknowledged => Ok(()),
        Delivery::Refused(why) => Err(why),
        Delivery::Later(_) => {
            Err(problem_of(&answer).map_or_else(|| UiErrorCode::ServerDown.into(), UiError::from))
        }
        Delivery::SessionOver => Err(UiErrorCode::SessionOver.into()),
    }
}

fn verdict(answer: &Response<Bytes>) -> Delivery {
    let acknowledged = matches!(answer.status(), StatusCode::OK | StatusCode::CREATED)
        && serde_json::from_slice::<protocol::sale::Sale>(answer.body()).is_ok();
    if acknowledged {
        return Delivery::Acknowledged;
    }
    match problem_of(answer) {
        Some(problem) if refuses_for_good(problem.code) => Delivery::Refused(problem.into()),
        Some(problem) => Delivery::Later(
            problem
                .retry_after_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
        ),
        None => Delivery::Later(None),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use protocol::error::{ErrorCode, Problem};

    use super::verdict;
    use crate::view::UiErrorCode;
    use crate::work::sender::Delivery;

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder()
            .status(status)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    #[test]
    fn only_the_servers_own_receipt_acknowledges_a_sale() {
        let receipt = r#"{"id":"01890000-0000-7000-8000-000000000001","idempotency_key":"01890000-0000-7000-8000-000000000002",
            "operator_id":"01890000-0000-7000-8000-000000000003","total_cents":700,"received_at":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(verdict(&answer(201, receipt)), Delivery::Acknowledged);
        assert_eq!(verdict(&answer(200, receipt)), Delivery::Acknowledged);
        for (status, body) in [
            (200, "<html>Bienvenue sur le Wi-Fi</html>"),
            (200, "{}"),
            (302, ""),
            (204, ""),
        ] {
            assert_eq!(
                verdict(&answer(status, body)),
                Delivery::Later(None),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_refusal_counts_only_when_the_server_states_it() {
        let problem =
            serde_json::to_string(&Problem::new(ErrorCode::ValidationFailed).with_field("note")).unwrap();
        let Delivery::Refused(why) = verdict(&answer(422, &problem)) else {
            panic!("must be refused")
        };
        assert_eq!(
            (why.code, why.subject.as_deref()),
            (UiErrorCode::ValidationFailed, Some("note"))
        );
        assert_eq!(verdict(&answer(422, "no")), Delivery::Later(None));
        assert_eq!(verdict(&answer(403, &problem)), Delivery::Later(None));
    }

    #[test]
    fn a_busy_server_is_asked_again_when_it_wishes() {
        let problem =
            serde_json::to_string(&Problem::new(ErrorCode::ServerBusy).with_retry_after(7)).unwrap();
        assert_eq!(
            verdict(&answer(503, &problem)),
            Delivery::Later(Some(std::time::Duration::from_secs(7)))
        );
    }
}
