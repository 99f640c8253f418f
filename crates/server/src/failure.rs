//! How a call fails: one problem from the table of codes, and for the log what only the operator of the server may know.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use protocol::{ErrorCode, Problem};
use store::StoreError;

/// When to try again while the store cannot be asked, in seconds.
pub(crate) const STORE_RETRY_SECONDS: u32 = 2;

/// When to try again while the server is busy, in seconds.
pub(crate) const BUSY_RETRY_SECONDS: u32 = 1;

/// A failed call. The envelope around every route gives it its body, its headers and its line in the log.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) problem: Box<Problem>,
    pub(crate) cause: Option<Arc<str>>,
}

impl Failure {
    /// A problem without particulars.
    pub fn new(code: ErrorCode) -> Self {
        let mut problem = Problem::new(code);
        if matches!(code, ErrorCode::StoreUnavailable) {
            problem = problem.with_retry_after(STORE_RETRY_SECONDS);
        } else if matches!(code, ErrorCode::ServerBusy | ErrorCode::Timeout) {
            problem = problem.with_retry_after(BUSY_RETRY_SECONDS);
        }
        Self {
            problem: Box::new(problem),
            cause: None,
        }
    }

    /// A fault of the server, with its cause for the log alone.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        Self::new(ErrorCode::Internal).because(cause)
    }

    /// A value out of its range.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationFailed).at(field).detail(detail)
    }

    /// With what is particular to this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem.detail = Some(detail.into());
        self
    }

    /// With the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.problem.field = Some(field.into());
        self
    }

    /// With a delay before the next try, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.problem.retry_after_seconds = Some(seconds);
        self
    }

    /// With a cause for the log alone.
    #[must_use]
    pub fn because(mut self, cause: &dyn std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string().into());
        self
    }

    /// The code.
    pub const fn code(&self) -> ErrorCode {
        self.problem.code
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable(_)
            | StoreError::DiskFull(_)
            | StoreError::ReadOnly(_)
            | StoreError::Newer { .. }
            | StoreError::InUse(_)
            | StoreError::Damaged(_) => ErrorCode::StoreUnavailable,
            StoreError::NameTaken(_) => ErrorCode::NameTaken,
            StoreError::LastOwner => ErrorCode::LastOwner,
            StoreError::RankLost => ErrorCode::Forbidden,
            StoreError::UnknownReference(_) | StoreError::Failed(_) => ErrorCode::Internal,
        };
        Self::new(code).because(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
