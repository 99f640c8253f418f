//! Refresh tokens: made again at will from the master key, so none is stored, and a forged one is found without a database.
//!
//! The bytes are `version ‖ key version ‖ session id ‖ generation ‖ HMAC-SHA-256 ‖ checksum`. The HMAC's key is
//! HKDF-SHA-256 of the master key and the session id (RFC 5869). The checksum lets a secret scanner tell a token from
//! chance, without the key. A session keeps the key version that it began with, so its successors stay identical
//! after the master key was rotated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::Secret;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::Keys;

/// What every refresh token begins with.
pub const PREFIX: &str = "vr1_";

const VERSION: u8 = 1;
const SIGNED: usize = 1 + 2 + 16 + 4;
const MAC: usize = 32;
const CHECKSUM: usize = 4;
const LENGTH: usize = SIGNED + MAC + CHECKSUM;
const TEXT_LENGTH: usize = PREFIX.len() + (LENGTH * 4).div_ceil(3);

/// What a refresh token says, after its signature was found good or before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Which master key signs it.
    pub key_version: u16,
    /// The session.
    pub session_id: Uuid,
    /// How often the session has rotated.
    pub generation: u32,
}

/// Why a text is no refresh token of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unacceptable {
    /// Not of the shape of a token, or damaged on its way.
    #[error("garbled")]
    Garbled,
    /// Signed with a key that this server does not have.
    #[error("unknown key version")]
    UnknownKey,
    /// Signed by somebody else.
    #[error("forged")]
    Forged,
}

impl RefreshToken {
    /// The first token of a session, signed with the current key.
    pub fn first(keys: &Keys, session_id: Uuid) -> Self {
        Self {
            key_version: keys.current_version(),
            session_id,
            generation: 0,
        }
    }

    /// The token of another generation of the same session.
    #[must_use]
    pub const fn at_generation(self, generation: u32) -> Self {
        Self { generation, ..self }
    }

    /// The signed text; the same for the same key, session and generation.
    ///
    /// # Errors
    /// [`Unacceptable::UnknownKey`] where the keys lack that version.
    pub fn sign(&self, keys: &Keys) -> Result<Secret, Unacceptable> {
        let signed = self.signed_bytes();
        let mac = mac(keys, self, &signed)?.finalize().into_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.extend_from_slice(&signed);
        bytes.extend_from_slice(&mac);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        let mut text = String::with_capacity(TEXT_LENGTH);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Ok(Secret::new(text))
    }

    /// Reads a text and checks its signature in constant time.
    ///
    /// # Errors
    /// See [`Unacceptable`].
    pub fn verify(keys: &Keys, text: &str) -> Result<Self, Unacceptable> {
        let encoded = text.strip_prefix(PREFIX).ok_or(Unacceptable::Garbled)?;
        if text.len() != TEXT_LENGTH {
            return Err(Unacceptable::Garbled);
        }
        let bytes = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(encoded)
                .map_err(|_| Unacceptable::Garbled)?,
        );
        let (body, sum) = bytes
            .split_last_chunk::<CHECKSUM>()
            .ok_or(Unacceptable::Garbled)?;
        if checksum(body) != *sum {
            return Err(Unacceptable::Garbled);
        }
        let (signed, presented_mac) = body.split_last_chunk::<MAC>().ok_or(Unacceptable::Garbled)?;
        let token = Self::from_signed_bytes(signed).ok_or(Unacceptable::Garbled)?;
        mac(keys, &token, signed)?
            .verify_slice(presented_mac)
            .map_err(|_| Unacceptable::Forged)?;
        Ok(token)
    }

    fn signed_bytes(&self) -> [u8; SIGNED] {
        let mut bytes = [0_u8; SIGNED];
        bytes[0] = VERSION;
        bytes[1..3].copy_from_slice(&self.key_version.to_be_bytes());
        bytes[3..19].copy_from_slice(self.session_id.as_bytes());
        bytes[19..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    fn from_signed_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (key_version, rest) = rest.split_first_chunk::<2>()?;
        let (session_id, rest) = rest.split_first_chunk::<16>()?;
        let generation: [u8; 4] = rest.try_into().ok()?;
        (*version == VERSION).then(|| Self {
            key_version: u16::from_be_bytes(*key_version),
            session_id: Uuid::from_bytes(*session_id),
            generation: u32::from_be_bytes(generation),
        })
    }
}

