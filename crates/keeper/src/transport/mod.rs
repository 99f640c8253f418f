//! How requests leave and answers come back, and what it means when none does.

mod fault;
mod http;
mod in_process;
mod resolve;

use std::pin::Pin;
use std::time::Duration;

use ::http::{Request, Response};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use keeper_core::Trouble;

pub use http::{HttpTransport, TransportSetup, Trust};
pub use in_process::InProcessTransport;

/// Sends one request and waits for its whole answer. It follows no redirect and repeats nothing.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is a path with its query, to the configured server.
    ///
    /// # Errors
    /// [`TransportFault`] where no whole answer came back within the limits.
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault>;

    /// Sends `request` and returns as soon as the answer begins, within 10 s; its body comes piece by piece and need not
    /// end. Dropping the body ends the call. Nothing limits what comes: that is the reader's to do.
    ///
    /// # Errors
    /// [`TransportFault`] where no answer began, [`TransportFault::Unsendable`] where this transport gives whole answers only.
    async fn open_stream(&self, _request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        Err(TransportFault::Unsendable)
    }
}

/// A body that comes piece by piece.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportFault>> + Send>>;

/// How long an answer that need not end may take to begin.
const BEGINNING: Duration = Duration::from_secs(10);

/// What one call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first packet to the last byte of the answer.
    pub total: Duration,
    /// Size of the answer's body.
    pub body_bytes: usize,
}

impl Limits {
    /// For signing in, refreshing, pinging and signing out: 10 s, 1 MiB.
    pub const AUTH: Self = Self {
        total: Duration::from_secs(10),
        body_bytes: 1 << 20,
    };
    /// For asking whether the server lives: 1 s, 64 KiB.
    pub const HEARTBEAT: Self = Self {
        total: Duration::from_secs(1),
        body_bytes: 64 << 10,
    };
    /// For the work: 10 s, 16 MiB.
    pub const WORK: Self = Self {
        total: Duration::from_secs(10),
        body_bytes: 16 << 20,
    };
}

/// Why no answer came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportFault {
    /// No link, no route, or nothing came back in time.
    #[error("nothing answers")]
    Offline,
    /// No address is known for this name.
    #[error("the name {0} is not known")]
    UnknownHost(String),
    /// The machine answers, but nothing listens at this port.
    #[error("the connection was refused")]
    Refused,
    /// The connection was cut, or the answer was cut short.
    #[error("the connection was cut")]
    Reset,
    /// The certificate cannot be accepted.
    #[error("the certificate is not accepted: {0}")]
    Certificate(CertificateFault),
    /// TLS failed for a reason other than the certificate, for instance because the other end does not speak it.
    #[error("no TLS connection can be made")]
    Tls,
    /// A proxy on the way does not let the call through.
    #[error("a proxy refuses the call")]
    Proxy,
    /// The answer is larger than what is accepted.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer is not HTTP, or cannot be decoded.
    #[error("the answer cannot be read")]
    Malformed,
    /// The request cannot be sent at all: its address or a header is not valid.
    #[error("the request is not valid")]
    Unsendable,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum CertificateFault {
    /// It belongs to another name.
    OtherName,
    /// Nobody trusted has signed it.
    Untrusted,
    /// It has run out.
    Expired,
    /// It is not valid yet; this device's clock may be wrong.
    NotYetValid,
    /// It was revoked.
    Revoked,
    /// Something else.
    Invalid,
}

impl TransportFault {
    /// What the session keeper makes of it.
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::Offline | Self::UnknownHost(_) => Trouble::Offline,
            Self::Refused | Self::Reset => Trouble::ServerDown,
            Self::Certificate(_) => Trouble::Certificate,
            Self::Tls | Self::Proxy => Trouble::NotTheServer,
            Self::TooLarge | Self::Malformed | Self::Unsendable => Trouble::Malformed,
        }
    }
}
