//! Tokens that cannot be shown by accident, and the fingerprints that stand for them in places without secrets.

use std::fmt;
use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::Moment;

macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the text in.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }
            /// The text itself. Every caller of this is a place to look at in a review.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.expose() == other.expose()
            }
        }
        impl Eq for $name {}
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.expose().hash(state);
            }
        }
    };
}

secret_text! {
    /// What a request carries; short-lived.
    AccessToken
}
secret_text! {
    /// What a new access token is bought with; it lives in the OS keychain.
    RefreshToken
}

/// The first 16 bytes of a refresh token's SHA-256: enough to recognise it, nothing to use it with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of this token.
    pub fn of(token: &RefreshToken) -> Self {
        let digest = Sha256::digest(token.expose().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
    /// From its bytes, as a journal keeps them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The access token in force, as it is handed to callers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessGrant {
    /// Counts the access tokens of this process; a refused request names the one it carried.
    pub serial: u64,
    /// The token.
    pub token: AccessToken,
    /// When it dies.
    pub expires: Moment,
}
