//! Named points at which a test fails a call or kills the process; without the feature there are none.
//!
//! `VIGIE_SERVER_FAILPOINTS` holds a comma-separated list of `point=action`. The points: `refresh.kept` and `sale.kept`,
//! after the store has kept the change and before the answer leaves, and `alert.claimed` and
//! `letter.claimed`, after messages on alerts or letters on impersonations were claimed and before any is sent. The actions: `lose`, once, so that the client never
//! hears of what was kept; `kill`, which ends the process at once.

use crate::failure::Failure;

/// A point at which a test may step in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "failpoints", derive(strum::EnumString))]
pub(crate) enum Point {
    /// The refresh is kept, its answer not sent.
    #[cfg_attr(feature = "failpoints", strum(serialize = "refresh.kept"))]
    RefreshKept,
    /// The sale is kept, its answer not sent.
    #[cfg_attr(feature = "failpoints", strum(serialize = "sale.kept"))]
    SaleKept,
    /// Messages on alerts are claimed, none is sent.
    #[cfg_attr(feature = "failpoints", strum(serialize = "alert.claimed"))]
    AlertClaimed,
    /// Letters on impersonations are claimed, none is sent.
    #[cfg_attr(feature = "failpoints", strum(serialize = "letter.claimed"))]
    LetterClaimed,
}

/// Passes a point.
///
/// # Errors
/// A fault of the server, where a test wants the answer to be lost.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn pass(_: Point) -> Result<(), Failure> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub(crate) use armed::pass;

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::{Mutex, OnceLock, PoisonError};

    use super::{Failure, Point};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
    #[strum(serialize_all = "snake_case")]
    enum Action {
        Lose,
        Kill,
    }

    pub(crate) fn pass(point: Point) -> Result<(), Failure> {
        static ARMED: OnceLock<Mutex<Vec<(Point, Action)>>> = OnceLock::new();
        let armed = ARMED.get_or_init(|| {
            Mutex::new(parse(
                &std::env::var("VIGIE_SERVER_FAILPOINTS").unwrap_or_default(),
            ))
        });
        let mut armed = armed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = armed.iter().position(|(named, _)| *named == point) else {
            return Ok(());
        };
        match armed.swap_remove(at).1 {
            Action::Lose => Err(Failure::internal(&"a test loses this answer")),
            Action::Kill => std::process::abort(),
        }
    }

    fn parse(text: &str) -> Vec<(Point, Action)> {
        text.split(',')
            .filter_map(|entry| entry.trim().split_once('='))
            .filter_map(|(point, action)| Some((point.parse().ok()?, action.parse().ok()?)))
            .collect()
    }
}
