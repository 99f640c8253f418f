//! TLS from files: certificate and key are read, matched, and every fault told in one sentence.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use store::Millis;
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::config::TlsFiles;

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM of its kind.
    #[error("tls_unreadable: {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// They do not belong together, or are of a kind that cannot be used.
    #[error("tls_mismatch: {} and {} do not work together: {source}", cert.display(), key.display())]
    Mismatch {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// Reads certificate and key. HTTP/2 is offered before HTTP/1.1.
///
/// # Errors
/// See [`TlsError`].
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = certificates(&files.cert)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable(&files.key, &error, "private key"))?;
    let mismatch = |source| TlsError::Mismatch {
        cert: files.cert.clone(),
        key: files.key.clone(),
        source,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What the server's certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// When it ends, in milliseconds since 1970.
    pub ends_at: Millis,
}

/// Reads what the first certificate of a PEM file says about itself.
///
/// # Errors
/// See [`TlsError`].
pub fn facts(path: &Path) -> Result<Facts, TlsError> {
    let unreadable = |reason: String| TlsError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let chain = certificates(path)?;
    let first = chain
        .first()
        .ok_or_else(|| unreadable("it holds no certificate in PEM".to_owned()))?;
    let (_, certificate) =
        X509Certificate::from_der(first).map_err(|error| unreadable(format!("no certificate: {error}")))?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|error| unreadable(format!("no certificate: {error}")))?
        .map(|names| names.value.general_names.iter().filter_map(host).collect())
        .unwrap_or_default();
    let ends_at = certificate.validity().not_after.timestamp().saturating_mul(1_000);
    Ok(Facts { names, ends_at })
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else {
        return None;
    };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
        .ok()
        .map(|address| address.to_string())
}

/// The certificates of a PEM file.
///
/// # Errors
/// See [`TlsError`].
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, &error, "certificate"))?;
    if found.is_empty() {
        return Err(TlsError::Unreadable {
            path: path.to_owned(),
            reason: "it holds no certificate in PEM".to_owned(),
        });
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error, kind: &str) -> TlsError {
    use rustls::pki_types::pem::Error as Pem;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's list of faults is not exhaustive"
    )]
    let reason = match error {
        Pem::Io(error) => error.to_string(),
        Pem::NoItemsFound => format!("it holds no {kind} in PEM"),
        other => other.to_string(),
    };
    TlsError::Unreadable {
        path: path.to_owned(),
        reason,
    }
}
