//! Sessions: beginning, reading, using and ending them.

use async_trait::async_trait;
use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::settings::SessionSettings;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::impersonation::Impersonator;
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

/// RFC 7638 SHA-256 thumbprint of the key that proves possession (DPoP, RFC 9449).
pub type DeviceKey = [u8; 32];

/// What tells a device or a network apart from others, without naming it.
pub type Fingerprint = [u8; 32];

/// From where somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The device.
    pub device: Fingerprint,
    /// The network.
    pub network: Fingerprint,
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
    /// The key that its refresh token is bound to; `None`: whoever holds the token renews.
    pub device_key: Option<DeviceKey>,
    /// Live sessions that the user may have in the organisation, this one included, at least 1; `None`: any number.
    pub device_limit: Option<u32>,
    /// From where; `None`: not looked at.
    pub place: Option<Place>,
    /// Now.
    pub now: Millis,
}

/// What came of beginning a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginOutcome {
    /// The session.
    pub session: SessionRow,
    /// The sessions that ended to make room for it.
    pub displaced: Vec<Uuid>,
    /// Whether the user never signed in from this device before, though from another.
    pub new_device: bool,
    /// Whether the user never signed in from this network before, though from another.
    pub new_network: bool,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// A newer session took its place: the user had too many.
    DeviceLimit,
    /// The user's password was changed.
    PasswordChanged,
    /// The user left the organisation.
    MembershipEnded,
    /// An impersonation: whoever began it stopped it.
    ImpersonationStopped,
    /// An impersonation: somebody above all organisations stopped it.
    ImpersonationForced,
    /// An impersonation: the session that it hung on is over, or its owner stands above no more.
    ImpersonatorEnded,
}

impl RevokeReason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SignedOut,
        Self::ByOwner,
        Self::ByAdministrator,
        Self::AccountDisabled,
        Self::RefreshReused,
        Self::DeviceLimit,
        Self::PasswordChanged,
        Self::MembershipEnded,
        Self::ImpersonationStopped,
        Self::ImpersonationForced,
        Self::ImpersonatorEnded,
    ];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::ByOwner => "by_owner",
            Self::ByAdministrator => "by_administrator",
            Self::AccountDisabled => "account_disabled",
            Self::RefreshReused => "refresh_reused",
            Self::DeviceLimit => "device_limit",
            Self::PasswordChanged => "password_changed",
            Self::MembershipEnded => "membership_ended",
            Self::ImpersonationStopped => "impersonation_stopped",
            Self::ImpersonationForced => "impersonation_forced",
            Self::ImpersonatorEnded => "impersonator_ended",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
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
    /// The key that its refresh token is bound to.
    pub device_key: Option<DeviceKey>,
    /// When its user last gave the password again.
    pub reauthenticated_at: Option<Millis>,
    /// Who stands behind it, where it is an impersonation.
    pub impersonator: Option<Impersonator>,
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
    /// Whether the user stands above all organisations.
    pub super_admin: bool,
    /// Whether the password must be changed before anything else.
    pub one_time_password: bool,
    /// The organisation's name.
    pub organization_name: String,
    /// The user's role there; `None` where the membership is gone.
    pub role: Option<OrganizationRole>,
    /// The site's name.
    pub site_name: Option<String>,
    /// The organisation's settings; the defaults where it has none.
    pub settings: SessionSettings,
}

impl Identity {
    /// The organisation's idle time in milliseconds, for sessions of kind `desk`.
    pub fn idle_timeout_ms(&self) -> Millis {
        Millis::from(self.settings.idle_timeout_minutes) * 60_000
    }
}

/// Which live sessions are wanted; every condition given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this organisation.
    pub organization_id: Option<Uuid>,
    /// Of this user.
    pub user_id: Option<Uuid>,
    /// Of this site.
    pub site_id: Option<Uuid>,
    /// Last used from an address that begins so.
    pub ip_address: Option<String>,
    /// On a device whose name contains this, in capitals or not.
    pub device: Option<String>,
    /// Without the operator's input for at least this long.
    pub idle_for_ms: Option<Millis>,
}

/// Where a page of a list ended: the next one begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageKey {
    /// When the last row of the page was created.
    pub created_at: Millis,
    /// Its id.
    pub id: Uuid,
}

