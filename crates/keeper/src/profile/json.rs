//! Reading untrusted JSON: only whole bodies, only the expected types, within bounds.

use keeper_core::Span;
use serde_json::{Map, Value};

/// The longest life that is believed: ten years.
const LONGEST_SECONDS: u64 = 10 * 366 * 86_400;
/// The longest token that is believed.
const LONGEST_TOKEN: usize = 64 << 10;

/// The body as a JSON object; `None` if it is anything else.
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Some(map),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            None
        }
    }
}

/// What a field holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// It is missing or null.
    Absent,
    /// A value of the right type and within bounds.
    Is(T),
    /// Something else.
    Wrong,
}

/// A positive number of whole seconds. Fractions are rounded down; a number written as a text is taken, since some
/// servers write it so (RFC 6749 §5.1 wants a number); anything beyond ten years is wrong.
pub(super) fn seconds(map: &Map<String, Value>, name: &str) -> Field<Span> {
    let number = match map.get(name) {
        None | Some(Value::Null) => return Field::Absent,
        Some(Value::Number(number)) => whole(number),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    match number {
        Some(seconds @ 1..=LONGEST_SECONDS) => Field::Is(Span::from_secs(seconds)),
        Some(_) | None => Field::Wrong,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked, and the fraction is meant to be lost"
)]
fn whole(number: &serde_json::Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        (float >= 1.0 && float <= LONGEST_SECONDS as f64).then_some(float as u64)
    })
}

/// A text that can be a token: not empty, printable ASCII without blanks.
pub(super) fn token<'a>(map: &'a Map<String, Value>, name: &str) -> Field<&'a str> {
    match map.get(name) {
        None | Some(Value::Null) => Field::Absent,
        Some(Value::String(text)) => {
            let sound =
                !text.is_empty() && text.len() <= LONGEST_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
            if sound { Field::Is(text) } else { Field::Wrong }
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Field::Wrong,
    }
}

/// A whole number of at most 32 bits.
pub(super) fn count(map: &Map<String, Value>, name: &str) -> Field<u32> {
    match map.get(name) {
        None | Some(Value::Null) => Field::Absent,
        Some(value) => value
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .map_or(Field::Wrong, Field::Is),
    }
}

/// Any text.
pub(super) fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use keeper_core::Span;
    use serde_json::json;

    use super::{Field, object, seconds, token};

    #[test]
    fn lives_are_whole_positive_and_bounded() {
        let cases = [
            (json!(1), Field::Is(Span::from_secs(1))),
            (json!(28_800), Field::Is(Span::from_secs(28_800))),
            (json!(2.9), Field::Is(Span::from_secs(2))),
            (json!("900"), Field::Is(Span::from_secs(900))),
            (json!(null), Field::Absent),
            (json!(0), Field::Wrong),
            (json!(-1), Field::Wrong),
            (json!(0.5), Field::Wrong),
            (json!("soon"), Field::Wrong),
            (json!("-5"), Field::Wrong),
            (json!(""), Field::Wrong),
            (json!(true), Field::Wrong),
            (json!([900]), Field::Wrong),
            (json!(1e300), Field::Wrong),
            (json!(u64::MAX), Field::Wrong),
            (json!(400_000_000_u64), Field::Wrong),
        ];
        for (value, expected) in cases {
            let map = object(json!({ "expires_in": value }).to_string().as_bytes()).unwrap();
            assert_eq!(seconds(&map, "expires_in"), expected, "{value}");
        }
    }

    #[test]
    fn a_token_is_printable_and_has_no_blanks() {
        for (value, sound) in [
            (json!("abc.DEF-1_2~"), true),
            (json!(""), false),
            (json!("a b"), false),
            (json!("a\r\nb"), false),
            (json!("é"), false),
            (json!(5), false),
            (json!({"a": 1}), false),
        ] {
            let map = object(json!({ "t": value }).to_string().as_bytes()).unwrap();
            assert_eq!(matches!(token(&map, "t"), Field::Is(_)), sound, "{value}");
        }
    }

    #[test]
    fn only_a_whole_object_is_read() {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "\"x\"",
            "<html></html>",
            "{\"a\":1} trailing",
            "{\"a\":1",
            "\u{feff}{}",
        ] {
            assert!(object(body.as_bytes()).is_none(), "{body}");
        }
    }
}
