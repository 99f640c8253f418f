//! Where log lines go: standard error, for people or for machines.

use server::config::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

/// Libraries that see headers and bodies, and so tokens: they stay quiet however loud the filter is.
const LIBRARIES: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tower_http"];

pub(crate) fn start(config: &Config) {
    // The filter was checked with the configuration.
    let filter = LIBRARIES
        .iter()
        .filter_map(|library| format!("{library}=info").parse().ok())
        .fold(
            EnvFilter::try_new(&config.log_filter).unwrap_or_default(),
            EnvFilter::add_directive,
        );
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}
