//! Reaching the commands: the running server's socket first, the database itself only where no server runs.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Store, StoreError};
use thiserror::Error;
use tower::ServiceExt as _;

use super::commands::{Commands, router};
use super::wire::Refusal;
use crate::clock::SystemClock;
use crate::database::Database;
use crate::passwords::PasswordError;

const ANSWER_MOST_BYTES: usize = 16 * 1024 * 1024;

/// Why commands cannot be given.
#[derive(Debug, Error)]
pub enum ReachError {
    /// There is neither a server nor a database.
    #[error("no_database: there is no database at {0}; run `vigie-server init`")]
    NoDatabase(String),
    /// A server holds the database, but its socket does not answer.
    #[error("server_unreachable: a server has the database open, but its socket {0} does not answer")]
    Unreachable(String),
    /// The socket belongs to somebody else.
    #[error("socket_forbidden: {0}: only the user who runs the server may give it commands")]
    Forbidden(String),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(StoreError),
    /// The password library refuses.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The socket cannot be spoken to.
    #[error("socket_failed: {0}")]
    Socket(String),
}

/// Why a command brought no answer.
#[derive(Debug, Error)]
pub enum Refused {
    /// It was refused.
    #[error("{}: {}", .0.code, .0.message)]
    Refusal(Refusal),
    /// The server did not answer as expected.
    #[error("socket_failed: {0}")]
    Broken(String),
}

/// A way to give commands.
pub enum Reach {
    /// Through a running server.
    #[cfg(unix)]
    Running(reqwest::Client),
    /// On the database, held by this program meanwhile.
    Direct(Router, Arc<dyn Store>),
}

impl Reach {
    /// Finds the server, or opens the database where none runs.
    ///
    /// # Errors
    /// See [`ReachError`].
    pub async fn find(database: &Database, socket: &Path) -> Result<Self, ReachError> {
        #[cfg(unix)]
        match tokio::net::UnixStream::connect(socket).await {
            Ok(_) => {
                let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build();
                return client
                    .map(Self::Running)
                    .map_err(|error| ReachError::Socket(error.to_string()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(ReachError::Forbidden(socket.display().to_string()));
            }
            Err(_) => {}
        }
        if let Some(file) = database.file().filter(|file| !file.exists()) {
            return Err(ReachError::NoDatabase(file.display().to_string()));
        }
        let store = database.open().await.map_err(|error| match error {
            StoreError::InUse(_) => ReachError::Unreachable(socket.display().to_string()),
            StoreError::Unavailable(_)
            | StoreError::DiskFull(_)
            | StoreError::ReadOnly(_)
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)
            | StoreError::NameTaken(_)
            | StoreError::UnknownReference(_)
            | StoreError::LastOwner
            | StoreError::RankLost
            | StoreError::Failed(_) => ReachError::Store(error),
        })?;
        let commands = Commands::over(Arc::clone(&store), Arc::new(SystemClock::new()))?;
        Ok(Self::Direct(router(commands), store))
    }

    /// Asks for something.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Refused> {
        self.call(Method::GET, path, Vec::new()).await
    }

    /// Has something done.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn post<B: Serialize, A: DeserializeOwned>(&self, path: &str, body: &B) -> Result<A, Refused> {
        self.call(Method::POST, path, serde_json::to_vec(body).map_err(broken)?)
            .await
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<A, Refused> {
        let uri = format!("http://vigie-server{path}");
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, "application/json");
        let (fine, bytes) = match self {
            #[cfg(unix)]
            Self::Running(client) => {
                let request = request.body(body).map_err(broken)?;
                let request = reqwest::Request::try_from(request).map_err(broken)?;
                let response = client.execute(request).await.map_err(broken)?;
                (
                    response.status().is_success(),
                    response.bytes().await.map_err(broken)?,
                )
            }
            Self::Direct(router, _) => {
                let request = request.body(Body::from(body)).map_err(broken)?;
                let response = router.clone().oneshot(request).await.map_err(broken)?;
                let fine = response.status().is_success();
                let bytes = axum::body::to_bytes(response.into_body(), ANSWER_MOST_BYTES)
                    .await
                    .map_err(broken)?;
                (fine, bytes)
            }
        };
        if fine {
            return serde_json::from_slice(&bytes).map_err(broken);
        }
        Err(Refused::Refusal(serde_json::from_slice(&bytes).map_err(broken)?))
    }

    /// Lets go of what was opened.
    pub async fn close(self) {
        match self {
            #[cfg(unix)]
            Self::Running(_) => {}
            Self::Direct(_, store) => store.close().await,
        }
    }
}

fn broken(error: impl std::fmt::Display) -> Refused {
    Refused::Broken(error.to_string())
}
