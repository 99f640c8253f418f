//! The way to the mail server: what the server's own configuration says, or else what was set on screen. It is looked up for
//! each letter, so that a change holds at once in every process.

use std::sync::{Arc, Mutex, PoisonError};

use lettre::message::Mailbox;
use protocol::Secret;
use store::{MailRow, Store, StoreError};
use thiserror::Error;

use super::post::Post;
use super::sealed::{Seal, SealError};
use super::{MailError, MailOptions};
use crate::keys::Keys;

/// Why there is no way to the mail server although one is set.
#[derive(Debug, Error)]
pub(crate) enum WayError {
    /// What is set cannot be read just now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password cannot be opened.
    #[error(transparent)]
    Password(#[from] SealError),
    /// What is set cannot be used.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A sender or recipient that is set is no address.
    #[error("mail_address: an address that is set is none")]
    Address,
}

/// The way to the mail server.
pub(crate) struct Way {
    fixed: Option<(MailOptions, Arc<Post>)>,
    made: Mutex<Option<(MailRow, Arc<Post>)>>,
    seal: Seal,
}

impl Way {
    pub(super) fn new(options: Option<&MailOptions>, keys: &Keys) -> Result<Self, MailError> {
        let fixed = options
            .map(|options| Ok::<_, MailError>((options.clone(), Arc::new(Post::new(options)?))))
            .transpose()?;
        Ok(Self {
            fixed,
            made: Mutex::default(),
            seal: Seal::new(keys),
        })
    }

    /// What the server's own configuration says.
    pub(crate) fn fixed(&self) -> Option<&MailOptions> {
        self.fixed.as_ref().map(|(options, _)| options)
    }

    /// The mail server to hand letters to, as it is set at this moment.
    ///
    /// # Errors
    /// See [`WayError`].
    pub(crate) async fn post(&self, store: &dyn Store) -> Result<Option<Arc<Post>>, WayError> {
        if let Some((_, post)) = &self.fixed {
            return Ok(Some(Arc::clone(post)));
        }
        let Some(row) = store.mail_settings().await?.filter(|row| !row.host.is_empty()) else {
            return Ok(None);
        };
        if let Some((known, post)) = &*self.made.lock().unwrap_or_else(PoisonError::into_inner)
            && *known == row
        {
            return Ok(Some(Arc::clone(post)));
        }
        let post = Arc::new(Post::new(&self.options(&row)?)?);
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some((row, Arc::clone(&post)));
        Ok(Some(post))
    }

    fn options(&self, row: &MailRow) -> Result<MailOptions, WayError> {
        let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| WayError::Address);
        let credentials = match (&row.username, &row.sealed_password) {
            (Some(username), Some(sealed)) => Some((username.clone(), self.seal.open(sealed, row)?)),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        Ok(MailOptions {
            host: row.host.clone(),
            port: row.port,
            security: row.security,
            ca_file: None,
            from: mailbox(&row.from)?,
            to: row.to.as_deref().map(mailbox).transpose()?,
            credentials,
        })
    }

    /// Seals a password for the mail server of this row.
    ///
    /// # Errors
    /// See [`SealError`].
    pub(crate) fn seal(&self, password: &Secret, row: &MailRow) -> Result<Vec<u8>, SealError> {
        self.seal.seal(password, row)
    }
}
