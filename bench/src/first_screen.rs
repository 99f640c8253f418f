//! What the first screen loads, compressed, as the interface's own script counts it.

use std::process::{Command, Stdio};

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::root;
use crate::report::Report;

/// 60 KiB.
const PROMISED_BYTES: f64 = 60.0 * 1024.0;
/// The figure of the script that the promise is about: scripts and styles together.
const WHOLE: &str = "first_screen_gzip";

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    let output = Command::new("npm")
        .args(["run", "--silent", "size"])
        .current_dir(root().join("ui"))
        .stderr(Stdio::inherit())
        .output()
        .doing("running the interface's size script")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures: Vec<(&str, f64)> = said.lines().filter_map(figure).collect();
    if !output.status.success() || !figures.iter().any(|(name, _)| *name == WHOLE) {
        return Err(Failure::found("running the interface's size script", said));
    }
    report.say("size: scripts and styles that index.html loads before anything is asked for, gzip level 9");
    for (name, bytes) in figures {
        let target = (name == WHOLE).then_some(Target::AtMost(PROMISED_BYTES));
        report.figure(name, bytes, "bytes", target);
    }
    Ok(())
}

/// Reads `name value bytes`.
fn figure(line: &str) -> Option<(&str, f64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [name, value, "bytes"] => Some((name, value.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn only_figures_in_bytes_are_taken() {
        assert_eq!(
            figure("first_screen_gzip 61234 bytes"),
            Some(("first_screen_gzip", 61_234.0))
        );
        assert_eq!(figure("first_screen_gzip many bytes"), None);
        assert_eq!(figure("hello"), None);
    }
}
