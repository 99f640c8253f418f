//! Programs from PyPI, each in a virtual environment of its own under target/, with every version pinned.

use crate::failure::Failure;
use crate::place::Place;
use crate::program;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the programs of an environment that holds what `requirements` names, a file of exact versions. It is
/// made anew where that file has changed.
pub(crate) fn environment(place: &Place, name: &str, requirements: &Path) -> Result<PathBuf, Failure> {
    let folder = place.root().join("target/python").join(name);
    let programs = folder.join("bin");
    let installed = folder.join("requirements.txt");
    let wanted = std::fs::read_to_string(requirements).map_err(Failure::file("reading", requirements))?;
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    println!(
        "Installing what {} names into {}.",
        requirements.display(),
        folder.display()
    );
    program::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let mut install = Command::new(programs.join("pip"));
    install.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    program::run(install.arg(requirements))?;
    std::fs::write(&installed, wanted).map_err(Failure::file("writing", installed.clone()))?;
    Ok(programs)
}
