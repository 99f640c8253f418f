//! `cargo xtask fmt` and `cargo xtask lint`: how the code looks, and what a look at it finds.

use crate::cargo::{TEST_FEATURES, cargo};
use crate::failure::Failure;
use crate::interface;
use crate::packages::Need;
use crate::place::Place;
use crate::program;
use crate::setup;
use crate::steps::{Cost, Steps};
use clap::Args;

/// Options of `cargo xtask fmt`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Change nothing; fail if something would be changed
    #[arg(long)]
    check: bool,
}

/// Options of `cargo xtask lint`.
#[derive(Debug, Args)]
pub(crate) struct LintOptions {}

/// `cargo xtask fmt`.
pub(crate) fn format(place: &Place, options: &Options) -> Result<(), Failure> {
    if options.check {
        return check_format(place);
    }
    program::run(cargo(place).args(["fmt", "--all"]))?;
    if interface::has_script(place, "format") {
        let node = interface::install(place)?;
        program::run(node.npm(&place.interface()).args(["run", "--silent", "format"]))?;
    }
    Ok(())
}

/// `cargo xtask lint`.
pub(crate) fn lint(place: &Place, _options: &LintOptions) -> Result<(), Failure> {
    setup::system(&[Need::Build])?;
    let mut steps = Steps::default();
    steps.step("format", Cost::Cheap, || check_format(place));
    steps.step("interface, types", Cost::Cheap, || check_interface(place));
    steps.step("clippy", Cost::Cheap, || clippy(place));
    steps.finish()
}

/// Fails if a Rust file is not formatted.
pub(crate) fn check_format(place: &Place) -> Result<(), Failure> {
    program::run(cargo(place).args(["fmt", "--all", "--check"]))
}

/// Builds the interface and checks its types and its own lints.
pub(crate) fn check_interface(place: &Place) -> Result<(), Failure> {
    let node = interface::build(place)?;
    for script in ["check", "lint", "format:check"] {
        if interface::has_script(place, script) {
            program::run(node.npm(&place.interface()).args(["run", "--silent", script]))?;
        }
    }
    Ok(())
}

/// Clippy over everything, warnings as errors.
pub(crate) fn clippy(place: &Place) -> Result<(), Failure> {
    interface::build(place)?;
    let mut clippy = cargo(place);
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        TEST_FEATURES,
    ]);
    program::run(clippy.args(["--", "-D", "warnings"]))
}
