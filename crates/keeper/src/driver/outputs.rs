//! Carries out what the state machine says, in order.

use keeper_core::{Decision, Output};

use super::store::StoreJob;
use super::{Driver, calls, farewell};
use crate::SlotId;
use crate::journal::DecisionEntry;

impl Driver {
    pub(super) fn carry_out(&mut self, output: Output) {
        let Some(active) = self.active.as_mut() else {
            return;
        };
        let epoch = active.epoch;
        match output {
            Output::AcquireLock { wait } => {
                active.in_cycle = true;
                active.store.acquire(wait);
            }
            Output::ReleaseLock => {
                (active.in_cycle, active.holds_lock) = (false, false);
                active.store.release();
            }
            Output::ReadStore => active.store.push(StoreJob::Read),
            Output::WriteJournal(journal) => active.store.push(StoreJob::WriteJournal(journal)),
            Output::WriteVault(record) => active.store.push(StoreJob::WriteVault(record)),
            Output::DeleteVault => active.store.push(StoreJob::DeleteVault),
            Output::SendRefresh(call) => {
                active.calls_out += 1;
                calls::refresh(&self.shared, epoch, call);
            }
            Output::SendHeartbeat { call } => {
                active.calls_out += 1;
                calls::heartbeat(&self.shared, epoch, call);
            }
            Output::SendPing { call, last_input_age } => {
                active.calls_out += 1;
                calls::ping(&self.shared, epoch, call, last_input_age);
            }
            Output::SendLogout(session) => {
                active.logouts_out += 1;
                farewell::say(&self.shared, epoch, session);
            }
            Output::HandOut(grant) => {
                let operator = active.core.slot().operator.clone();
                self.shared.hand_out(epoch, operator, grant);
            }
            Output::Notify(notice) => {
                let _ = self.shared.notices.send(notice);
            }
            Output::Publish => self.shared.publish(active.core.snapshot()),
            Output::Record(decision) => {
                let slot = active.slot.clone();
                self.record(slot, decision);
            }
        }
    }

    fn record(&self, slot: SlotId, decision: Decision) {
        tracing::info!(%slot, ?decision, "decided");
        let at_ms = self.shared.config.clock.wall_ms();
        self.shared.record(
            slot,
            DecisionEntry {
                at_ms,
                process: std::process::id(),
                decision,
            },
        );
    }
}
