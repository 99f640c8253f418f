//! Delivering what somebody is to be told: by one process at a time, again after a failure that may pass, and at last given
//! up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use store::{Channel, Millis, Settled, Store, StoreError};
use uuid::Uuid;

use crate::failpoint::{Point, pass};
use crate::ids::new_id;
use crate::mail::{Post, WayError};
use crate::server::Server;

/// For how long a claim holds; longer than any message takes.
const LEASE: Duration = Duration::from_secs(60);

/// Messages that are claimed and sent together, at most.
const TOGETHER: u32 = 20;

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

/// One kind of message that waits in the store until some process has delivered it.
pub(crate) trait Message: Send + Sync + Sized {
    /// What messages of this kind are about, for the log.
    const ABOUT: &'static str;
    /// Passed between a claim and the sending.
    const CLAIMED: Point;

    /// Its id, the same at each try.
    fn id(&self) -> Uuid;

    /// The number of this try, from 1.
    fn tries(&self) -> u32;

    /// What this one is about, for the log.
    fn matter(&self) -> String;

    /// The way it goes.
    fn channel(&self) -> Channel;

    /// Takes the messages that are due for `lease_ms`, `most` at once.
    fn claim(
        store: &dyn Store,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        most: u32,
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// Notes what became of it. Returns whether the claim still held.
    fn settle(
        &self,
        store: &dyn Store,
        claim: Uuid,
        settled: Settled,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes it up and hands it over.
    fn send(&self, server: &Server) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Sends what of this kind waits and is due. Of several processes one claims a message and sends it; where it dies before it
/// says what became of it, its claim runs out and another sends it: at least once, never knowingly twice.
pub(crate) async fn send_waiting<M: Message>(server: &Server) {
    loop {
        let now = server.now();
        let claim = new_id(now);
        let claimed = M::claim(server.store.as_ref(), claim, now, lease_ms(server), TOGETHER).await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(about = M::ABOUT, cause = %error, "messages are not sent yet");
                return;
            }
        };
        if claimed.is_empty() {
            return;
        }
        let are_all = u32::try_from(claimed.len()).unwrap_or(u32::MAX) < TOGETHER;
        if let Err(fault) = pass(M::CLAIMED) {
            tracing::warn!(about = M::ABOUT, cause = ?fault, "messages are left where they are");
            return;
        }
        join_all(claimed.iter().map(|message| deliver(server, claim, message))).await;
        if are_all {
            return;
        }
    }
}

async fn deliver<M: Message>(server: &Server, claim: Uuid, message: &M) {
    let outcome = in_time(message.send(server)).await;
    let (id, matter, channel) = (message.id(), message.matter(), message.channel().as_str());
    let settled = settled(&outcome, message.tries(), server.now());
    match (&outcome, settled) {
        (Err(fault), Settled::Again { .. }) => {
            tracing::warn!(message = %id, matter, channel, cause = fault.text, "a message is not sent yet");
        }
        (Err(fault), Settled::Sent | Settled::GivenUp) => {
            tracing::error!(message = %id, matter, channel, cause = fault.text, "a message is given up");
        }
        (Ok(()), _) => tracing::info!(message = %id, matter, channel, "a message is sent"),
    }
    match message.settle(server.store.as_ref(), claim, settled).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(message = %id, matter, "the claim on a message ran out: it may be sent twice");
        }
        Err(error) => {
            tracing::warn!(cause = %error, message = %id, matter, "what became of a message is not noted: it may be sent twice");
        }
    }
}

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
fn lease_ms(server: &Server) -> Millis {
    let lease = server
        .options
        .testing
        .alert_lease_seconds
        .map_or(LEASE, |seconds| Duration::from_secs(seconds.get().into()));
    millis(lease)
}

/// Sends a message, and gives it up for this time where that takes too long.
async fn in_time(sending: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let sent = tokio::time::timeout(MESSAGE_WITHIN, sending).await;
    sent.unwrap_or_else(|_| Err(Fault::passing("no answer in time")))
}

/// What becomes of a message after the try of this number, from 1.
fn settled(outcome: &Result<(), Fault>, tries: u32, now: Millis) -> Settled {
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
