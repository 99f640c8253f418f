//! Sessions: beginning, reading, using and ending them.

use async_trait::async_trait;
use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use crate::rotation::{AttemptHash, Presented, RotationOutcome};
use crate::{AuditEntry, Millis, StoreError};

/// Where a call came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub ip_address: String,
    /// The client's program.
    pub user_agent: String,
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The organisation it works in.
    pub organization_id: Uuid,
    /// The site, if one.
    pub site_id: Option<Uuid>,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// What it is called.
    pub device_name: String,
    /// Where the sign-in came from.
    pub origin: Origin,
    /// Its absolute end.
    pub expires_at: Millis,
    /// Now.
    pub now: Millis,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevokeReason {
    /// Its owner signed out with it.
    SignedOut,
    /// Its owner closed it from elsewhere.
    ByOwner,
    /// An administrator closed it.
    ByAdministrator,
    /// The account was disabled.
    AccountDisabled,
    /// Its refresh token was used by two holders.
    RefreshReused,
}

impl RevokeReason {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::ByOwner => "by_owner",
            Self::ByAdministrator => "by_administrator",
            Self::AccountDisabled => "account_disabled",
            Self::RefreshReused => "refresh_reused",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::SignedOut,
            Self::ByOwner,
            Self::ByAdministrator,
            Self::AccountDisabled,
            Self::RefreshReused,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
    }
}

/// A session's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The organisation it works in.
    pub organization_id: Uuid,
    /// The site, if one.
    pub site_id: Option<Uuid>,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// What it is called.
    pub device_name: String,
    /// How often it has rotated.
    pub generation: u32,
    /// The attempts behind the last generations, oldest first, at most [`crate::rotation::ATTEMPTS_KEPT`]: the generation
    /// that was spent, and the attempt's hash.
    pub attempts: Vec<(u32, AttemptHash)>,
    /// When it began.
    pub created_at: Millis,
    /// When it was last renewed or used.
    pub last_used_at: Millis,
    /// The operator's last real input, as far as the server knows.
    pub last_input_at: Millis,
    /// When it last rotated, or began.
    pub rotated_at: Millis,
    /// Its absolute end.
    pub expires_at: Millis,
    /// Why and when it was ended.
    pub revoked: Option<(Millis, RevokeReason)>,
    /// Where it was last used from.
    pub origin: Origin,
}

/// Who a request comes from: the session's row joined with its user and organisation, read at every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The session.
    pub session: SessionRow,
    /// The user's name to sign in with.
    pub username: String,
    /// The user's name to show.
    pub display_name: String,
    /// Since when the account is disabled.
    pub disabled_at: Option<Millis>,
    /// The organisation's name.
    pub organization_name: String,
    /// The user's role there; `None` where the membership is gone.
    pub role: Option<OrganizationRole>,
    /// The site's name.
    pub site_name: Option<String>,
    /// The organisation's idle time in milliseconds, for sessions of kind `desk`.
    pub idle_timeout_ms: Millis,
}

/// Sessions.
#[async_trait]
pub trait Sessions {
    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where user, organisation or membership do not exist.
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<SessionRow, StoreError>;

    /// Who this session is, ended ones too; one look-up by primary key.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError>;

    /// Spends a refresh token whose signature was found good: one compare-and-swap, and the table of
    /// [`crate::rotation`] where it does not take. A reuse revokes the session durably before this returns.
    ///
    /// A plain rotation writes one row, the session's, and so does its replay or a renewal: that row is their record. A
    /// reuse and a fast-forward write the audit entry as well, with the action of [`RotationOutcome::audit_action`] and
    /// the session and organisation of the row.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError>;

    /// Takes note of the operator's input, this long ago; bounded by the time since the server last heard of it.
    /// Returns the row as it then stands, `None` where the session does not exist or is over.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn note_input(
        &self,
        session_id: Uuid,
        input_age_ms: Millis,
        now: Millis,
    ) -> Result<Option<SessionRow>, StoreError>;

    /// A user's live sessions, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn live_sessions(&self, user_id: Uuid, now: Millis) -> Result<Vec<Identity>, StoreError>;

    /// All live sessions of an organisation, newest first, at most `limit`; `None`: of all organisations.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn all_live_sessions(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError>;

    /// Ends one session, of this user if one is named. Returns whether a live one was ended.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Ends all of a user's live sessions but one. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_others(
        &self,
        user_id: Uuid,
        keep: Uuid,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError>;
}
