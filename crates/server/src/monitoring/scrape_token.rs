//! The token by which a program reads figures and nothing else.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// How long a token is at least: 32 hexadecimal digits are 128 bits.
pub const LEAST_CHARACTERS: usize = 32;

/// Why a text is no scrape token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoScrapeToken {
    /// It could be guessed.
    #[error("it has fewer than {LEAST_CHARACTERS} characters")]
    TooShort,
    /// It could not be sent in a header.
    #[error("it has characters other than visible ASCII")]
    NotVisibleAscii,
}

/// A scrape token, of which nothing but the SHA-256 hash is kept.
#[derive(Clone)]
pub struct ScrapeToken([u8; 32]);

impl ScrapeToken {
    /// Takes a token in.
    ///
    /// # Errors
    /// See [`NoScrapeToken`].
    pub fn new(text: &str) -> Result<Self, NoScrapeToken> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoScrapeToken::NotVisibleAscii);
        }
        if text.len() < LEAST_CHARACTERS {
            return Err(NoScrapeToken::TooShort);
        }
        Ok(Self(Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether this is the token. The time it takes tells nothing about it.
    pub(crate) fn is(&self, presented: &str) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        self.0.ct_eq(&presented).into()
    }
}

impl std::fmt::Debug for ScrapeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScrapeToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{NoScrapeToken, ScrapeToken};

    #[test]
    fn only_the_token_itself_is_it() {
        let text = "0123456789abcdef0123456789abcdef";
        let token = ScrapeToken::new(text).unwrap();
        assert!(token.is(text));
        for other in ["", &text[1..], &format!("{text}0"), &text.to_uppercase()] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!format!("{token:?}").contains("01"));
    }

    #[test]
    fn what_is_short_or_no_header_is_refused() {
        let refused = |text: &str| ScrapeToken::new(text).err();
        assert_eq!(refused(&"a".repeat(31)), Some(NoScrapeToken::TooShort));
        assert_eq!(refused(""), Some(NoScrapeToken::TooShort));
        for bad in ["é", " ", "\n", "\t"] {
            assert_eq!(
                refused(&bad.repeat(40)),
                Some(NoScrapeToken::NotVisibleAscii),
                "{bad:?}"
            );
        }
    }
}
