//! The mail server's password at rest: sealed under a key that comes from the server's keys, so that the database alone
//! gives nothing away, and bound to the mail server it is for, so that nobody who can write there sends it elsewhere.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use protocol::Secret;
use sha2::Sha256;
use store::MailRow;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::Keys;

const FORMAT: u8 = 1;
const VERSION_BYTES: usize = 2;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + VERSION_BYTES + NONCE_BYTES;

/// Why a password cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The system gives no randomness, or the cipher takes no such text.
    #[error("mail_password_unsealable: the password cannot be sealed")]
    Unsealable,
    /// It was sealed under keys that this server does not have.
    #[error("mail_password_other_keys: the password was sealed under other keys; set it again")]
    OtherKeys,
    /// It was changed, or belongs to another mail server.
    #[error("mail_password_damaged: the password does not belong to this mail server; set it again")]
    Damaged,
}

/// The keys that passwords are sealed under, the current one last.
pub(super) struct Seal(Vec<(u16, Zeroizing<[u8; 32]>)>);

impl Seal {
    pub(super) fn new(keys: &Keys) -> Self {
        let keys = keys.masters.iter();
        Self(
            keys.map(|master| (master.version, derive(master.key.expose())))
                .collect(),
        )
    }

    /// Seals a password for the mail server of this row.
    ///
    /// # Errors
    /// [`SealError::Unsealable`]
    pub(super) fn seal(&self, password: &Secret, row: &MailRow) -> Result<Vec<u8>, SealError> {
        let (version, key) = self.0.last().ok_or(SealError::Unsealable)?;
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Unsealable)?;
        let label = label(row);
        let payload = Payload {
            msg: password.expose().as_bytes(),
            aad: &label,
        };
        let sealed = cipher(key)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Unsealable)?;
        let mut whole = vec![FORMAT];
        whole.extend(version.to_be_bytes());
        whole.extend(nonce);
        whole.extend(sealed);
        Ok(whole)
    }

    /// Opens the password of this row.
    ///
    /// # Errors
    /// [`SealError::OtherKeys`], [`SealError::Damaged`]
    pub(super) fn open(&self, sealed: &[u8], row: &MailRow) -> Result<Secret, SealError> {
        let (head, sealed) = sealed
            .split_first_chunk::<HEAD_BYTES>()
            .ok_or(SealError::Damaged)?;
        if head[0] != FORMAT {
            return Err(SealError::OtherKeys);
        }
        let version = u16::from_be_bytes([head[1], head[2]]);
        let (_, key) = self
            .0
            .iter()
            .find(|(known, _)| *known == version)
            .ok_or(SealError::OtherKeys)?;
        let mut nonce = [0_u8; NONCE_BYTES];
        nonce.copy_from_slice(&head[1 + VERSION_BYTES..]);
        let label = label(row);
        let payload = Payload {
            msg: sealed,
            aad: &label,
        };
        let opened = cipher(key)
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SealError::Damaged)?;
        let text = std::str::from_utf8(&opened).map_err(|_| SealError::Damaged)?;
        Ok(Secret::new(text))
    }
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key).into())
}

/// What the password is for: no other server, protection or name.
fn label(row: &MailRow) -> Vec<u8> {
    let mut label = b"vigie mail password".to_vec();
    let port = row.port.to_string();
    let parts = [
        row.host.as_str(),
        &port,
        row.security.into(),
        row.username.as_deref().unwrap_or_default(),
    ];
    for part in parts {
        label.extend(part.len().to_be_bytes());
        label.extend(part.as_bytes());
    }
    label
}

fn derive(master: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0_u8; 32]);
    // 32 bytes are always within what HKDF-SHA-256 can give.
    let _ = Hkdf::<Sha256>::new(Some(b"vigie mail password"), master).expand(&[], key.as_mut_slice());
    key
}

#[cfg(test)]
mod tests {
    use protocol::alert::MailProtection;
    use store::MailRow;

    use super::{Seal, SealError};
    use crate::keys::Keys;

    fn row() -> MailRow {
        MailRow {
            host: "mail.example.org".to_owned(),
            port: 587,
            security: MailProtection::Starttls,
            from: "vigie@example.org".to_owned(),
            to: None,
            username: Some("vigie".to_owned()),
            sealed_password: None,
        }
    }

    #[test]
    fn what_is_sealed_opens_after_a_rotation_of_the_keys_and_not_with_others() {
        let keys = Keys::generate().unwrap();
        let sealed = Seal::new(&keys)
            .seal(&"canary".to_owned().into(), &row())
            .unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"canary"));
        let rotated = Seal::new(&keys.rotated().unwrap());
        assert_eq!(rotated.open(&sealed, &row()).unwrap().expose(), "canary");
        let others = Seal::new(&Keys::generate().unwrap());
        assert_eq!(others.open(&sealed, &row()).unwrap_err(), SealError::Damaged);
        let newer = rotated.seal(&"canary".to_owned().into(), &row()).unwrap();
        assert_eq!(
            Seal::new(&keys).open(&newer, &row()).unwrap_err(),
            SealError::OtherKeys
        );
    }

    #[test]
    fn a_password_opens_for_its_own_mail_server_alone() {
        let seal = Seal::new(&Keys::generate().unwrap());
        let sealed = seal.seal(&"canary".to_owned().into(), &row()).unwrap();
        let elsewhere = [
            MailRow {
                host: "evil.example".to_owned(),
                ..row()
            },
            MailRow { port: 25, ..row() },
            MailRow {
                security: MailProtection::None,
                ..row()
            },
            MailRow {
                username: None,
                ..row()
            },
        ];
        for row in elsewhere {
            assert_eq!(
                seal.open(&sealed, &row).unwrap_err(),
                SealError::Damaged,
                "{row:?}"
            );
        }
    }

    #[test]
    fn any_changed_byte_is_refused() {
        let seal = Seal::new(&Keys::generate().unwrap());
        let sealed = seal.seal(&"canary".to_owned().into(), &row()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open(&changed, &row()).is_err(), "{at}");
            assert!(seal.open(&sealed[..at], &row()).is_err(), "{at}");
        }
    }
}
