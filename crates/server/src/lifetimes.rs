//! How long tokens and sessions live: an organisation's settings, or what a test puts in their place.

use protocol::auth::DeviceKind;
use protocol::settings::SessionSettings;
use store::{Millis, SessionRow};

use crate::options::TestingOverrides;

const MS_PER_SECOND: Millis = 1_000;
const MS_PER_HOUR: Millis = 60 * 60 * MS_PER_SECOND;

/// Life of an access token in seconds; never beyond the session's own end.
pub(crate) fn access_seconds(
    settings: &SessionSettings,
    testing: &TestingOverrides,
    session: &SessionRow,
    now: Millis,
) -> u32 {
    let granted = testing.access_token_seconds.map_or_else(
        || settings.token_expiration_minutes.saturating_mul(60),
        std::num::NonZero::get,
    );
    granted.min(seconds_until(session.expires_at, now)).max(1)
}

/// When to refresh ahead of time: at half of the token's life.
pub(crate) fn refresh_in_seconds(access_seconds: u32) -> u32 {
    (access_seconds / 2).max(1)
}

/// Absolute life of a session, in milliseconds.
pub(crate) fn session_ms(settings: &SessionSettings, testing: &TestingOverrides) -> Millis {
    testing.session_seconds.map_or_else(
        || Millis::from(settings.session_max_hours) * MS_PER_HOUR,
        |seconds| Millis::from(seconds.get()) * MS_PER_SECOND,
    )
}

/// A desk's idle time, in milliseconds.
pub(crate) fn idle_timeout_ms(organization_ms: Millis, testing: &TestingOverrides) -> Millis {
    testing.idle_seconds.map_or(organization_ms, |seconds| {
        organization_ms.min(Millis::from(seconds.get()) * MS_PER_SECOND)
    })
}

/// Until the session ends for lack of input, in seconds; `None` for a till.
pub(crate) fn idle_expires_in(session: &SessionRow, idle_timeout_ms: Millis, now: Millis) -> Option<u32> {
    idle_expires_at(session.device_kind, session.last_input_at, idle_timeout_ms)
        .map(|end| seconds_until(end, now))
}

/// When a session ends for lack of input; `None` for a till.
pub(crate) fn idle_expires_at(
    device_kind: DeviceKind,
    last_input_at: Millis,
    idle_timeout_ms: Millis,
) -> Option<Millis> {
    match device_kind {
        DeviceKind::Till => None,
        DeviceKind::Desk => Some(last_input_at.saturating_add(idle_timeout_ms)),
    }
}

/// Whole seconds from `now` until `at`, 0 where that is past.
pub(crate) fn seconds_until(at: Millis, now: Millis) -> u32 {
    u32::try_from(at.saturating_sub(now).max(0) / MS_PER_SECOND).unwrap_or(u32::MAX)
}
