//! Every tunable time of the keeper, in one place.

use crate::Span;

/// The keeper's times. The defaults are those of the design; tests may shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Knobs {
    /// Share of the access token's life after which an advisory refresh is due, in thousandths.
    pub advisory_permille: u64,
    /// Jitter on it, either way, in thousandths of that time.
    pub advisory_jitter_permille: u64,
    /// Share of the life that is left when a refresh becomes mandatory, in thousandths.
    pub mandatory_permille: u64,
    /// But never earlier than this before the end.
    pub mandatory_most: Span,
    /// Smallest pause between two advisory attempts.
    pub advisory_spacing: Span,
    /// Or this share of the life where that is less, in thousandths.
    pub advisory_spacing_permille: u64,
    /// Pause between heartbeats, from one sending to the next, while the operator is at work.
    pub heartbeat_busy: Span,
    /// Pause between heartbeats while the server cannot be reached.
    pub heartbeat_lost: Span,
    /// A heartbeat without an answer after this has failed.
    pub heartbeat_limit: Span,
    /// Pause between heartbeats otherwise.
    pub heartbeat_calm: Span,
    /// How long after the operator's last input the till counts as in use.
    pub in_use: Span,
    /// First pause after a failed attempt.
    pub backoff_base: Span,
    /// Longest pause after failed attempts.
    pub backoff_cap: Span,
    /// Spread of the first attempt after waking up or after the network came back.
    pub return_jitter: Span,
    /// The same while the operator waits at the counter.
    pub return_jitter_in_use: Span,
    /// Spread of the first attempt after the server was away.
    pub recovery_spread: Span,
    /// How long to wait for the other process's lock.
    pub lock_wait: Span,
    /// A refresh that takes longer than this is shown.
    pub refreshing_shown_after: Span,
    /// A cut that lasts longer than this is notified.
    pub cut_notified_after: Span,
    /// First pause before a keychain write is tried again.
    pub vault_retry: Span,
    /// Longest pause between such tries.
    pub vault_retry_cap: Span,
    /// How long before the idle end the operator is warned, at most.
    pub idle_warning: Span,
    /// How long before the absolute end the operator is warned, at most.
    pub absolute_warning: Span,
    /// A call without an answer after this is given up by the keeper itself.
    pub call_limit: Span,
    /// A clock further off than this is shown.
    pub clock_tolerance: Span,
    /// Pause before a server that does not accept this client's configuration is asked again.
    pub misconfigured_pause: Span,
    /// Pings that tell the server of the operator's input are no closer together than this.
    pub ping_spacing: Span,
    /// Refreshes that one kind of the server's hints leads to are no closer together than this.
    pub hint_spacing: Span,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            advisory_permille: 500,
            advisory_jitter_permille: 100,
            mandatory_permille: 200,
            mandatory_most: Span::from_secs(300),
            advisory_spacing: Span::from_secs(30),
            advisory_spacing_permille: 100,
            // With the limit of 1 s this stays under the 3 s in which a silent cut must show.
            heartbeat_busy: Span::from_ms(1_700),
            heartbeat_lost: Span::from_secs(3),
            heartbeat_limit: Span::from_secs(1),
            heartbeat_calm: Span::from_secs(15),
            in_use: Span::from_secs(120),
            backoff_base: Span::from_ms(500),
            backoff_cap: Span::from_secs(60),
            return_jitter: Span::from_secs(3),
            return_jitter_in_use: Span::from_ms(500),
            recovery_spread: Span::from_secs(60),
            lock_wait: Span::from_secs(15),
            refreshing_shown_after: Span::from_secs(2),
            cut_notified_after: Span::from_secs(4),
            vault_retry: Span::from_secs(1),
            vault_retry_cap: Span::from_secs(30),
            idle_warning: Span::from_secs(120),
            absolute_warning: Span::from_secs(1_800),
            call_limit: Span::from_secs(12),
            clock_tolerance: Span::from_secs(300),
            misconfigured_pause: Span::from_secs(60),
            ping_spacing: Span::from_secs(60),
            hint_spacing: Span::from_secs(5),
        }
    }
}

/// What a server promises; its profile says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// It renews access without rotating where it is asked to.
    pub renews_without_rotation: bool,
    /// A rotation repeated with the same attempt gets the same answer, for as long as the session lives.
    pub repeats_answers: bool,
}
