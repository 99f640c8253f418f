//! One table of errors: each stable code with its HTTP status, log level and whether it says the session is over.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// The media type of an error body (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, as a code that never changes its meaning. Clients match on this and never on a text.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum ErrorCode {
    /// No token, or one that is not a token of this server.
    LoginRequired,
    /// The access token has run out; a refresh brings a new one.
    TokenExpired,
    /// Unknown user, wrong password, or no such organisation for this user: never told apart.
    InvalidCredentials,
    /// The account was disabled by an administrator.
    AccountDisabled,
    /// The session was closed by its owner elsewhere or by an administrator.
    SessionRevoked,
    /// The session ended for lack of the operator's activity.
    SessionIdle,
    /// The session reached its absolute end.
    SessionEnded,
    /// The session was closed by signing out.
    SessionSignedOut,
    /// The session was closed because its owner signed in on more devices than the organisation allows.
    SessionDisplaced,
    /// The session was closed because its owner's password was changed.
    PasswordChanged,
    /// A refresh token was used by two holders: the session was closed (OAuth 2.0 Security BCP, RFC 9700 §4.14).
    RefreshReused,
    /// A refresh token that this server did not make.
    RefreshInvalid,
    /// A late duplicate of a refresh that was answered long ago; nothing changed.
    StaleAttempt,
    /// The session was renewed without rotation for too long; rotate now.
    RotationRequired,
    /// The session is bound to a device key, and the call came without a proof of it (RFC 9449). It ends nothing.
    ProofRequired,
    /// The proof is malformed, of another call, used before, or of another key than the session's. It ends nothing.
    ProofInvalid,
    /// The proof must be made again with the nonce of this answer's `DPoP-Nonce` header (RFC 9449 §8). It ends nothing.
    UseDpopNonce,
    /// The session making the call cannot be revoked by this call.
    CannotRevokeCurrentSession,
    /// No such session of this user.
    SessionNotFound,
    /// The call needs the password again, given not long ago by `POST /v1/auth/reauthenticate`.
    ReauthenticationRequired,
    /// The password given again is not the right one. The session stays.
    PasswordWrong,
    /// The password is for one use: it must be changed before anything else.
    OneTimePassword,
    /// A new password that is too short, too common, or made of what everybody knows.
    WeakPassword,
    /// The role does not allow this.
    Forbidden,
    /// The organisation's last owner cannot be removed, disabled or given a lesser role.
    LastOwner,
    /// There is one of that name already.
    NameTaken,
    /// No such user here.
    UserNotFound,
    /// No such organisation, or the caller is no member of it.
    OrganizationNotFound,
    /// No such site in this organisation.
    SiteNotFound,
    /// No such till in this organisation.
    TillNotFound,
    /// The till's day is open already.
    TillDayOpen,
    /// The till's day is closed: nothing is sold on it, and it is not closed again.
    TillClosed,
    /// No such day of this organisation's tills, or the till has none open.
    TillDayNotFound,
    /// No such category in this organisation.
    CategoryNotFound,
    /// The key picks another category already.
    ShortcutTaken,
    /// The barcode is another category's already.
    BarcodeTaken,
    /// The organisation has categories already, or had some.
    CategoriesExist,
    /// No such security notice of this user.
    NoticeNotFound,
    /// A sale was made in another organisation than the session's current one.
    OrganizationMismatch,
    /// An impersonation: whoever began it stopped it.
    ImpersonationStopped,
    /// An impersonation: a super admin stopped it.
    ImpersonationForced,
    /// An impersonation: it reached its deadline.
    ImpersonationExpired,
    /// An impersonation: the session that it was begun from or the user's sessions were ended, or its impersonator is no super
    /// admin any more.
    ImpersonationEnded,
    /// Somebody who acts as another may not do this.
    ForbiddenWhileImpersonating,
    /// Impersonation is not allowed from this address.
    AddressNotAllowed,
    /// A user of an equal or higher rank cannot be impersonated.
    CannotImpersonateAbove,
    /// Nobody can act as the own user.
    CannotImpersonateOneself,
    /// The session has an impersonation already.
    AlreadyImpersonating,
    /// The user that the call is about has an account that is disabled.
    UserDisabled,
    /// No such live impersonation that the caller may speak of.
    ImpersonationNotFound,
    /// No such thing.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body is not JSON, or not of the expected shape.
    MalformedBody,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is larger than the server takes.
    BodyTooLarge,
    /// A field has a value out of its range.
    ValidationFailed,
    /// Settings that contradict each other.
    SettingsIncoherent,
    /// The server's own configuration says this; it cannot be changed over the wire.
    SettingsFixed,
    /// A call that needs an Idempotency-Key came without a usable one.
    IdempotencyKeyRequired,
    /// The Idempotency-Key was used before with another body.
    IdempotencyKeyReused,
    /// A sale names a category that does not exist.
    CategoryUnknown,
    /// The totals or payments of a sale do not add up.
    SaleTotalMismatch,
    /// Too many tries.
    RateLimited,
    /// The server has too much to do just now.
    ServerBusy,
    /// The server took too long over this call.
    Timeout,
    /// The server's database cannot be asked just now.
    StoreUnavailable,
    /// A fault of the server.
    Internal,
}

