//! A certificate authority of one's own, and a server certificate from it, for a network without a public name.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, Days, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Life of the authority.
const AUTHORITY_DAYS: u64 = 3_650;

/// Life of a server certificate: what operating systems take at most.
const SERVER_DAYS: u64 = 825;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file is there already, or cannot be written.
    #[error("certificate_file: {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name is none.
    #[error("certificate_name: {0}")]
    Name(rcgen::Error),
    /// The library cannot.
    #[error("certificate_failed: {0}")]
    Failed(#[from] rcgen::Error),
}

/// The files that were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The authority's certificate: what clients are given.
    pub authority: PathBuf,
    /// The authority's key: to be kept away from the server.
    pub authority_key: PathBuf,
    /// The server's certificate with the authority's behind it.
    pub server: PathBuf,
    /// The server's key.
    pub server_key: PathBuf,
}

/// Makes an authority and a server certificate for these names and addresses in `folder`. Nothing is overwritten.
///
/// # Errors
/// See [`CertificateError`].
pub fn make(folder: &Path, names: &[String], now: DateTime<Utc>) -> Result<Made, CertificateError> {
    let authority_key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Vigie, authority of this network");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    live(&mut params, now, AUTHORITY_DAYS);
    let authority = CertifiedIssuer::self_signed(params, authority_key)?;

    let server_key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names).map_err(CertificateError::Name)?;
    let common = names.first().map_or("vigie-server", String::as_str);
    params.distinguished_name.push(DnType::CommonName, common);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    live(&mut params, now, SERVER_DAYS);
    let server = params.signed_by(&server_key, &authority)?;

    let made = Made {
        authority: folder.join("ca.pem"),
        authority_key: folder.join("ca.key"),
        server: folder.join("server.pem"),
        server_key: folder.join("server.key"),
    };
    let chain = format!("{}{}", server.pem(), authority.pem());
    let authority_key = Zeroizing::new(authority.key().serialize_pem());
    let server_key = Zeroizing::new(server_key.serialize_pem());
    crate::private_files::create_dir(folder).map_err(|source| CertificateError::File {
        path: folder.to_owned(),
        source,
    })?;
    for (path, content) in [
        (&made.authority, authority.pem().as_bytes()),
        (&made.authority_key, authority_key.as_bytes()),
        (&made.server, chain.as_bytes()),
        (&made.server_key, server_key.as_bytes()),
    ] {
        crate::private_files::write_new(path, content).map_err(|source| CertificateError::File {
            path: path.clone(),
            source,
        })?;
    }
    Ok(made)
}

/// From the day before, so that a client whose clock lags a little does not refuse it.
fn live(params: &mut CertificateParams, now: DateTime<Utc>, days: u64) {
    let day = |at: DateTime<Utc>| {
        let month = u8::try_from(at.month()).unwrap_or(1);
        let day = u8::try_from(at.day()).unwrap_or(1);
        date_time_ymd(at.year(), month, day)
    };
    params.not_before = day(now.checked_sub_days(Days::new(1)).unwrap_or(now));
    params.not_after = day(now.checked_add_days(Days::new(days)).unwrap_or(now));
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::make;
    use crate::config::TlsFiles;
    use crate::tls::{facts, server_config};

    #[test]
    fn what_is_made_serves_names_and_addresses_for_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp_millis(1_790_000_000_000).unwrap();
        let names = [
            "vigie.example".to_owned(),
            "192.0.2.1".to_owned(),
            "2001:db8::1".to_owned(),
        ];
        let made = make(&folder.path().join("tls"), &names, now).unwrap();
        let found = facts(&made.server).unwrap();
        assert_eq!(found.names, names);
        let days = (found.ends_at - now.timestamp_millis()) / 86_400_000;
        assert!((824..=825).contains(&days), "{days}");
        server_config(&TlsFiles {
            cert: made.server,
            key: made.server_key,
        })
        .unwrap();
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp_millis(1_790_000_000_000).unwrap();
        let names = ["vigie.example".to_owned()];
        let made = make(folder.path(), &names, now).unwrap();
        let before = std::fs::read(&made.authority_key).unwrap();
        assert!(
            make(folder.path(), &names, now)
                .unwrap_err()
                .to_string()
                .starts_with("certificate_file: ")
        );
        assert_eq!(std::fs::read(&made.authority_key).unwrap(), before);
    }
}
