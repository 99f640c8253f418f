//! Why signing in did not work, as typed errors with stable codes.

use keeper_core::Trouble;

use crate::transport::{CertificateFault, TransportFault};

/// Why nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Unknown user or wrong password.
    #[error("the name or the password is wrong")]
    InvalidCredentials,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Too many tries.
    #[error("too many tries")]
    RateLimited {
        /// When to try again, in seconds, where the server says so.
        retry_after_seconds: Option<u32>,
    },
    /// The server has too much to do, or its database is away.
    #[error("the server is busy")]
    ServerBusy {
        /// When to try again, in seconds, where the server says so.
        retry_after_seconds: Option<u32>,
    },
    /// The server does not take what was typed.
    #[error("the server does not accept the value of {field}")]
    InputRejected {
        /// The field at fault.
        field: String,
    },
    /// No network.
    #[error("there is no network")]
    Offline,
    /// The machine answers, the server does not.
    #[error("the server does not answer")]
    ServerDown,
    /// No machine of this name.
    #[error("there is no server named {host}")]
    ServerUnknown {
        /// The name.
        host: String,
    },
    /// Something answers, but it is no Vigie server: a portal, a proxy, another program.
    #[error("this is no Vigie server")]
    NotVigie,
    /// The certificate cannot be accepted.
    #[error("the server's certificate is not accepted: {fault}")]
    Certificate {
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The server does not accept the proof that this device has its key.
    #[error("the server does not accept this device's proof of possession")]
    ProofRefused,
    /// The server gives a session that cannot be extended.
    #[error("the server gives no session that lasts")]
    NotExtendable,
    /// The keeper was shut down meanwhile.
    #[error("the keeper has stopped")]
    Stopped,
}

impl SignInError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::AccountDisabled => "account_disabled",
            Self::RateLimited { .. } => "rate_limited",
            Self::ServerBusy { .. } => "server_busy",
            Self::InputRejected { .. } => "input_rejected",
            Self::Offline => "offline",
            Self::ServerDown => "server_down",
            Self::ServerUnknown { .. } => "server_unknown",
            Self::NotVigie => "not_vigie",
            Self::Certificate { .. } => "certificate",
            Self::ProofRefused => "proof_refused",
            Self::NotExtendable => "not_extendable",
            Self::Stopped => "stopped",
        }
    }

    /// When to try again, in seconds, where the server says so.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::RateLimited { retry_after_seconds } | Self::ServerBusy { retry_after_seconds } => {
                *retry_after_seconds
            }
            Self::InvalidCredentials
            | Self::AccountDisabled
            | Self::InputRejected { .. }
            | Self::Offline
            | Self::ServerDown
            | Self::ServerUnknown { .. }
            | Self::NotVigie
            | Self::Certificate { .. }
            | Self::ProofRefused
            | Self::NotExtendable
            | Self::Stopped => None,
        }
    }
}

impl From<TransportFault> for SignInError {
    fn from(fault: TransportFault) -> Self {
        match fault {
            TransportFault::Offline => Self::Offline,
            TransportFault::UnknownHost(host) => Self::ServerUnknown { host },
            TransportFault::Refused | TransportFault::Reset => Self::ServerDown,
            TransportFault::Certificate(fault) => Self::Certificate { fault },
            TransportFault::Tls
            | TransportFault::Proxy
            | TransportFault::TooLarge
            | TransportFault::Malformed
            | TransportFault::Unsendable => Self::NotVigie,
        }
    }
}

impl From<Trouble> for SignInError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Offline => Self::Offline,
            Trouble::ServerDown => Self::ServerDown,
            Trouble::NotTheServer | Trouble::Malformed => Self::NotVigie,
            Trouble::Certificate => Self::Certificate {
                fault: CertificateFault::Invalid,
            },
            Trouble::RateLimited => Self::RateLimited {
                retry_after_seconds: None,
            },
        }
    }
}