/// How loudly an error is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Expected in normal work.
    Debug,
    /// Worth a line.
    Info,
    /// Somebody should look when it recurs.
    Warn,
    /// Somebody should look.
    Error,
}

impl ErrorCode {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::CannotRevokeCurrentSession | Self::MalformedBody | Self::IdempotencyKeyRequired => 400,
            Self::LoginRequired
            | Self::TokenExpired
            | Self::InvalidCredentials
            | Self::AccountDisabled
            | Self::SessionRevoked
            | Self::SessionIdle
            | Self::SessionEnded
            | Self::SessionSignedOut
            | Self::SessionDisplaced
            | Self::PasswordChanged
            | Self::RefreshReused
            | Self::RefreshInvalid
            | Self::ProofRequired
            | Self::ProofInvalid
            | Self::UseDpopNonce => 401,
            Self::ReauthenticationRequired
            | Self::PasswordWrong
            | Self::OneTimePassword
            | Self::Forbidden
            | Self::ImpersonationStopped
            | Self::ImpersonationForced
            | Self::ImpersonationExpired
            | Self::ImpersonationEnded
            | Self::ForbiddenWhileImpersonating
            | Self::AddressNotAllowed
            | Self::CannotImpersonateAbove => 403,
            Self::SessionNotFound
            | Self::UserNotFound
            | Self::OrganizationNotFound
            | Self::SiteNotFound
            | Self::TillNotFound
            | Self::TillDayNotFound
            | Self::CategoryNotFound
            | Self::NoticeNotFound
            | Self::ImpersonationNotFound
            | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::StaleAttempt
            | Self::RotationRequired
            | Self::LastOwner
            | Self::NameTaken
            | Self::SettingsFixed
            | Self::ShortcutTaken
            | Self::BarcodeTaken
            | Self::CategoriesExist
            | Self::OrganizationMismatch
            | Self::TillDayOpen
            | Self::TillClosed
            | Self::CannotImpersonateOneself
            | Self::AlreadyImpersonating
            | Self::UserDisabled
            | Self::IdempotencyKeyReused => 409,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::WeakPassword
            | Self::ValidationFailed
            | Self::SettingsIncoherent
            | Self::CategoryUnknown
            | Self::SaleTotalMismatch => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::ServerBusy | Self::Timeout | Self::StoreUnavailable => 503,
        }
    }

    /// How loudly the server logs it.
    pub const fn log_level(self) -> LogLevel {
        match self {
            Self::TokenExpired
            | Self::LoginRequired
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::CannotRevokeCurrentSession
            | Self::SessionNotFound
            | Self::SessionSignedOut
            | Self::UseDpopNonce
            | Self::ReauthenticationRequired
            | Self::UserNotFound
            | Self::OrganizationNotFound
            | Self::SiteNotFound
            | Self::TillNotFound
            | Self::TillDayNotFound
            | Self::CategoryNotFound
            | Self::NoticeNotFound
            | Self::ImpersonationNotFound
            | Self::UnsupportedMediaType => LogLevel::Debug,
            Self::InvalidCredentials
            | Self::SessionDisplaced
            | Self::PasswordChanged
            | Self::PasswordWrong
            | Self::OneTimePassword
            | Self::WeakPassword
            | Self::LastOwner
            | Self::NameTaken
            | Self::ShortcutTaken
            | Self::BarcodeTaken
            | Self::CategoriesExist
            | Self::OrganizationMismatch
            | Self::TillDayOpen
            | Self::TillClosed
            | Self::SessionRevoked
            | Self::SessionIdle
            | Self::SessionEnded
            | Self::StaleAttempt
            | Self::RotationRequired
            | Self::MalformedBody
            | Self::BodyTooLarge
            | Self::ValidationFailed
            | Self::SettingsIncoherent
            | Self::SettingsFixed
            | Self::IdempotencyKeyRequired
            | Self::CategoryUnknown
            | Self::ImpersonationStopped
            | Self::ImpersonationForced
            | Self::ImpersonationExpired
            | Self::ImpersonationEnded
            | Self::CannotImpersonateOneself
            | Self::AlreadyImpersonating
            | Self::UserDisabled
            | Self::SaleTotalMismatch => LogLevel::Info,
            Self::AccountDisabled
            | Self::Forbidden
            | Self::ForbiddenWhileImpersonating
            | Self::AddressNotAllowed
            | Self::CannotImpersonateAbove
            | Self::RefreshInvalid
            | Self::ProofRequired
            | Self::ProofInvalid
            | Self::IdempotencyKeyReused
            | Self::RateLimited
            | Self::ServerBusy
            | Self::Timeout => LogLevel::Warn,
            Self::RefreshReused | Self::StoreUnavailable | Self::Internal => LogLevel::Error,
        }
    }

    /// The code as it stands on the wire and in metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An error body: RFC 9457 problem details with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:vigie:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short English summary, the same for every occurrence of the code.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// The code to match on.
    pub code: ErrorCode,
    /// What is particular to this occurrence; never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field of the request that is at fault, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Where a browser should go; `/login` on a 401.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// The request's id, as in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// The problem of this code, without particulars.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            kind: format!("urn:vigie:error:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: None,
            field: None,
            retry_after_seconds: None,
            redirect: (code.status() == 401).then(|| "/login".to_owned()),
            request_id: None,
        }
    }

    /// With what is particular to this occurrence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// With a delay before the next try, in seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

