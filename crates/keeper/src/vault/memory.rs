//! A vault in memory, for tests alone, that can be told to fail.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use keeper_core::VaultFault;
use secrecy::{ExposeSecret, SecretSlice};

use super::Vault;

/// Secrets in memory. Several keepers over one of these are several processes over one keychain.
#[derive(Default)]
pub struct MemoryVault {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<String, Vec<u8>>,
    fault: Option<VaultFault>,
    writes: u32,
}

impl MemoryVault {
    /// An empty vault.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call fails so, or none does.
    pub fn fail(&self, fault: Option<VaultFault>) {
        self.inner().fault = fault;
    }

    /// How often something was written.
    pub fn writes(&self) -> u32 {
        self.inner().writes
    }

    /// What stands under this name.
    pub fn peek(&self, name: &str) -> Option<Vec<u8>> {
        self.inner().entries.get(name).cloned()
    }

    /// Puts something under this name, as another process would.
    pub fn put(&self, name: &str, secret: &[u8]) {
        self.inner().entries.insert(name.to_owned(), secret.to_vec());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Inner>, VaultFault> {
        let inner = self.inner();
        match inner.fault {
            Some(fault) => Err(fault),
            None => Ok(inner),
        }
    }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn secret_read(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        Ok(self.open()?.entries.get(name).cloned().map(SecretSlice::from))
    }

    async fn secret_write(&self, name: &str, secret: SecretSlice<u8>) -> Result<(), VaultFault> {
        let mut inner = self.open()?;
        inner.writes += 1;
        inner
            .entries
            .insert(name.to_owned(), secret.expose_secret().to_vec());
        Ok(())
    }

    async fn secret_delete(&self, name: &str) -> Result<(), VaultFault> {
        self.open()?.entries.remove(name);
        Ok(())
    }
}
