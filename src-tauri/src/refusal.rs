//! The one table from everything that can fail to the code that the screen has words for.

use keeper::{RequestError, SignInError, SwitchError, TargetError, TransportFault};
use keeper_core::{Trouble, VaultFault};
use protocol::error::{ErrorCode, Problem};

use crate::view::{UiError, UiErrorCode};
use crate::work::JournalFault;

impl From<SignInError> for UiError {
    fn from(error: SignInError) -> Self {
        let retry_after_seconds = error.retry_after_seconds();
        let (code, subject) = match error {
            SignInError::InvalidCredentials => (UiErrorCode::InvalidCredentials, None),
            SignInError::AccountDisabled => (UiErrorCode::AccountDisabled, None),
            SignInError::RateLimited { .. } => (UiErrorCode::RateLimited, None),
            SignInError::ServerBusy { .. } => (UiErrorCode::ServerBusy, None),
            SignInError::InputRejected { field } => (UiErrorCode::ValidationFailed, Some(field)),
            SignInError::Offline => (UiErrorCode::Offline, None),
            SignInError::ServerDown | SignInError::ProofRefused => (UiErrorCode::ServerDown, None),
            SignInError::ServerUnknown { host } => (UiErrorCode::ServerUnknown, Some(host)),
            SignInError::NotVigie | SignInError::NotExtendable => (UiErrorCode::NotVigie, None),
            SignInError::Certificate { fault } => (UiErrorCode::CertificateRefused, Some(fault.to_string())),
            SignInError::Stopped => (UiErrorCode::Internal, None),
        };
        Self {
            code,
            retry_after_seconds,
            subject,
        }
    }
}

impl From<RequestError> for UiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::SignedOut | RequestError::SessionOver(_) => UiErrorCode::SessionOver.into(),
            RequestError::NoToken(trouble) => trouble.into(),
            RequestError::Transport(fault) => fault.into(),
            RequestError::NotRepeatable => UiErrorCode::ServerDown.into(),
            RequestError::ImpersonationOver(_) => UiErrorCode::ImpersonationOver.into(),
            RequestError::Stopped => UiErrorCode::Internal.into(),
        }
    }
}

impl From<SwitchError> for UiError {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Unsupported => UiErrorCode::NotVigie.into(),
            SwitchError::NotAsked(error) => error.into(),
            SwitchError::Refused {
                code,
                retry_after_seconds,
            } => Self {
                retry_after_seconds,
                ..Problem::new(code).into()
            },
            SwitchError::InDoubt { trouble } | SwitchError::TokenPending { trouble, .. } => trouble.into(),
        }
    }
}

impl From<TransportFault> for UiError {
    fn from(fault: TransportFault) -> Self {
        match fault {
            TransportFault::Offline => UiErrorCode::Offline.into(),
            TransportFault::UnknownHost(host) => Self::from(UiErrorCode::ServerUnknown).about(host),
            TransportFault::Refused | TransportFault::Reset => UiErrorCode::ServerDown.into(),
            TransportFault::Certificate(fault) => {
                Self::from(UiErrorCode::CertificateRefused).about(fault.to_string())
            }
            TransportFault::Tls
            | TransportFault::Proxy
            | TransportFault::TooLarge
            | TransportFault::Malformed => UiErrorCode::NotVigie.into(),
            TransportFault::Unsendable => UiErrorCode::Internal.into(),
        }
    }
}

impl From<Trouble> for UiError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Offline => UiErrorCode::Offline,
            Trouble::ServerDown | Trouble::Malformed => UiErrorCode::ServerDown,
            Trouble::NotTheServer => UiErrorCode::NotVigie,
            Trouble::Certificate => UiErrorCode::CertificateRefused,
            Trouble::RateLimited => UiErrorCode::RateLimited,
        }
        .into()
    }
}

impl From<VaultFault> for UiError {
    fn from(fault: VaultFault) -> Self {
        match fault {
            VaultFault::Locked => UiErrorCode::KeychainLocked,
            VaultFault::Absent => UiErrorCode::KeychainAbsent,
            VaultFault::Slow | VaultFault::Failed => UiErrorCode::KeychainFailed,
        }
        .into()
    }
}

