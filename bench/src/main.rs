//! Measures what operators were promised, each figure side by side with what it is compared to.

#[cfg(target_os = "linux")]
mod answering;
#[cfg(target_os = "linux")]
mod audit;
#[cfg(target_os = "linux")]
mod capacity;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod contender;
#[cfg(target_os = "linux")]
mod desktop;
#[cfg(target_os = "linux")]
mod events;
mod failure;
#[cfg(target_os = "linux")]
mod figure;
#[cfg(target_os = "linux")]
mod first_screen;
#[cfg(target_os = "linux")]
mod insight;
#[cfg(target_os = "linux")]
mod insight_screen;
#[cfg(target_os = "linux")]
mod measurement;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod one_post;
#[cfg(target_os = "linux")]
mod pages;
#[cfg(target_os = "linux")]
mod pixels;
#[cfg(target_os = "linux")]
mod refresh;
#[cfg(target_os = "linux")]
mod refresh_clients;
#[cfg(target_os = "linux")]
mod refresh_server;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod request;
#[cfg(target_os = "linux")]
mod signed_in;
#[cfg(target_os = "linux")]
mod start;
#[cfg(target_os = "linux")]
mod statistics;
#[cfg(target_os = "linux")]
mod store_rotations;
#[cfg(target_os = "linux")]
mod token_read;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser as _;
    measurement::carry_out(&measurement::Options::parse())
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
