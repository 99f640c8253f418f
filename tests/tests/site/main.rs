//! One site with two server processes over one PostgreSQL database: races for one token, deaths under load, revocation
//! that every process knows of and every client hears of, figures that are the same everywhere, and one chain
//! over the audit log.
//!
//! `VIGIE_ROUNDS` says how many rounds the races have, `VIGIE_REVOCATIONS` how many sessions are revoked, `VIGIE_FORCE_STOPS` how
//! often something is tried after an impersonation was forced to end.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the spot")]

mod client;
mod deaths;
mod impersonations;
mod insight;
mod listening;
mod place;
mod races;
mod revocations;
mod sealing;

/// A number from the environment, or this one.
fn count(variable: &str, otherwise: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => otherwise,
    }
}