impl From<JournalFault> for UiError {
    fn from(fault: JournalFault) -> Self {
        fault.code().into()
    }
}

impl From<TargetError> for UiError {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::AddressInvalid => UiErrorCode::AddressInvalid,
            TargetError::AddressInsecure => UiErrorCode::AddressInsecure,
        }
        .into()
    }
}

impl From<Problem> for UiError {
    fn from(problem: Problem) -> Self {
        let code = match problem.code {
            ErrorCode::InvalidCredentials => UiErrorCode::InvalidCredentials,
            ErrorCode::AccountDisabled => UiErrorCode::AccountDisabled,
            ErrorCode::LoginRequired
            | ErrorCode::TokenExpired
            | ErrorCode::SessionRevoked
            | ErrorCode::SessionIdle
            | ErrorCode::SessionEnded
            | ErrorCode::SessionSignedOut
            | ErrorCode::SessionDisplaced
            | ErrorCode::PasswordChanged
            | ErrorCode::RefreshReused
            | ErrorCode::RefreshInvalid => UiErrorCode::SessionOver,
            ErrorCode::CannotRevokeCurrentSession => UiErrorCode::CannotRevokeCurrentSession,
            ErrorCode::SessionNotFound => UiErrorCode::SessionNotFound,
            ErrorCode::Forbidden => UiErrorCode::Forbidden,
            ErrorCode::ReauthenticationRequired => UiErrorCode::ReauthenticationRequired,
            ErrorCode::PasswordWrong => UiErrorCode::PasswordWrong,
            ErrorCode::WeakPassword => UiErrorCode::WeakPassword,
            ErrorCode::OneTimePassword => UiErrorCode::OneTimePassword,
            ErrorCode::LastOwner => UiErrorCode::LastOwner,
            ErrorCode::NameTaken => UiErrorCode::NameTaken,
            ErrorCode::UserNotFound => UiErrorCode::UserNotFound,
            ErrorCode::OrganizationNotFound => UiErrorCode::OrganizationNotFound,
            ErrorCode::SiteNotFound => UiErrorCode::SiteNotFound,
            ErrorCode::TillNotFound => UiErrorCode::TillNotFound,
            ErrorCode::TillDayOpen => UiErrorCode::TillDayOpen,
            ErrorCode::TillClosed => UiErrorCode::TillClosed,
            ErrorCode::TillDayNotFound => UiErrorCode::TillDayNotFound,
            ErrorCode::CategoryNotFound => UiErrorCode::CategoryNotFound,
            ErrorCode::ShortcutTaken => UiErrorCode::ShortcutTaken,
            ErrorCode::BarcodeTaken => UiErrorCode::BarcodeTaken,
            ErrorCode::CategoriesExist => UiErrorCode::CategoriesExist,
            ErrorCode::OrganizationMismatch => UiErrorCode::OrganizationMismatch,
            ErrorCode::ImpersonationStopped
            | ErrorCode::ImpersonationForced
            | ErrorCode::ImpersonationExpired
            | ErrorCode::ImpersonationEnded
            | ErrorCode::ImpersonationNotFound => UiErrorCode::ImpersonationOver,
            ErrorCode::ForbiddenWhileImpersonating => UiErrorCode::ForbiddenWhileImpersonating,
            ErrorCode::AddressNotAllowed => UiErrorCode::AddressNotAllowed,
            ErrorCode::CannotImpersonateAbove => UiErrorCode::CannotImpersonateAbove,
            ErrorCode::CannotImpersonateOneself => UiErrorCode::CannotImpersonateOneself,
            ErrorCode::AlreadyImpersonating => UiErrorCode::AlreadyImpersonating,
            ErrorCode::UserDisabled => UiErrorCode::UserDisabled,
            ErrorCode::ValidationFailed
            | ErrorCode::NoticeNotFound
            | ErrorCode::CategoryUnknown
            | ErrorCode::SaleTotalMismatch
            | ErrorCode::BodyTooLarge => UiErrorCode::ValidationFailed,
            ErrorCode::SettingsIncoherent => UiErrorCode::SettingsIncoherent,
            ErrorCode::SettingsFixed => UiErrorCode::SettingsFixed,
            ErrorCode::RateLimited => UiErrorCode::RateLimited,
            ErrorCode::ServerBusy | ErrorCode::Timeout | ErrorCode::StoreUnavailable => {
                UiErrorCode::ServerBusy
            }
            ErrorCode::NotFound | ErrorCode::MethodNotAllowed => UiErrorCode::NotVigie,
            ErrorCode::Internal => UiErrorCode::ServerDown,
            ErrorCode::StaleAttempt
            | ErrorCode::RotationRequired
            | ErrorCode::ProofRequired
            | ErrorCode::ProofInvalid
            | ErrorCode::UseDpopNonce
            | ErrorCode::MalformedBody
            | ErrorCode::UnsupportedMediaType
            | ErrorCode::IdempotencyKeyRequired
            | ErrorCode::IdempotencyKeyReused => UiErrorCode::Internal,
        };
        Self {
            code,
            retry_after_seconds: problem.retry_after_seconds,
            subject: problem.field,
        }
    }
}

