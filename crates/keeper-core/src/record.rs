//! What outlives the process: the record in the keychain and the journal without secrets beside it.

use std::fmt;

use crate::{EndReason, Fingerprint, RefreshToken};

/// The one secret that is kept: a small record in the OS keychain, one per server and operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionRecord {
    /// The server's origin, as in `https://vigie.example`, or `embedded`.
    pub server: String,
    /// Who signed in, as typed and normalised.
    pub operator: String,
    /// The server's id of the session.
    pub session_id: String,
    /// How many refresh tokens came before this one, counted by this device.
    pub generation: u32,
    /// The token.
    pub refresh_token: RefreshToken,
    /// The device's key that signed the sign-in, where one did: every refresh is signed with it.
    pub bound_to: Option<KeyThumbprint>,
}

/// Names a key of this device without holding it: the SHA-256 thumbprint of its public half (RFC 7638).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyThumbprint([u8; 32]);

impl KeyThumbprint {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Names one try at one generation; made once, repeated on every retry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId([u8; 16]);

impl AttemptId {
    /// From its bytes (the bytes of a UUID).
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The promise written before a rotating refresh leaves: which token it will spend, under which attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Generation of the token to be spent.
    pub generation: u32,
    /// That token's fingerprint.
    pub fingerprint: Fingerprint,
    /// The attempt.
    pub attempt: AttemptId,
}

/// Names a durable refresh token without holding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// Its generation.
    pub generation: u32,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// Whose session a keeper keeps: one slot per server and operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The server's origin, or `embedded`.
    pub server: String,
    /// Who signs in, normalised.
    pub operator: String,
}

/// A record that the server refused: kept, but not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetAside {
    /// Fingerprint of the refused token.
    pub fingerprint: Fingerprint,
    /// What the server said.
    pub reason: EndReason,
}

/// The journal's part that decisions rest on. It is shared by all processes of the device and holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Journal {
    /// The newest token that was made durable, so that a process whose keychain cannot be read just now knows whether the
    /// token in its memory is still the newest.
    pub head: Option<Head>,
    /// The open intent, if a rotation was begun and not yet closed.
    pub intent: Option<Intent>,
    /// The last refused token.
    pub set_aside: Option<SetAside>,
}

/// Why the keychain could not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum VaultFault {
    /// It is locked, or waits for somebody to unlock it.
    Locked,
    /// There is none.
    Absent,
    /// It did not answer in time.
    Slow,
    /// It refused, is full, or answered nonsense.
    Failed,
}
