//! Sorts an answer before its meaning is read: the server's own word, or somebody else's.

use http::StatusCode;
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use keeper_core::{Span, Trouble};
use protocol::ErrorCode;
use serde_json::{Map, Value};

use super::Reply;
use super::json;

/// The longest pause that is believed, in seconds: one hour.
const LONGEST_WAIT_SECONDS: u64 = 3_600;

/// What an answer is.
pub(super) enum Kind {
    /// 200 to 204 with a JSON object.
    Good(Map<String, Value>),
    /// An error in the server's own words: JSON with a code of this product and that code's own status.
    Problem(ErrorCode, Map<String, Value>),
    /// Something else.
    Other(Trouble),
}

/// Sorts an answer.
pub(super) fn kind(reply: &Reply<'_>) -> Kind {
    let status = reply.status;
    let declared = reply
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let media = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_json = media == "application/json" || media.ends_with("+json");
    let body = if is_json { json::object(reply.body) } else { None };
    if let Some(map) = body {
        if status.is_success() {
            return Kind::Good(map);
        }
        let code = json::text(&map, "code").and_then(|code| code.parse::<ErrorCode>().ok());
        if let Some(code) = code.filter(|code| code.status() == status.as_u16()) {
            return Kind::Problem(code, map);
        }
        return Kind::Other(by_status(status, Trouble::NotTheServer));
    }
    Kind::Other(match (status.is_success(), is_json) {
        (true, true) => Trouble::Malformed,
        (true, false) => Trouble::NotTheServer,
        (false, _) => by_status(status, Trouble::NotTheServer),
    })
}

fn by_status(status: StatusCode, otherwise: Trouble) -> Trouble {
    match status.as_u16() {
        429 => Trouble::RateLimited,
        511 => Trouble::NotTheServer,
        408 | 425 | 500..=599 => Trouble::ServerDown,
        _ => otherwise,
    }
}

/// The pause that the server asks for: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), or the field
/// `retry_after_seconds` of its error. At most one hour is believed. A date is held against the answer's own `Date`,
/// and against this device's wall clock only where there is none.
pub(super) fn retry_after(reply: &Reply<'_>) -> Option<Span> {
    let header = reply
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .map(str::trim);
    let seconds = header
        .and_then(|text| text.parse::<u64>().ok().or_else(|| until(reply, text)))
        .or_else(|| {
            let map = json::object(reply.body)?;
            map.get("retry_after_seconds")?.as_u64()
        })?;
    Some(Span::from_secs(seconds.min(LONGEST_WAIT_SECONDS)))
}

fn until(reply: &Reply<'_>, date: &str) -> Option<u64> {
    let then = httpdate::parse_http_date(date).ok()?;
    let now = reply
        .headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .or_else(|| {
            let ms = u64::try_from(reply.wall_ms).ok()?;
            std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_millis(ms))
        })?;
    Some(then.duration_since(now).map_or(0, |wait| wait.as_secs()))
}