/// Whether the server will answer the same to the same sale for ever.
pub const fn refuses_for_good(code: ErrorCode) -> bool {
    match code {
        ErrorCode::ValidationFailed
        | ErrorCode::CategoryUnknown
        | ErrorCode::SaleTotalMismatch
        | ErrorCode::TillClosed
        | ErrorCode::TillDayNotFound
        | ErrorCode::MalformedBody
        | ErrorCode::BodyTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::IdempotencyKeyRequired
        | ErrorCode::IdempotencyKeyReused
        | ErrorCode::Forbidden => true,
        ErrorCode::LoginRequired
        | ErrorCode::TokenExpired
        | ErrorCode::InvalidCredentials
        | ErrorCode::AccountDisabled
        | ErrorCode::SessionRevoked
        | ErrorCode::SessionIdle
        | ErrorCode::SessionEnded
        | ErrorCode::SessionSignedOut
        | ErrorCode::RefreshReused
        | ErrorCode::RefreshInvalid
        | ErrorCode::SessionDisplaced
        | ErrorCode::PasswordChanged
        | ErrorCode::ProofRequired
        | ErrorCode::ProofInvalid
        | ErrorCode::UseDpopNonce
        | ErrorCode::ReauthenticationRequired
        | ErrorCode::PasswordWrong
        | ErrorCode::OneTimePassword
        | ErrorCode::WeakPassword
        | ErrorCode::LastOwner
        | ErrorCode::NameTaken
        | ErrorCode::UserNotFound
        | ErrorCode::OrganizationNotFound
        | ErrorCode::SiteNotFound
        | ErrorCode::TillNotFound
        | ErrorCode::TillDayOpen
        | ErrorCode::CategoryNotFound
        | ErrorCode::ShortcutTaken
        | ErrorCode::BarcodeTaken
        | ErrorCode::CategoriesExist
        | ErrorCode::NoticeNotFound
        | ErrorCode::OrganizationMismatch
        | ErrorCode::ImpersonationStopped
        | ErrorCode::ImpersonationForced
        | ErrorCode::ImpersonationExpired
        | ErrorCode::ImpersonationEnded
        | ErrorCode::ForbiddenWhileImpersonating
        | ErrorCode::AddressNotAllowed
        | ErrorCode::CannotImpersonateAbove
        | ErrorCode::CannotImpersonateOneself
        | ErrorCode::AlreadyImpersonating
        | ErrorCode::UserDisabled
        | ErrorCode::ImpersonationNotFound
        | ErrorCode::StaleAttempt
        | ErrorCode::RotationRequired
        | ErrorCode::CannotRevokeCurrentSession
        | ErrorCode::SessionNotFound
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::SettingsIncoherent
        | ErrorCode::SettingsFixed
        | ErrorCode::RateLimited
        | ErrorCode::ServerBusy
        | ErrorCode::Timeout
        | ErrorCode::StoreUnavailable
        | ErrorCode::Internal => false,
    }
}
