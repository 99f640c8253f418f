//! Impersonation: somebody above all organisations at work as somebody else, for a bounded time and for a reason given.
//!
//! It is a session of its own, without a refresh token, that hangs on the session it was begun from and ends with it.

use async_trait::async_trait;
use protocol::impersonation::ImpersonationSettings;
use serde_json::json;
use uuid::Uuid;

use crate::rotation::over;
use crate::{AuditEntry, Millis, Origin, RevokeReason, SessionRow, StoreError};

/// How long one lasts, in milliseconds, where the session that it was begun from lives that long.
pub const LONGEST_MS: Millis = 2 * 60 * 60 * 1_000;

/// Who stands behind an impersonation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impersonator {
    /// The user.
    pub user_id: Uuid,
    /// The session that it was begun from.
    pub session_id: Uuid,
}

/// An impersonation to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImpersonation {
    /// A new UUIDv7: the id of its session.
    pub id: Uuid,
    /// Who begins it.
    pub impersonator: Impersonator,
    /// As whom.
    pub user_id: Uuid,
    /// The organisation it works in.
    pub organization_id: Uuid,
    /// Why.
    pub reason: String,
    /// Where the call came from.
    pub origin: Origin,
    /// Now.
    pub now: Millis,
}

/// Why an impersonation does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImpersonationRefusal {
    /// The session that it would hang on is over.
    ImpersonatorOver,
    /// The session that it would hang on is an impersonation itself.
    Nested,
    /// The session that it would hang on has one already.
    AlreadyImpersonating,
    /// Whoever begins it does not stand above all organisations.
    NotAbove,
    /// As oneself.
    Oneself,
    /// As somebody who does not exist.
    UnknownUser,
    /// As somebody who stands above all organisations as well.
    UserAbove,
    /// As somebody whose account is disabled.
    UserDisabled,
    /// In an organisation that the user is no member of.
    NotAMember,
}

impl ImpersonationRefusal {
    /// As it is written down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImpersonatorOver => "impersonator_over",
            Self::Nested => "nested",
            Self::AlreadyImpersonating => "already_impersonating",
            Self::NotAbove => "not_above",
            Self::Oneself => "oneself",
            Self::UnknownUser => "unknown_user",
            Self::UserAbove => "user_above",
            Self::UserDisabled => "user_disabled",
            Self::NotAMember => "not_a_member",
        }
    }
}

/// What came of beginning an impersonation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BegunImpersonation {
    /// Its session.
    Begun(Box<SessionRow>),
    /// Nothing was written.
    Refused(ImpersonationRefusal),
}

/// What counts of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Since when it is disabled.
    pub disabled_at: Option<Millis>,
    /// Whether it stands above all organisations.
    pub super_admin: bool,
}

/// What an engine reads, and holds, before it begins an impersonation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The session that it would hang on, with its organisation's idle time in milliseconds.
    pub session: Option<(SessionRow, Millis)>,
    /// The account of whoever begins it.
    pub impersonator: Option<Account>,
    /// The account that it is about.
    pub user: Option<Account>,
    /// How many of that user's memberships are in the organisation.
    pub memberships: u32,
    /// How many live impersonations hang on the session.
    pub lasting: u32,
}

/// When the impersonation ends, or why there is none: one rule for every engine.
///
/// # Errors
/// The first thing that stands against it.
pub fn judge(new: &NewImpersonation, facts: &Facts) -> Result<Millis, ImpersonationRefusal> {
    use ImpersonationRefusal as No;
    let Impersonator { user_id, .. } = new.impersonator;
    let (session, idle_timeout_ms) = facts.session.as_ref().ok_or(No::ImpersonatorOver)?;
    if session.user_id != user_id || over(session, *idle_timeout_ms, new.now).is_some() {
        return Err(No::ImpersonatorOver);
    }
    if session.impersonator.is_some() {
        return Err(No::Nested);
    }
    match facts.impersonator {
        None => return Err(No::ImpersonatorOver),
        Some(account) if account.disabled_at.is_some() => return Err(No::ImpersonatorOver),
        Some(account) if !account.super_admin => return Err(No::NotAbove),
        Some(_) => {}
    }
    if new.user_id == user_id {
        return Err(No::Oneself);
    }
    let user = facts.user.ok_or(No::UnknownUser)?;
    if user.super_admin {
        return Err(No::UserAbove);
    }
    if user.disabled_at.is_some() {
        return Err(No::UserDisabled);
    }
    if facts.memberships == 0 {
        return Err(No::NotAMember);
    }
    if facts.lasting > 0 {
        return Err(No::AlreadyImpersonating);
    }
    Ok(session.expires_at.min(new.now.saturating_add(LONGEST_MS)))
}

