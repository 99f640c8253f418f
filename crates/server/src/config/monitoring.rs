//! The `[monitoring]` table.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use figment::Figment;

use super::complaint::{ConfigError, bad_value};
use super::secret_file;
use super::source::WrittenMonitoring;
use crate::monitoring::{LEAST_CHARACTERS, NoScrapeToken, ScrapeToken};

/// What the rest of the configuration says about who may listen in.
pub(super) struct Surroundings {
    /// Where clients reach the server.
    pub(super) listen: SocketAddr,
    /// Whether what is sent is safe on the way: TLS here, or a proxy that speaks it on a network of the site's own.
    pub(super) way: Way,
}

/// Whether others can listen in on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Safe,
    Open,
}

pub(super) fn scrape_token(
    figment: &Figment,
    written: &WrittenMonitoring,
) -> Result<Option<ScrapeToken>, ConfigError> {
    let key = "monitoring.scrape_token_file";
    let read = |path: &Path| {
        let text = secret_file::read(figment, key, path)?;
        ScrapeToken::new(text.expose()).map_err(|no_token| {
            let fault = match no_token {
                NoScrapeToken::TooShort => "the one in it is shorter",
                NoScrapeToken::NotVisibleAscii => "the one in it has blanks or other characters",
            };
            bad_value(
                figment,
                key,
                format!(
                    "a file with one token of at least {LEAST_CHARACTERS} letters and digits, as `openssl rand -hex 32` \
                     makes it; {fault}"
                ),
            )
        })
    };
    written.scrape_token_file.as_deref().map(read).transpose()
}

pub(super) fn listen(
    figment: &Figment,
    written: &WrittenMonitoring,
    token: Option<&ScrapeToken>,
    around: &Surroundings,
) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = &written.listen else {
        return Ok(None);
    };
    let refuse = |expected: &str| Err(bad_value(figment, "monitoring.listen", expected));
    let Ok(listen) = text.parse::<SocketAddr>() else {
        return refuse("an address and a port, such as 127.0.0.1:9464");
    };
    if listen == around.listen && listen.port() != 0 {
        return refuse("another address than `listen`: this one gives figures alone");
    }
    if is_here(listen.ip()) {
        return Ok(Some(listen));
    }
    if token.is_none() {
        return refuse(
            "a loopback address, or `monitoring.scrape_token_file` as well: everybody could read the figures",
        );
    }
    if around.way == Way::Open {
        return refuse("a loopback address: without `tls` others could read the scrape token on the way");
    }
    Ok(Some(listen))
}

fn is_here(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}
