//! A library that takes the place of the system's syncs and does nothing, for a server whose disk is never waited for.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Doing as _, Failure};

const SOURCE: &str = include_str!("../../peers/no_sync.c");

/// Compiles it into this folder.
pub(crate) fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let folder = folder.canonicalize().doing("finding a folder")?;
    let library = folder.join("libno_sync.so");
    let mut compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-x", "c", "-o"])
        .arg(&library)
        .arg("-")
        .stdin(Stdio::piped())
        .spawn()
        .doing("starting the C compiler")?;
    if let Some(mut input) = compiler.stdin.take() {
        input
            .write_all(SOURCE.as_bytes())
            .doing("compiling the library")?;
    }
    let status = compiler.wait().doing("compiling the library")?;
    if status.success() {
        Ok(library)
    } else {
        Err(Failure::found("compiling the library", status.to_string()))
    }
}
