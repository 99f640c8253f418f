//! The server as its clients meet it: every test calls the whole router in process, over a real database.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod admin_sessions;
mod alerts;
mod asvs;
mod audit;
mod audit_log;
mod audit_tampering;
mod auth;
mod authorisation;
mod background;
mod bodies;
mod categories;
mod codes;
#[path = "../../src/proof/device.rs"]
mod device;
mod documents;
mod embedded;
mod events;
mod flood;
mod house;
mod impatient;
mod impersonation;
mod insight;
mod mail;
mod monitoring;
mod openapi;
mod organizations;
mod oversight;
mod password;
mod places;
mod proof;
mod refusals;
mod rotation;
mod sales;
mod sessions;
mod settings;
mod store_away;
mod till_days;
mod unreliable;
mod users;
mod valid_calls;
