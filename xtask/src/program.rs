//! Running other programs.

use crate::failure::Failure;
use std::path::PathBuf;
use std::process::Command;

/// Finds a program on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
}

/// Runs a command with its output on the terminal; an error status is a failure.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| Failure::NotStarted {
        program: name(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Ended {
            command: line(command),
            status: status.to_string(),
        })
    }
}

/// Runs a command that has much to say and keeps it quiet; what it said is shown where it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<(), Failure> {
    let output = command.output().map_err(|source| Failure::NotStarted {
        program: name(command),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Failure::Ended {
        command: line(command),
        status: output.status.to_string(),
    })
}

/// Runs a command and gives its standard output, whatever its status.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|source| Failure::NotStarted {
        program: name(command),
        source,
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as somebody would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
