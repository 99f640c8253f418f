//! Why the stage could not be set, or did not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

/// Everything that can go wrong around the product, each with enough to act on.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A program is not installed or may not be started.
    #[error("{program} could not be started: {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{command} ended with {status}: {said}")]
    Ended {
        /// The whole command line.
        command: String,
        /// How it ended.
        status: String,
        /// What it wrote to its error output.
        said: String,
    },
    /// Something expected did not come in time.
    #[error("{what} did not happen within {waited:?}{last}")]
    TooLate {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// What was seen last, as a suffix; may be empty.
        last: String,
    },
    /// A file or a socket.
    #[error("{what} ({}): {source}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program answered in a form that was not expected.
    #[error("{program} answered what nobody expected: {answer}")]
    Unexpected {
        /// The program.
        program: &'static str,
        /// What it answered.
        answer: String,
    },
    /// The driver of the window.
    #[cfg(feature = "product")]
    #[error("the window did not do as asked ({doing}): {source}")]
    Window {
        /// What was asked of it.
        doing: String,
        /// What the driver said.
        source: Box<thirtyfour::error::WebDriverError>,
    },
    /// Programs that a package of the system brings.
    #[error(
        "{programs} are not installed: install the package `{package}` (its service need not run), or name their folder \
         in {variable}"
    )]
    NotInstalled {
        /// The programs.
        programs: &'static str,
        /// The package that has them.
        package: &'static str,
        /// The environment variable that names their folder.
        variable: &'static str,
    },
    /// A program that has to be built first.
    #[error("{} is not there: build it first, or name it in {variable}", path.display())]
    NotBuilt {
        /// Where it was looked for.
        path: PathBuf,
        /// The environment variable that names it.
        variable: &'static str,
    },
}

impl StageError {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
