//! From PostgreSQL's failures to the store's: which of them is the way there, the disk, a name that is taken, or this
//! program.

use sqlx_core::error::{DatabaseError, Error};
use store::StoreError;

/// Why a deed on a connection did not happen.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL could not, or could not be asked.
    Engine(Error),
    /// The deed itself was refused.
    Refused(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Engine(error) => from_postgres(&error),
            Fault::Refused(error) => error,
        }
    }
}

impl Fault {
    /// Whether PostgreSQL undid the whole transaction only because of others at work beside it, so that it may be done
    /// again.
    pub(crate) fn may_be_repeated(&self) -> bool {
        let Self::Engine(Error::Database(error)) = self else {
            return false;
        };
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }

    /// Whether the connection that it happened on still answers.
    pub(crate) const fn leaves_the_connection(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Engine(error) => matches!(
                error,
                Error::Database(_)
                    | Error::RowNotFound
                    | Error::ColumnIndexOutOfBounds { .. }
                    | Error::ColumnNotFound(_)
                    | Error::ColumnDecode { .. }
                    | Error::Encode(_)
                    | Error::Decode(_)
            ),
        }
    }
}

/// What PostgreSQL's error means to the server.
pub(crate) fn from_postgres(error: &Error) -> StoreError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the driver's errors are not exhaustive"
    )]
    match error {
        Error::Database(said) => from_database(said.as_ref()),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::PoolTimedOut | Error::WorkerCrashed => {
            StoreError::Unavailable(error.to_string())
        }
        Error::BeginFailed => StoreError::Unavailable(error.to_string()),
        Error::PoolClosed => StoreError::Unavailable("the store is closed".to_owned()),
        _ => StoreError::Failed(error.to_string()),
    }
}

/// By the class and code of <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn from_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let text = format!("{} ({code})", error.message());
    if let Some(refused) = refusal(&code, error.constraint().unwrap_or_default()) {
        return refused;
    }
    match code.as_ref() {
        "53100" => StoreError::DiskFull(text),
        "25006" => StoreError::ReadOnly(text),
        "XX001" | "XX002" => StoreError::Damaged(text),
        "40001" | "40P01" | "55P03" | "55006" | "58030" | "3D000" => StoreError::Unavailable(text),
        _ => match code.get(..2) {
            Some("08" | "28" | "53" | "57") => StoreError::Unavailable(text),
            Some(_) | None => StoreError::Failed(text),
        },
    }
}

/// What the breach of a named constraint says, where two wanted the same at once and both had found it free.
fn refusal(code: &str, constraint: &str) -> Option<StoreError> {
    match (code, constraint) {
        ("23505", "organizations_slug_taken") => Some(StoreError::NameTaken("slug")),
        ("23505", "sites_name_taken") => Some(StoreError::NameTaken("site")),
        ("23505", "tills_name_taken") => Some(StoreError::NameTaken("till")),
        ("23505", "users_username_taken") => Some(StoreError::NameTaken("username")),
        ("23503", name) if name.ends_with("_organization") => {
            Some(StoreError::UnknownReference("organization"))
        }
        ("23503", name) if name.ends_with("_site") => Some(StoreError::UnknownReference("site")),
        ("23503", name) if name.ends_with("_user") => Some(StoreError::UnknownReference("user")),
        ("23503", "sales_operator") => Some(StoreError::UnknownReference("operator")),
        _ => None,
    }
}