/// A session's use, noted some time after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The session.
    pub session_id: Uuid,
    /// When it was used.
    pub at: Millis,
    /// From where.
    pub origin: Origin,
}

/// Sessions.
#[async_trait]
pub trait Sessions {
    /// Begins a session, for a member or for somebody who stands above all organisations.
    ///
    /// Beyond the device limit the user's live sessions of the organisation whose last input is the oldest end with
    /// [`RevokeReason::DeviceLimit`], each with an audit entry `session.displaced` and a security notice of its own. A
    /// place never seen before is noted and makes a security notice, except at the user's first sign-in of all.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where user, organisation or membership do not exist.
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<BeginOutcome, StoreError>;

    /// Who this session is, ended ones too; one look-up by primary key.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError>;

    /// Spends a refresh token whose signature was found good: one compare-and-swap, and the table of
    /// [`crate::rotation`] where it does not take. A reuse revokes the session durably before this returns.
    ///
    /// A plain rotation writes one row, the session's, and so does its replay or a renewal: that row is their record. A
    /// reuse, a fast-forward and a refused proof write the audit entry as well, with the action of
    /// [`RotationOutcome::audit_action`] and the session and organisation of the row.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError>;

    /// As [`rotate`](Self::rotate), and whose session it is as it then stands, where the token was good
    /// ([`RotationOutcome::renewed`]). An engine reads that along with what it writes, where it can: asked for by itself
    /// it is a second way to the database at every refresh.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn refresh(
        &self,
        presented: Presented,
        audit: AuditEntry,
    ) -> Result<(RotationOutcome, Option<Identity>), StoreError> {
        let outcome = self.rotate(presented, audit).await?;
        let identity = match outcome.renewed() {
            Some(row) => self.identity(row.id).await?,
            None => None,
        };
        Ok((outcome, identity))
    }

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

    /// Takes note of uses of sessions, all in one transaction: when and from where, unless a later use is known already
    /// or the session was ended. Writes no audit entry. Returns how many rows changed.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn touch_sessions(&self, touches: Vec<Touch>) -> Result<u32, StoreError>;

    /// Takes note that the session's user gave the password again. Returns whether the session lives.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn note_reauthentication(
        &self,
        session_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Moves a live session to another organisation of its user, and to the site that the user has there. Returns the
    /// row as it then stands, `None` where the session does not exist or is over.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the user is no member and does not stand above all organisations, or where
    /// the organisation does not exist.
    async fn switch_organization(
        &self,
        session_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>, StoreError>;

    /// A user's live sessions, newest first; impersonations are none of the user's.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn live_sessions(&self, user_id: Uuid, now: Millis) -> Result<Vec<Identity>, StoreError>;

    /// The live sessions that pass the filter, newest first, at most `limit`, from after `after` on; without
    /// impersonations.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn sessions_page(
        &self,
        filter: SessionFilter,
        after: Option<PageKey>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Identity>, StoreError>;

    /// Ends one session: of this user if one is named, in this organisation if one is named. Returns whether a live one
    /// was ended; an impersonation is not.
    ///
    /// Whatever ends a session, here and elsewhere, ends in the same transaction the impersonations that hang on it, with
    /// [`RevokeReason::ImpersonatorEnded`]. What ends a user's sessions, an organisation's or all ends impersonations
    /// among them too; they are told of and not counted.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        organization_id: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Ends a user's live sessions, of this organisation if one is named, except for `keep`. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_user_sessions(
        &self,
        user_id: Uuid,
        organization_id: Option<Uuid>,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError>;

    /// Ends an organisation's live sessions except for `keep`. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_organization_sessions(
        &self,
        organization_id: Uuid,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError>;

    /// Ends all live sessions except for `keep`. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn revoke_all_sessions(
        &self,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError>;

    /// Takes note that the database was restored from a backup: the mark [`FORWARDED`](crate::rotation::FORWARDED) is
    /// remembered one generation above each live session's own, so that tokens and attempts which the backup does not
    /// know are not taken for a thief's. Writes the audit entry in any case. Returns how many sessions were marked; one
    /// whose last attempt is its mark already is left as it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn mark_restored(&self, now: Millis, audit: AuditEntry) -> Result<u32, StoreError>;

    /// Deletes sessions that were ended or reached their absolute end before this moment, at most `limit`. Returns how
    /// many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_sessions(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError>;
}
