//! Sessions, sign-in, rotation, revocation and sales over HTTP: one router, called in process by the app or served by
//! `vigie-server`.

pub mod access_token;
mod activity;
mod auth;
pub mod background;
mod body;
mod caller;
pub mod certificates;
mod client;
pub mod clock;
pub mod config;
mod connections;
pub mod control;
#[cfg(feature = "demo")]
pub mod demo;
pub mod embedded;
mod envelope;
mod events;
mod failpoint;
pub mod failure;
pub mod first_operator;
mod health;
pub mod ids;
pub mod key_file;
pub mod keys;
mod lifetimes;
mod login_limit;
pub mod mail;
mod open_store;
mod openapi;
pub mod options;
mod password_threads;
pub mod passwords;
pub mod private_files;
mod proof;
mod rate;
mod refresh_limit;
pub mod refresh_token;
mod router;
mod sale_check;
mod sales;
pub mod serve;
mod server;
mod session_settings;
pub mod tls;
mod touches;
mod user_agent;

pub use keys::Keys;
pub use open_store::open_store;
pub use options::ServerOptions;
pub use proof::KnownAs;
pub use router::{openapi_json, router};
pub use server::{Server, SetupError};
