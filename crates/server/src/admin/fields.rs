//! What the fields of administration may hold.

use protocol::ErrorCode;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::failure::Failure;

/// Which page of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
}

/// A name on one line, without blanks around it.
///
/// # Errors
/// A value out of its range.
pub(super) fn name(field: &'static str, text: &str, most: usize) -> Result<String, Failure> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Failure::invalid(
            field,
            format!("1 to {most} characters on one line"),
        ))
    }
}

/// An organisation's short name.
///
/// # Errors
/// A value out of its range.
pub(super) fn slug(text: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(Failure::invalid(
            "slug",
            "1 to 64 lower case letters, digits and hyphens",
        ))
    }
}

/// An id in a path: one that is none is as unknown as one that does not exist.
///
/// # Errors
/// The code given.
pub(super) fn id(text: &str, unknown: ErrorCode) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::new(unknown))
}

/// Where the store knows no such reference, the code for it; any other fault as it is.
pub(super) fn unknown_reference(error: store::StoreError, code: ErrorCode, field: &'static str) -> Failure {
    if matches!(error, store::StoreError::UnknownReference(_)) {
        Failure::new(code).at(field)
    } else {
        error.into()
    }
}
