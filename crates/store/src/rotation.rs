//! The rotation rule: what a presented refresh token means for its session, as pure code that every engine shares.
//!
//! The engine tries the compare-and-swap first. Where no row came back it reads the row and asks [`judge`].

use uuid::Uuid;

use crate::Millis;
use crate::session::{DeviceKey, Origin, RevokeReason, SessionRow};
use protocol::audit::AuditResult;
use protocol::auth::DeviceKind;

/// How many attempts a session remembers: those that spent a generation, and those that renewed without spending.
pub const ATTEMPTS_KEPT: usize = 16;

/// For how long a session may be renewed without rotation: 24 hours.
pub const UNROTATED_MOST_MS: Millis = 24 * 60 * 60 * 1_000;

/// SHA-256 of an attempt id, its first 16 bytes.
pub type AttemptHash = [u8; 16];

/// Stands among a session's attempts where the row was moved forward to a generation: what was tried between the backup
/// and there is not known, so a token from before it is refused without being taken for a thief's. Restoring a backup puts
/// it one generation above each row's own.
pub const FORWARDED: AttemptHash = [0; 16];

/// A refresh token whose signature was found good, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The session named in the token.
    pub session_id: Uuid,
    /// The generation named in the token.
    pub generation: u32,
    /// The attempt that came with it.
    pub attempt: AttemptHash,
    /// Whether the token is to be spent, or only access renewed.
    pub rotate: bool,
    /// How long ago the operator last touched the device.
    pub input_age_ms: Option<Millis>,
    /// Thumbprint of the key whose proof came along and was found good.
    pub device_key: Option<DeviceKey>,
    /// Where the call came from.
    pub origin: Origin,
    /// The organisation's idle time is read by the engine; this is the server's clock.
    pub now: Millis,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationOutcome {
    /// Spent; the row as it stands, one generation on.
    Rotated(SessionRow),
    /// It had been spent by this very attempt: the same successor again.
    Replayed(SessionRow),
    /// Access is renewed, nothing is spent.
    Renewed(SessionRow),
    /// The row was behind the token, as after a restored backup; it was moved forward and then treated as current.
    FastForwarded(SessionRow),
    /// Two holders: the session is revoked, durably.
    Reused(SessionRow),
    /// A late duplicate of a known attempt: no token, nothing changed.
    Stale,
    /// Renewed without rotation for too long.
    RotationRequired,
    /// The session is bound to a key, and no proof of it came along: nothing changed. The row as it stands.
    WrongDevice(SessionRow),
    /// The session is over.
    Over(Over),
    /// No such session.
    Unknown,
}

impl RotationOutcome {
    /// The row of the session that goes on, where the token was good.
    pub const fn renewed(&self) -> Option<&SessionRow> {
        match self {
            Self::Rotated(row) | Self::Replayed(row) | Self::Renewed(row) | Self::FastForwarded(row) => {
                Some(row)
            }
            Self::Reused(_)
            | Self::Stale
            | Self::RotationRequired
            | Self::WrongDevice(_)
            | Self::Over(_)
            | Self::Unknown => None,
        }
    }

    /// What the audit log says became of the call: a token of a second holder and one without its key are refused.
    pub const fn audit_result(&self) -> AuditResult {
        match self {
            Self::Reused(_) | Self::WrongDevice(_) => AuditResult::Denied,
            Self::FastForwarded(_)
            | Self::Rotated(_)
            | Self::Replayed(_)
            | Self::Renewed(_)
            | Self::Stale
            | Self::RotationRequired
            | Self::Over(_)
            | Self::Unknown => AuditResult::Done,
        }
    }

    /// What the audit log says of it; `None` where the session's own row is the record.
    ///
    /// A plain rotation, its replay and a renewal are recorded by the generation, the attempts and the times in the row:
    /// an entry for each would double what a refresh writes.
    pub const fn audit_action(&self) -> Option<&'static str> {
        match self {
            Self::FastForwarded(_) => Some("session.fast_forwarded"),
            Self::Reused(_) => Some("session.refresh_reused"),
            Self::WrongDevice(_) => Some("session.proof_refused"),
            Self::Rotated(_)
            | Self::Replayed(_)
            | Self::Renewed(_)
            | Self::Stale
            | Self::RotationRequired
            | Self::Over(_)
            | Self::Unknown => None,
        }
    }
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// It was ended.
    Revoked(RevokeReason),
    /// It reached its absolute end.
    Expired,
    /// It ended for lack of input.
    Idle,
}

