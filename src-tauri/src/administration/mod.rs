//! Calls for administrators, each with the operator's access token: the server decides what the role allows.

pub mod alerts;
pub mod audit;
pub mod categories;
pub mod impersonation;
pub mod insight;
pub mod lifetimes;
pub mod organizations;
pub mod people;
pub mod places;
pub mod sessions;

use url::form_urlencoded::Serializer;
use uuid::Uuid;

use crate::view::{UiError, UiErrorCode};

/// A path with those of these parameters that have a value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| {
        let value = value
            .as_deref()
            .map(str::trim)
            .filter(|value| !value.is_empty())?;
        Some((*name, value))
    });
    let query = Serializer::new(String::new()).extend_pairs(given).finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// Reads an id that the screen hands back, ahead of its way into a path.
pub(crate) fn id(text: &str, missing: UiErrorCode) -> Result<Uuid, UiError> {
    Uuid::parse_str(text).map_err(|_| missing.into())
}

#[cfg(test)]
mod calls;
#[cfg(test)]
mod tests {
    use super::{id, with_query};
    use crate::view::UiErrorCode;

    #[test]
    fn a_query_holds_what_was_given_and_nothing_can_step_out_of_it() {
        let text = |value: &str| Some(value.to_owned());
        assert_eq!(
            with_query("/v1/x", &[("after", None), ("search", text("  "))]),
            "/v1/x"
        );
        assert_eq!(
            with_query(
                "/v1/x",
                &[("device", text("Caisse 1&limit=9#é")), ("limit", text("50"))]
            ),
            "/v1/x?device=Caisse+1%26limit%3D9%23%C3%A9&limit=50"
        );
    }

    #[test]
    fn what_is_no_id_is_nothing_that_exists() {
        let error = id("../../auth/logout", UiErrorCode::UserNotFound).unwrap_err();
        assert_eq!(error.code, UiErrorCode::UserNotFound);
    }
}
