//! The wire types and error codes that the server and its clients share: plain data, no runtime and no HTTP.
//!
//! Times are RFC 3339 UTC, durations are seconds and say so in their names, money is whole cents and weight whole
//! grams. The server publishes these types as its OpenAPI document.

pub mod administration;
pub mod alert;
pub mod audit;
pub mod auth;
pub mod error;
pub mod event;
pub mod health;
pub mod impersonation;
pub mod insight;
pub mod notice;
pub mod proof;
pub mod sale;
pub mod secret;
pub mod session;
pub mod settings;
pub mod till_day;

pub use error::{ErrorCode, Problem};
pub use secret::Secret;
