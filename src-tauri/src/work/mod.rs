//! The operator's work on this device: durable, sealed, sent in order, never another's.

pub mod desk;
pub mod fault;
pub mod journal;
pub mod key;
pub mod owner;
pub mod sale;
#[cfg(test)]
pub(crate) mod sample;
mod schema;
pub mod seal;
pub mod sender;

pub use desk::WorkDesk;
pub use fault::JournalFault;
pub use journal::{Counts, Journal, NextSale, ToPark};
pub use key::KeyInForce;
pub use owner::Owner;
pub use seal::WorkKey;
