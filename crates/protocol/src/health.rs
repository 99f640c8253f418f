//! Whether the server lives, and whether it can work.

use serde::{Deserialize, Serialize};

/// How a client recognises that it speaks to a Vigie server.
pub const SERVICE: &str = "vigie";

/// `GET /healthz` and `GET /readyz`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always [`SERVICE`]: a portal's 200 page does not say this.
    pub service: String,
    /// The program's version.
    pub version: String,
    /// Whether the store answers; absent on `/healthz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreState>,
}

/// What the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StoreState {
    /// It reads and writes.
    Ready,
    /// It cannot be asked just now.
    Unavailable,
}
