//! The server's secrets: versioned master keys behind refresh tokens, and the keys that sign access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// The format of the stored keys that this program writes.
const FORMAT: u32 = 1;

/// Why keys cannot be had.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The system gives no randomness.
    #[error("keys_no_randomness: the system gave no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    /// The text is not the stored form of keys. What it holds is not repeated here.
    #[error("keys_unreadable: this is not a Vigie key file ({0})")]
    Unreadable(&'static str),
    /// Written by a newer program.
    #[error("keys_newer: the keys are of format {found}, this program knows format {FORMAT}")]
    Newer {
        /// The format found.
        found: u32,
    },
}

/// A 32-byte secret that is wiped when dropped and shows nothing.
#[derive(Clone, PartialEq, Eq, Zeroize)]
#[zeroize(drop)]
pub(crate) struct SecretKey([u8; 32]);

impl SecretKey {
    fn random() -> Result<Self, KeysError> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(KeysError::NoRandomness)?;
        Ok(Self(bytes))
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A master key and its version, as refresh tokens name it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MasterKey {
    pub(crate) version: u16,
    pub(crate) key: SecretKey,
}

/// All keys of one server. The last of each kind is current, the earlier ones still verify.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub(crate) masters: Vec<MasterKey>,
    pub(crate) signing_seeds: Vec<SecretKey>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field(
                "master_versions",
                &self.masters.iter().map(|m| m.version).collect::<Vec<_>>(),
            )
            .field("signing_keys", &self.signing_seeds.len())
            .finish()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    masters: Vec<StoredMaster>,
    signing_seeds: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMaster {
    version: u16,
    key: String,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.masters.iter_mut().for_each(|m| m.key.zeroize());
        self.signing_seeds.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl Keys {
    /// New keys of version 1.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`]
    pub fn generate() -> Result<Self, KeysError> {
        Ok(Self {
            masters: vec![MasterKey {
                version: 1,
                key: SecretKey::random()?,
            }],
            signing_seeds: vec![SecretKey::random()?],
        })
    }

    /// The same keys with a new current one of each kind; what the earlier ones signed stays good.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`]; [`KeysError::Unreadable`] after 65,535 rotations.
    pub fn rotated(&self) -> Result<Self, KeysError> {
        let mut next = self.clone();
        let newest = next.masters.last().map_or(0, |m| m.version);
        let version = newest
            .checked_add(1)
            .ok_or(KeysError::Unreadable("there is no version left"))?;
        next.masters.push(MasterKey {
            version,
            key: SecretKey::random()?,
        });
        next.signing_seeds.push(SecretKey::random()?);
        Ok(next)
    }

    /// The stored form: a JSON text, for a keychain, a file or a secret of the environment.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = Stored {
            format: FORMAT,
            masters: self
                .masters
                .iter()
                .map(|m| StoredMaster {
                    version: m.version,
                    key: URL_SAFE_NO_PAD.encode(m.key.expose()),
                })
                .collect(),
            signing_seeds: self
                .signing_seeds
                .iter()
                .map(|s| URL_SAFE_NO_PAD.encode(s.expose()))
                .collect(),
        };
        Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default())
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`KeysError::Unreadable`], [`KeysError::Newer`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } =
            serde_json::from_slice(bytes).map_err(|_| KeysError::Unreadable("no format is named"))?;
        if format > FORMAT {
            return Err(KeysError::Newer { found: format });
        }
        let stored: Stored = serde_json::from_slice(bytes)
            .map_err(|_| KeysError::Unreadable("a part is missing or unknown"))?;
        let masters = stored
            .masters
            .iter()
            .map(|m| {
                Ok(MasterKey {
                    version: m.version,
                    key: decode_key(&m.key)?,
                })
            })
            .collect::<Result<Vec<_>, KeysError>>()?;
        let signing_seeds = stored
            .signing_seeds
            .iter()
            .map(|s| decode_key(s))
            .collect::<Result<Vec<_>, _>>()?;
        if masters.is_empty() || signing_seeds.is_empty() {
            return Err(KeysError::Unreadable("a key is missing"));
        }
        if !masters.is_sorted_by(|a, b| a.version < b.version) {
            return Err(KeysError::Unreadable("the versions are not in order"));
        }
        Ok(Self {
            masters,
            signing_seeds,
        })
    }

    /// The version of the current master key.
    pub fn current_version(&self) -> u16 {
        self.masters.last().map_or(0, |m| m.version)
    }

    /// How many signing keys there are.
    pub fn signing_key_count(&self) -> usize {
        self.signing_seeds.len()
    }
}

fn decode_key(text: &str) -> Result<SecretKey, KeysError> {
    let mut bytes = [0_u8; 32];
    let written = URL_SAFE_NO_PAD
        .decode_slice(text, &mut bytes)
        .map_err(|_| KeysError::Unreadable("a key is not 32 bytes of base64url"))?;
    if written != bytes.len() {
        return Err(KeysError::Unreadable("a key is not 32 bytes of base64url"));
    }
    Ok(SecretKey(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Keys, KeysError};

    #[test]
    fn what_is_stored_is_read_back() {
        let keys = Keys::generate().unwrap().rotated().unwrap();
        assert!(Keys::from_bytes(&keys.to_bytes()).unwrap() == keys);
        assert_eq!(keys.current_version(), 2);
    }

    #[test]
    fn debug_form_reveals_nothing() {
        let keys = Keys::generate().unwrap();
        let stored = String::from_utf8(keys.to_bytes().to_vec()).unwrap();
        let key = stored.split('"').find(|part| part.len() == 43).unwrap();
        assert!(!format!("{keys:?}").contains(key));
    }

    #[test]
    fn a_newer_format_is_named_as_such() {
        assert!(matches!(
            Keys::from_bytes(br#"{"format":9,"x":1}"#),
            Err(KeysError::Newer { found: 9 })
        ));
    }

    #[test]
    fn a_damaged_file_is_refused_without_repeating_it() {
        for text in [
            "",
            "canary",
            r#"{"format":1,"masters":[],"signing_seeds":[]}"#,
            r#"{"format":1,"masters":[{"version":1,"key":"canary"}],"signing_seeds":["canary"]}"#,
        ] {
            let error = Keys::from_bytes(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("keys_unreadable"), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
