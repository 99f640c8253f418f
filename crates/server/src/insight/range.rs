//! Which figures are asked for: whose, and how far back.

use protocol::ErrorCode;
use protocol::insight::{ErrorsBy, Range};
use serde::Deserialize;
use store::Millis;
use store::insight::MINUTE_MS;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::caller::Caller;
use crate::failure::Failure;

/// Whose figures, and how far back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How far back; one hour without it.
    #[serde(default)]
    #[param(inline)]
    pub(super) range: Range,
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    pub(super) organization_id: Option<Uuid>,
}

/// How far back the figures of the whole server reach.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedOfServer {
    /// How far back; one hour without it.
    #[serde(default)]
    #[param(inline)]
    pub(super) range: Range,
}

/// Which failures are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedErrors {
    /// How far back; one hour without it.
    #[serde(default)]
    #[param(inline)]
    pub(super) range: Range,
    /// By what they are put together; by network without it.
    #[serde(default)]
    #[param(inline)]
    pub(super) by: ErrorsBy,
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    pub(super) organization_id: Option<Uuid>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u32>,
}

/// The organisation whose figures the caller may see; `None`: everybody's.
///
/// # Errors
/// [`ErrorCode::Forbidden`], [`ErrorCode::OrganizationNotFound`]
pub(super) fn scope(caller: &Caller, asked: Option<Uuid>) -> Result<Option<Uuid>, Failure> {
    caller.administers()?;
    if caller.identity.super_admin {
        return Ok(asked);
    }
    let current = caller.organization_id();
    if asked.is_some_and(|asked| asked != current) {
        return Err(Failure::new(ErrorCode::OrganizationNotFound));
    }
    Ok(Some(current))
}

/// The beginning of the first step and the end of the last one, which is the step that `now` falls into.
pub(super) fn bounds(range: Range, now: Millis) -> (Millis, Millis) {
    let step_ms = Millis::from(range.step_minutes()) * MINUTE_MS;
    let to = (now.div_euclid(step_ms) + 1).saturating_mul(step_ms);
    (to.saturating_sub(Millis::from(range.minutes()) * MINUTE_MS), to)
}

#[cfg(test)]
mod tests {
    use protocol::insight::Range;
    use store::insight::{Grain, Span};
    use strum::IntoEnumIterator as _;

    use super::bounds;

    #[test]
    fn a_range_is_whole_steps_and_ends_with_the_present_one() {
        let now = 1_790_000_123_456;
        for range in Range::iter() {
            let (from, to) = bounds(range, now);
            let step_ms = i64::from(range.step_minutes()) * 60_000;
            assert_eq!((from % step_ms, to % step_ms), (0, 0), "{range}");
            assert!(to - step_ms <= now && now < to, "{range}");
            assert_eq!(to - from, i64::from(range.minutes()) * 60_000, "{range}");
        }
    }

    #[test]
    fn weeks_and_months_are_read_from_the_sums_of_hours() {
        for now in [1_790_000_123_456, 1_790_003_600_000] {
            for range in [Range::SevenDays, Range::ThirtyDays] {
                let (from, to) = bounds(range, now);
                assert_eq!(Span::of(from, to).grain, Grain::Hour);
            }
        }
    }
}
