//! Every habit of this project as one word: `cargo xtask run`, `test`, `bench`, `smoke`, `fmt`, `lint`, `setup`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program speaks to people in a terminal"
)]

mod bench;
mod cargo;
mod failure;
mod format;
mod interface;
mod monitoring;
mod node;
mod packages;
mod peers;
mod place;
mod program;
mod python;
mod run;
mod setup;
mod smoke;
mod steps;
mod test;
mod watch;

use clap::{Parser, Subcommand};
use failure::Failure;
use place::Place;
use std::process::ExitCode;

/// The development commands of Vigie. A bare machine with the Rust toolchain is enough: `run` and `test` install the rest.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Build the app and start it with demo accounts, on a virtual screen if this machine has none
    Run(run::Options),
    /// Check everything: format, lints, unit and interface tests, the real window, the smoke test
    Test(test::Options),
    /// Measure, in release builds; print `name value unit` lines and write out/bench.json
    Bench(bench::Options),
    /// Try the whole product once, step by step, as an operator would meet it
    Smoke(smoke::Options),
    /// Format every source file
    Fmt(format::Options),
    /// Look for mistakes without running anything: format, clippy, TypeScript and Svelte
    Lint(format::LintOptions),
    /// Install what building, running and testing need; `run` and `test` do this by themselves
    Setup(setup::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Steps { .. }) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(word: Word) -> Result<(), Failure> {
    let place = Place::find()?;
    match word {
        Word::Run(options) => run::run(&place, &options),
        Word::Test(options) => test::test(&place, &options),
        Word::Bench(options) => bench::bench(&place, &options),
        Word::Smoke(options) => smoke::smoke(&place, &options),
        Word::Fmt(options) => format::format(&place, &options),
        Word::Lint(options) => format::lint(&place, &options),
        Word::Setup(options) => setup::command(&place, &options),
    }
}
