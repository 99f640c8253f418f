//! Administration from the command line: over a socket that only the server's own user may open, or in process where no
//! server runs. Both call the same routes.

mod categories;
mod commands;
mod impersonations;
mod live_sessions;
mod organizations;
mod reach;
mod socket;
mod tills;
mod user_changes;
mod users;
pub mod wire;

pub use commands::{Commands, router};
pub use reach::{Reach, ReachError, Refused};
pub use socket::{ControlSocket, ControlSocketError, listen};
