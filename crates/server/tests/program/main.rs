//! `vigie-server` as whoever runs it meets it: the program itself, over real sockets, files and signals.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod command_line;
mod configuration;
mod ending;
#[cfg(feature = "failpoints")]
mod failpoints;
mod faults;
mod last_resort;
mod log;
mod place;
mod slow_clients;
mod tls;
