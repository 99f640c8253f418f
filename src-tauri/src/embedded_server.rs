//! The server inside the app: opened when it is first needed, called in process, with no open port.
//!
//! Its keys live in the OS keychain, never beside the database. A locked, slow or failing keychain keeps the server
//! closed, since new keys would end the sessions that the kept ones made. Where there is no keychain at all, the keys
//! live for this run only: sessions end at the next start, the data stay.

#[cfg(feature = "embedded-server")]
mod open;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use keeper::transport::ByteStream;
use keeper::{Limits, Transport, TransportFault, Vault};
use tokio::sync::{Mutex, MutexGuard};

use crate::controller::FirstAccount;
use crate::view::UiError;

#[cfg(feature = "embedded-server")]
use open::Opened;

/// The server inside the app, open or not.
pub struct EmbeddedServer {
    folder: PathBuf,
    vault: Arc<dyn Vault>,
    opened: Mutex<Option<Opened>>,
}

/// Who can sign in at the embedded server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Somebody can.
    Some,
    /// Nobody can yet: the first account is to be made.
    None,
}

impl EmbeddedServer {
    /// The server over the database in this folder, with its keys in this keychain. Nothing is opened yet.
    pub fn new(folder: PathBuf, vault: Arc<dyn Vault>) -> Self {
        Self {
            folder,
            vault,
            opened: Mutex::new(None),
        }
    }

    async fn open(&self) -> Result<MutexGuard<'_, Option<Opened>>, UiError> {
        let mut opened = self.opened.lock().await;
        if opened.is_none() {
            *opened = Some(Opened::open(&self.folder, self.vault.as_ref()).await?);
        }
        Ok(opened)
    }

    /// Opens the server if it is not open, and says who can sign in.
    ///
    /// # Errors
    /// What keeps the database or its keys from being opened.
    pub async fn ready(&self) -> Result<Accounts, UiError> {
        match self.open().await?.as_ref() {
            Some(opened) => opened.accounts().await,
            None => Ok(Accounts::None),
        }
    }

    /// Makes the first account.
    ///
    /// # Errors
    /// What is wrong with the account, or with the server.
    pub async fn first_operator(&self, account: &FirstAccount) -> Result<(), UiError> {
        match self.open().await?.as_ref() {
            Some(opened) => opened.first_operator(account).await,
            None => Ok(()),
        }
    }

    async fn transport(&self) -> Option<Arc<dyn Transport>> {
        match self.open().await {
            Ok(opened) => opened.as_ref().map(Opened::transport),
            Err(error) => {
                tracing::warn!(code = %error.code, "the embedded server cannot be opened");
                None
            }
        }
    }

    /// Writes what is under way and lets go of the database.
    pub async fn close(&self) {
        if let Some(opened) = self.opened.lock().await.take() {
            opened.close().await;
        }
    }
}

#[async_trait]
impl Transport for EmbeddedServer {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        match self.transport().await {
            Some(transport) => transport.send(introduced(request), limits).await,
            None => Err(TransportFault::Refused),
        }
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        match self.transport().await {
            Some(transport) => transport.open_stream(introduced(request)).await,
            None => Err(TransportFault::Refused),
        }
    }
}

/// The request with the app's name on it, as it would have over the network.
fn introduced(mut request: Request<Bytes>) -> Request<Bytes> {
    let name = HeaderValue::from_static(crate::reach::USER_AGENT);
    request.headers_mut().entry(USER_AGENT).or_insert(name);
    request
}

/// Without the server inside, there is nothing to open.
#[cfg(not(feature = "embedded-server"))]
enum Opened {}

#[cfg(not(feature = "embedded-server"))]
impl Opened {
    async fn open(folder: &std::path::Path, _vault: &dyn Vault) -> Result<Self, UiError> {
        tracing::warn!(folder = %folder.display(), "this build has no server inside");
        Err(crate::view::UiErrorCode::ServerUnknown.into())
    }
    fn transport(&self) -> Arc<dyn Transport> {
        match *self {}
    }
    async fn accounts(&self) -> Result<Accounts, UiError> {
        match *self {}
    }
    async fn first_operator(&self, _account: &FirstAccount) -> Result<(), UiError> {
        match *self {}
    }
    async fn close(&self) {
        match *self {}
    }
}
