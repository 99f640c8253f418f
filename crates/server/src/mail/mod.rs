//! Letters: the one way to the mail server, and security notices, which are queued off the path of requests, sent by the
//! background work and tried again; a failure is a line in the log and nothing else.

mod letter;
mod notices;
mod options;
mod post;
mod sealed;
pub(crate) mod settings;
mod way;
pub(crate) mod wording;

use std::sync::{Mutex, PoisonError};

use store::{Millis, NoticeDetail, NoticeKind};
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) use self::notices::deliver;
pub use self::options::MailOptions;
pub use self::post::MailError;
pub(crate) use self::post::Post;
pub use self::sealed::SealError;
pub(crate) use self::way::{Way, WayError};
use crate::keys::Keys;

/// Letters that may wait; one more is not sent.
const MOST_WAITING: usize = 1_000;

/// What somebody is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) user_id: Uuid,
    pub(crate) at: Millis,
    pub(crate) kind: NoticeKind,
    pub(crate) detail: NoticeDetail,
}

/// The way to the mail server, and the security notices that wait to go there.
pub(crate) struct Outbox {
    way: Way,
    letters: mpsc::Sender<Letter>,
    waiting: Mutex<Option<mpsc::Receiver<Letter>>>,
}

impl Outbox {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// See [`MailError`].
    pub(crate) fn new(options: Option<&MailOptions>, keys: &Keys) -> Result<Self, MailError> {
        let (letters, receiver) = mpsc::channel(MOST_WAITING);
        Ok(Self {
            way: Way::new(options, keys)?,
            letters,
            waiting: Mutex::new(Some(receiver)),
        })
    }

    /// The way to the mail server.
    pub(crate) const fn way(&self) -> &Way {
        &self.way
    }

    /// Queues a letter; nobody waits for it.
    pub(crate) fn tell(&self, letter: Letter) {
        if let Err(error) = self.letters.try_send(letter) {
            tracing::error!(%error, "a security notice is not sent by mail");
        }
    }

    /// What the background work sends; once.
    pub(crate) fn take(&self) -> Option<mpsc::Receiver<Letter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
