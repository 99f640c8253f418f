//! `check`: what configuration, keys, certificate and database are like, without changing anything.

use server::clock::{Clock as _, SystemClock};
use server::config::{Config, KEYS_VARIABLE};
use server::control::{Reach, ReachError};

use crate::Failed;
use crate::table::say;

pub(crate) async fn check(config: &Config) -> Result<(), Failed> {
    let mut faults = 0_u32;
    let from = config
        .file
        .as_ref()
        .map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    say(format_args!("configuration: fine ({from})"))?;
    say(format_args!(
        "  listens on {}, known as {}",
        config.listen, config.server.issuer
    ))?;
    if config.server.testing.any() {
        say("  warning: [testing] is in force; sessions live as long as a test wants")?;
    }
    match server::serve::keys(config) {
        Ok(keys) => {
            let origin = if std::env::var_os(KEYS_VARIABLE).is_some() {
                KEYS_VARIABLE.to_owned()
            } else {
                config.keys_file.display().to_string()
            };
            let (version, signing) = (keys.current_version(), keys.signing_key_count());
            say(format_args!(
                "keys: fine ({origin}; master key version {version}, {signing} signing keys)"
            ))?;
        }
        Err(error) => faulty("keys", &error, &mut faults)?,
    }
    match &config.tls {
        None => say("certificate: none; the server speaks plain HTTP")?,
        Some(files) => {
            match server::tls::server_config(files).and_then(|_| server::tls::facts(&files.cert)) {
                Ok(facts) => {
                    let ends = chrono::DateTime::from_timestamp_millis(facts.ends_at).unwrap_or_default();
                    let (path, names, day) = (
                        files.cert.display(),
                        facts.names.join(", "),
                        ends.format("%Y-%m-%d"),
                    );
                    if facts.ends_at <= SystemClock::new().wall_ms() {
                        faults += 1;
                        say(format_args!(
                            "certificate: certificate_expired: {path} ended on {day}"
                        ))?;
                    } else {
                        say(format_args!(
                            "certificate: fine ({path}; for {names}; until {day})"
                        ))?;
                    }
                }
                Err(error) => faulty("certificate", &error, &mut faults)?,
            }
        }
    }
    match Reach::find(&config.database, &config.control_socket).await {
        #[cfg(unix)]
        Ok(Reach::Running(_)) => {
            say(format_args!(
                "database: fine ({}; a server runs)",
                config.database
            ))?;
        }
        Ok(reach @ Reach::Direct(..)) => {
            reach.close().await;
            say(format_args!(
                "database: fine ({}; no server runs)",
                config.database
            ))?;
        }
        Err(
            error @ (ReachError::NoDatabase(_)
            | ReachError::Unreachable(_)
            | ReachError::Forbidden(_)
            | ReachError::Store(_)
            | ReachError::Passwords(_)
            | ReachError::Socket(_)),
        ) => faulty("database", &error, &mut faults)?,
    }
    if faults == 0 {
        return Ok(());
    }
    Err(Failed {
        sentence: format!("check_failed: {faults} of the above need mending"),
        exit: 1,
    })
}

fn faulty(what: &str, error: &dyn std::error::Error, faults: &mut u32) -> std::io::Result<()> {
    *faults += 1;
    say(format_args!("{what}: {error}"))
}
