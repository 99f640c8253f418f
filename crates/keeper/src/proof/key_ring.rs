//! The keychain entry that holds this device's keys: its own first, and after it those that served while the keychain was
//! away and to which a session is bound.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keeper_core::VaultFault;
use protocol::Secret;
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::SigningKey;
use crate::Vault;
use crate::journal::JournalFolder;

/// The entry's name.
pub(super) const NAME: &str = "device-key";
const VERSION: u32 = 1;
/// More than these are not kept; the oldest but the device's own goes first.
const MOST: usize = 32;
/// How long to wait for another process that adds a key.
const LOCK_WAIT: Duration = Duration::from_secs(3);

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    /// PKCS #8 in base64.
    keys: Vec<Secret>,
}

/// Every key of the device; none where there is no entry, or one that cannot be understood.
///
/// # Errors
/// [`VaultFault`] where the keychain cannot be read, or holds keys in a form of a newer version.
pub(super) async fn read(vault: &dyn Vault) -> Result<Vec<SigningKey>, VaultFault> {
    let Some(entry) = vault.secret_read(NAME).await? else {
        return Ok(Vec::new());
    };
    let Ok(stored) = serde_json::from_slice::<Stored>(entry.expose_secret()) else {
        tracing::warn!("the keychain's entry for the device's key cannot be understood");
        return Ok(Vec::new());
    };
    if stored.version != VERSION {
        return Err(VaultFault::Failed);
    }
    let keys = stored.keys.iter().filter_map(|text| {
        let der = Zeroizing::new(STANDARD_NO_PAD.decode(text.expose()).ok()?);
        SigningKey::from_pkcs8(&der)
    });
    Ok(keys.collect())
}

/// Adds a key, alone among all processes of the device.
///
/// # Errors
/// [`VaultFault`] where the keychain does not do it, [`VaultFault::Slow`] where other processes hold it for too long.
pub(super) async fn add(
    vault: &dyn Vault,
    journals: &JournalFolder,
    key: &SigningKey,
) -> Result<(), VaultFault> {
    let lock = journals.device_key_lock().acquire(LOCK_WAIT).await;
    let _held = lock.map_err(|_| VaultFault::Failed)?.ok_or(VaultFault::Slow)?;
    let mut ring = read(vault).await?;
    if ring.iter().any(|known| known.thumbprint() == key.thumbprint()) {
        return Ok(());
    }
    if ring.len() >= MOST {
        ring.remove(1);
    }
    let text = |key: &SigningKey| {
        let der = key.to_pkcs8()?;
        Some(Secret::new(STANDARD_NO_PAD.encode(&*der)))
    };
    let keys: Option<Vec<Secret>> = ring.iter().chain([key]).map(text).collect();
    let stored = Stored {
        version: VERSION,
        keys: keys.ok_or(VaultFault::Failed)?,
    };
    let entry = serde_json::to_vec(&stored).map_err(|_| VaultFault::Failed)?;
    vault.secret_write(NAME, SecretSlice::from(entry)).await
}

#[cfg(test)]
mod tests {
    use keeper_core::VaultFault;

    use super::{MOST, NAME, add, read};
    use crate::journal::JournalFolder;
    use crate::proof::key::SigningKey;
    use crate::vault::MemoryVault;

    #[tokio::test]
    async fn the_devices_own_key_stays_first_however_many_come_after() {
        let vault = MemoryVault::new();
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        let keys: Vec<_> = (0..MOST + 3).map(|_| SigningKey::generate().unwrap()).collect();
        for key in &keys {
            add(&vault, &journals, key).await.unwrap();
            add(&vault, &journals, key).await.unwrap();
        }
        let kept = read(&vault).await.unwrap();
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept[0].thumbprint(), keys[0].thumbprint());
        assert_eq!(kept[MOST - 1].thumbprint(), keys[MOST + 2].thumbprint());
        assert_eq!(kept[1].thumbprint(), keys[4].thumbprint());
    }

    #[tokio::test]
    async fn garbage_is_no_key_and_a_newer_form_is_left_alone() {
        let vault = MemoryVault::new();
        vault.put(NAME, b"nonsense");
        assert!(read(&vault).await.unwrap().is_empty());
        vault.put(NAME, b"{\"version\":2,\"keys\":[]}");
        assert_eq!(read(&vault).await.unwrap_err(), VaultFault::Failed);
    }
}
