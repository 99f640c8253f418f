//! A month's report as it leaves the server: as HTML, as text and as PDF.

use protocol::alert::AlertLanguage;
use store::{Millis, Store, StoreError};
use thiserror::Error;
use uuid::Uuid;

use super::figures::Figures;
use super::gathering::gather;
use super::month::Month;
use super::page::{html, text};
use super::sheet::sheet;
use super::type_setting::SettingError;
use super::watchers::manner_of;
use super::words::words;

/// Why there is no report.
#[derive(Debug, Error)]
pub(crate) enum DocumentError {
    /// The month has not begun.
    #[error("month_not_begun: {0} has not begun")]
    NotBegun(Month),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no PDF of it.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its title.
    pub(crate) title: String,
    /// As a page.
    pub(crate) html: String,
    /// As plain text.
    pub(crate) text: String,
    /// As a file to print.
    pub(crate) pdf: Vec<u8>,
}

/// The report on a month: of these organisations or of all, in this language or the one that they set.
///
/// # Errors
/// See [`DocumentError`].
pub(crate) async fn document(
    store: &dyn Store,
    month: Month,
    organization_ids: Option<&[Uuid]>,
    language: Option<AlertLanguage>,
    now: Millis,
) -> Result<Document, DocumentError> {
    let manner = manner_of(store, organization_ids).await?;
    if month.span(manner.zone).0 > now {
        return Err(DocumentError::NotBegun(month));
    }
    let figures = gather(store, month, manner.zone, organization_ids, now).await?;
    let language = language.unwrap_or(manner.language);
    let made = tokio::task::spawn_blocking(move || written(&figures, language)).await;
    made.unwrap_or_else(|error| Err(SettingError::Pdf(error.to_string()).into()))
}

fn written(figures: &Figures, language: AlertLanguage) -> Result<Document, DocumentError> {
    let words = words(language);
    Ok(Document {
        title: words.title(figures.month),
        html: html(figures, words),
        text: text(figures, words),
        pdf: sheet(figures, words)?,
    })
}
