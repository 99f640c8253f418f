//! Security notices: what a user is told of, besides the audit log.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Millis, StoreError};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A sign-in from a device never seen before.
    NewDevice,
    /// A sign-in from a network never seen before.
    NewNetwork,
    /// A session ended because there were too many.
    DeviceLimit,
    /// The password was changed.
    PasswordChanged,
    /// A refresh token came without the proof of its key.
    ProofRefused,
    /// Somebody above all organisations began to act as the user.
    Impersonated,
    /// Somebody else above all organisations began to act as a user.
    ImpersonationStarted,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NewDevice,
        Self::NewNetwork,
        Self::DeviceLimit,
        Self::PasswordChanged,
        Self::ProofRefused,
        Self::Impersonated,
        Self::ImpersonationStarted,
    ];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewDevice => "new_device",
            Self::NewNetwork => "new_network",
            Self::DeviceLimit => "device_limit",
            Self::PasswordChanged => "password_changed",
            Self::ProofRefused => "proof_refused",
            Self::Impersonated => "impersonated",
            Self::ImpersonationStarted => "impersonation_started",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where it happened, for people to read. No secret belongs in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDetail {
    /// What the device is called.
    pub device_name: String,
    /// The client's address.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
}

/// A notice to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Who is told.
    pub user_id: Uuid,
    /// When it happened.
    pub at: Millis,
    /// What.
    pub kind: NoticeKind,
    /// Where.
    pub detail: NoticeDetail,
}

/// A notice as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: Uuid,
    /// Who is told.
    pub user_id: Uuid,
    /// When it happened.
    pub at: Millis,
    /// What.
    pub kind: NoticeKind,
    /// Where.
    pub detail: NoticeDetail,
    /// When the user saw it.
    pub seen_at: Option<Millis>,
}

/// Security notices.
#[async_trait]
pub trait Notices {
    /// A user's notices, newest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn security_notices(
        &self,
        user_id: Uuid,
        unseen_only: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError>;

    /// Adds a notice.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where there is no such user.
    async fn add_notice(&self, new: NewNotice) -> Result<(), StoreError>;

    /// Takes note that the user saw the notice, for the first time. Returns whether the user has such a notice.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn mark_notice_seen(&self, user_id: Uuid, notice_id: Uuid, now: Millis)
    -> Result<bool, StoreError>;
}
