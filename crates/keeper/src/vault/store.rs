//! The platform's credential store behind the `keyring` crate, opened anew whenever it has gone away.

use std::collections::HashMap;
use std::sync::Arc;

use keeper_core::VaultFault;
use keyring_core::{CredentialStore, Error};
use secrecy::{ExposeSecret, SecretSlice};
use zeroize::Zeroizing;

use super::pieces::{self, Head};

/// What the dedicated thread works with.
pub(super) struct PlatformStore {
    service: String,
    open: Option<Arc<CredentialStore>>,
}

impl PlatformStore {
    pub(super) fn new(service: String) -> Self {
        Self { service, open: None }
    }

    pub(super) fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        self.attempt(|store| store.read_whole(name))
    }

    pub(super) fn write(&mut self, name: &str, secret: &SecretSlice<u8>) -> Result<(), VaultFault> {
        self.attempt(|store| store.write_whole(name, secret.expose_secret()))
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), VaultFault> {
        self.attempt(|store| store.delete_whole(name))
    }

    /// Does this, and once more with a new connection where the one in hand has died with its service.
    fn attempt<T>(&mut self, work: impl Fn(&Opened<'_>) -> Result<T, Error>) -> Result<T, VaultFault> {
        let fresh = self.open.is_none();
        match self.once(&work) {
            Ok(done) => Ok(done),
            Err(error) => {
                self.open = None;
                if !fresh && is_lost_connection(&error) {
                    return self.once(&work).map_err(|error| {
                        self.open = None;
                        fault_of(&error)
                    });
                }
                Err(fault_of(&error))
            }
        }
    }

    fn once<T>(&mut self, work: &impl Fn(&Opened<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let store = match &self.open {
            Some(store) => Arc::clone(store),
            None => Arc::clone(self.open.insert(open()?)),
        };
        work(&Opened {
            store: &store,
            service: &self.service,
        })
    }
}

struct Opened<'a> {
    store: &'a Arc<CredentialStore>,
    service: &'a str,
}

impl Opened<'_> {
    /// Windows keeps an entry on this machine only when told so: a token that roams looks stolen.
    fn entry(&self, name: &str) -> Result<keyring::Entry, Error> {
        let modifiers = if cfg!(windows) {
            HashMap::from([("persistence", "Local")])
        } else if cfg!(target_os = "macos") {
            HashMap::new()
        } else {
            HashMap::from([("label", "Vigie")])
        };
        let inner = self.store.build(self.service, name, Some(&modifiers))?;
        Ok(keyring::Entry { inner })
    }

    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn read_whole(&self, name: &str) -> Result<Option<SecretSlice<u8>>, Error> {
        let Some(mut entry) = self.get(name)? else {
            return Ok(None);
        };
        let Some(head) = Head::read(&entry) else {
            return Ok(Some(SecretSlice::from(std::mem::take(&mut *entry))));
        };
        let mut secret = Zeroizing::new(Vec::new());
        for piece in head.names(name) {
            let piece = self.get(&piece)?.ok_or_else(torn)?;
            secret.extend_from_slice(&piece);
        }
        if head.matches(&secret) {
            Ok(Some(SecretSlice::from(std::mem::take(&mut *secret))))
        } else {
            Err(torn())
        }
    }

    fn write_whole(&self, name: &str, secret: &[u8]) -> Result<(), Error> {
        let before = match self.get(name) {
            Ok(entry) => entry.and_then(|entry| Head::read(&entry)),
            Err(Error::BadDataFormat(..) | Error::BadEncoding(_)) => None,
            Err(error) => return Err(error),
        };
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(|error| Error::PlatformFailure(Box::new(error)))?;
        match Head::of(secret, salt) {
            None => self.entry(name)?.set_secret(secret)?,
            Some(head) => {
                if secret.len() > pieces::LIMIT * pieces::MOST {
                    return Err(Error::TooLong("secret".to_owned(), u32::MAX));
                }
                for (piece, bytes) in head.names(name).zip(secret.chunks(pieces::LIMIT)) {
                    self.entry(&piece)?.set_secret(bytes)?;
                }
                self.entry(name)?.set_secret(head.text().as_bytes())?;
            }
        }
        for piece in before.iter().flat_map(|head| head.names(name)) {
            self.remove(&piece)?;
        }
        Ok(())
    }

    fn delete_whole(&self, name: &str) -> Result<(), Error> {
        let head = self.get(name)?.and_then(|entry| Head::read(&entry));
        self.remove(name)?;
        head.iter()
            .flat_map(|head| head.names(name))
            .try_for_each(|piece| self.remove(&piece))
    }
}

fn torn() -> Error {
    Error::BadStoreFormat("a secret in pieces is not whole".to_owned())
}

#[cfg(target_os = "linux")]
fn open() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

/// Elsewhere the platform's store has no connection that could be lost, so the one that `keyring` opens once serves.
#[cfg(not(target_os = "linux"))]
fn open() -> Result<Arc<CredentialStore>, Error> {
    if keyring::Entry::store_status().is_err() {
        return Err(Error::NoDefaultStore);
    }
    keyring_core::get_default_store().ok_or(Error::NoDefaultStore)
}

#[cfg(target_os = "linux")]
fn is_lost_connection(error: &Error) -> bool {
    matches!(error, Error::PlatformFailure(_))
}

#[cfg(not(target_os = "linux"))]
fn is_lost_connection(_error: &Error) -> bool {
    false
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds at any time")]
fn fault_of(error: &Error) -> VaultFault {
    tracing::warn!(kind = kind_of(error), "the keychain did not do what was asked");
    match error {
        Error::NoStorageAccess(_) => VaultFault::Locked,
        Error::PlatformFailure(cause) if is_absent(cause.as_ref()) => VaultFault::Absent,
        Error::NoDefaultStore => VaultFault::Absent,
        _ => VaultFault::Failed,
    }
}

/// The error's kind alone: its text can hold names and values.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds at any time")]
fn kind_of(error: &Error) -> &'static str {
    match error {
        Error::PlatformFailure(_) => "platform_failure",
        Error::NoStorageAccess(_) => "no_storage_access",
        Error::NoEntry => "no_entry",
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => "bad_format",
        Error::TooLong(..) => "too_long",
        Error::Invalid(..) => "invalid",
        Error::Ambiguous(_) => "ambiguous",
        Error::NoDefaultStore => "no_store",
        _ => "other",
    }
}

/// Whether there is no keychain service: nobody on the bus by that name, or no bus at all.
fn is_absent(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(cause);
    while let Some(error) = next {
        let text = error.to_string();
        if text.contains("ServiceUnknown")
            || text.contains("NameHasNoOwner")
            || text.contains("not provided by any .service files")
            || error.downcast_ref::<std::io::Error>().is_some()
        {
            return true;
        }
        next = error.source();
    }
    false
}
