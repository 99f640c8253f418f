//! The configuration of `vigie-server`: a file, the environment over it, flags over both; whatever does not fit stops the
//! start with the key, the value, what was expected, and where it came from.

mod audit;
mod complaint;
mod database;
mod defaults;
mod mail;
mod monitoring;
mod secret_file;
mod settled;
mod source;

pub use complaint::ConfigError;
pub use database::{DATABASE_VARIABLE, named};
pub use defaults::default_config_file;
pub use settled::{Config, LogFormat, TlsFiles};
pub use source::{Flags, KEYS_VARIABLE, load};
