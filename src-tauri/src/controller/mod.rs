//! The one event loop of the shell.

pub mod handle;
pub mod request;

pub use handle::ControllerHandle;
pub use request::{CloseAnswer, Request, Unsent};
