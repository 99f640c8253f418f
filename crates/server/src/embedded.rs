//! The server inside the app: the same router, called in process, with no open port.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use protocol::Secret;
use protocol::auth::OrganizationRole;
use store::{Store, StoreError};
use thiserror::Error;

use crate::audit::HEADS_FILE;
use crate::background::Background;
use crate::clock::{Clock, SystemClock};
use crate::first_operator::{FirstOperator, FirstOperatorError, add_first_operator, has_operator};
use crate::keys::Keys;
use crate::open_store::open_store;
use crate::options::{MailSetBy, ServerOptions};
use crate::server::{Server, SetupError};

/// The database's name in the data directory.
pub const DATABASE: &str = "vigie.db";

/// Why an embedded server cannot be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot be put together.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A server in process.
pub struct EmbeddedServer {
    /// What to call.
    pub router: Router,
    server: Server,
    background: Mutex<Option<Background>>,
}

/// Opens the server over the database in `data_dir`, which is made where there is none.
///
/// # Errors
/// See [`EmbeddedError`].
pub async fn open(
    data_dir: &Path,
    keys: &Keys,
    options: ServerOptions,
) -> Result<EmbeddedServer, EmbeddedError> {
    let store = open_store(&data_dir.join(DATABASE)).await?;
    let mut options = options;
    options
        .audit
        .heads_file
        .get_or_insert_with(|| data_dir.join(HEADS_FILE));
    EmbeddedServer::over(store, keys, Arc::new(SystemClock::new()), options)
}

impl EmbeddedServer {
    /// A server over a store that is open already. Call it on a runtime: the server's background work starts there.
    ///
    /// # Errors
    /// See [`EmbeddedError`].
    pub fn over(
        store: Arc<dyn Store>,
        keys: &Keys,
        clock: Arc<dyn Clock>,
        options: ServerOptions,
    ) -> Result<Self, EmbeddedError> {
        let options = ServerOptions {
            mail_set_by: MailSetBy::Owners,
            ..options
        };
        let server = Server::new(store, keys.clone(), clock, options)?;
        Ok(Self {
            router: crate::router(server.clone()),
            background: Mutex::new(Some(Background::start(&server))),
            server,
        })
    }

    /// The server behind the router.
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Whether anybody can sign in yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_operator(&self) -> Result<bool, StoreError> {
        has_operator(self.server.store().as_ref()).await
    }

    /// Makes the first account, as the owner of an organisation of this device's own.
    ///
    /// # Errors
    /// See [`FirstOperatorError`].
    pub async fn first_operator(
        &self,
        organization_name: &str,
        username: &str,
        display_name: &str,
        password: &Secret,
    ) -> Result<(), FirstOperatorError> {
        let first = FirstOperator {
            organization_slug: "maison",
            organization_name,
            site_name: None,
            username,
            display_name,
            role: OrganizationRole::Owner,
            password,
            one_time_password: false,
        };
        add_first_operator(&self.server, first).await.map(drop)
    }

    /// Ends event streams, writes what is under way and lets go of the database.
    pub async fn close(&self) {
        self.server.end_event_streams();
        let background = self
            .background
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(background) = background {
            background.stop().await;
        }
        self.server.store().close().await;
    }
}
