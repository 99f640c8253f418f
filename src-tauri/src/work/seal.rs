//! Seals an operator's work, so that a file on disk tells nothing to whoever lacks the key in the keychain.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// The length of a work key.
pub const KEY_BYTES: usize = 32;

/// The key of one operator's work on this device: XChaCha20-Poly1305.
#[derive(Clone)]
pub struct WorkKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: [u8; KEY_ID_BYTES],
}

/// What a sealed thing is and whose: it opens as nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    /// The operator's slot.
    pub slot: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The ticket's id.
    pub ticket: &'a [u8; 16],
}

/// What is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// A ticket, in hand or parked.
    Ticket,
    /// What the list of parked tickets shows of one.
    Summary,
    /// A finished sale.
    Sale,
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness,
    /// It was sealed under another key.
    #[error("sealed under another key")]
    OtherKey,
    /// It was changed since it was sealed, or stands in another's place.
    #[error("damaged, or not what it claims to be")]
    Damaged,
}

impl WorkKey {
    /// A new key.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn random() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The key with these bytes.
    pub fn from_bytes(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest = blake3::derive_key("org.vigie.desktop 2026 work key id", bytes.as_slice());
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self { bytes, id }
    }

    /// Its bytes, for the keychain.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// Whether this is the same key.
    pub fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Seals `plain` under this label.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`], or [`SealError::Damaged`] where `plain` is larger than the cipher takes.
    pub fn seal(&self, plain: &[u8], label: Label<'_>) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let sealed = self
            .cipher()
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &label.bytes(),
                },
            )
            .map_err(|_| SealError::Damaged)?;
        let mut whole = Vec::with_capacity(HEAD_BYTES + sealed.len());
        whole.push(VERSION);
        whole.extend_from_slice(&self.id);
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(&sealed);
        Ok(whole)
    }

    /// Opens what was sealed under this key and label.
    ///
    /// # Errors
    /// [`SealError::OtherKey`] or [`SealError::Damaged`].
    pub fn open(&self, whole: &[u8], label: Label<'_>) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, sealed) = whole.split_at_checked(HEAD_BYTES).ok_or(SealError::Damaged)?;
        let (version, rest) = head.split_at(1);
        let (id, nonce) = rest.split_at(KEY_ID_BYTES);
        if version != [VERSION] {
            return Err(SealError::Damaged);
        }
        if id != self.id {
            return Err(SealError::OtherKey);
        }
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| SealError::Damaged)?;
        self.cipher()
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: &label.bytes(),
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| SealError::Damaged)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.bytes).into())
    }
}

impl std::fmt::Debug for WorkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkKey(…)")
    }
}

impl Label<'_> {
    fn bytes(&self) -> Vec<u8> {
        let kind: &'static str = self.kind.into();
        [self.slot.as_bytes(), b"\0", kind.as_bytes(), b"\0", self.ticket].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Label, SealError, WorkKey};

    const LABEL: Label<'_> = Label {
        slot: "0123456789abcdef",
        kind: Kind::Ticket,
        ticket: &[7; 16],
    };

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let key = WorkKey::random().unwrap();
        let sealed = key.seal(b"two chairs", LABEL).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"chairs"));
        assert_eq!(key.open(&sealed, LABEL).unwrap().as_slice(), b"two chairs");
        assert!(!format!("{key:?}").contains("bytes"));
    }

    #[test]
    fn another_key_is_told_from_damage() {
        let key = WorkKey::random().unwrap();
        let sealed = key.seal(b"two chairs", LABEL).unwrap();
        assert_eq!(
            WorkKey::random().unwrap().open(&sealed, LABEL),
            Err(SealError::OtherKey)
        );
        for place in [0, 12, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(key.open(&changed, LABEL), Err(SealError::Damaged), "byte {place}");
        }
        assert_eq!(key.open(&sealed[..20], LABEL), Err(SealError::Damaged));
    }

    #[test]
    fn it_opens_under_no_other_label() {
        let key = WorkKey::random().unwrap();
        let sealed = key.seal(b"two chairs", LABEL).unwrap();
        for label in [
            Label {
                slot: "fedcba9876543210",
                ..LABEL
            },
            Label {
                kind: Kind::Sale,
                ..LABEL
            },
            Label {
                ticket: &[8; 16],
                ..LABEL
            },
        ] {
            assert_eq!(key.open(&sealed, label), Err(SealError::Damaged), "{label:?}");
        }
    }
}
