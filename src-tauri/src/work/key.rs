//! The key of an operator's work: kept in the keychain, or passing while the keychain is away.
//!
//! Without the keychain the work is sealed under a key that lives in memory: nothing typed is lost while the app runs,
//! and the screen is told that it would not survive a restart. When the keychain is back, that key becomes the kept
//! one, or, where the keychain already holds one, everything is sealed again under it.

use keeper::{SlotId, Vault};
use keeper_core::VaultFault;
use secrecy::{ExposeSecret, SecretSlice};
use zeroize::Zeroizing;

use super::seal::{KEY_BYTES, WorkKey};

/// The key that the work is sealed under just now.
#[derive(Clone, Debug)]
pub enum KeyInForce {
    /// The keychain holds it.
    Kept(WorkKey),
    /// It lives in memory only.
    Passing {
        /// The key.
        key: WorkKey,
        /// Why.
        fault: VaultFault,
    },
}

impl KeyInForce {
    /// The key itself.
    pub const fn key(&self) -> &WorkKey {
        match self {
            Self::Kept(key) | Self::Passing { key, .. } => key,
        }
    }

    /// Why the key would not survive a restart, if it would not.
    pub const fn fault(&self) -> Option<VaultFault> {
        match self {
            Self::Kept(_) => None,
            Self::Passing { fault, .. } => Some(*fault),
        }
    }
}

/// The name of the key in the keychain.
pub fn secret_name(slot: &SlotId) -> String {
    format!("work-key-{slot}")
}

/// The key that the keychain holds for this operator; where it holds none, `fresh` is put there.
///
/// # Errors
/// The keychain's. A secret of another length is [`VaultFault::Failed`]: it is never written over.
pub async fn kept_key(vault: &dyn Vault, slot: &SlotId, fresh: &WorkKey) -> Result<WorkKey, VaultFault> {
    let name = secret_name(slot);
    if let Some(found) = vault.secret_read(&name).await? {
        return read(&found);
    }
    vault
        .secret_write(&name, SecretSlice::from(fresh.expose().to_vec()))
        .await?;
    let written = vault.secret_read(&name).await?.ok_or(VaultFault::Failed)?;
    read(&written)
}

fn read(secret: &SecretSlice<u8>) -> Result<WorkKey, VaultFault> {
    let bytes = <[u8; KEY_BYTES]>::try_from(secret.expose_secret()).map_err(|_| VaultFault::Failed)?;
    Ok(WorkKey::from_bytes(Zeroizing::new(bytes)))
}
