//! Sends finished sales one by one, in order, until the server has acknowledged each.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keeper::Clock;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::desk::WorkDesk;
use super::fault::JournalFault;
use super::journal::NextSale;
use super::owner::Owner;
use super::seal::WorkKey;
use crate::view::UiError;

const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(60);

/// Where sales go.
#[async_trait]
pub trait SalesOffice: Send + Sync {
    /// Hands one sale over, with the ticket's id as Idempotency-Key.
    async fn deliver(&self, sale: &NextSale) -> Delivery;
}

/// What came of handing a sale over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server has it, now or from an earlier try.
    Acknowledged,
    /// The server will never take it as it stands.
    Refused(UiError),
    /// No verdict; try again, not before this pause if the server named one.
    Later(Option<Duration>),
    /// Nobody is signed in: wait until somebody is.
    SessionOver,
}

/// What the sender tells of itself.
#[derive(Debug)]
pub enum SenderNews {
    /// A sale left the device or was refused.
    Moved,
    /// The journal fails.
    Fault(JournalFault),
}

/// Wakes a sender. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    sale: Arc<Notify>,
    back: Arc<Notify>,
}

impl Bell {
    /// A sale was finished.
    pub fn sale(&self) {
        self.sale.notify_one();
    }

    /// The server can be reached again: what was being tried is tried afresh, and no pause is waited for.
    pub fn back(&self) {
        self.back.notify_one();
    }
}

/// Sends the sales of one operator. It is dropped when that operator's session ends.
pub struct Sender {
    /// The journal.
    pub desk: WorkDesk,
    /// Whose sales.
    pub owner: Owner,
    /// The key they are sealed under.
    pub key: WorkKey,
    /// Where they go.
    pub office: Arc<dyn SalesOffice>,
    /// What wakes the sender.
    pub bell: Bell,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Sender {
    /// Sends until it is dropped, and tells of every change.
    pub async fn run(self, news: impl Fn(SenderNews) + Send) {
        let mut tries = 0_u32;
        loop {
            let pause = match self.step().await {
                Ok(Step::Moved) => {
                    tries = 0;
                    news(SenderNews::Moved);
                    continue;
                }
                Ok(Step::Idle) => None,
                Ok(Step::Later(wished)) => Some(wished.unwrap_or_else(|| backoff(tries))),
                Err(fault) => {
                    tracing::error!(%fault, "the work journal does not let the sales go out");
                    news(SenderNews::Fault(fault));
                    Some(backoff(tries.max(4)))
                }
            };
            tries = tries.saturating_add(1);
            tokio::select! {
                () = wait(pause) => {}
                () = self.bell.sale.notified() => {}
                () = self.bell.back.notified() => tries = 0,
            }
        }
    }

    async fn step(&self) -> Result<Step, JournalFault> {
        let now_ms = self.clock.wall_ms();
        let (slot, key) = (self.owner.to_string(), self.key.clone());
        let Some(sale) = self
            .desk
            .run(move |journal| journal.next(&slot, &key, now_ms))
            .await?
        else {
            return Ok(Step::Idle);
        };
        let delivery = tokio::select! {
            delivery = self.office.deliver(&sale) => delivery,
            () = self.bell.back.notified() => Delivery::Later(Some(Duration::ZERO)),
        };
        let slot = self.owner.to_string();
        let ticket = sale.ticket;
        match delivery {
            Delivery::Acknowledged => {
                self.desk
                    .run(move |journal| journal.acknowledged(&slot, ticket, now_ms))
                    .await?;
                tracing::info!(%ticket, "a sale was acknowledged");
                Ok(Step::Moved)
            }
            Delivery::Refused(why) => {
                tracing::warn!(%ticket, code = %why.code, "a sale was refused; it waits for a person");
                self.desk
                    .run(move |journal| journal.refused(&slot, ticket, &why, now_ms))
                    .await?;
                Ok(Step::Moved)
            }
            Delivery::Later(pause) => Ok(Step::Later(pause)),
            Delivery::SessionOver => Ok(Step::Idle),
        }
    }
}

enum Step {
    Moved,
    Idle,
    Later(Option<Duration>),
}

async fn wait(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => pending().await,
    }
}

/// Full jitter over a doubling pause.
fn backoff(tries: u32) -> Duration {
    let most = BACKOFF_BASE.saturating_mul(1 << tries.min(8)).min(BACKOFF_CAP);
    let mut random = [0; 4];
    if getrandom::fill(&mut random).is_err() {
        return most;
    }
    most.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
