//! Which server a keeper speaks to, and which addresses are allowed to be one.

use std::fmt;

use url::{Host, Url};

/// The server: embedded in this process, or at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerTarget {
    /// The server inside the app, called without a network.
    Embedded,
    /// A server elsewhere: its origin, without path, query or user.
    Origin(Url),
}

/// Why an address cannot be a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no address, or has a part that an origin does not have.
    #[error("the address is not that of a server")]
    AddressInvalid,
    /// It is plain http to another machine.
    #[error("plain http is allowed to this machine only")]
    AddressInsecure,
}

impl TargetError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AddressInvalid => "address_invalid",
            Self::AddressInsecure => "address_insecure",
        }
    }
}

impl ServerTarget {
    /// Reads an address as a person types it; without a scheme it means https. The word `embedded` is the embedded
    /// server. Plain http is taken only to a literal loopback address, since a name may resolve to anything.
    ///
    /// # Errors
    /// [`TargetError`] says what is wrong with the address.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("embedded") {
            return Ok(Self::Embedded);
        }
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err(TargetError::AddressInvalid);
        }
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&with_scheme).map_err(|_| TargetError::AddressInvalid)?;
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || url.port() == Some(0) {
            return Err(TargetError::AddressInvalid);
        }
        let host = url.host().ok_or(TargetError::AddressInvalid)?;
        match url.scheme() {
            "https" => Ok(Self::Origin(url)),
            "http" => match host {
                Host::Ipv4(address) if address.is_loopback() => Ok(Self::Origin(url)),
                Host::Ipv6(address) if address.is_loopback() => Ok(Self::Origin(url)),
                Host::Ipv4(_) | Host::Ipv6(_) | Host::Domain(_) => Err(TargetError::AddressInsecure),
            },
            _ => Err(TargetError::AddressInvalid),
        }
    }

    /// The origin as records keep it: `https://vigie.example`, or `embedded`.
    pub fn name(&self) -> String {
        match self {
            Self::Embedded => "embedded".to_owned(),
            Self::Origin(url) => url.origin().ascii_serialization(),
        }
    }

    /// The host, where there is one.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Embedded => None,
            Self::Origin(url) => url.host_str(),
        }
    }
}

impl fmt::Display for ServerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{ServerTarget, TargetError};

    #[test]
    fn a_bare_name_means_https() {
        assert_eq!(
            ServerTarget::parse(" caisse.example ").unwrap().name(),
            "https://caisse.example"
        );
        assert_eq!(
            ServerTarget::parse("caisse.example:8443").unwrap().name(),
            "https://caisse.example:8443"
        );
    }

    #[test]
    fn names_of_one_origin_are_equal() {
        for text in [
            "https://Caisse.Example:443/",
            "caisse.example",
            "HTTPS://caisse.example",
        ] {
            assert_eq!(
                ServerTarget::parse(text).unwrap().name(),
                "https://caisse.example",
                "{text}"
            );
        }
    }

    #[test]
    fn plain_http_goes_to_a_literal_loopback_address_only() {
        for text in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:1"] {
            assert!(ServerTarget::parse(text).is_ok(), "{text}");
        }
        for text in [
            "http://localhost",
            "http://192.168.1.2",
            "http://caisse.example",
            "http://[::2]",
        ] {
            assert_eq!(
                ServerTarget::parse(text),
                Err(TargetError::AddressInsecure),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_is_turned_away() {
        let texts = [
            "",
            " ",
            "https://",
            "ftp://a.example",
            "https://a.example/path",
            "https://a.example/?q",
            "https://me@a.example",
            "https://me:pw@a.example",
            "https://a.example/#x",
            "a b",
            "https://a.example:0",
            "https://a.example:99999",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ];
        for text in texts {
            assert_eq!(
                ServerTarget::parse(text),
                Err(TargetError::AddressInvalid),
                "{text}"
            );
        }
    }

    #[test]
    fn the_embedded_server_has_a_name() {
        assert_eq!(ServerTarget::parse("Embedded").unwrap(), ServerTarget::Embedded);
        assert_eq!(ServerTarget::Embedded.name(), "embedded");
    }
}
