//! Where the project's parts lie on this machine.

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// The folders that commands work in.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
    target: PathBuf,
}

impl Place {
    pub(crate) fn find() -> Result<Self, Failure> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = own.canonicalize().map_err(Failure::file("finding", &own))?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(named) => root.join(named),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The project's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The interface's sources.
    pub(crate) fn interface(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// What commands leave for people to look at: pictures, figures, data of the demonstration.
    pub(crate) fn out(&self) -> PathBuf {
        self.root.join("out")
    }

    /// What this program remembers between two calls, and the tools that it fetched.
    pub(crate) fn own(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// A built program.
    pub(crate) fn built(&self, profile: Profile, name: &str) -> PathBuf {
        let folder = match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        self.target
            .join(folder)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// How cargo builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run.
    Release,
}
