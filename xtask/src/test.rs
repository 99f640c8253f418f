//! `cargo xtask test`: everything that must be green, in one go, from a fresh clone on a bare machine.

use crate::cargo::{TEST_FEATURES, build_all, cargo};
use crate::failure::Failure;
use crate::format::{check_format, check_interface, clippy};
use crate::packages::Need;
use crate::place::{Place, Profile};
use crate::steps::{Cost, Steps};
use crate::{interface, monitoring, program, python, setup, smoke};
use clap::{Args, ValueEnum};
use std::process::Command;

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run these steps alone; the set-up always runs
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Step>,
    /// Leave these steps out
    #[arg(long, value_enum, value_delimiter = ',')]
    without: Vec<Step>,
}

/// What `cargo xtask test` goes through, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Rust files are formatted
    Format,
    /// The interface: build, types, component and accessibility tests
    Interface,
    /// Rules, examples and dashboards for Prometheus, Alertmanager and Grafana
    Monitoring,
    /// Clippy without a warning
    Clippy,
    /// Unit, property, model and conformance tests
    Unit,
    /// The examples in the documentation
    Doc,
    /// Licences, sources and banned crates; left out where cargo-deny is not installed
    Deny,
    /// The real window on a desktop of its own, with networks that are cut
    EndToEnd,
    /// The release build as an operator meets it, step by step
    Smoke,
}

impl Options {
    fn wants(&self, step: Step) -> bool {
        (self.only.is_empty() || self.only.contains(&step)) && !self.without.contains(&step)
    }
}

/// `cargo xtask test`.
pub(crate) fn test(place: &Place, options: &Options) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let ready = steps.step("set-up", Cost::Cheap, || {
        setup::system(&[Need::Build, Need::Run, Need::Desktop, Need::Test])?;
        interface::build(place)
    });
    if ready.is_none() {
        return steps.finish();
    }
    if options.wants(Step::Format) {
        steps.step("format", Cost::Cheap, || check_format(place));
    }
    if options.wants(Step::Interface) {
        steps.step("interface", Cost::Cheap, || {
            check_interface(place)?;
            interface_tests(place)
        });
    }
    if options.wants(Step::Monitoring) {
        if monitoring::has_tools() {
            steps.step("monitoring", Cost::Cheap, || monitoring::check(place));
        } else {
            steps.leave_out("monitoring", "promtool and amtool are not installed");
        }
    }
    if options.wants(Step::Clippy) {
        steps.step("clippy", Cost::Cheap, || clippy(place));
    }
    let rust = [Step::Unit, Step::Doc, Step::EndToEnd]
        .into_iter()
        .any(|step| options.wants(step));
    let built = rust
        && steps
            .step("build", Cost::Cheap, || {
                program::run(&mut build_all(place, Profile::Dev, TEST_FEATURES))
            })
            .is_some();
    if built && options.wants(Step::Unit) {
        steps.step("unit", Cost::Cheap, || rust_tests(place, Part::Unit));
    }
    if built && options.wants(Step::Doc) {
        steps.step("doc", Cost::Cheap, || {
            program::run(cargo(place).args([
                "test",
                "--doc",
                "--workspace",
                "--quiet",
                "--features",
                TEST_FEATURES,
            ]))
        });
    }
    if options.wants(Step::Deny) {
        deny(place, &mut steps);
    }
    if built && options.wants(Step::EndToEnd) {
        steps.step("end to end", Cost::Cheap, || rust_tests(place, Part::EndToEnd));
    }
    if options.wants(Step::Smoke) {
        steps.step("smoke", Cost::Dear, || smoke::run(place));
    }
    steps.finish()
}

fn interface_tests(place: &Place) -> Result<(), Failure> {
    let node = interface::install(place)?;
    program::run(node.npm(&place.interface()).args(["run", "--silent", "test"]))
}

fn deny(place: &Place, steps: &mut Steps) {
    if program::find("cargo-deny").is_some() {
        steps.step("deny", Cost::Cheap, || {
            program::run(cargo(place).args(["deny", "check", "bans", "licenses", "sources"]))
        });
    } else {
        steps.leave_out(
            "deny",
            "cargo-deny is not installed (`cargo install --locked cargo-deny`)",
        );
    }
}

/// The version of cargo-nextest that is installed where there is none.
const NEXTEST: &str = "0.9.143";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Unit,
    EndToEnd,
}

/// The Rust tests of one part, each in a process of its own; always over the whole workspace, so that both parts use the
/// same build.
fn rust_tests(place: &Place, part: Part) -> Result<(), Failure> {
    let mut tests = nextest(place)?;
    tests.args([
        "nextest",
        "run",
        "--workspace",
        "--features",
        TEST_FEATURES,
        "--no-fail-fast",
        "--show-progress",
        "none",
        "--status-level",
        "slow",
        "--final-status-level",
        "flaky",
    ]);
    tests.args(match part {
        Part::Unit => ["--filterset", "not package(vigie-tests)"],
        Part::EndToEnd => ["--filterset", "package(vigie-tests)"],
    });
    if part == Part::EndToEnd {
        let requirements = place.root().join("tests/requirements.txt");
        let schemathesis = python::environment(place, "tests", &requirements)?.join("schemathesis");
        tests.env("VIGIE_BIN_SCHEMATHESIS", schemathesis);
    }
    program::run(with_programs(place, &mut tests, Profile::Dev))
}

/// Cargo with cargo-nextest at hand. Tests that set the environment up for a keychain of their own need a process of
/// their own, which `cargo test` does not give.
fn nextest(place: &Place) -> Result<Command, Failure> {
    let mut command = cargo(place);
    if program::find("cargo-nextest").is_none() {
        let tools = place.root().join("target/tools");
        if !tools.join("bin/cargo-nextest").is_file() {
            println!(
                "Installing cargo-nextest {NEXTEST} into target/tools: it gives each test a process of its own."
            );
            let mut install = cargo(place);
            install.args(["install", "--quiet", "--locked", "--version", NEXTEST, "--root"]);
            program::run(install.arg(&tools).arg("cargo-nextest"))?;
        }
        let before = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(tools.join("bin")).chain(std::env::split_paths(&before));
        command.env("PATH", std::env::join_paths(folders).unwrap_or(before.clone()));
    }
    Ok(command)
}

/// Tells tests where the built programs are.
pub(crate) fn with_programs<'a>(
    place: &Place,
    command: &'a mut Command,
    profile: Profile,
) -> &'a mut Command {
    command
        .env("VIGIE_BIN_APP", place.built(profile, "vigie"))
        .env("VIGIE_BIN_SERVER", place.built(profile, "vigie-server"))
        .env("RUST_BACKTRACE", "0")
}
