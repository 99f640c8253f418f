//! Where secrets are kept: named entries in the operating system's keychain.

mod keychain;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod pieces;
#[cfg(target_os = "linux")]
mod probe;
mod record;
mod store;

use async_trait::async_trait;
use keeper_core::VaultFault;
use secrecy::SecretSlice;

pub use keychain::KeychainVault;
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryVault;
pub(crate) use record::{read_record, write_record};

/// The service name under which every entry of the product stands in the keychain.
pub const SERVICE: &str = "org.vigie.desktop";

/// A keeper of named secrets. Calls are carried out one at a time, in the order in which they were made.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The secret of this name; `None` where there is none.
    ///
    /// # Errors
    /// [`VaultFault`], after 5 s at the latest.
    async fn secret_read(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault>;

    /// Makes this the secret of this name.
    ///
    /// # Errors
    /// [`VaultFault`], after 5 s at the latest. The write may still happen after [`VaultFault::Slow`].
    async fn secret_write(&self, name: &str, secret: SecretSlice<u8>) -> Result<(), VaultFault>;

    /// Removes the secret of this name; none there is no fault.
    ///
    /// # Errors
    /// [`VaultFault`], after 5 s at the latest.
    async fn secret_delete(&self, name: &str) -> Result<(), VaultFault>;

    /// Says that the operator acts just now, so that a locked keychain may ask once to be unlocked.
    fn permit_prompt(&self) {}
}
