//! Which rows of the long lists are wanted.

use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which sessions are wanted; every condition given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedSessions {
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    pub(super) organization_id: Option<Uuid>,
    /// Of this user.
    pub(super) user_id: Option<Uuid>,
    /// Of this site.
    pub(super) site_id: Option<Uuid>,
    /// Last used from an address that begins so; at most 64 characters.
    #[param(max_length = 64)]
    pub(super) ip_address: Option<String>,
    /// On a device whose name contains this, in capitals or not; at most 64 characters.
    #[param(max_length = 64)]
    pub(super) device: Option<String>,
    /// Without the operator's input for at least so many minutes, at most 525,600.
    #[param(minimum = 0, maximum = 525_600)]
    pub(super) idle_minutes: Option<u32>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u32>,
}

/// Which users are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedUsers {
    /// Part of the name to sign in with or to show, in capitals or not; at most 128 characters.
    #[param(max_length = 128)]
    pub(super) search: Option<String>,
    /// Users of all organisations, for a super admin.
    pub(super) everywhere: Option<bool>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u32>,
}
