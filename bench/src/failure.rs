//! Why a figure could not be taken.

use std::error::Error;

/// What went wrong, and while doing what.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub(crate) struct Failure {
    doing: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// A failure of the measurement itself, with what was found.
    pub(crate) fn found(doing: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            source: found.into().into(),
        }
    }
}

/// Says what was being done when something fails.
pub(crate) trait Doing<T> {
    /// Turns the error into a [`Failure`] while doing this.
    fn doing(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            doing: what.to_owned(),
            source: error.into(),
        })
    }
}
