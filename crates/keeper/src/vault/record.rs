//! The form in which a session's record stands in the keychain.

use keeper_core::{KeyThumbprint, RefreshToken, SessionRecord, VaultFault};
use protocol::Secret;
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};

use super::Vault;
use crate::SlotId;
use crate::slot::hex;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    server: String,
    operator: String,
    session_id: String,
    generation: u32,
    refresh_token: Secret,
    /// Thumbprint of the device's key, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound_to: Option<String>,
}

/// The slot's record.
///
/// # Errors
/// [`VaultFault`] where the keychain cannot be asked, or holds something that is no record of a known version.
pub(crate) async fn read_record(
    vault: &dyn Vault,
    slot: &SlotId,
) -> Result<Option<SessionRecord>, VaultFault> {
    vault
        .secret_read(slot.as_str())
        .await?
        .map(|secret| decode(&secret))
        .transpose()
}

/// Makes this the slot's record.
///
/// # Errors
/// [`VaultFault`]
pub(crate) async fn write_record(
    vault: &dyn Vault,
    slot: &SlotId,
    record: &SessionRecord,
) -> Result<(), VaultFault> {
    vault.secret_write(slot.as_str(), encode(record)?).await
}

fn encode(record: &SessionRecord) -> Result<SecretSlice<u8>, VaultFault> {
    let stored = Stored {
        version: VERSION,
        server: record.server.clone(),
        operator: record.operator.clone(),
        session_id: record.session_id.clone(),
        generation: record.generation,
        refresh_token: Secret::new(record.refresh_token.expose()),
        bound_to: record.bound_to.map(|key| hex(key.as_bytes())),
    };
    serde_json::to_vec(&stored)
        .map(SecretSlice::from)
        .map_err(|_| VaultFault::Failed)
}

fn decode(secret: &SecretSlice<u8>) -> Result<SessionRecord, VaultFault> {
    let stored: Stored = serde_json::from_slice(secret.expose_secret()).map_err(|_| VaultFault::Failed)?;
    if stored.version != VERSION {
        return Err(VaultFault::Failed);
    }
    let bound_to = match stored.bound_to {
        None => None,
        Some(text) => Some(thumbprint(&text).ok_or(VaultFault::Failed)?),
    };
    Ok(SessionRecord {
        server: stored.server,
        operator: stored.operator,
        session_id: stored.session_id,
        generation: stored.generation,
        refresh_token: RefreshToken::new(stored.refresh_token.expose()),
        bound_to,
    })
}

fn thumbprint(text: &str) -> Option<KeyThumbprint> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(KeyThumbprint::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use keeper_core::{KeyThumbprint, RefreshToken, SessionRecord, VaultFault};
    use secrecy::SecretSlice;

    use super::{decode, encode};

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = |bound_to| SessionRecord {
            server: "https://caisse.example".to_owned(),
            operator: "marie \"é\"".to_owned(),
            session_id: "s".to_owned(),
            generation: 7,
            refresh_token: RefreshToken::new("token"),
            bound_to,
        };
        for bound_to in [None, Some(KeyThumbprint::from_bytes([0xa5; 32]))] {
            let record = record(bound_to);
            assert_eq!(decode(&encode(&record).unwrap()), Ok(record));
        }
    }

    #[test]
    fn what_is_no_record_is_a_fault_and_not_an_empty_slot() {
        for text in [
            "",
            "{}",
            "null",
            "{\"version\":1,\"server\":\"s\",\"operator\":\"o\",\"session_id\":\"i\",\"generation\":1,\"refresh_token\":\"t\",\"bound_to\":\"zz\"}",
            "{\"version\":2,\"server\":\"s\",\"operator\":\"o\",\"session_id\":\"i\",\"generation\":1,\"refresh_token\":\"t\"}",
        ] {
            assert_eq!(
                decode(&SecretSlice::from(text.as_bytes().to_vec())),
                Err(VaultFault::Failed),
                "{text}"
            );
        }
    }
}
