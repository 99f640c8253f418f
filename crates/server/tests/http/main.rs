//! The server as its clients meet it: every test calls the whole router in process, over a real database.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod audit;
mod auth;
mod bodies;
mod codes;
mod embedded;
mod house;
mod impatient;
mod openapi;
mod rotation;
mod sales;
mod sessions;
mod settings;
mod unreliable;
