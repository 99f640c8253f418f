//! Security notices by mail: queued off the path of requests, sent by the background work, tried again; a failure is a line
//! in the log and nothing else.

mod letter;
mod options;
mod post;

use std::sync::{Mutex, PoisonError};

use store::{Millis, NoticeDetail, NoticeKind};
use tokio::sync::mpsc;
use uuid::Uuid;

pub use self::options::{MailOptions, MailSecurity};
pub use self::post::MailError;
pub(crate) use self::post::{Post, deliver};

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

/// The way to the post office, if one is configured.
pub(crate) struct Outbox(Option<Open>);

struct Open {
    letters: mpsc::Sender<Letter>,
    waiting: Mutex<Option<(Post, mpsc::Receiver<Letter>)>>,
}

impl Outbox {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// See [`MailError`].
    pub(crate) fn new(options: Option<&MailOptions>) -> Result<Self, MailError> {
        let Some(options) = options else {
            return Ok(Self(None));
        };
        let (letters, receiver) = mpsc::channel(MOST_WAITING);
        Ok(Self(Some(Open {
            letters,
            waiting: Mutex::new(Some((Post::new(options)?, receiver))),
        })))
    }

    /// Whether letters go anywhere.
    pub(crate) const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Queues a letter; nobody waits for it.
    pub(crate) fn tell(&self, letter: Letter) {
        let Some(open) = &self.0 else {
            return;
        };
        if let Err(error) = open.letters.try_send(letter) {
            tracing::error!(%error, "a security notice is not sent by mail");
        }
    }

    /// What the background work sends; once.
    pub(crate) fn take(&self) -> Option<(Post, mpsc::Receiver<Letter>)> {
        let open = self.0.as_ref()?;
        open.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
