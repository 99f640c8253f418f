//! Delivering what somebody is to be told: by one process at a time, again after a failure that may pass, and at last given
//! up.

use std::sync::Arc;
use std::time::Duration;

use store::{Millis, Settled};

use crate::mail::{Post, WayError};
use crate::server::Server;

/// For how long a claim holds; longer than any message takes.
const LEASE: Duration = Duration::from_secs(60);

/// Messages that are claimed and sent together, at most.
pub(crate) const TOGETHER: u32 = 20;

/// How long a message may take.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);

/// How long after each failure a message is tried again; after the last of these it is given up.
const AGAIN_AFTER: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
];

/// Why a message was not sent.
pub(crate) struct Fault {
    pub(crate) text: String,
    pub(crate) may_pass: bool,
}

impl Fault {
    pub(crate) fn passing(text: impl ToString) -> Self {
        Self {
            text: text.to_string(),
            may_pass: true,
        }
    }

    pub(crate) fn lasting(text: impl ToString) -> Self {
        Self {
            text: text.to_string(),
            may_pass: false,
        }
    }
}

/// For how long this server's claims hold, in milliseconds.
pub(crate) fn lease_ms(server: &Server) -> Millis {
    let lease = server
        .options
        .testing
        .alert_lease_seconds
        .map_or(LEASE, |seconds| Duration::from_secs(seconds.get().into()));
    millis(lease)
}

/// Sends a message, and gives it up for this time where that takes too long.
pub(crate) async fn in_time(sending: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let sent = tokio::time::timeout(MESSAGE_WITHIN, sending).await;
    sent.unwrap_or_else(|_| Err(Fault::passing("no answer in time")))
}

/// What becomes of a message after the try of this number, from 1.
pub(crate) fn settled(outcome: &Result<(), Fault>, tries: u32, now: Millis) -> Settled {
    match outcome {
        Ok(()) => Settled::Sent,
        Err(fault) => match again(tries).filter(|_| fault.may_pass) {
            Some(pause) => Settled::Again {
                at: now.saturating_add(millis(pause)),
            },
            None => Settled::GivenUp,
        },
    }
}

/// The mail server to hand letters to.
///
/// # Errors
/// Where there is none, or none just now.
pub(crate) async fn post(server: &Server) -> Result<Arc<Post>, Fault> {
    match server.outbox.way().post(server.store.as_ref()).await {
        Ok(Some(post)) => Ok(post),
        Ok(None) => Err(Fault::lasting("no mail server is set")),
        Err(error @ WayError::Store(_)) => Err(Fault::passing(error)),
        // Whoever mends it in the meantime has it sent after all.
        Err(error @ (WayError::Password(_) | WayError::Mail(_) | WayError::Address)) => {
            Err(Fault::passing(error))
        }
    }
}

/// Hands a letter over.
///
/// # Errors
/// What the mail server says.
pub(crate) async fn hand_over(post: &Post, letter: lettre::Message) -> Result<(), Fault> {
    post.send(letter).await.map_err(|error| Fault {
        may_pass: !error.is_permanent(),
        text: error.to_string(),
    })
}

fn millis(duration: Duration) -> Millis {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long after the try of this number, from 1, comes the next.
fn again(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries.saturating_sub(1)).ok()?;
    AGAIN_AFTER.get(index).copied()
}

#[cfg(test)]
mod tests {
    use store::Settled;

    use super::{AGAIN_AFTER, Fault, LEASE, MESSAGE_WITHIN, again, settled};

    #[test]
    fn a_message_is_given_up_after_the_last_pause() {
        assert_eq!(again(1), Some(AGAIN_AFTER[0]));
        assert_eq!(again(5), Some(AGAIN_AFTER[4]));
        assert_eq!(again(6), None);
        assert_eq!(again(u32::MAX), None);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing = Err(Fault::passing("busy"));
        assert_eq!(settled(&passing, 1, 5), Settled::Again { at: 10_005 });
        assert_eq!(settled(&passing, 6, 5), Settled::GivenUp);
        assert_eq!(
            settled(&Err(Fault::lasting("nobody of that name")), 1, 5),
            Settled::GivenUp
        );
        assert_eq!(settled(&Ok(()), 1, 5), Settled::Sent);
    }

    #[test]
    fn a_claim_outlives_its_message() {
        assert!(LEASE > MESSAGE_WITHIN);
    }
}
