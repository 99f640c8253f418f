//! Looking, once an hour, which impersonations have lasted for an hour and whether a month is over. Every process looks; what
//! is found is told of once.

use chrono_tz::Tz;
use store::{Millis, StoreError};

use super::gathering::{LogBeginning, log_begins};
use super::month::Month;
use super::watchers::Watchers;
use crate::mail::WayError;
use crate::server::Server;

/// Impersonations in one letter, at most.
const AT_ONCE: u32 = 200;

/// How often it is tried again where another process told of some of them meanwhile.
const TRIES: u32 = 5;

/// How long after a month its report is made: by then all that began in it are over.
const REPORT_AFTER_MS: Millis = 3 * 60 * 60 * 1_000;

/// Months that are made up for, at most, where no server ran.
const MONTHS_MOST: usize = 12;

/// Looks once, as the background does every hour.
pub async fn look(server: &Server) {
    if let Err(error) = long(server).await {
        tracing::warn!(cause = %error, "nobody is told yet of impersonations that last for long");
    }
    if let Err(error) = months(server).await {
        tracing::warn!(cause = %error, "the report on impersonations of the month is not made yet");
    }
}

async fn long(server: &Server) -> Result<(), WayError> {
    for _ in 0..TRIES {
        let now = server.now();
        let found = server.store.untold_impersonations(now, AT_ONCE).await?;
        if found.is_empty() {
            return Ok(());
        }
        let letters = Watchers::now(server).await?.letters_on(&found);
        let (many, told_to) = (found.len(), letters.len());
        let ids = found.iter().map(|one| one.impersonation.session_id).collect();
        if !server.store.tell_of_impersonations(ids, letters, now).await? {
            continue;
        }
        if told_to == 0 {
            tracing::warn!(
                impersonations = many,
                "impersonations lasted for an hour, and nobody is set to be told of it"
            );
        } else {
            tracing::warn!(
                impersonations = many,
                letters = told_to,
                "impersonations lasted for an hour"
            );
            server.alerts_to_send.notify_one();
        }
    }
    Ok(())
}

async fn months(server: &Server) -> Result<(), WayError> {
    let now = server.now();
    let newest = server.store.newest_told_month().await?;
    // Read often, asked for once a month: who is told is not looked up for it.
    let zone = super::watchers::manner_of(server.store.as_ref(), None)
        .await?
        .zone;
    let due = due(newest.and_then(|month| month.parse().ok()), now, zone);
    if due.is_empty() {
        return Ok(());
    }
    let begins = log_begins(server.store.as_ref()).await?;
    let watchers = Watchers::now(server).await?;
    for month in due {
        let letters = if was_there(begins, month, watchers.manner().zone) {
            watchers.reports_on(month)
        } else {
            Vec::new()
        };
        let told_to = letters.len();
        if tell(server, month, letters, now).await? {
            tracing::info!(%month, letters = told_to, "the report on impersonations of the month is due");
            server.alerts_to_send.notify_one();
        }
    }
    Ok(())
}

async fn tell(
    server: &Server,
    month: Month,
    letters: Vec<store::NewOversightLetter>,
    now: Millis,
) -> Result<bool, StoreError> {
    server.store.tell_of_month(month.to_string(), letters, now).await
}

/// The months that are over and were not told of: the last one, and those that were missed since one was told of.
fn due(newest: Option<Month>, now: Millis, zone: Tz) -> Vec<Month> {
    let last = Month::at(now.saturating_sub(REPORT_AFTER_MS), zone).previous();
    let mut due: Vec<_> = std::iter::successors(Some(last), |month| Some(month.previous()))
        .take(MONTHS_MOST)
        .take_while(|month| match newest {
            Some(newest) => *month > newest,
            None => *month == last,
        })
        .collect();
    due.reverse();
    due
}

/// Whether there was anything to report on: a server that was set up this month has no month before.
fn was_there(begins: Option<LogBeginning>, month: Month, zone: Tz) -> bool {
    let (_, ends) = month.span(zone);
    match begins {
        Some(LogBeginning::First(at)) => at < ends,
        Some(LogBeginning::Cut(_)) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;

    use super::{LogBeginning, Month, due, was_there};

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn due_at(newest: Option<&str>, now: &str) -> Vec<String> {
        let due = due(newest.map(month), at(now), Tz::Europe__Paris);
        due.iter().map(Month::to_string).collect()
    }

    #[test]
    fn a_month_is_due_on_the_first_when_all_that_began_in_it_are_over() {
        // Three o'clock in the morning of the first of November in Paris.
        assert_eq!(
            due_at(Some("2026-09"), "2026-11-01T01:59:59Z"),
            Vec::<String>::new()
        );
        assert_eq!(due_at(Some("2026-09"), "2026-11-01T02:00:00Z"), ["2026-10"]);
        assert_eq!(
            due_at(Some("2026-10"), "2026-11-01T02:00:00Z"),
            Vec::<String>::new()
        );
        assert_eq!(due_at(None, "2026-11-20T12:00:00Z"), ["2026-10"]);
    }

    #[test]
    fn months_that_were_missed_are_made_up_for() {
        assert_eq!(
            due_at(Some("2026-07"), "2026-11-20T12:00:00Z"),
            ["2026-08", "2026-09", "2026-10"]
        );
        let many = due_at(Some("2020-01"), "2026-11-20T12:00:00Z");
        assert_eq!((many.len(), many[0].as_str()), (12, "2025-11"));
        // A clock that was put back.
        assert_eq!(
            due_at(Some("2027-01"), "2026-11-20T12:00:00Z"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn there_is_no_report_on_a_time_before_the_server() {
        let october = month("2026-10");
        let paris = Tz::Europe__Paris;
        for (begins, expected) in [
            (None, false),
            (Some(LogBeginning::First(at("2026-11-02T08:00:00Z"))), false),
            (Some(LogBeginning::First(at("2026-10-31T22:59:59Z"))), true),
            (Some(LogBeginning::Cut(at("2026-11-02T08:00:00Z"))), true),
        ] {
            assert_eq!(was_there(begins, october, paris), expected, "{begins:?}");
        }
    }
}
