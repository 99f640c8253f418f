//! Carries out what `keeper-core` decides: it sends, stores, waits and reports back, and gives callers an HTTP client
//! that is always authorised while the session lives.
//!
//! [`Keeper`] is a handle on one task that owns the state machine. Callers send messages and watch snapshots, so a
//! caller that is dropped never cancels a refresh.

pub mod client;
pub mod clock;
pub mod config;
mod driver;
mod failpoint;
pub mod handle;
pub mod impersonation;
pub mod journal;
pub mod link;
pub mod listening;
pub mod lock;
pub mod organization;
pub mod profile;
mod proof;
mod report;
pub mod sign_in;
pub mod slot;
pub mod target;
pub mod transport;
pub mod vault;

pub use client::{AuthorisedClient, RequestError};
pub use clock::{BoottimeClock, Clock};
pub use config::{Device, KeeperConfig};
pub use handle::{Keeper, OpenError};
pub use impersonation::{ActingRefusal, Impersonation, ImpersonationError};
pub use listening::ServerEvent;
pub use organization::SwitchError;
pub use profile::{Profile, VigieProfile};
pub use sign_in::SignInError;
pub use slot::SlotId;
pub use target::{ServerTarget, TargetError};
pub use transport::{HttpTransport, InProcessTransport, Limits, Transport, TransportFault, Trust};
pub use vault::{KeychainVault, Vault};
