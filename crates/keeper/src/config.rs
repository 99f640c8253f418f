//! What a keeper is given when it is opened.

use std::path::PathBuf;
use std::sync::Arc;

use keeper_core::Knobs;
use protocol::auth::DeviceKind;

use crate::{Clock, Profile, ServerTarget, Transport, Vault};

/// Everything a keeper needs from outside.
#[derive(Clone)]
pub struct KeeperConfig {
    /// The server.
    pub server: ServerTarget,
    /// What its answers mean.
    pub profile: Arc<dyn Profile>,
    /// How to reach it.
    pub transport: Arc<dyn Transport>,
    /// Where secrets are kept.
    pub vault: Arc<dyn Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Folder of the journal and the lock files; made if it is missing, for its user alone.
    pub folder: PathBuf,
    /// What this device calls itself.
    pub device: Device,
    /// The keeper's times.
    pub knobs: Knobs,
}

/// What a device calls itself on the lists of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name, 1 to 64 characters.
    pub name: String,
    /// What it is: it decides what idleness means.
    pub kind: DeviceKind,
    /// The `User-Agent` of its requests.
    pub user_agent: String,
}
