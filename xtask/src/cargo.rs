//! Calling cargo from a program that cargo runs.

use crate::place::{Place, Profile};
use std::process::Command;

/// What tests need in the programs they drive, and what no released program has.
pub(crate) const TEST_FEATURES: &str = "vigie/automation,vigie/failpoints,server/demo";
/// What the smoke test and the measurements need: the product as it is handed out, and a window that can be driven.
pub(crate) const SMOKE_FEATURES: &str = "vigie/automation";
/// What the demonstration needs.
pub(crate) const DEMO_FEATURES: &str = "vigie/demo";

/// A cargo command at the project's root, without the variables that cargo set for this program: they would make
/// build scripts run again.
pub(crate) fn cargo(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name == "CARGO_CRATE_NAME"
        });
        if ours {
            command.env_remove(name);
        }
    }
    command.current_dir(place.root());
    command
}

/// Builds every program of the workspace with these features, always in the same form so that nothing is built twice.
pub(crate) fn build_all(place: &Place, profile: Profile, features: &str) -> Command {
    build(place, profile, features, &["--bins"])
}

/// Builds these programs in the form of [`build_all`], which leaves out what only the others want.
pub(crate) fn build_programs(place: &Place, profile: Profile, features: &str, programs: &[&str]) -> Command {
    let chosen: Vec<_> = programs.iter().flat_map(|name| ["--bin", name]).collect();
    build(place, profile, features, &chosen)
}

fn build(place: &Place, profile: Profile, features: &str, chosen: &[&str]) -> Command {
    let mut command = cargo(place);
    command.args(["build", "--workspace", "--features", features]);
    command.args(chosen);
    match profile {
        Profile::Dev => {}
        Profile::Release => {
            command.arg("--release");
        }
    }
    command
}
