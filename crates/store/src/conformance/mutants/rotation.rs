//! Faults with rotation.

use protocol::auth::DeviceKind;
use uuid::Uuid;

use super::{Mutant, Mutation};
use crate::rotation::{FORWARDED, Over, Verdict, judge};
use crate::session::RevokeReason;
use crate::{AuditEntry, Presented, RotationOutcome, SessionRow, StoreError};

impl Mutant {
    pub(super) async fn rotate_with_fault(
        &self,
        mut presented: Presented,
        audit: AuditEntry,
    ) -> Result<RotationOutcome, StoreError> {
        let again = AuditEntry {
            id: Uuid::now_v7(),
            ..audit.clone()
        };
        if self.is(Mutation::InputIgnored) {
            presented.input_age_ms = None;
        }
        if self.is(Mutation::RenewalSpends) {
            presented.rotate = true;
        }
        let Some(identity) = self.store.identity(presented.session_id).await? else {
            if self.is(Mutation::UnknownIsOver) {
                return Ok(RotationOutcome::Over(Over::Expired));
            }
            return self.store.rotate(presented, audit).await;
        };
        if self.is(Mutation::KeyNotAsked) {
            presented.device_key = identity.session.device_key;
        }
        let verdict = judge(&identity.session, &presented, identity.idle_timeout_ms());
        if let Some(outcome) = self.prejudged(&identity.session, verdict, &presented) {
            if matches!(outcome, RotationOutcome::Reused(_)) && !self.is(Mutation::ReuseNotKept) {
                self.end(&presented, audit).await?;
            }
            return Ok(outcome);
        }
        if verdict == Verdict::Stale && self.is(Mutation::LateDuplicateEnds) {
            self.end(&presented, again.clone()).await?;
            return Ok(RotationOutcome::Stale);
        }
        if verdict == Verdict::WrongDevice && self.is(Mutation::WrongKeyEnds) {
            let outcome = self.store.rotate(presented.clone(), audit).await;
            self.end(&presented, again).await?;
            return outcome;
        }
        let outcome = self.store.rotate(presented, audit).await?;
        if self.is(Mutation::RotationAudited) && matches!(outcome, RotationOutcome::Rotated(_)) {
            self.store.audit(again).await?;
        }
        Ok(self.misanswered(outcome, identity.session))
    }

    async fn end(&self, presented: &Presented, audit: AuditEntry) -> Result<(), StoreError> {
        let reason = RevokeReason::RefreshReused;
        self.store
            .revoke_session(presented.session_id, None, None, reason, presented.now, audit)
            .await?;
        Ok(())
    }

