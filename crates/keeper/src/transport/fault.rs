//! Tells from an HTTP client's error what really happened, by walking down its causes.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::resolve::NameFault;
use super::{CertificateFault, TransportFault};
use crate::link::{Link, link};

/// What this error means.
pub(super) fn classify(error: &reqwest::Error) -> TransportFault {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    let mut found = None;
    while let Some(cause) = next {
        if let Some(fault) = known(cause) {
            found = Some(fault);
        }
        next = below(cause);
    }
    if let Some(fault) = found {
        return fault;
    }
    if error.is_timeout() {
        TransportFault::Offline
    } else if error.is_builder() || error.is_request() && !error.is_connect() && error.source().is_none() {
        TransportFault::Unsendable
    } else if error.is_connect() {
        TransportFault::Refused
    } else if error.is_decode() || error.is_body() {
        TransportFault::Reset
    } else {
        TransportFault::Malformed
    }
}

/// The next cause. An `io::Error` hides the error that it wraps from `source()`, which goes one further down.
fn below<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(wrapped) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(wrapped);
    }
    cause.source()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
fn known(cause: &(dyn Error + 'static)) -> Option<TransportFault> {
    if let Some(name) = cause.downcast_ref::<NameFault>() {
        let offline = link() == Link::Down;
        return Some(if offline {
            TransportFault::Offline
        } else {
            TransportFault::UnknownHost(name.name.clone())
        });
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(match tls {
            rustls::Error::InvalidCertificate(certificate) => {
                TransportFault::Certificate(certificate_fault(certificate))
            }
            _ => TransportFault::Tls,
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return io_fault(error.kind());
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        if error.is_parse() {
            return Some(TransportFault::Malformed);
        }
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return Some(TransportFault::Reset);
        }
    }
    // The tunnel's error has no public type; its texts are the library's own and are not translated.
    let text = cause.to_string();
    if text.starts_with("tunnel error") && !text.contains("failed to create underlying connection") {
        return Some(TransportFault::Proxy);
    }
    None
}

fn io_fault(kind: io::ErrorKind) -> Option<TransportFault> {
    use io::ErrorKind as Kind;
    if matches!(kind, Kind::ConnectionRefused) {
        Some(TransportFault::Refused)
    } else if matches!(
        kind,
        Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::UnexpectedEof
            | Kind::NotConnected
    ) {
        Some(TransportFault::Reset)
    } else if matches!(
        kind,
        Kind::TimedOut
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
            | Kind::NetworkDown
            | Kind::AddrNotAvailable
    ) {
        Some(TransportFault::Offline)
    } else {
        None
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
fn certificate_fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::OtherName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::Untrusted,
        _ => CertificateFault::Invalid,
    }
}