/// How an impersonation is ended before its time by somebody who means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpersonationEnd {
    /// By the user who began it.
    Stopped {
        /// That user.
        impersonator_user_id: Uuid,
    },
    /// By anybody above all organisations.
    Forced,
}

impl ImpersonationEnd {
    /// Why its session is over then.
    pub const fn reason(self) -> RevokeReason {
        match self {
            Self::Stopped { .. } => RevokeReason::ImpersonationStopped,
            Self::Forced => RevokeReason::ImpersonationForced,
        }
    }
}

/// One of the two people of an impersonation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The user.
    pub user_id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
}

/// An impersonation that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveImpersonation {
    /// Its session.
    pub session_id: Uuid,
    /// Who.
    pub impersonator: Party,
    /// As whom.
    pub user: Party,
    /// Where.
    pub organization_id: Uuid,
    /// That organisation's name.
    pub organization_name: String,
    /// Why.
    pub reason: String,
    /// What the device of whoever began it is called.
    pub device_name: String,
    /// Where it was last used from.
    pub origin: Origin,
    /// When it began.
    pub started_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
}

/// An impersonation that is over without anybody having said so: what is read of it to write that down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedImpersonation {
    /// Its session.
    pub session_id: Uuid,
    /// Who stood behind it.
    pub impersonator: Impersonator,
    /// As whom.
    pub user_id: Uuid,
    /// Where.
    pub organization_id: Uuid,
    /// Why it was begun.
    pub reason: String,
    /// When it began.
    pub started_at: Millis,
    /// Its deadline.
    pub expires_at: Millis,
    /// When and why its session was ended; `None` where it reached its deadline.
    pub revoked: Option<(Millis, RevokeReason)>,
    /// Why the session that it hung on was ended, where it was.
    pub impersonator_revoked: Option<RevokeReason>,
    /// Where it was last used from.
    pub origin: Origin,
}

impl EndedImpersonation {
    /// What the audit log says of it: `impersonation.expired` at the deadline, else `impersonation.ended` with the cause.
    pub fn entry(&self, now: Millis) -> AuditEntry {
        let action = match self.revoked {
            Some(_) => "impersonation.ended",
            None => "impersonation.expired",
        };
        let (ended_at, cause) = match self.revoked {
            Some((at, reason)) => (at, Some(reason)),
            None => (self.expires_at, None),
        };
        AuditEntry {
            organization_id: Some(self.organization_id),
            actor_user_id: Some(self.impersonator.user_id),
            impersonated_user_id: Some(self.user_id),
            session_id: Some(self.session_id),
            target: Some(format!("session:{}", self.session_id)),
            reason: Some(self.reason.clone()),
            detail: json!({
                "started_at_ms": self.started_at,
                "ended_at_ms": ended_at,
                "cause": cause,
                "impersonator_session_ended_by": self.impersonator_revoked,
            }),
            ip_address: self.origin.ip_address.clone(),
            user_agent: self.origin.user_agent.clone(),
            ..AuditEntry::of(action, now)
        }
    }
}

/// Impersonations.
#[async_trait]
pub trait Impersonations {
    /// Begins one, where [`judge`] finds nothing against it, and writes the entry. The others who stand above all
    /// organisations and, where the settings say so, the user get a security notice.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn begin_impersonation(
        &self,
        new: NewImpersonation,
        audit: AuditEntry,
    ) -> Result<BegunImpersonation, StoreError>;

    /// Those that last, the one begun last first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn live_impersonations(&self, now: Millis) -> Result<Vec<LiveImpersonation>, StoreError>;

    /// Ends one and writes the entry, which is then all that is written of its end. Returns whether a live one of that
    /// impersonator's, where one is named, was ended.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn end_impersonation(
        &self,
        session_id: Uuid,
        end: ImpersonationEnd,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Ends those whose impersonator's session ended by idleness, and writes down the end of each, at most `limit`, that
    /// nobody wrote down: once, over all processes. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn note_ended_impersonations(&self, now: Millis, limit: u32) -> Result<u32, StoreError>;

    /// Under what conditions there are impersonations; the defaults until some were put.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn impersonation_settings(&self) -> Result<ImpersonationSettings, StoreError>;

    /// Puts them.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn put_impersonation_settings(
        &self,
        settings: ImpersonationSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;
}