/// What an engine must do with a token for which the compare-and-swap did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Spend it: it is current.
    Rotate,
    /// Answer with the same successor.
    Replay,
    /// Renew access only, and remember the attempt: its late duplicate, coming after a rotation, is nobody else's. It is
    /// not given the successor, and to spend the token then is a second holder's doing.
    Renew,
    /// Set the row's generation to the token's, remember [`FORWARDED`] there, then do as with a current token.
    FastForward,
    /// Revoke the session.
    Reuse,
    /// Answer that it is a late duplicate.
    Stale,
    /// Answer that rotation is due.
    RotationRequired,
    /// Refuse it for want of the right key's proof, and leave the row as it is.
    WrongDevice,
    /// Answer why it is over.
    Over(Over),
}

/// Whether and why a session is over at `now`. A `till` does not end by idleness: it locks. Nor does an impersonation: the
/// session that it hangs on does.
pub fn over(row: &SessionRow, idle_timeout_ms: Millis, now: Millis) -> Option<Over> {
    if let Some((_, reason)) = row.revoked {
        return Some(Over::Revoked(reason));
    }
    if row.expires_at <= now {
        return Some(Over::Expired);
    }
    if row.impersonator.is_some() {
        return None;
    }
    match row.device_kind {
        DeviceKind::Till => None,
        DeviceKind::Desk => (row.last_input_at.saturating_add(idle_timeout_ms) <= now).then_some(Over::Idle),
    }
}

/// The whole table of the protocol, as one pure function.
///
/// The operator's input that comes with the call counts before idleness is judged: pass the row with it noted.
pub fn judge(row: &SessionRow, presented: &Presented, idle_timeout_ms: Millis) -> Verdict {
    if let Some(over) = over(row, idle_timeout_ms, presented.now) {
        return Verdict::Over(over);
    }
    if row.device_key.is_some() && row.device_key != presented.device_key {
        return Verdict::WrongDevice;
    }
    if presented.generation > row.generation {
        return Verdict::FastForward;
    }
    if presented.generation == row.generation {
        if presented.rotate {
            return Verdict::Rotate;
        }
        let unrotated = presented.now.saturating_sub(row.rotated_at);
        return if unrotated > UNROTATED_MOST_MS {
            Verdict::RotationRequired
        } else {
            Verdict::Renew
        };
    }
    let shown = (presented.generation, presented.attempt);
    let parent = row.generation.checked_sub(1) == Some(presented.generation);
    let spent_by = row
        .attempts
        .iter()
        .rfind(|(generation, _)| *generation == presented.generation);
    if spent_by == Some(&shown) {
        return if parent { Verdict::Replay } else { Verdict::Stale };
    }
    if !presented.rotate && row.attempts.contains(&shown) {
        return Verdict::Stale;
    }
    if unknown_since_a_restore(&row.attempts, presented.generation) {
        Verdict::Stale
    } else {
        Verdict::Reuse
    }
}

/// Whether this generation was left behind by a backup that was restored, so that nobody knows who tried it. What was
/// tried after that is known again.
fn unknown_since_a_restore(attempts: &[(u32, AttemptHash)], generation: u32) -> bool {
    attempts
        .iter()
        .rposition(|(marked, attempt)| *attempt == FORWARDED && generation < *marked)
        .is_some_and(|marker| attempts[marker..].iter().all(|(tried, _)| *tried != generation))
}

/// When the operator's last input was, after one was reported `input_age_ms` ago.
///
/// The age is bounded by the time since the last input that the server heard of, so this never moves back; nor does it
/// lie ahead of `now` unless it did before. A negative age, from a clock that jumped, is no news.
pub fn noted_input(row: &SessionRow, input_age_ms: Option<Millis>, now: Millis) -> Millis {
    match input_age_ms {
        Some(age) if age >= 0 => row.last_input_at.max(now.saturating_sub(age)),
        Some(_) | None => row.last_input_at,
    }
}

/// The attempts to remember after `generation` was tried by `attempt`, newest last: the one that spends a generation is
/// the last of that generation, and only it is given the successor again.
pub fn remember(
    attempts: &[(u32, AttemptHash)],
    generation: u32,
    attempt: AttemptHash,
) -> Vec<(u32, AttemptHash)> {
    let mut kept: Vec<_> = attempts
        .iter()
        .copied()
        .filter(|one| *one != (generation, attempt))
        .collect();
    kept.push((generation, attempt));
    let surplus = kept.len().saturating_sub(ATTEMPTS_KEPT);
    kept.drain(..surplus);
    kept
}
