//! Signing in, signing out and trying again: who waits for an outcome, and when it is there.

use std::time::Duration;

use keeper_core::{Input, KeyThumbprint, Moment, OperatorAct, SessionRecord};
use protocol::auth::Me;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Driver;
use super::store::StoreJob;
use crate::profile::SignedIn;
use crate::slot::normalised;
use crate::{SignInError, SlotId};

/// How long signing in, trying again and signing out are waited for.
const SIGN_IN_WAIT: Duration = Duration::from_secs(20);
const RETRY_WAIT: Duration = Duration::from_secs(12);
const SIGN_OUT_WAIT: Duration = Duration::from_secs(8);

pub(super) struct SignInWaiter {
    pub(super) epoch: u64,
    pub(super) serial_before: Option<u64>,
    pub(super) until: Instant,
    pub(super) me: Me,
    pub(super) done: oneshot::Sender<Result<Me, SignInError>>,
}

pub(super) struct SignOutWaiter {
    pub(super) epoch: u64,
    pub(super) until: Instant,
    pub(super) store: Farewell,
    pub(super) done: oneshot::Sender<()>,
}

/// How far the store is with signing out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The machine is still at it.
    Deciding,
    /// The store's worker is doing what it was told.
    Storing,
    /// Nothing is left of the session on this device.
    Done,
}

pub(super) struct RetryWaiter {
    pub(super) until: Instant,
    pub(super) done: oneshot::Sender<()>,
}

impl Driver {
    pub(super) fn signed_in(
        &mut self,
        operator: &str,
        signed_in: SignedIn,
        bound_to: Option<KeyThumbprint>,
        sent: Moment,
        done: oneshot::Sender<Result<Me, SignInError>>,
    ) {
        let SignedIn {
            grant,
            session_id,
            generation,
            me,
        } = signed_in;
        let Some(refresh_token) = grant.refresh_token.clone() else {
            let _ = done.send(Err(SignInError::NotExtendable));
            return;
        };
        let server = &self.shared.config.server;
        let slot = SlotId::of(server, operator);
        let record = SessionRecord {
            server: server.name(),
            operator: normalised(operator),
            session_id,
            generation,
            refresh_token,
            bound_to,
        };
        self.shared.remember_active(slot, record.operator.clone());
        self.activate(operator);
        self.shared.settle();
        let serial_before = self
            .shared
            .access
            .load()
            .as_ref()
            .map(|handed| handed.grant.serial);
        self.signing_in.push(SignInWaiter {
            epoch: self.epochs,
            serial_before,
            until: Instant::now() + SIGN_IN_WAIT,
            me,
            done,
        });
        self.feed_active(Input::SignedIn { record, grant, sent });
    }

    pub(super) fn sign_out(&mut self, done: oneshot::Sender<()>) {
        let Some(active) = &self.active else {
            let _ = done.send(());
            return;
        };
        let epoch = active.epoch;
        self.shared
            .leave(active.slot.clone(), active.core.slot().operator.clone());
        let until = Instant::now() + SIGN_OUT_WAIT;
        self.signing_out.push(SignOutWaiter {
            epoch,
            until,
            store: Farewell::Deciding,
            done,
        });
        self.feed_active(Input::Operator(OperatorAct::SignOut));
    }

    pub(super) fn retry(&mut self, done: oneshot::Sender<()>) {
        self.shared.config.vault.permit_prompt();
        self.feed_active(Input::Operator(OperatorAct::Retry));
        self.retrying.push(RetryWaiter {
            until: Instant::now() + RETRY_WAIT,
            done,
        });
    }

    pub(super) fn settle_waiters(&mut self) {
        let now = Instant::now();
        let handed = self.shared.access.load_full();
        for waiter in self.signing_in.extract_if(.., |waiter| {
            let in_force = handed.as_ref().is_some_and(|handed| {
                handed.epoch == waiter.epoch && Some(handed.grant.serial) != waiter.serial_before
            });
            in_force || now >= waiter.until
        }) {
            let _ = waiter.done.send(Ok(waiter.me));
        }
        let quiet = self.active.as_ref().is_none_or(|active| active.calls_out == 0)
            && !self.shared.snapshot.borrow().attempting;
        for waiter in self
            .retrying
            .extract_if(.., |waiter| quiet || now >= waiter.until)
        {
            let _ = waiter.done.send(());
        }
        self.settle_sign_outs(now);
    }

    fn settle_sign_outs(&mut self, now: Instant) {
        let (epoch, in_cycle, telling) = match &self.active {
            Some(active) => (active.epoch, active.in_cycle, active.logouts_out > 0),
            None => (0, false, false),
        };
        for waiter in &mut self.signing_out {
            if waiter.store == Farewell::Deciding && waiter.epoch == epoch && !in_cycle {
                waiter.store = Farewell::Storing;
                if let Some(active) = &self.active {
                    active.store.push(StoreJob::Fence);
                }
            }
        }
        for waiter in self.signing_out.extract_if(.., |waiter| {
            let gone = waiter.epoch != epoch || waiter.store == Farewell::Done && !telling;
            gone || now >= waiter.until
        }) {
            let _ = waiter.done.send(());
        }
    }
}
