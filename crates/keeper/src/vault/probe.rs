//! Looks whether the Secret Service is locked, without ever making it ask to be unlocked.

use std::collections::HashMap;

use secret_service::blocking::SecretService;
use secret_service::{EncryptionType, Error};

/// A connection that only looks.
#[derive(Default)]
pub(super) struct LockProbe {
    service: Option<SecretService<'static>>,
}

/// What the look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Entries can be read and written.
    Open,
    /// Somebody has to unlock it first.
    Locked,
}

impl LockProbe {
    /// Whether the default collection, or the entry of this name, is locked.
    ///
    /// # Errors
    /// The Secret Service's, where it cannot be asked.
    pub(super) fn look(&mut self, service: &str, name: &str) -> Result<Lock, Error> {
        if self.service.is_some() {
            match self.once(service, name) {
                Ok(lock) => return Ok(lock),
                Err(_) => self.service = None,
            }
        }
        self.service = Some(SecretService::connect(EncryptionType::Plain)?);
        let looked = self.once(service, name);
        if looked.is_err() {
            self.service = None;
        }
        looked
    }

    fn once(&self, service: &str, name: &str) -> Result<Lock, Error> {
        let bus = self.service.as_ref().ok_or(Error::Unavailable)?;
        if bus.get_default_collection()?.is_locked()? {
            return Ok(Lock::Locked);
        }
        let found = bus.search_items(HashMap::from([("service", service), ("username", name)]))?;
        Ok(if found.locked.is_empty() {
            Lock::Open
        } else {
            Lock::Locked
        })
    }
}
