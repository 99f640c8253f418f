//! What every engine must do: one case for each invariant, and for each case mutants that it must find.
//!
//! An engine's tests name [`conformance_suite!`](crate::conformance_suite) once, with something that implements
//! [`Engine`]. Each case then runs on the engine as it is, where it must hold, and on the engine with each of its faults
//! put in, where it must break.

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

use crate::{Store, StoreError};

pub mod alerts;
pub mod audit;
pub mod categories;
pub mod chain;
pub mod changes;
pub mod deeds;
pub mod directory;
mod fixture;
pub mod impersonations;
pub mod insight;
pub mod lifecycle;
pub mod memberships;
pub mod mutants;
pub mod notices;
pub mod oversight;
pub mod pages;
pub mod places;
pub mod revocation;
pub mod rotation;
pub mod sales;
pub mod sessions;
pub mod settings;
pub mod sites;
mod suite;
pub mod till_days;
pub mod users;

pub use mutants::{Mutation, WithFault};

/// One database of the engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Opens it: empty at first, and with what was kept after a [`Store::close`].
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError>;
}

/// How an engine does not conform.
#[derive(Debug, Error)]
pub enum Violation {
    /// An invariant does not hold.
    #[error("{0}")]
    Broken(String),
    /// The store failed where it should not.
    #[error("the store failed: {0}")]
    Failed(#[from] StoreError),
}

/// What a case returns.
pub type Conforms = Result<(), Violation>;

/// Ends the case where the condition does not hold.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::conformance::Violation::Broken(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;
