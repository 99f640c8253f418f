//! The stage on which the whole product is tried: a desktop of its own with screen, bus, keychain and notices, a
//! network that can be cut, the server, and the real window.

#![cfg(target_os = "linux")]

#[cfg(feature = "product")]
mod binaries;
mod bus;
pub mod canary;
mod display;
mod error;
mod keychain;
mod network;
mod notices;
mod patience;
mod postgres;
mod running;
#[cfg(feature = "product")]
mod screen;
#[cfg(feature = "product")]
mod sign_in;
mod stage;
#[cfg(feature = "product")]
mod vigie_server;
#[cfg(feature = "product")]
mod window;

#[cfg(feature = "product")]
pub use binaries::Binaries;
pub use bus::{Activation, Bus};
pub use display::{Display, ScreenSize};
pub use error::StageError;
pub use keychain::{Keychain, KeychainAtStart, SecretEntry};
pub use network::{Namespace, Network};
pub use notices::{Notice, Notices};
pub use patience::{Stopwatch, pause, until};
pub use postgres::{Disk, Postgres};
pub use running::{Launch, Running};
pub use rustix::process::Signal;
#[cfg(feature = "product")]
pub use screen::Screen;
pub use stage::{Home, Stage, StageOptions};
#[cfg(feature = "product")]
pub use vigie_server::{
    Answered, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, SoldTicket, Transport,
};
#[cfg(feature = "product")]
pub use window::Window;
