//! What stands in `ops/` for people with Prometheus, Alertmanager and Grafana: each file by the tool that reads it.

use crate::failure::Failure;
use crate::node::node;
use crate::place::Place;
use crate::{interface, program};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether the tools for it are here.
pub(crate) fn has_tools() -> bool {
    ["promtool", "amtool"]
        .iter()
        .all(|name| program::find(name).is_some())
}

/// Tries the rules by their unit tests, the examples by their tools, and the dashboards by the types of Grafana's schema.
pub(crate) fn check(place: &Place) -> Result<(), Failure> {
    let ops = place.root().join("ops");
    let prometheus = ops.join("prometheus");
    program::run(promtool("check", "rules").args(files(&prometheus, ".rules.yml")?))?;
    program::run(promtool("test", "rules").args(files(&prometheus.join("tests"), ".test.yml")?))?;
    let mut config = promtool("check", "config");
    // The token file is on the machine that Prometheus runs on.
    config.arg("--syntax-only").arg(prometheus.join("prometheus.yml"));
    program::run(&mut config)?;
    let alertmanager = ops.join("alertmanager/alertmanager.yml");
    program::run(Command::new("amtool").arg("check-config").arg(alertmanager))?;

    let node = node(place)?;
    let folder = ops.join("grafana/check");
    let stamp = place.own().join("grafana-package-lock.json");
    interface::install_in(&node, &folder, &stamp, "the types of Grafana's schema")?;
    program::run(node.npm(&folder).args(["run", "--silent", "check"]))
}

fn promtool(verb: &str, what: &str) -> Command {
    let mut command = Command::new("promtool");
    command.args([verb, what]);
    command
}

/// The files of a folder with this ending, in the order of their names; at least one.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let listed = std::fs::read_dir(folder).map_err(Failure::file("listing", folder))?;
    let mut found: Vec<PathBuf> = listed
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    if found.is_empty() {
        let nothing = std::io::Error::new(std::io::ErrorKind::NotFound, format!("no *{ending}"));
        return Err(Failure::file("listing", folder)(nothing));
    }
    Ok(found)
}
