//! The platform's credential store behind the `keyring` crate, opened anew whenever it has gone away.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keeper_core::VaultFault;
use keyring_core::{CredentialStore, Error};
use secrecy::{ExposeSecret, SecretSlice};
use zeroize::Zeroizing;

use super::pieces::{self, Head};

/// Whether the keychain may ask the operator to unlock it, and whether it is asking now.
#[derive(Debug)]
pub(super) struct Prompting {
    /// One question is allowed: at the start, and whenever the operator acts. Without this every retry would ask again.
    allowed: AtomicBool,
    open: AtomicBool,
}

impl Prompting {
    pub(super) const fn new() -> Self {
        Self {
            allowed: AtomicBool::new(true),
            open: AtomicBool::new(false),
        }
    }

    pub(super) fn allow_one(&self) {
        self.allowed.store(true, Ordering::Relaxed);
    }

    /// Whether a question stands on the screen, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }
}

/// What the dedicated thread works with.
pub(super) struct PlatformStore {
    service: String,
    open: Option<Arc<CredentialStore>>,
    prompting: Arc<Prompting>,
    #[cfg(target_os = "linux")]
    probe: super::probe::LockProbe,
}

impl PlatformStore {
    pub(super) fn new(service: String, prompting: Arc<Prompting>) -> Self {
        Self {
            service,
            open: None,
            prompting,
            #[cfg(target_os = "linux")]
            probe: super::probe::LockProbe::default(),
        }
    }

    /// Turns a call away that would make a locked keychain ask once too often.
    #[cfg(target_os = "linux")]
    fn admit(&mut self, name: &str) -> Result<(), VaultFault> {
        use super::probe::Lock;
        let lock = self.probe.look(&self.service, name).map_err(|error| {
            let fault = service_fault(&error);
            tracing::warn!(%fault, "the keychain cannot be asked");
            fault
        })?;
        match lock {
            Lock::Open => Ok(()),
            Lock::Locked if self.prompting.allowed.swap(false, Ordering::Relaxed) => {
                self.prompting.open.store(true, Ordering::Relaxed);
                Ok(())
            }
            Lock::Locked => Err(VaultFault::Locked),
        }
    }

    /// Elsewhere the system asks by itself and remembers the answer.
    #[cfg(not(target_os = "linux"))]
    fn admit(&mut self, _name: &str) -> Result<(), VaultFault> {
        Ok(())
    }

    pub(super) fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        self.attempt(name, |store| store.read_whole(name))
    }

    pub(super) fn write(&mut self, name: &str, secret: &SecretSlice<u8>) -> Result<(), VaultFault> {
        self.attempt(name, |store| store.write_whole(name, secret.expose_secret()))
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), VaultFault> {
        self.attempt(name, |store| store.delete_whole(name))
    }

    /// Does this, and once more with a new connection where the one in hand has died with its service.
    fn attempt<T>(
        &mut self,
        name: &str,
        work: impl Fn(&Opened<'_>) -> Result<T, Error>,
    ) -> Result<T, VaultFault> {
        self.admit(name)?;
        let result = self.with_reconnection(work);
        self.prompting.open.store(false, Ordering::Relaxed);
        result
    }

    fn with_reconnection<T>(
        &mut self,
        work: impl Fn(&Opened<'_>) -> Result<T, Error>,
    ) -> Result<T, VaultFault> {
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

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
fn fault_of(error: &Error) -> VaultFault {
    tracing::warn!(kind = kind_of(error), "the keychain did not do what was asked");
    match error {
        Error::NoStorageAccess(cause) | Error::PlatformFailure(cause) if is_absent(cause.as_ref()) => {
            VaultFault::Absent
        }
        Error::NoStorageAccess(_) => VaultFault::Locked,
        Error::NoDefaultStore => VaultFault::Absent,
        _ => VaultFault::Failed,
    }
}

/// The error's kind alone: its text can hold names and values.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
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

#[cfg(target_os = "linux")]
fn is_absent(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<secret_service::Error>()
        .is_some_and(|error| service_fault(error) == VaultFault::Absent)
}

#[cfg(not(target_os = "linux"))]
fn is_absent(_cause: &(dyn std::error::Error + 'static)) -> bool {
    false
}

/// What the Secret Service's error means. No bus, nobody on the bus by that name, and no collection to put anything in
/// all mean that there is no keychain.
#[cfg(target_os = "linux")]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
fn service_fault(error: &secret_service::Error) -> VaultFault {
    use secret_service::Error;
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => VaultFault::Locked,
        Error::Unavailable | Error::NoResult => VaultFault::Absent,
        Error::Zbus(bus) => bus_fault(bus),
        Error::ZbusFdo(zbus::fdo::Error::ZBus(bus)) => bus_fault(bus),
        Error::ZbusFdo(
            zbus::fdo::Error::ServiceUnknown(_)
            | zbus::fdo::Error::NameHasNoOwner(_)
            | zbus::fdo::Error::NoReply(_)
            | zbus::fdo::Error::Disconnected(_)
            | zbus::fdo::Error::SpawnFailed(_)
            | zbus::fdo::Error::SpawnExecFailed(_)
            | zbus::fdo::Error::SpawnServiceNotFound(_),
        ) => VaultFault::Absent,
        _ => VaultFault::Failed,
    }
}

/// Error names are those of the D-Bus specification, "Message Bus Names".
#[cfg(target_os = "linux")]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds at any time"
)]
fn bus_fault(error: &zbus::Error) -> VaultFault {
    match error {
        zbus::Error::Connection(..)
        | zbus::Error::InputOutput(_)
        | zbus::Error::Address(_)
        | zbus::Error::Handshake(_) => VaultFault::Absent,
        zbus::Error::MethodError(name, ..) => {
            let last = name
                .as_str()
                .strip_prefix("org.freedesktop.DBus.Error.")
                .unwrap_or_default();
            let nobody = matches!(
                last,
                "ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "Disconnected"
            );
            if nobody || last.starts_with("Spawn.") {
                VaultFault::Absent
            } else {
                VaultFault::Failed
            }
        }
        zbus::Error::FDO(inner) => {
            if let zbus::fdo::Error::ServiceUnknown(_)
            | zbus::fdo::Error::NameHasNoOwner(_)
            | zbus::fdo::Error::NoReply(_) = **inner
            {
                VaultFault::Absent
            } else {
                VaultFault::Failed
            }
        }
        _ => VaultFault::Failed,
    }
}
