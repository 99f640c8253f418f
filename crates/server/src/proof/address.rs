//! The address that a proof names: it must be this server's, so that a proof made for another one is worth nothing here.

use http::uri::Authority;
use url::{Position, Url};

/// Under which address clients know a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownAs {
    /// This one, scheme and authority with nothing after them, as in `https://vigie.example.org`.
    Address(String),
    /// The one that each call was sent to, where no address was configured.
    AsCalled,
}

impl KnownAs {
    /// Whether `htu` is the address of `path` here; query and fragment do not count (RFC 9449 §4.3).
    pub(crate) fn matches(&self, htu: &str, authority: Option<&str>, path: &str) -> bool {
        let Ok(named) = Url::parse(htu) else {
            return false;
        };
        if !matches!(named.scheme(), "https" | "http")
            || !named.username().is_empty()
            || named.password().is_some()
        {
            return false;
        }
        let expected = match (self, authority) {
            (Self::Address(base), _) => format!("{base}{path}"),
            (Self::AsCalled, Some(authority)) if authority.parse::<Authority>().is_ok() => {
                format!("{}://{authority}{path}", named.scheme())
            }
            (Self::AsCalled, _) => return false,
        };
        Url::parse(&expected)
            .is_ok_and(|expected| expected[..Position::AfterPath] == named[..Position::AfterPath])
    }
}

#[cfg(test)]
mod tests {
    use super::KnownAs;

    fn matches(base: &str, htu: &str) -> bool {
        KnownAs::Address(base.to_owned()).matches(htu, None, "/v1/auth/refresh")
    }

    #[test]
    fn query_fragment_letter_case_and_the_usual_port_do_not_count() {
        for htu in [
            "https://vigie.example/v1/auth/refresh",
            "https://vigie.example/v1/auth/refresh?a=b#c",
            "HTTPS://Vigie.Example:443/v1/auth/refresh",
            "https://vigie.example/v1/x/../auth/refresh",
        ] {
            assert!(matches("https://vigie.example", htu), "{htu}");
        }
    }

    #[test]
    fn every_other_part_counts() {
        for htu in [
            "",
            "/v1/auth/refresh",
            "https://vigie.example",
            "https://vigie.example/v1/auth/refresh/",
            "https://vigie.example/V1/auth/refresh",
            "https://vigie.example:8443/v1/auth/refresh",
            "https://vigie.example.evil/v1/auth/refresh",
            "https://vigie.example@evil/v1/auth/refresh",
            "https://user@vigie.example/v1/auth/refresh",
            "http://vigie.example/v1/auth/refresh",
            "ftp://vigie.example/v1/auth/refresh",
        ] {
            assert!(!matches("https://vigie.example", htu), "{htu}");
        }
    }

    #[test]
    fn a_server_without_an_address_takes_the_one_it_was_called_by() {
        let called =
            |htu: &str, authority: Option<&str>| KnownAs::AsCalled.matches(htu, authority, "/v1/auth/login");
        assert!(called(
            "http://127.0.0.1:8443/v1/auth/login",
            Some("127.0.0.1:8443")
        ));
        assert!(called("https://vigie.lan/v1/auth/login", Some("vigie.lan:443")));
        assert!(!called("https://other.lan/v1/auth/login", Some("vigie.lan")));
        assert!(!called("https://vigie.lan/v1/auth/login", None));
        assert!(!called(
            "https://vigie.lan/v1/auth/login",
            Some("vigie.lan/v1/auth/login?")
        ));
    }
}
