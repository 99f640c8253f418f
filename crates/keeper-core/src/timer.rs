//! The keeper's named timers in one small table.

use crate::Moment;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Timer {
    /// A refresh ahead of time is due.
    Refresh,
    /// The access token in force dies.
    AccessEnd,
    /// The lock has been waited for long enough.
    LockWait,
    /// A call has been out for too long.
    CallLimit,
    /// A heartbeat is due.
    Heartbeat,
    /// A heartbeat has been out for too long.
    HeartbeatLimit,
    /// A keychain write is to be tried again.
    VaultRetry,
    /// A slow refresh becomes visible.
    ShowRefreshing,
    /// A cut is to be notified.
    NotifyCut,
    /// The idle end is near.
    IdleWarning,
    /// The idle end.
    IdleEnd,
    /// The absolute end is near.
    AbsoluteWarning,
    /// The absolute end.
    AbsoluteEnd,
    /// A ping that tells of the operator's input is due.
    Ping,
    /// The server is to be asked because it hinted at something.
    Hint,
}

impl Timer {
    const COUNT: usize = Self::Hint as usize + 1;

    /// Every timer, in the order in which those due at one moment fire.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Refresh,
        Self::AccessEnd,
        Self::LockWait,
        Self::CallLimit,
        Self::Heartbeat,
        Self::HeartbeatLimit,
        Self::VaultRetry,
        Self::ShowRefreshing,
        Self::NotifyCut,
        Self::IdleWarning,
        Self::IdleEnd,
        Self::AbsoluteWarning,
        Self::AbsoluteEnd,
        Self::Ping,
        Self::Hint,
    ];
}

/// When each timer fires, if it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimerTable([Option<Moment>; Timer::COUNT]);

impl TimerTable {
    /// Sets a timer, or moves it.
    pub fn set(&mut self, timer: Timer, at: Moment) {
        self.0[timer as usize] = Some(at);
    }
    /// Stops a timer.
    pub fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }
    /// When a timer fires.
    pub fn get(&self, timer: Timer) -> Option<Moment> {
        self.0[timer as usize]
    }
    /// When the next one fires.
    pub fn next(&self) -> Option<Moment> {
        self.0.iter().flatten().min().copied()
    }
    /// Takes one timer that is due out of the table.
    pub fn take_due(&mut self, now: Moment) -> Option<Timer> {
        let due = Timer::ALL
            .into_iter()
            .find(|timer| self.get(*timer).is_some_and(|at| at <= now))?;
        self.stop(due);
        Some(due)
    }
    /// Stops all.
    pub fn clear(&mut self) {
        self.0 = Default::default();
    }
}
