//! Commands about impersonations.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::commands::{Answer, Commands, No};
use super::wire::{AskReport, MadeReport};
use crate::oversight::{DocumentError, Month, document, file_name};

/// Makes the report on a month, of all organisations.
pub(super) async fn report(
    State(commands): State<Commands>,
    Json(asked): Json<AskReport>,
) -> Answer<MadeReport> {
    let month: Month = asked
        .month
        .parse()
        .map_err(|error: crate::oversight::MonthError| coded(&error.to_string()))?;
    let made = document(
        commands.store.as_ref(),
        month,
        None,
        asked.language,
        commands.now(),
    )
    .await;
    let report = made.map_err(|error| match error {
        DocumentError::Store(error) => No::from(error),
        DocumentError::NotBegun(_) | DocumentError::Setting(_) => coded(&error.to_string()),
    })?;
    Ok(Json(MadeReport {
        html_name: file_name(month, "html"),
        html: report.html,
        pdf_name: file_name(month, "pdf"),
        pdf: STANDARD.encode(report.pdf),
    }))
}

/// A refusal from a text of the form `code: sentence`.
fn coded(text: &str) -> No {
    match text.split_once(": ") {
        Some((code, message)) => No::new(code, message),
        None => No::new("report_failed", text),
    }
}
