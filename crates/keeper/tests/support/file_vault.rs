//! A vault in a folder, so that it outlives a killed process. For tests alone: the product never writes a secret to a file.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use keeper::vault::Vault;
use keeper_core::VaultFault;
use secrecy::{ExposeSecret, SecretSlice};

pub struct FileVault {
    folder: PathBuf,
}

impl FileVault {
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        Self {
            folder: folder.to_owned(),
        }
    }
}

#[async_trait]
impl Vault for FileVault {
    async fn secret_read(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        Ok(std::fs::read(self.folder.join(name)).ok().map(SecretSlice::from))
    }

    async fn secret_write(&self, name: &str, secret: SecretSlice<u8>) -> Result<(), VaultFault> {
        let temporary = self.folder.join(format!("{name}.{}", std::process::id()));
        std::fs::write(&temporary, secret.expose_secret()).map_err(|_| VaultFault::Failed)?;
        std::fs::rename(temporary, self.folder.join(name)).map_err(|_| VaultFault::Failed)
    }

    async fn secret_delete(&self, name: &str) -> Result<(), VaultFault> {
        let _ = std::fs::remove_file(self.folder.join(name));
        Ok(())
    }
}
