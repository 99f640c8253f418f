//! What is wrong with a configuration.

use std::path::PathBuf;

use figment::Figment;
use figment::error::Kind;
use thiserror::Error;

use super::source::ENVIRONMENT_PREFIX;

/// What is wrong with a configuration, and where.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("config_unreadable: {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("config_syntax: {} is not TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// A key that means nothing.
    #[error("config_unknown_key: `{key}` ({origin}) is no setting; known here: {known}")]
    UnknownKey {
        /// The key, with the table it stands in.
        key: String,
        /// Where it came from.
        origin: String,
        /// The keys that mean something there.
        known: String,
    },
    /// A value that does not fit.
    #[error("config_bad_value: `{key}` is {value} ({origin}); expected {expected}")]
    BadValue {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// Where it came from.
        origin: String,
        /// What would fit.
        expected: String,
    },
    /// A key that another one needs.
    #[error("config_missing_key: `{key}` is missing; expected {expected}")]
    MissingKey {
        /// The key.
        key: String,
        /// What would fit.
        expected: String,
    },
}

/// Where the value of `key` came from.
pub(super) fn origin_of(figment: &Figment, key: &str) -> String {
    let Some(metadata) = figment.find_metadata(key) else {
        return "by default".to_owned();
    };
    described(metadata, key)
}

fn described(metadata: &figment::Metadata, key: &str) -> String {
    if let Some(path) = metadata.source.as_ref().and_then(|source| source.file_path()) {
        return format!("in {}", path.display());
    }
    if metadata.name.contains("environment") {
        return format!(
            "from {ENVIRONMENT_PREFIX}{}",
            key.replace('.', "__").to_uppercase()
        );
    }
    "from the command line".to_owned()
}

/// The value of `key` as it was given.
pub(super) fn value_of(figment: &Figment, key: &str) -> String {
    figment
        .find_value(key)
        .ok()
        .and_then(|value| serde_json::to_string(&value).ok())
        .unwrap_or_else(|| "not given".to_owned())
}

/// A failed extraction as a complaint.
pub(super) fn complaint(figment: &Figment, error: figment::Error) -> ConfigError {
    let mut path = error.path.clone();
    match error.kind {
        Kind::UnknownField(field, known) => {
            if path.last() != Some(&field) {
                path.push(field);
            }
            let key = path.join(".");
            let origin = error
                .metadata
                .as_ref()
                .map_or_else(|| origin_of(figment, &key), |found| described(found, &key));
            ConfigError::UnknownKey {
                origin,
                key,
                known: known.join(", "),
            }
        }
        Kind::MissingField(field) => {
            path.push(field.into_owned());
            ConfigError::MissingKey {
                key: path.join("."),
                expected: "a value".to_owned(),
            }
        }
        Kind::InvalidType(_, expected)
        | Kind::InvalidValue(_, expected)
        | Kind::InvalidLength(_, expected) => bad_value(figment, &path.join("."), in_words(&expected)),
        Kind::UnknownVariant(_, known) => {
            bad_value(figment, &path.join("."), format!("one of {}", known.join(", ")))
        }
        Kind::Message(message) => bad_value(figment, &path.join("."), message),
        Kind::DuplicateField(field) => bad_value(figment, field, "one value, not two".to_owned()),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            bad_value(figment, &path.join("."), "a smaller number".to_owned())
        }
        Kind::Unsupported(_) | Kind::UnsupportedKey(..) => {
            bad_value(figment, &path.join("."), "a plain value".to_owned())
        }
    }
}

/// A type as people say it.
fn in_words(expected: &str) -> &str {
    match expected {
        "u32" => "a whole number from 1",
        "a string" | "path string" => "a text in quotes",
        "a sequence" => "a list in brackets, such as [\"10.0.0.0/8\"]",
        other => other,
    }
}

pub(super) fn bad_value(figment: &Figment, key: &str, expected: impl Into<String>) -> ConfigError {
    ConfigError::BadValue {
        key: key.to_owned(),
        value: value_of(figment, key),
        origin: origin_of(figment, key),
        expected: expected.into(),
    }
}
