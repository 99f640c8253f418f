//! Why a command stops.

use std::path::PathBuf;

/// Every reason, each with what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{program} could not be started: {source}")]
    NotStarted { program: String, source: std::io::Error },
    #[error("`{command}` ended with {status}")]
    Ended { command: String, status: String },
    #[error("{what} {}: {source}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("this machine lacks {}.\n{how}", missing.join(", "))]
    Missing { missing: Vec<String>, how: String },
    #[error("Node.js {needed} or newer is needed and this machine has {found}.\n{how}")]
    OldNode {
        needed: &'static str,
        found: String,
        how: String,
    },
    #[error("{0} steps failed", failed)]
    Steps { failed: usize },
    #[error("{path} is not there, so the interface cannot be built", path = path.display())]
    NoInterface { path: PathBuf },
    #[cfg(target_os = "linux")]
    #[error("the virtual screen: {0}")]
    Stage(#[from] vigie_tests::StageError),
    #[error("a screen is needed: start this in a desktop session")]
    #[cfg(not(target_os = "linux"))]
    NoScreen,
}

impl Failure {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
