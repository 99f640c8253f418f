//! A configuration whose every value was checked.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use ipnet::IpNet;
use url::Url;

use super::audit;
use super::complaint::{ConfigError, bad_value};
use super::mail::mail;
use super::monitoring::{self, Surroundings, Way};
use super::source::Written;
use super::{database, defaults};
use crate::audit::{AuditOptions, HEADS_FILE};
use crate::database::Database;
use crate::options::{AlertOptions, Limits, MailSetBy, Recording, ServerOptions, TestingOverrides};
use crate::proof::KnownAs;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from, if any.
    pub file: Option<PathBuf>,
    /// Address and port.
    pub listen: SocketAddr,
    /// The database.
    pub database: Database,
    /// The key file.
    pub keys_file: PathBuf,
    /// The socket for commands.
    pub control_socket: PathBuf,
    /// Where figures are given and nothing else; `None`: only beside the other calls.
    pub monitoring_listen: Option<SocketAddr>,
    /// Certificate and key; without them the server speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are, in the form of `tracing`'s filters.
    pub log_filter: String,
    /// For how long calls under way may finish after the server was told to end.
    pub drain: Duration,
    /// What the server itself needs to know.
    pub server: ServerOptions,
}

/// The files that TLS needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain in PEM, the server's own first.
    pub cert: PathBuf,
    /// Private key in PEM.
    pub key: PathBuf,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// The least that the HTTP library reads at once.
const LEAST_HEADER_BYTES: u32 = 8_192;

pub(super) fn settle(
    figment: &Figment,
    written: Written,
    file: Option<&Path>,
) -> Result<Config, ConfigError> {
    let listen = match &written.listen {
        Some(text) => text.parse::<SocketAddr>().map_err(|_| {
            bad_value(
                figment,
                "listen",
                "an address and a port, such as 127.0.0.1:8443 or [::]:8443",
            )
        })?,
        None => SocketAddr::from(([127, 0, 0, 1], 8443)),
    };
    let trusted_proxies = networks(figment, "trusted_proxies", &written.trusted_proxies)?;
    let tls = tls(&written)?;
    if tls.is_none() && !listen.ip().is_loopback() && trusted_proxies.is_empty() {
        return Err(bad_value(
            figment,
            "listen",
            "a loopback address: without `tls` others could read passwords on the way; \
             set `tls.cert` and `tls.key`, or name the proxies that speak TLS in `trusted_proxies`",
        ));
    }
    let database = database::settle(figment, written.database.as_ref())?;
    let by_database = |name| {
        Some(
            database
                .file()
                .cloned()
                .or_else(defaults::database)?
                .with_file_name(name),
        )
    };
    let control_socket = written
        .control_socket
        .clone()
        .or_else(|| by_database("control.sock"));
    let heads_file = written
        .audit
        .heads_file
        .clone()
        .or_else(|| by_database(HEADS_FILE));
    let control_socket = path_or(control_socket, None, "control_socket")?;
    let log_format = match &written.log.format {
        Some(text) => text
            .parse()
            .map_err(|_| bad_value(figment, "log.format", "text or json"))?,
        None => LogFormat::default(),
    };
    let log_filter = written.log.filter.clone().unwrap_or_else(|| "info".to_owned());
    if tracing_subscriber::EnvFilter::try_new(&log_filter).is_err() {
        return Err(bad_value(
            figment,
            "log.filter",
            "a filter such as info or server=debug,info",
        ));
    }
    let public_url = public_url(figment, written.public_url.as_deref())?;
    let scrape_token = monitoring::scrape_token(figment, &written.monitoring)?;
    let around = Surroundings {
        listen,
        way: if tls.is_none() && trusted_proxies.is_empty() {
            Way::Open
        } else {
            Way::Safe
        },
    };
    let monitoring_listen = monitoring::listen(figment, &written.monitoring, scrape_token.as_ref(), &around)?;
    let defaults = ServerOptions::default();
    Ok(Config {
        file: file.map(Path::to_owned),
        keys_file: path_or(written.keys_file.clone(), defaults::keys_file(), "keys_file")?,
        server: ServerOptions {
            issuer: public_url
                .clone()
                .unwrap_or_else(|| "urn:vigie:server".to_owned()),
            known_as: public_url.map_or(KnownAs::AsCalled, KnownAs::Address),
            trusted_proxies,
            limits: limits(figment, &written)?,
            dead_sessions_kept: positive(
                figment,
                "retention.sessions_days",
                written.retention.sessions_days,
            )?
            .map_or(defaults.dead_sessions_kept, |days| {
                Duration::from_secs(u64::from(days.get()) * 24 * 60 * 60)
            }),
            mail: mail(figment, &written.mail)?,
            scrape_token,
            recording: match written.monitoring.record {
                Some(false) => Recording::Off,
                Some(true) | None => Recording::On,
            },
            mail_set_by: MailSetBy::SuperAdmins,
            alerts: AlertOptions {
                webhook_networks: networks(
                    figment,
                    "alerts.webhook_networks",
                    &written.alerts.webhook_networks,
                )?,
                webhook_ca_file: written.alerts.webhook_ca_file.clone(),
            },
            audit: AuditOptions {
                heads_file,
                webhook: audit::webhook(figment, &written.audit)?,
                // No days, or none named: for ever.
                kept: written
                    .retention
                    .audit_days
                    .and_then(NonZeroU32::new)
                    .map(|days| Duration::from_secs(u64::from(days.get()) * 24 * 60 * 60)),
            },
            testing: testing(figment, &written)?,
        },
        drain: Duration::from_secs(u64::from(
            positive(figment, "limits.drain_seconds", written.limits.drain_seconds)?
                .map_or(10, NonZeroU32::get),
        )),
        listen,
        database,
        control_socket,
        monitoring_listen,
        tls,
        log_format,
        log_filter,
    })
}

