//! One slot's lock, journal and keychain record: jobs are done strictly in the order in which they were given.

use std::sync::Arc;
use std::time::Duration;

use keeper_core::{DeviceKey, Input, Journal, LockAnswer, SessionRecord, Span, StoreRead, VaultFault};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Message, Shared};
use crate::journal::JournalFolder;
use crate::lock::HeldLock;
use crate::vault::{read_record, write_record};
use crate::{SlotId, failpoint};

pub(super) enum StoreJob {
    /// Wait for the lock this long, but only while nobody has given up since this count.
    Acquire(Span, u64),
    Release,
    Read,
    WriteJournal(Journal),
    WriteVault(SessionRecord),
    DeleteVault,
    /// Says [`Message::SignedOut`] once everything before it is done.
    Fence,
    Finish(oneshot::Sender<()>),
}

/// The queue of one slot's store.
pub(super) struct StoreWorker {
    jobs: mpsc::UnboundedSender<StoreJob>,
    /// Grows whenever a wait for the lock is to be given up.
    give_up: watch::Sender<u64>,
}

struct Work {
    shared: Arc<Shared>,
    journals: JournalFolder,
    epoch: u64,
    slot: SlotId,
    held: Option<HeldLock>,
    give_up: watch::Receiver<u64>,
}

impl StoreWorker {
    pub(super) fn start(shared: &Arc<Shared>, epoch: u64, slot: SlotId) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (give_up, watching) = watch::channel(0);
        let work = Work {
            shared: Arc::clone(shared),
            journals: shared.journals.clone(),
            epoch,
            slot,
            held: None,
            give_up: watching,
        };
        tokio::spawn(work.run(queue));
        Self { jobs, give_up }
    }

    pub(super) fn acquire(&self, wait: Span) {
        self.push(StoreJob::Acquire(wait, *self.give_up.borrow()));
    }

    pub(super) fn push(&self, job: StoreJob) {
        if matches!(job, StoreJob::DeleteVault) {
            self.give_up.send_modify(|count| *count += 1);
        }
        let _ = self.jobs.send(job);
    }

    pub(super) fn release(&self) {
        self.give_up.send_modify(|count| *count += 1);
        self.push(StoreJob::Release);
    }

    /// Waits until every job is done, and gives the lock back.
    pub(super) async fn finish(self) {
        let (done, finished) = oneshot::channel();
        self.give_up.send_modify(|count| *count += 1);
        self.push(StoreJob::Finish(done));
        let _ = finished.await;
    }
}

impl Work {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<StoreJob>) {
        while let Some(job) = queue.recv().await {
            match job {
                StoreJob::Acquire(wait, count) => {
                    let answer = self.acquire(wait, count).await;
                    self.answer(Input::LockAnswered(answer));
                }
                StoreJob::Release => self.held = None,
                StoreJob::Read => {
                    let read = self.read().await;
                    self.answer(Input::StoreRead(read));
                }
                StoreJob::WriteJournal(journal) => {
                    let durable = self.write_journal(journal).await;
                    self.answer(Input::JournalWritten(durable));
                }
                StoreJob::WriteVault(record) => {
                    let written = self.write_vault(record).await;
                    self.answer(Input::VaultWritten(written));
                }
                StoreJob::DeleteVault => self.delete().await,
                StoreJob::Fence => self.shared.send(Message::SignedOut { epoch: self.epoch }),
                StoreJob::Finish(done) => {
                    self.held = None;
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    fn answer(&self, input: Input) {
        self.shared.send_input(self.epoch, input);
    }

    async fn acquire(&mut self, wait: Span, count: u64) -> LockAnswer {
        if self.held.is_some() {
            return LockAnswer::Held;
        }
        let lock = self.journals.lock(&self.slot);
        let mut give_up = self.give_up.clone();
        let acquired = tokio::select! {
            biased;
            _ = give_up.wait_for(|now| *now != count) => Ok(None),
            acquired = lock.acquire(Duration::from_millis(wait.as_ms())) => acquired,
        };
        match acquired {
            Ok(Some(held)) => {
                self.held = Some(held);
                LockAnswer::Held
            }
            Ok(None) => LockAnswer::Busy,
            Err(fault) => {
                tracing::warn!(%fault, slot = %self.slot, "the lock file cannot be used");
                LockAnswer::Busy
            }
        }
    }

    async fn read(&self) -> StoreRead {
        let record = read_record(self.shared.config.vault.as_ref(), &self.slot).await;
        let record = record.map(|record| record.filter(|record| self.is_ours(record)));
        let bound_to = record.as_ref().ok().and_then(|record| record.as_ref()?.bound_to);
        let vault = self.shared.config.vault.as_ref();
        let key = match bound_to {
            None => Ok(DeviceKey::AtHand),
            Some(key) => self.shared.prover.find(key, vault).await,
        };
        let (record, key) = match key {
            Ok(key) => (record, key),
            // Without its key a record is only half read.
            Err(fault) => (Err(fault), DeviceKey::AtHand),
        };
        let (journals, slot) = (self.journals.clone(), self.slot.clone());
        let journal = tokio::task::spawn_blocking(move || journals.read(&slot)).await;
        let journal = match journal {
            Ok(Ok(journal)) => Some(journal),
            Ok(Err(fault)) => {
                tracing::warn!(%fault, slot = %self.slot, "the journal cannot be read");
                None
            }
            Err(_) => None,
        };
        StoreRead { record, journal, key }
    }

    /// Whether the record is this server's and this slot's operator's, and not one that was put in its place.
    fn is_ours(&self, record: &SessionRecord) -> bool {
        let server = &self.shared.config.server;
        record.server == server.name() && SlotId::of(server, &record.operator) == self.slot
    }

    async fn write_journal(&self, journal: Journal) -> bool {
        let (journals, slot) = (self.journals.clone(), self.slot.clone());
        let written = tokio::task::spawn_blocking(move || journals.write(&slot, &journal)).await;
        match written {
            Ok(Ok(())) => failpoint::reach("journal-written").await.is_ok(),
            Ok(Err(fault)) => {
                tracing::warn!(%fault, slot = %self.slot, "the journal was not written");
                false
            }
            Err(_) => false,
        }
    }

    async fn write_vault(&self, record: SessionRecord) -> Result<(), VaultFault> {
        failpoint::reach("vault-before-write")
            .await
            .map_err(|_| VaultFault::Failed)?;
        let vault = self.shared.config.vault.as_ref();
        if let Some(key) = record.bound_to {
            self.shared.prover.keep(key, vault, &self.journals).await?;
        }
        let written = write_record(vault, &self.slot, &record).await;
        failpoint::reach("vault-written")
            .await
            .map_err(|_| VaultFault::Failed)?;
        written
    }

    /// That the slot is left is on disk before its record goes: whatever is cut here, no start brings it back.
    async fn delete(&self) {
        self.shared.index_written().await;
        let _ = failpoint::reach("vault-before-delete").await;
        match self.shared.config.vault.secret_delete(self.slot.as_str()).await {
            Ok(()) => {
                let _ = failpoint::reach("vault-deleted").await;
                self.shared.deleted(self.slot.clone());
            }
            Err(fault) => {
                tracing::warn!(%fault, slot = %self.slot, "the keychain still holds a session that was signed out");
                self.shared.finish_deletion(self.slot.clone());
            }
        }
    }
}
