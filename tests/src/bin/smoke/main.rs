//! The smoke test: the whole product once, from sign-in to signing in again over the work, on real parts.
//!
//! One line a step with its figure, one picture a step, and an end at the first step that fails.

#![expect(clippy::print_stdout, reason = "this program speaks to people in a terminal")]

mod act;
mod leaks;
mod play;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let pictures = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("out/smoke"), PathBuf::from);
    match play::play(&pictures).await {
        Ok(()) => {
            println!("smoke passed; pictures in {}", pictures.display());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("smoke FAILED: {failure}");
            println!("pictures and logs in {}", pictures.display());
            ExitCode::FAILURE
        }
    }
}
