//! Where the built programs are.

use crate::StageError;
use std::path::PathBuf;

/// The product's programs, as `cargo xtask` names them to the tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The desktop app, built with the `automation` feature.
    pub app: PathBuf,
    /// The server.
    pub server: PathBuf,
}

impl Binaries {
    /// Finds them: in `VIGIE_BIN_APP` and `VIGIE_BIN_SERVER`, else beside the running test.
    pub fn find() -> Result<Self, StageError> {
        Ok(Self {
            app: find("VIGIE_BIN_APP", "vigie")?,
            server: find("VIGIE_BIN_SERVER", "vigie-server")?,
        })
    }
}

fn find(variable: &'static str, name: &str) -> Result<PathBuf, StageError> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = named.unwrap_or_else(|| beside_this_program().join(name));
    if path.is_file() {
        Ok(path)
    } else {
        Err(StageError::NotBuilt { path, variable })
    }
}

/// The folder of built programs: this one's own, or the one above when this is a test in `deps/`.
fn beside_this_program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().map(PathBuf::from).unwrap_or_default();
    match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().map(PathBuf::from).unwrap_or_default(),
        Some(_) | None => folder,
    }
}
