//! Splits a secret that is over the platform's limit into entries, and puts it together again.
//!
//! The head, under the secret's own name, is written last and names the pieces by a fresh salt, so a write that is cut
//! off leaves the old secret whole.

use sha2::{Digest, Sha256};

use crate::slot::hex;

/// What one entry may hold: Windows takes 2,560 bytes.
pub(super) const LIMIT: usize = 2_500;
/// A secret in pieces is no larger than this many of them.
pub(super) const MOST: usize = 64;
/// No secret of the product's begins with this.
const MARK: &str = "vigie-pieces-1 ";

/// The head of a secret in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    salt: String,
    count: usize,
    checksum: String,
}

impl Head {
    /// The head of this secret, where it needs one.
    pub(super) fn of(secret: &[u8], salt: [u8; 8]) -> Option<Self> {
        if secret.len() <= LIMIT && !secret.starts_with(MARK.as_bytes()) {
            return None;
        }
        Some(Self {
            salt: hex(&salt),
            count: secret.len().div_ceil(LIMIT).max(1),
            checksum: hex(&Sha256::digest(secret)[..16]),
        })
    }

    /// Reads a head back; `None` where the entry is the secret itself.
    pub(super) fn read(entry: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(entry).ok()?.strip_prefix(MARK)?;
        let mut words = text.split(' ');
        let (salt, count, checksum) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        (count > 0 && count <= MOST && words.next().is_none()).then(|| Self {
            salt: salt.to_owned(),
            count,
            checksum: checksum.to_owned(),
        })
    }

    /// What the entry holds.
    pub(super) fn text(&self) -> String {
        format!("{MARK}{} {} {}", self.salt, self.count, self.checksum)
    }

    /// The names of the entries that hold the pieces.
    pub(super) fn names(&self, name: &str) -> impl Iterator<Item = String> {
        (0..self.count).map(move |n| format!("{name}.{}.{n}", self.salt))
    }

    /// Whether the pieces put together are what was written.
    pub(super) fn matches(&self, secret: &[u8]) -> bool {
        hex(&Sha256::digest(secret)[..16]) == self.checksum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Head, LIMIT, MARK};

    #[test]
    fn a_small_secret_stands_alone() {
        assert_eq!(Head::of(&[b'x'; LIMIT], [0; 8]), None);
        assert_eq!(Head::read(b"{\"version\":1}"), None);
    }

    #[test]
    fn a_secret_that_looks_like_a_head_is_put_in_pieces() {
        assert!(Head::of(format!("{MARK}a 1 b").as_bytes(), [0; 8]).is_some());
    }

    proptest! {
        #[test]
        fn a_large_secret_has_a_head_that_reads_back(length in LIMIT + 1..40_000_usize, salt: [u8; 8]) {
            let secret = vec![7; length];
            let head = Head::of(&secret, salt).unwrap();
            prop_assert_eq!(Head::read(head.text().as_bytes()), Some(head.clone()));
            prop_assert_eq!(head.names("n").count(), length.div_ceil(LIMIT));
            prop_assert!(head.matches(&secret));
            prop_assert!(!head.matches(&secret[1..]));
        }
    }
}
