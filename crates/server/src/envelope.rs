//! What surrounds every route: the request's id and span, the time a call may take, and the form of every failure.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use protocol::ErrorCode;
use protocol::error::{LogLevel, PROBLEM_JSON};
use tracing::Instrument as _;

use crate::client::{Client, REQUEST_ID};
use crate::failure::Failure;
use crate::proof::{self, Endpoint};
use crate::server::Server;

pub(crate) async fn envelope(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let started = server.clock.monotonic();
    let client = Client::of(
        request.extensions(),
        request.headers(),
        &server.options.trusted_proxies,
        server.now(),
    );
    let endpoint = Endpoint::at(request.uri().path());
    let span = tracing::info_span!(
        "call",
        request_id = client.request_id(),
        method = %request.method(),
        path = request.uri().path(),
    );
    let token = if request.headers().contains_key(header::AUTHORIZATION) {
        Token::Shown
    } else {
        Token::NotShown
    };
    request.extensions_mut().insert(client.clone());
    let limit = server.options.limits.call_timeout;
    let mut response = match tokio::time::timeout(limit, next.run(request).instrument(span.clone())).await {
        Ok(response) => response,
        Err(_) => Failure::new(ErrorCode::Timeout).into_response(),
    };
    let _entered = span.entered();
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        log(&failure);
        dress(&mut response, failure, &client, token);
    }
    let elapsed_ms = server.clock.monotonic().saturating_sub(started).as_millis();
    tracing::debug!(status = response.status().as_u16(), elapsed_ms, "answered");
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if endpoint.is_some()
        && let Ok(nonce) = HeaderValue::from_str(&server.proofs.fresh_nonce(server.now()))
    {
        headers.insert(proof::NONCE, nonce);
    }
    if let Ok(id) = HeaderValue::from_str(client.request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// What a handler that panicked answers; the panic's own text stays out of answer and log.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::internal(&"a handler panicked").into_response()
}

fn log(failure: &Failure) {
    let code = failure.code();
    let cause = failure
        .cause
        .as_deref()
        .or(failure.problem.detail.as_deref())
        .unwrap_or("");
    match code.log_level() {
        LogLevel::Debug => tracing::debug!(code = code.as_str(), cause, "refused"),
        LogLevel::Info => tracing::info!(code = code.as_str(), cause, "refused"),
        LogLevel::Warn => tracing::warn!(code = code.as_str(), cause, "refused"),
        LogLevel::Error => tracing::error!(code = code.as_str(), cause, "failed"),
    }
}

/// Whether the call came with a token, good or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Shown,
    NotShown,
}

fn dress(response: &mut Response, failure: Failure, client: &Client, token: Token) {
    let mut problem = failure.problem;
    problem.request_id = Some(client.request_id().to_owned());
    let retry_after = problem.retry_after_seconds;
    let status = problem.status;
    let code = problem.code;
    let Ok(body) = serde_json::to_vec(&problem) else {
        return;
    };
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == 401 {
        challenge(headers, code, token);
    }
}

/// RFC 6750 §3: no error where no token came. RFC 9449 §7.1 for proofs.
fn challenge(headers: &mut HeaderMap, code: ErrorCode, token: Token) {
    let is_plain = code == ErrorCode::InvalidCredentials
        || (code == ErrorCode::LoginRequired && token == Token::NotShown);
    let value = if is_plain {
        r#"Bearer realm="vigie""#
    } else if code == ErrorCode::UseDpopNonce {
        r#"DPoP algs="ES256", error="use_dpop_nonce""#
    } else if matches!(code, ErrorCode::ProofRequired | ErrorCode::ProofInvalid) {
        r#"DPoP algs="ES256", error="invalid_dpop_proof""#
    } else {
        r#"Bearer realm="vigie", error="invalid_token""#
    };
    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
}
