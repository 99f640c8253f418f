//! Named points at which a test stops, fails or kills the process. Without the `failpoints` feature they are nothing.
//!
//! `VIGIE_FAILPOINTS=name=action,…` with the actions `kill`, `error` and `sleep:milliseconds`; `name=action@n` acts at the
//! n-th time only.

/// A failpoint asked for an error here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a failpoint asked for an error")]
pub(crate) struct Injected;

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn hit(_name: &str) -> Result<(), Injected> {
    Ok(())
}

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) async fn reach(_name: &str) -> Result<(), Injected> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub(crate) use armed::{hit, reach};

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::Injected;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Action {
        Kill,
        Error,
        Sleep(Duration),
    }

    #[derive(Debug)]
    struct Point {
        action: Action,
        only: Option<u64>,
        hits: AtomicU64,
    }

    static POINTS: LazyLock<HashMap<String, Point>> = LazyLock::new(|| {
        std::env::var("VIGIE_FAILPOINTS")
            .map(|text| parse(&text))
            .unwrap_or_default()
    });

    fn parse(text: &str) -> HashMap<String, Point> {
        text.split(',').filter_map(point).collect()
    }

    fn point(text: &str) -> Option<(String, Point)> {
        let (name, rest) = text.trim().split_once('=')?;
        let (action, only) = match rest.split_once('@') {
            Some((action, n)) => (action, Some(n.parse().ok()?)),
            None => (rest, None),
        };
        let action = match action {
            "kill" => Action::Kill,
            "error" => Action::Error,
            other => Action::Sleep(Duration::from_millis(other.strip_prefix("sleep:")?.parse().ok()?)),
        };
        Some((
            name.to_owned(),
            Point {
                action,
                only,
                hits: AtomicU64::new(0),
            },
        ))
    }

    fn due(name: &str) -> Option<Action> {
        let point = POINTS.get(name)?;
        let nth = point.hits.fetch_add(1, Ordering::Relaxed) + 1;
        point.only.is_none_or(|only| only == nth).then_some(point.action)
    }

    fn kill() -> ! {
        #[cfg(unix)]
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort()
    }

    /// Passes a point on a thread that may block.
    #[expect(
        clippy::disallowed_methods,
        reason = "a failpoint holds its thread up on purpose"
    )]
    pub(crate) fn hit(name: &str) -> Result<(), Injected> {
        match due(name) {
            None => Ok(()),
            Some(Action::Kill) => kill(),
            Some(Action::Error) => Err(Injected),
            Some(Action::Sleep(time)) => {
                std::thread::sleep(time);
                Ok(())
            }
        }
    }

    /// Passes a point in asynchronous code.
    pub(crate) async fn reach(name: &str) -> Result<(), Injected> {
        match due(name) {
            None => Ok(()),
            Some(Action::Kill) => kill(),
            Some(Action::Error) => Err(Injected),
            Some(Action::Sleep(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{Action, Duration, parse};

        #[test]
        fn points_are_read_and_nonsense_is_passed_over() {
            let points = parse("a=kill, b=error@2,c=sleep:50,d=dance,e,f=sleep:x");
            assert_eq!(points.len(), 3);
            assert_eq!(points["a"].action, Action::Kill);
            assert_eq!((points["b"].action, points["b"].only), (Action::Error, Some(2)));
            assert_eq!(points["c"].action, Action::Sleep(Duration::from_millis(50)));
        }
    }
}
