//! Where a database is and who one is there; its password is never shown.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx_postgres::PgConnectOptions;
use thiserror::Error;

/// Why a text is no address of a database.
#[derive(Debug, Error)]
pub enum AddressError {
    /// It has another form.
    #[error("not an address of the form postgres://user@host/database")]
    Form,
    /// It says something that means nothing, or not so.
    #[error("an address of a database with something in it that does not fit: {0}")]
    Parameter(String),
    /// It names no database.
    #[error("an address without the name of a database at its end")]
    NoDatabase,
}

/// An address of the form `postgres://user:password@host:port/database?sslmode=…`.
///
/// `sslmode` and its kin mean what they mean to PostgreSQL's own programs (`sslrootcert` names a file with the
/// authority's certificate); `host=/directory` is for a socket; `options=-c search_path=…` chooses a schema.
#[derive(Clone)]
pub struct Address {
    options: PgConnectOptions,
    shown: String,
    has_password: bool,
}

impl Address {
    /// The same address with this password.
    pub fn with_password(mut self, password: &str) -> Self {
        self.options = self.options.password(password);
        self.has_password = true;
        self
    }

    /// Whether it carries a password.
    pub const fn has_password(&self) -> bool {
        self.has_password
    }

    /// How to connect there, with every setting that this program relies on.
    pub(crate) fn connecting(&self, call_most: Duration) -> PgConnectOptions {
        let milliseconds = |part: u32| (call_most / 10 * part).as_millis().to_string();
        self.options
            .clone()
            .application_name("vigie-server")
            .statement_cache_capacity(256)
            .options([
                ("synchronous_commit", "on".to_owned()),
                ("default_transaction_isolation", "read committed".to_owned()),
                ("statement_timeout", milliseconds(8)),
                ("lock_timeout", milliseconds(6)),
                ("idle_in_transaction_session_timeout", milliseconds(20)),
            ])
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Some((scheme @ ("postgres" | "postgresql"), _)) = text.split_once("://") else {
            return Err(AddressError::Form);
        };
        let options = PgConnectOptions::from_str(text).map_err(|error| parameter(&error))?;
        let (_, rest) = text.split_at(scheme.len() + 3);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let has_password = authority
            .rsplit_once('@')
            .is_some_and(|(who, _)| who.contains(':'))
            || rest.contains("password=");
        let name = options.get_database().ok_or(AddressError::NoDatabase)?;
        let place = options
            .get_socket()
            .map(|socket| socket_name(socket, options.get_port()))
            .unwrap_or_else(|| format!("{}:{}", options.get_host(), options.get_port()));
        let shown = format!("postgres://{}@{place}/{name}", options.get_username());
        Ok(Self {
            options,
            shown,
            has_password,
        })
    }
}

fn socket_name(folder: &Path, port: u16) -> String {
    format!("[{}:{port}]", folder.display())
}

/// What does not fit, without the address itself: a password could stand in it.
fn parameter(error: &sqlx_core::Error) -> AddressError {
    let sqlx_core::Error::Configuration(source) = error else {
        return AddressError::Form;
    };
    if source.is::<url::ParseError>() {
        AddressError::Form
    } else {
        AddressError::Parameter(source.to_string())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}