impl ErrorCode {
    /// A short English summary, the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::LoginRequired => "Sign in first",
            Self::TokenExpired => "The access token has run out",
            Self::InvalidCredentials => "The user name or the password is wrong",
            Self::AccountDisabled => "The account is disabled",
            Self::SessionRevoked => "The session was closed",
            Self::SessionIdle => "The session ended for lack of activity",
            Self::SessionEnded => "The session reached its end",
            Self::SessionSignedOut => "The session was signed out",
            Self::SessionDisplaced => {
                "The session was closed: its owner signed in on another device, one too many"
            }
            Self::PasswordChanged => "The session was closed: the password was changed",
            Self::RefreshReused => "The refresh token was used twice; the session was closed",
            Self::RefreshInvalid => "The refresh token was not made by this server",
            Self::StaleAttempt => "A late duplicate of an earlier refresh",
            Self::RotationRequired => "The refresh token must be rotated now",
            Self::ProofRequired => "A proof of the device key is required",
            Self::ProofInvalid => "The proof of the device key is not good",
            Self::UseDpopNonce => "The proof must carry the server's nonce",
            Self::CannotRevokeCurrentSession => "The current session cannot be revoked; sign out instead",
            Self::SessionNotFound => "No such session",
            Self::ReauthenticationRequired => "The password must be given again",
            Self::PasswordWrong => "The password is wrong",
            Self::OneTimePassword => "The one-time password must be changed first",
            Self::WeakPassword => "The new password is too easy to guess",
            Self::Forbidden => "Not allowed",
            Self::LastOwner => "An organisation keeps at least one owner",
            Self::NameTaken => "The name is taken",
            Self::UserNotFound => "No such user",
            Self::OrganizationNotFound => "No such organisation",
            Self::SiteNotFound => "No such site",
            Self::TillNotFound => "No such till",
            Self::TillDayOpen => "The till's day is open already",
            Self::TillClosed => "The till's day is closed",
            Self::TillDayNotFound => "No such day of a till",
            Self::CategoryNotFound => "No such category here",
            Self::ShortcutTaken => "The key picks another category",
            Self::BarcodeTaken => "The barcode is another category's",
            Self::CategoriesExist => "The organisation has categories already",
            Self::NoticeNotFound => "No such notice",
            Self::OrganizationMismatch => "The sale belongs to another organisation",
            Self::ImpersonationStopped => "The impersonation was stopped",
            Self::ImpersonationForced => "The impersonation was stopped by an administrator",
            Self::ImpersonationExpired => "The impersonation reached its end",
            Self::ImpersonationEnded => "The impersonation ended with a session that it hung on",
            Self::ForbiddenWhileImpersonating => "Not allowed while acting as somebody else",
            Self::AddressNotAllowed => "Not allowed from this address",
            Self::CannotImpersonateAbove => "A user of equal or higher rank cannot be impersonated",
            Self::CannotImpersonateOneself => "Nobody can impersonate the own account",
            Self::AlreadyImpersonating => "This session is impersonating somebody already",
            Self::UserDisabled => "The account of that user is disabled",
            Self::ImpersonationNotFound => "No such impersonation",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::MalformedBody => "The body is not as expected",
            Self::UnsupportedMediaType => "The body must be application/json",
            Self::BodyTooLarge => "The body is too large",
            Self::ValidationFailed => "A value is out of its range",
            Self::SettingsIncoherent => "The settings contradict each other",
            Self::SettingsFixed => "The server's own configuration says this",
            Self::IdempotencyKeyRequired => "An Idempotency-Key is required",
            Self::IdempotencyKeyReused => "The Idempotency-Key was used with another body",
            Self::CategoryUnknown => "No such category",
            Self::SaleTotalMismatch => "The amounts do not add up",
            Self::RateLimited => "Too many tries",
            Self::ServerBusy => "The server is busy",
            Self::Timeout => "The server took too long",
            Self::StoreUnavailable => "The database cannot be reached",
            Self::Internal => "A fault of the server",
        }
    }
}