fn mac(keys: &Keys, token: &RefreshToken, signed: &[u8]) -> Result<Hmac<Sha256>, Unacceptable> {
    let master = keys
        .masters
        .iter()
        .find(|m| m.version == token.key_version)
        .ok_or(Unacceptable::UnknownKey)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    Hkdf::<Sha256>::new(Some(b"vigie refresh token"), master.key.expose())
        .expand(token.session_id.as_bytes(), key.as_mut_slice())
        .map_err(|_| Unacceptable::UnknownKey)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).map_err(|_| Unacceptable::UnknownKey)?;
    mac.update(signed);
    Ok(mac)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::digest(bytes);
    let mut sum = [0_u8; CHECKSUM];
    sum.copy_from_slice(&digest[..CHECKSUM]);
    sum
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assume, proptest};
    use uuid::Uuid;

    use super::{PREFIX, RefreshToken, TEXT_LENGTH, Unacceptable, checksum};
    use crate::keys::Keys;

    fn keys() -> Keys {
        Keys::from_bytes(
            format!(
                r#"{{"format":1,"masters":[{{"version":7,"key":"{0}"}}],"signing_seeds":["{0}"]}}"#,
                URL_SAFE_NO_PAD.encode([7_u8; 32])
            )
            .as_bytes(),
        )
        .unwrap()
    }

    fn token(session: u128, generation: u32) -> RefreshToken {
        RefreshToken {
            key_version: 7,
            session_id: Uuid::from_u128(session),
            generation,
        }
    }

    #[test]
    fn the_wire_form_does_not_drift() {
        insta::assert_snapshot!(token(1, 2).sign(&keys()).unwrap().expose());
    }

    #[test]
    fn a_rotated_master_key_leaves_older_tokens_good_and_identical() {
        let before = keys();
        let after = before.rotated().unwrap();
        let text = token(1, 2).sign(&before).unwrap();
        assert_eq!(RefreshToken::verify(&after, text.expose()), Ok(token(1, 2)));
        assert_eq!(
            token(1, 3).sign(&before).unwrap().expose(),
            token(1, 3).sign(&after).unwrap().expose()
        );
        assert_eq!(RefreshToken::first(&after, Uuid::nil()).key_version, 8);
    }

    #[test]
    fn a_key_that_was_retired_is_named() {
        let newer = keys().rotated().unwrap();
        let text = RefreshToken::first(&newer, Uuid::nil()).sign(&newer).unwrap();
        assert_eq!(
            RefreshToken::verify(&keys(), text.expose()),
            Err(Unacceptable::UnknownKey)
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies(session: u128, generation: u32) {
            let text = token(session, generation).sign(&keys()).unwrap();
            prop_assert_eq!(text.expose().len(), TEXT_LENGTH);
            prop_assert_eq!(RefreshToken::verify(&keys(), text.expose()), Ok(token(session, generation)));
        }

        #[test]
        fn any_changed_character_is_refused(session: u128, generation: u32, at in 0..TEXT_LENGTH, to in "[A-Za-z0-9_-]") {
            let mut text = token(session, generation).sign(&keys()).unwrap().expose().to_owned();
            prop_assume!(text[at..=at] != *to);
            text.replace_range(at..=at, &to);
            prop_assert!(RefreshToken::verify(&keys(), &text).is_err());
        }

        #[test]
        fn a_changed_byte_with_a_mended_checksum_is_a_forgery(session: u128, generation: u32, at in 3_usize..55, flip in 1_u8..) {
            let text = token(session, generation).sign(&keys()).unwrap().expose().to_owned();
            let mut bytes = URL_SAFE_NO_PAD.decode(&text[PREFIX.len()..]).unwrap();
            bytes[at] ^= flip;
            let sum = checksum(&bytes[..55]);
            bytes[55..].copy_from_slice(&sum);
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(RefreshToken::verify(&keys(), &forged), Err(Unacceptable::Forged));
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in any::<String>()) {
            prop_assert!(RefreshToken::verify(&keys(), &text).is_err());
        }
    }
}
