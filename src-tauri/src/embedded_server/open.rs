//! The embedded server once it is open: its router, its keys, its first account.

use std::path::Path;
use std::sync::Arc;

use keeper::{InProcessTransport, Transport, Vault};
use keeper_core::VaultFault;
use secrecy::{ExposeSecret, SecretSlice};
use server::embedded::{self, EmbeddedError};
use server::first_operator::FirstOperatorError;
use server::{Keys, ServerOptions};
use store::StoreError;

use super::Accounts;
use crate::controller::FirstAccount;
use crate::view::{UiError, UiErrorCode};

/// The name of the keys in the keychain.
const KEYS: &str = "embedded-server-keys";

pub(super) struct Opened {
    server: embedded::EmbeddedServer,
    transport: Arc<dyn Transport>,
}

impl Opened {
    pub(super) async fn open(folder: &Path, vault: &dyn Vault) -> Result<Self, UiError> {
        let keys = keys(vault).await?;
        let server = embedded::open(folder, &keys, ServerOptions::default())
            .await
            .map_err(|error| {
                tracing::error!(%error, "the embedded server's data cannot be opened");
                ui_error(&error)
            })?;
        #[cfg(feature = "demo")]
        server::demo::seed(server.server().store().as_ref())
            .await
            .map_err(|error| {
                tracing::error!(%error, "the demonstration's accounts cannot be made");
                UiError::from(UiErrorCode::Internal)
            })?;
        let transport = Arc::new(InProcessTransport::new(server.router.clone()));
        Ok(Self { server, transport })
    }

    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    pub(super) async fn accounts(&self) -> Result<Accounts, UiError> {
        match self.server.has_operator().await {
            Ok(true) => Ok(Accounts::Some),
            Ok(false) => Ok(Accounts::None),
            Err(error) => Err(store_fault(&error).into()),
        }
    }

    pub(super) async fn first_operator(&self, account: &FirstAccount) -> Result<(), UiError> {
        self.server
            .first_operator(
                account.organization_name.trim(),
                &account.username,
                account.display_name.trim(),
                &account.password,
            )
            .await
            .map_err(|error| match error {
                FirstOperatorError::Exists => UiErrorCode::Forbidden.into(),
                FirstOperatorError::Name(field) => UiError::from(UiErrorCode::ValidationFailed).about(field),
                FirstOperatorError::Password(_) => {
                    UiError::from(UiErrorCode::ValidationFailed).about("password")
                }
                FirstOperatorError::Store(error) => store_fault(&error).into(),
            })
    }

    pub(super) async fn close(&self) {
        self.server.close().await;
    }
}

async fn keys(vault: &dyn Vault) -> Result<Keys, UiError> {
    match vault.secret_read(KEYS).await {
        Ok(Some(kept)) => Keys::from_bytes(kept.expose_secret()).map_err(|error| {
            tracing::error!(%error, "the embedded server's keys in the keychain cannot be read");
            UiErrorCode::KeychainFailed.into()
        }),
        Ok(None) => {
            let fresh = generate()?;
            vault
                .secret_write(KEYS, SecretSlice::from(fresh.to_bytes().to_vec()))
                .await?;
            Ok(fresh)
        }
        Err(VaultFault::Absent) => {
            tracing::warn!("there is no keychain: the embedded server's keys live for this run only");
            generate()
        }
        Err(fault @ (VaultFault::Locked | VaultFault::Slow | VaultFault::Failed)) => Err(fault.into()),
    }
}

fn generate() -> Result<Keys, UiError> {
    Keys::generate().map_err(|error| {
        tracing::error!(%error, "no keys can be made");
        UiErrorCode::Internal.into()
    })
}

fn ui_error(error: &EmbeddedError) -> UiError {
    match error {
        EmbeddedError::Store(error) => store_fault(error).into(),
        EmbeddedError::Setup(_) => UiErrorCode::Internal.into(),
    }
}

const fn store_fault(error: &StoreError) -> UiErrorCode {
    match error {
        StoreError::DiskFull(_) => UiErrorCode::DiskFull,
        StoreError::ReadOnly(_) => UiErrorCode::DiskReadOnly,
        StoreError::Newer { .. } => UiErrorCode::DataNewer,
        StoreError::InUse(_) => UiErrorCode::DataInUse,
        StoreError::Unavailable(_) | StoreError::Damaged(_) => UiErrorCode::DiskFailed,
        StoreError::LastOwner
        | StoreError::RankLost
        | StoreError::NameTaken(_)
        | StoreError::UnknownReference(_)
        | StoreError::Failed(_) => UiErrorCode::Internal,
    }
}