    /// What this mutant answers without asking the engine.
    fn prejudged(
        &self,
        row: &SessionRow,
        verdict: Verdict,
        presented: &Presented,
    ) -> Option<RotationOutcome> {
        let row = row.clone();
        let parent = row.generation.checked_sub(1) == Some(presented.generation);
        let behind = row.generation.saturating_sub(presented.generation);
        let shown = (presented.generation, presented.attempt);
        let unused = presented.now - row.rotated_at;
        match (self.mutation, verdict) {
            (Mutation::ReplayIsReuse, Verdict::Replay)
            | (Mutation::LateDuplicateIsReuse, Verdict::Stale)
            | (Mutation::AheadIsReuse, Verdict::FastForward)
            | (Mutation::ReuseNotKept, Verdict::Reuse) => Some(RotationOutcome::Reused(row)),
            (Mutation::ReplayForHalfAMinute, Verdict::Replay) if unused > 30_000 => {
                Some(RotationOutcome::Reused(row))
            }
            (Mutation::FourAttemptsRemembered, Verdict::Stale) if behind > 4 => {
                Some(RotationOutcome::Reused(row))
            }
            (Mutation::ReplayMovesOn, Verdict::Replay) => Some(RotationOutcome::Replayed(SessionRow {
                generation: row.generation + 1,
                ..row
            })),
            (Mutation::AnotherAttemptReplayed, Verdict::Reuse) if parent => {
                Some(RotationOutcome::Replayed(row))
            }
            (Mutation::OlderTokenStale, Verdict::Reuse) if !parent => Some(RotationOutcome::Stale),
            (Mutation::AheadIsUnknown, Verdict::FastForward) => Some(RotationOutcome::Unknown),
            (Mutation::ForgottenIsReuse, Verdict::Stale) if !row.attempts.contains(&shown) => {
                Some(RotationOutcome::Reused(row))
            }
            (Mutation::ForgottenForEver, Verdict::Reuse)
                if row.attempts.iter().any(|(_, attempt)| *attempt == FORWARDED) =>
            {
                Some(RotationOutcome::Stale)
            }
            (Mutation::RenewalNotRemembered, Verdict::Stale) if parent => Some(RotationOutcome::Reused(row)),
            (Mutation::RenewalGetsSuccessor, Verdict::Reuse) if row.attempts.contains(&shown) => {
                Some(RotationOutcome::Replayed(row))
            }
            (Mutation::RenewalAheadNotKept, Verdict::FastForward) if !presented.rotate => {
                Some(RotationOutcome::FastForwarded(SessionRow {
                    generation: presented.generation,
                    ..row
                }))
            }
            (Mutation::WrongKeyIsReuse, Verdict::WrongDevice) if parent && !row.attempts.contains(&shown) => {
                Some(RotationOutcome::Reused(row))
            }
            (Mutation::KeyAskedOfTheEnded, Verdict::Over(_)) if row.device_key.is_some() => {
                Some(RotationOutcome::WrongDevice(row))
            }
            (Mutation::UnboundRefusesKeys, Verdict::Rotate) if presented.device_key != row.device_key => {
                Some(RotationOutcome::WrongDevice(row))
            }
            (Mutation::IdleTillEnds, Verdict::Rotate | Verdict::Renew)
                if row.device_kind == DeviceKind::Till
                    && presented.now - row.last_input_at >= 480 * 60_000 =>
            {
                Some(RotationOutcome::Over(Over::Idle))
            }
            _ => None,
        }
    }

    /// What this mutant makes of the engine's answer; `before` is the row as it was.
    fn misanswered(&self, outcome: RotationOutcome, before: SessionRow) -> RotationOutcome {
        match (self.mutation, outcome) {
            (Mutation::GenerationStands, RotationOutcome::Rotated(row)) => {
                RotationOutcome::Rotated(SessionRow {
                    generation: before.generation,
                    ..row
                })
            }
            (Mutation::AttemptForgotten, RotationOutcome::Rotated(row)) => {
                RotationOutcome::Rotated(SessionRow {
                    attempts: before.attempts,
                    ..row
                })
            }
            (Mutation::AttemptsWithoutEnd, RotationOutcome::Rotated(mut row)) => {
                if row.generation as usize > row.attempts.len() {
                    row.attempts.insert(0, (0, [1; 16]));
                }
                RotationOutcome::Rotated(row)
            }
            (Mutation::EveryEndIsTheOwners, RotationOutcome::Over(_)) => {
                RotationOutcome::Over(Over::Revoked(RevokeReason::ByOwner))
            }
            (Mutation::ExpiredRotates, RotationOutcome::Over(Over::Expired)) => {
                RotationOutcome::Rotated(before)
            }
            (Mutation::IdleDeskLives, RotationOutcome::Over(Over::Idle))
            | (Mutation::RenewalsForever, RotationOutcome::RotationRequired) => {
                RotationOutcome::Renewed(before)
            }
            (Mutation::AllRotate, RotationOutcome::Replayed(row))
            | (Mutation::SecondHolderRotates, RotationOutcome::Reused(row)) => RotationOutcome::Rotated(row),
            (Mutation::NeighbourRefused, RotationOutcome::Rotated(row)) => {
                self.seen().writes += 1;
                if self.seen().writes > 1 {
                    RotationOutcome::Stale
                } else {
                    RotationOutcome::Rotated(row)
                }
            }
            (_, outcome) => outcome,
        }
    }
}
