//! Faults that a store might have, each put into a real engine from outside: everything else is passed on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Engine;
use crate::{AuditEntry, CHANGES_KEPT, Change, Millis, Store, StoreError, Touch};

mod alerts;
mod audit;
mod categories;
mod directory;
mod impersonations;
mod insight;
mod mutation;
mod notices;
mod oversight;
mod rotation;
mod sales;
mod sessions;
mod settings;
mod till_days;

pub use mutation::Mutation;

/// An engine with a fault.
pub struct WithFault<E> {
    engine: E,
    mutation: Mutation,
    openings: AtomicU32,
}

impl<E> WithFault<E> {
    /// Puts the fault in.
    pub fn new(engine: E, mutation: Mutation) -> Self {
        Self {
            engine,
            mutation,
            openings: AtomicU32::new(0),
        }
    }
}

#[async_trait]
impl<E: Engine> Engine for WithFault<E> {
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let opening = match self.openings.fetch_add(1, Ordering::Relaxed) {
            0 => Opening::First,
            _ => Opening::Later,
        };
        let store = self.engine.open().await?;
        Ok(Arc::new(Mutant {
            store,
            mutation: self.mutation,
            opening,
            seen: Mutex::default(),
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    First,
    Later,
}

/// What a mutant has seen pass, where its fault needs that.
#[derive(Default)]
struct Seen {
    organizations: Vec<Uuid>,
    members: Vec<(Uuid, Uuid)>,
    sessions: Vec<Uuid>,
    keys: Vec<(Uuid, Uuid)>,
    writes: u32,
    refused: bool,
    signed_in: Vec<Uuid>,
    touches: Vec<Touch>,
    purged: bool,
    seen_at: Option<Millis>,
    noted: u32,
    roles: Vec<(OrganizationRole, u32)>,
    claim: Option<Uuid>,
    first_now: Option<Millis>,
    told: Option<broadcast::Sender<Change>>,
}

struct Mutant {
    store: Arc<dyn Store>,
    mutation: Mutation,
    opening: Opening,
    seen: Mutex<Seen>,
}

impl Mutant {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn organizations_seen(&self) -> Vec<Uuid> {
        self.seen().organizations.clone()
    }
}

/// Whether this fault keeps the change from being told.
fn is_hidden(mutation: Mutation, change: &Change) -> bool {
    match change {
        Change::SessionEnded { .. } => mutation == Mutation::EndUntold,
        Change::SessionMoved { .. } => mutation == Mutation::MoveUntold,
        Change::SettingsChanged { .. } => mutation == Mutation::SettingsUntold,
        Change::CategoriesChanged { .. } => mutation == Mutation::CategoriesUntold,
        Change::NoticeAdded { .. } => mutation == Mutation::NoticeUntold,
        Change::ImpersonationsChanged => mutation == Mutation::ImpersonationsUntold,
        Change::AlertsChanged { .. } => mutation == Mutation::AlertsUntold,
    }
}

fn another(entry: &AuditEntry) -> AuditEntry {
    AuditEntry {
        id: Uuid::now_v7(),
        ..entry.clone()
    }
}

/// Turns one kind of refusal into an acceptance.
fn accept<T>(outcome: Result<T, StoreError>, mistaken: bool, accepted: T) -> Result<T, StoreError> {
    match outcome {
        Err(StoreError::NameTaken(_) | StoreError::UnknownReference(_)) if mistaken => Ok(accepted),
        other => other,
    }
}

#[async_trait]
impl Store for Mutant {
    async fn ping(&self) -> Result<(), StoreError> {
        match self.store.ping().await {
            Err(_) if self.is(Mutation::ClosedStoreServes) => Ok(()),
            outcome => outcome,
        }
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        let mutation = self.mutation;
        let (sender, receiver) = broadcast::channel(CHANGES_KEPT);
        self.seen().told = Some(sender.clone());
        let mut from = self.store.changes();
        tokio::spawn(async move {
            while let Ok(change) = from.recv().await {
                if !is_hidden(mutation, &change) {
                    drop(sender.send(change));
                }
            }
        });
        receiver
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
