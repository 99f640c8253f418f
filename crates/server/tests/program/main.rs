//! `vigie-server` as whoever runs it meets it: the program itself, over real sockets, files and signals.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(target_os = "linux")]
mod alerts;
mod audit;
mod calls;
mod command_line;
mod configuration;
mod ending;
#[cfg(feature = "failpoints")]
mod failpoints;
mod faults;
mod heads_webhook;
mod insight;
mod last_resort;
mod log;
#[cfg(target_os = "linux")]
mod migrate;
mod monitoring;
#[cfg(target_os = "linux")]
mod oversight;
mod place;
#[cfg(target_os = "linux")]
mod post_office;
#[cfg(target_os = "linux")]
mod restore;
mod slow_clients;
mod tls;
