//! Signing the heads of the audit log: Ed25519 (RFC 8032) under keys that come from the server's master keys (HKDF, RFC
//! 5869), so that whoever can write the database alone cannot make a head.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use jsonwebtoken::crypto::{sign, verify};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::Sha256;
use store::{Cut, Link, Millis, Seal};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access_token::{SigningFault, encoding_key};
use crate::keys::Keys;

/// The form of what is signed; the first byte of it.
const FORM: u8 = 1;

struct SealKey {
    version: u16,
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// Signs heads with the newest key, and knows those that each of the keys signed.
pub struct SealKeys {
    installation_id: Uuid,
    keys: Vec<SealKey>,
}

impl SealKeys {
    /// From the server's keys.
    ///
    /// # Errors
    /// [`SigningFault`] where a key is none.
    pub fn new(keys: &Keys) -> Result<Self, SigningFault> {
        let mut known = Vec::new();
        for master in &keys.masters {
            let seed: Zeroizing<[u8; 32]> = derived(b"vigie audit seal", master.key.expose());
            let signing = encoding_key(&seed);
            let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
            known.push(SealKey {
                version: master.version,
                verifying: DecodingKey::from_jwk(&jwk)?,
                signing,
            });
        }
        // The first key stays on the list for as long as the installation lives.
        let first = keys.masters.first().map(|master| master.key.expose());
        let id: Zeroizing<[u8; 16]> = derived(b"vigie installation", first.map_or(&[], |key| &key[..]));
        Ok(Self {
            installation_id: Uuid::from_bytes(*id),
            keys: known,
        })
    }

    /// What tells this installation apart from others; it is no secret.
    pub const fn installation_id(&self) -> Uuid {
        self.installation_id
    }

    /// A seal over the rows whose links these are, after `previous_head`.
    ///
    /// # Errors
    /// [`SigningFault`]
    pub fn seal(
        &self,
        number: u64,
        sequences: (u64, u64),
        heads: (Link, Link),
        now: Millis,
    ) -> Result<Seal, SigningFault> {
        let mut seal = Seal {
            number,
            from_sequence: sequences.0,
            to_sequence: sequences.1,
            previous_head: heads.0,
            head: heads.1,
            sealed_at: now,
            key_version: 0,
            signature: Vec::new(),
        };
        (seal.key_version, seal.signature) = self.signed(&self.seal_message(&seal))?;
        Ok(seal)
    }

    /// Whether one of these keys signed the seal as it stands.
    pub fn vouch_for_seal(&self, seal: &Seal) -> bool {
        self.is_good(seal.key_version, &seal.signature, &self.seal_message(seal))
    }

    /// A cut behind this seal.
    ///
    /// # Errors
    /// [`SigningFault`]
    pub fn cut(&self, number: u64, behind: &Seal, now: Millis) -> Result<Cut, SigningFault> {
        let mut cut = Cut {
            number,
            seal_number: behind.number,
            to_sequence: behind.to_sequence,
            head: behind.head,
            cut_at: now,
            key_version: 0,
            signature: Vec::new(),
        };
        (cut.key_version, cut.signature) = self.signed(&self.cut_message(&cut))?;
        Ok(cut)
    }

    /// Whether one of these keys signed the cut as it stands.
    pub fn vouch_for_cut(&self, cut: &Cut) -> bool {
        self.is_good(cut.key_version, &cut.signature, &self.cut_message(cut))
    }

    fn signed(&self, message: &[u8]) -> Result<(u16, Vec<u8>), SigningFault> {
        let missing = || jsonwebtoken::errors::Error::from(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey);
        let key = self.keys.last().ok_or_else(missing)?;
        let text = sign(message, &key.signing, Algorithm::EdDSA)?;
        let signature = URL_SAFE_NO_PAD.decode(text).map_err(|_| missing())?;
        Ok((key.version, signature))
    }

