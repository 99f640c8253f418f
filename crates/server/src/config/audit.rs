//! The webhook of the `[audit]` table.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use figment::Figment;
use url::{Host, Url};

use super::complaint::{ConfigError, bad_value, origin_of};
use super::secret_file;
use super::settled::positive;
use super::source::WrittenAudit;
use crate::audit::{HEADS_POSTED_EVERY, HeadsSecret, HeadsWebhook};

pub(super) fn webhook(
    figment: &Figment,
    written: &WrittenAudit,
) -> Result<Option<HeadsWebhook>, ConfigError> {
    let seconds = positive(figment, "audit.webhook_seconds", written.webhook_seconds)?;
    let Some(text) = &written.webhook else {
        let stray = [
            ("audit.webhook_seconds", seconds.is_some()),
            ("audit.webhook_secret_file", written.webhook_secret_file.is_some()),
        ];
        return match stray.into_iter().find(|(_, is_set)| *is_set) {
            None => Ok(None),
            Some(_) => Err(ConfigError::MissingKey {
                key: "audit.webhook".to_owned(),
                expected: "the address that heads are posted to, such as https://keeper.example.org/heads"
                    .to_owned(),
            }),
        };
    };
    let url = text
        .parse::<Url>()
        .ok()
        .filter(is_safe)
        .ok_or_else(|| ConfigError::BadValue {
            key: "audit.webhook".to_owned(),
            // What stands in it may be a secret.
            value: "not shown".to_owned(),
            origin: origin_of(figment, "audit.webhook"),
            expected:
                "an https address without a user name, or an http one of this machine by number, such as \
                   http://127.0.0.1:8900/heads"
                    .to_owned(),
        })?;
    let secret = written
        .webhook_secret_file
        .as_deref()
        .map(|path| secret(figment, path))
        .transpose()?;
    Ok(Some(HeadsWebhook {
        url,
        secret,
        every: seconds.map_or(HEADS_POSTED_EVERY, |seconds| {
            Duration::from_secs(seconds.get().into())
        }),
    }))
}

fn secret(figment: &Figment, path: &Path) -> Result<HeadsSecret, ConfigError> {
    let key = "audit.webhook_secret_file";
    let text = secret_file::read(figment, key, path)?;
    HeadsSecret::new(&text).ok_or_else(|| {
        bad_value(
            figment,
            key,
            "a file with `whsec_` and 24 to 64 bytes in base64, as `echo \"whsec_$(openssl rand -base64 32)\"` makes it",
        )
    })
}

/// Whether nobody can listen in on the way.
fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_here) && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn heads_leave_the_machine_by_https_alone() {
        for (url, safe) in [
            ("https://keeper.example.org/heads?key=1", true),
            ("https://10.0.0.7/heads", true),
            ("http://127.0.0.1:8900/heads", true),
            ("http://[::1]:8900/", true),
            ("http://localhost:8900/", false),
            ("http://keeper.example.org/", false),
            ("http://192.0.2.7/", false),
            ("http://[::ffff:192.0.2.7]/", false),
            ("ftp://127.0.0.1/", false),
            ("https://user@keeper.example.org/", false),
            ("file:///tmp/heads", false),
        ] {
            assert_eq!(is_safe(&url.parse().unwrap()), safe, "{url}");
        }
    }
}
