//! What letters by the server itself have in common: times and lengths of time, texts on one line, and the mark that no
//! person wrote them.

use chrono::DateTime;
use chrono_tz::Tz;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use protocol::alert::AlertLanguage;
use store::Millis;

/// A time on the wall of this zone.
pub(crate) fn time(at: Millis, zone: Tz, language: AlertLanguage) -> String {
    let form = match language {
        AlertLanguage::French => "%d/%m/%Y à %H:%M (%Z)",
        AlertLanguage::English => "%Y-%m-%d %H:%M (%Z)",
    };
    DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .with_timezone(&zone)
        .format(form)
        .to_string()
}

/// A length of time in hours and minutes, rounded down; the same in both languages.
pub(crate) fn length(milliseconds: Millis) -> String {
    let minutes = milliseconds.max(0) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// Without anything that could begin a new line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The code of a language as HTML and PDF have it (BCP 47).
pub(crate) const fn language_code(language: AlertLanguage) -> &'static str {
    match language {
        AlertLanguage::French => "fr",
        AlertLanguage::English => "en",
    }
}

/// Says that no person wrote it, so that no absence note answers (RFC 3834).
#[derive(Clone, Debug)]
pub(crate) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn a_length_is_rounded_down_to_minutes() {
        for (milliseconds, text) in [
            (-1, "0 min"),
            (59_999, "0 min"),
            (3_599_999, "59 min"),
            (3_600_000, "1 h 00 min"),
            (7_500_000, "2 h 05 min"),
        ] {
            assert_eq!(length(milliseconds), text);
        }
    }
}