    fn is_good(&self, version: u16, signature: &[u8], message: &[u8]) -> bool {
        let Some(key) = self.keys.iter().find(|key| key.version == version) else {
            return false;
        };
        let signature = URL_SAFE_NO_PAD.encode(signature);
        verify(&signature, message, &key.verifying, Algorithm::EdDSA).unwrap_or(false)
    }

    fn seal_message(&self, seal: &Seal) -> Vec<u8> {
        let mut message = self.opening(*b"seal");
        message.extend(seal.number.to_be_bytes());
        message.extend(seal.from_sequence.to_be_bytes());
        message.extend(seal.to_sequence.to_be_bytes());
        message.extend(seal.previous_head);
        message.extend(seal.head);
        message.extend(seal.sealed_at.to_be_bytes());
        message
    }

    fn cut_message(&self, cut: &Cut) -> Vec<u8> {
        let mut message = self.opening(*b"cut.");
        message.extend(cut.number.to_be_bytes());
        message.extend(cut.seal_number.to_be_bytes());
        message.extend(cut.to_sequence.to_be_bytes());
        message.extend(cut.head);
        message.extend(cut.cut_at.to_be_bytes());
        message
    }

    /// All parts have a fixed length, so that no two messages are the same bytes.
    fn opening(&self, kind: [u8; 4]) -> Vec<u8> {
        let mut message = b"vigie audit ".to_vec();
        message.push(FORM);
        message.extend(kind);
        message.extend(self.installation_id.as_bytes());
        message
    }
}

fn derived<const BYTES: usize>(salt: &[u8], master: &[u8]) -> Zeroizing<[u8; BYTES]> {
    let mut key = Zeroizing::new([0_u8; BYTES]);
    // So few bytes are always within what HKDF-SHA-256 can give.
    let _ = Hkdf::<Sha256>::new(Some(salt), master).expand(&[], key.as_mut_slice());
    key
}

#[cfg(test)]
mod tests {
    use super::SealKeys;
    use crate::keys::Keys;

    #[test]
    fn a_seal_holds_for_what_was_signed_and_nothing_else() {
        let keys = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        let seal = keys.seal(3, (10, 12), ([1; 32], [2; 32]), 99).unwrap();
        assert!(keys.vouch_for_seal(&seal));
        let mut others = vec![seal.clone(); 8];
        others[0].number += 1;
        others[1].from_sequence -= 1;
        others[2].to_sequence += 1;
        others[3].previous_head[0] ^= 1;
        others[4].head[31] ^= 1;
        others[5].sealed_at += 1;
        others[6].key_version += 1;
        others[7].signature[0] ^= 1;
        for other in others {
            assert!(!keys.vouch_for_seal(&other), "{other:?}");
        }
        let foreign = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        assert!(!foreign.vouch_for_seal(&seal));
    }

    #[test]
    fn what_an_earlier_key_signed_stays_good() {
        let before = Keys::generate().unwrap();
        let seal = SealKeys::new(&before)
            .unwrap()
            .seal(1, (1, 1), ([0; 32], [2; 32]), 99)
            .unwrap();
        let after = SealKeys::new(&before.rotated().unwrap()).unwrap();
        assert!(after.vouch_for_seal(&seal));
        let newer = after.seal(2, (2, 2), ([2; 32], [3; 32]), 99).unwrap();
        assert_eq!((seal.key_version, newer.key_version), (1, 2));
    }

    #[test]
    fn a_cut_is_no_seal_and_holds_for_what_was_signed() {
        let keys = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        let seal = keys.seal(1, (1, 5), ([0; 32], [2; 32]), 99).unwrap();
        let cut = keys.cut(1, &seal, 100).unwrap();
        assert!(keys.vouch_for_cut(&cut));
        let mut others = vec![cut; 6];
        others[0].number += 1;
        others[1].seal_number += 1;
        others[2].to_sequence -= 1;
        others[3].head[0] ^= 1;
        others[4].cut_at += 1;
        others[5].signature.clone_from(&seal.signature);
        for other in others {
            assert!(!keys.vouch_for_cut(&other), "{other:?}");
        }
    }
}