pub(super) fn path_or(
    given: Option<PathBuf>,
    default: Option<PathBuf>,
    key: &str,
) -> Result<PathBuf, ConfigError> {
    given.or(default).ok_or_else(|| ConfigError::MissingKey {
        key: key.to_owned(),
        expected: "a path: this user has no home directory to take one from".to_owned(),
    })
}

fn tls(written: &Written) -> Result<Option<TlsFiles>, ConfigError> {
    let missing = |key: &str, expected: &str| {
        Err(ConfigError::MissingKey {
            key: key.to_owned(),
            expected: expected.to_owned(),
        })
    };
    match (&written.tls.cert, &written.tls.key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles {
            cert: cert.clone(),
            key: key.clone(),
        })),
        (None, None) => Ok(None),
        (Some(_), None) => missing("tls.key", "the private key that belongs to `tls.cert`, in PEM"),
        (None, Some(_)) => missing("tls.cert", "the certificate that belongs to `tls.key`, in PEM"),
    }
}

fn networks(figment: &Figment, key: &str, written: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    written
        .iter()
        .map(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    bad_value(
                        figment,
                        key,
                        "a list of addresses or networks, such as [\"10.0.0.0/8\"]",
                    )
                })
        })
        .collect()
}

fn public_url(figment: &Figment, public_url: Option<&str>) -> Result<Option<String>, ConfigError> {
    let Some(text) = public_url else {
        return Ok(None);
    };
    let refuse = || {
        bad_value(
            figment,
            "public_url",
            "an address such as https://vigie.example.org, with nothing after it",
        )
    };
    let url = text.parse::<Url>().map_err(|_| refuse())?;
    let plain =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() || !plain {
        return Err(refuse());
    }
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

fn limits(figment: &Figment, written: &Written) -> Result<Limits, ConfigError> {
    let defaults = Limits::default();
    let given = &written.limits;
    let number = |key: &str, value: Option<u32>| positive(figment, &format!("limits.{key}"), value);
    let count = |value: NonZeroU32| usize::try_from(value.get()).unwrap_or(usize::MAX);
    let seconds = |value: NonZeroU32| Duration::from_secs(u64::from(value.get()));
    Ok(Limits {
        logins_per_minute_per_account_and_address: number(
            "logins_per_minute_per_account_and_address",
            given.logins_per_minute_per_account_and_address,
        )?
        .unwrap_or(defaults.logins_per_minute_per_account_and_address),
        logins_per_minute_per_account: number(
            "logins_per_minute_per_account",
            given.logins_per_minute_per_account,
        )?
        .unwrap_or(defaults.logins_per_minute_per_account),
        logins_per_minute_per_address: number(
            "logins_per_minute_per_address",
            given.logins_per_minute_per_address,
        )?
        .unwrap_or(defaults.logins_per_minute_per_address),
        refreshes_per_minute_per_session: number(
            "refreshes_per_minute_per_session",
            given.refreshes_per_minute_per_session,
        )?
        .unwrap_or(defaults.refreshes_per_minute_per_session),
        refresh_burst_per_session: number("refresh_burst_per_session", given.refresh_burst_per_session)?
            .unwrap_or(defaults.refresh_burst_per_session),
        refused_refreshes_per_minute_per_address: number(
            "refused_refreshes_per_minute_per_address",
            given.refused_refreshes_per_minute_per_address,
        )?
        .unwrap_or(defaults.refused_refreshes_per_minute_per_address),
        password_workers: number("password_workers", given.password_workers)?
            .map_or(defaults.password_workers, count),
        password_queue: number("password_queue", given.password_queue)?
            .map_or(defaults.password_queue, count),
        body_bytes: number("body_bytes", given.body_bytes)?.map_or(defaults.body_bytes, count),
        call_timeout: number("call_timeout_seconds", given.call_timeout_seconds)?
            .map_or(defaults.call_timeout, seconds),
        header_bytes: at_least(
            figment,
            "limits.header_bytes",
            given.header_bytes,
            LEAST_HEADER_BYTES,
        )?
        .unwrap_or(defaults.header_bytes),
        header_count: number("header_count", given.header_count)?.map_or(defaults.header_count, count),
        header_timeout: number("header_timeout_seconds", given.header_timeout_seconds)?
            .map_or(defaults.header_timeout, seconds),
        connections_per_address: number("connections_per_address", given.connections_per_address)?
            .map_or(defaults.connections_per_address, count),
        event_streams: number("event_streams", given.event_streams)?.map_or(defaults.event_streams, count),
        event_streams_per_session: number("event_streams_per_session", given.event_streams_per_session)?
            .map_or(defaults.event_streams_per_session, count),
        event_heartbeat: defaults.event_heartbeat,
    })
}

fn testing(figment: &Figment, written: &Written) -> Result<TestingOverrides, ConfigError> {
    let given = &written.testing;
    let number = |key: &str, value: Option<u32>| positive(figment, &format!("testing.{key}"), value);
    Ok(TestingOverrides {
        access_token_seconds: number("access_token_seconds", given.access_token_seconds)?,
        idle_seconds: number("idle_seconds", given.idle_seconds)?,
        session_seconds: number("session_seconds", given.session_seconds)?,
        alert_seconds: number("alert_seconds", given.alert_seconds)?,
        alert_lease_seconds: number("alert_lease_seconds", given.alert_lease_seconds)?,
    })
}

pub(super) fn positive(
    figment: &Figment,
    key: &str,
    value: Option<u32>,
) -> Result<Option<NonZeroU32>, ConfigError> {
    value
        .map(|value| NonZeroU32::new(value).ok_or_else(|| bad_value(figment, key, "a whole number from 1")))
        .transpose()
}

fn at_least(
    figment: &Figment,
    key: &str,
    value: Option<u32>,
    least: u32,
) -> Result<Option<usize>, ConfigError> {
    value
        .map(|value| {
            if value < least {
                return Err(bad_value(figment, key, format!("a whole number from {least}")));
            }
            Ok(usize::try_from(value).unwrap_or(usize::MAX))
        })
        .transpose()
}
