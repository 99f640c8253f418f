//! What stands in `ops/` for people with Prometheus, Alertmanager and Grafana, run as it stands there but for addresses,
//! intervals and paths: a real Prometheus scrapes real servers, and its alerts reach a mailbox through a real Alertmanager.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the spot")]

mod agreement;
mod alerting;
mod expressions;
mod load;
mod place;
mod post_office;
mod prometheus;
mod series;
mod webhook;
