//! Where settings come from: defaults < file < environment < flags.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

use super::complaint::{ConfigError, complaint};
use super::database::WrittenDatabase;
use super::settled::{Config, settle};

pub(super) const ENVIRONMENT_PREFIX: &str = "VIGIE_SERVER_";

/// The variable that may hold the keys themselves, as `Keys::to_bytes` writes them, instead of a key file.
pub const KEYS_VARIABLE: &str = "VIGIE_SERVER_KEYS";

/// The variable that may hold the password for the mail server, instead of a file.
pub(super) const MAIL_PASSWORD_VARIABLE: &str = "VIGIE_SERVER_MAIL_PASSWORD";

/// Settings that were given on the command line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// Address and port to listen on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// The database: a file, or the address of a PostgreSQL server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<PathBuf>,
    /// The key file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys_file: Option<PathBuf>,
    /// The socket for commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_socket: Option<PathBuf>,
    /// The address under which clients know this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Certificate and key.
    #[serde(skip_serializing_if = "FlagsTls::is_empty")]
    pub tls: FlagsTls,
}

/// TLS files that were given on the command line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FlagsTls {
    /// Certificate chain in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// Private key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

impl FlagsTls {
    fn is_empty(&self) -> bool {
        self.cert.is_none() && self.key.is_none()
    }
}

/// Settings as they are written down, before they are checked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub(super) listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) database: Option<WrittenDatabase>,
    pub(super) keys_file: Option<PathBuf>,
    pub(super) control_socket: Option<PathBuf>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) tls: WrittenTls,
    pub(super) log: WrittenLog,
    pub(super) limits: WrittenLimits,
    pub(super) retention: WrittenRetention,
    pub(super) mail: WrittenMail,
    pub(super) monitoring: WrittenMonitoring,
    pub(super) alerts: WrittenAlerts,
    pub(super) audit: WrittenAudit,
    pub(super) testing: WrittenTesting,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTls {
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenLog {
    pub(super) format: Option<String>,
    pub(super) filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenLimits {
    pub(super) logins_per_minute_per_account_and_address: Option<u32>,
    pub(super) logins_per_minute_per_account: Option<u32>,
    pub(super) logins_per_minute_per_address: Option<u32>,
    pub(super) refreshes_per_minute_per_session: Option<u32>,
    pub(super) refresh_burst_per_session: Option<u32>,
    pub(super) refused_refreshes_per_minute_per_address: Option<u32>,
    pub(super) password_workers: Option<u32>,
    pub(super) password_queue: Option<u32>,
    pub(super) body_bytes: Option<u32>,
    pub(super) call_timeout_seconds: Option<u32>,
    pub(super) header_bytes: Option<u32>,
    pub(super) header_count: Option<u32>,
    pub(super) header_timeout_seconds: Option<u32>,
    pub(super) connections_per_address: Option<u32>,
    pub(super) event_streams: Option<u32>,
    pub(super) event_streams_per_session: Option<u32>,
    pub(super) drain_seconds: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenRetention {
    pub(super) sessions_days: Option<u32>,
    pub(super) audit_days: Option<u32>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenMail {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) security: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenMonitoring {
    pub(super) scrape_token_file: Option<PathBuf>,
    pub(super) listen: Option<String>,
    pub(super) record: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenAlerts {
    pub(super) webhook_networks: Vec<String>,
    pub(super) webhook_ca_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenAudit {
    pub(super) heads_file: Option<PathBuf>,
    pub(super) webhook: Option<String>,
    pub(super) webhook_seconds: Option<u32>,
    pub(super) webhook_secret_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTesting {
    pub(super) access_token_seconds: Option<u32>,
    pub(super) idle_seconds: Option<u32>,
    pub(super) session_seconds: Option<u32>,
    pub(super) alert_seconds: Option<u32>,
    pub(super) alert_lease_seconds: Option<u32>,
}

/// Reads and checks a configuration.
///
/// # Errors
/// See [`ConfigError`].
pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Config, ConfigError> {
    let mut figment = Figment::new();
    if let Some(path) = file {
        check_syntax(path)?;
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment
        .merge(
            Env::prefixed(ENVIRONMENT_PREFIX)
                .ignore(&["config", "keys", "failpoints", "mail_password"])
                .split("__"),
        )
        .merge(Serialized::defaults(flags));
    let written = figment
        .extract::<Written>()
        .map_err(|error| complaint(&figment, error))?;
    settle(&figment, written, file)
}

fn check_syntax(path: &Path) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str::<toml::Table>(&text)
        .map(drop)
        .map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })
}
