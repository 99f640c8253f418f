//! Which database a server works on.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use store::{Store, StoreError};
use store_postgres::{Address, Options, PostgresStore};

use crate::open_store::open_store;

/// Which database, and how to use it.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of this machine; one server process at a time works on it.
    Sqlite(PathBuf),
    /// A PostgreSQL server, for any number of server processes.
    Postgres {
        /// Where, with the password where it needs one.
        address: Box<Address>,
        /// How.
        options: Options,
    },
}

impl Database {
    /// Opens it; makes it where it is a file that is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(path) => open_store(path).await,
            Self::Postgres { address, options } => {
                let store = PostgresStore::open(address, options.clone()).await?;
                Ok(Arc::new(store))
            }
        }
    }

    /// The file, where it is one.
    pub const fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres { .. } => None,
        }
    }
}

/// Without its password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres { address, .. } => write!(f, "{address}"),
        }
    }
}
