//! How many rows a refresh writes, counted in the database itself: before its answer, and afterwards what is recorded of it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use vigie_tests::pause;

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::folder_on_disk;
use crate::refresh_clients::RefreshClients;
use crate::refresh_server::{Engine, Prepared, Watched};
use crate::report::Report;

const SESSIONS: usize = 8;
const TIMES: usize = 50;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: usize = 300;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    let folder = folder_on_disk()?;
    let prepared = Prepared::new(&folder.path().join("server"), Engine::Sqlite)?;
    let database = open(&prepared.database())?;
    count_every_row(&database)?;
    let server = prepared.serve(&Watched::No)?;
    let mut clients = RefreshClients::sign_in(&server, SESSIONS)?;
    recorded(&database, SESSIONS)?;
    let before = Rows::read(&database)?;
    let refreshes = clients.refresh_each(TIMES)?;
    recorded(&database, SESSIONS + refreshes)?;
    let after = Rows::read(&database)?;
    for (name, written, target) in [
        (
            "rows_written_each",
            after.all - before.all,
            Some(Target::Exactly(1.0)),
        ),
        (
            "rows_of_sessions_written_each",
            after.sessions - before.sessions,
            None,
        ),
        ("rows_of_events_written_each", after.events - before.events, None),
    ] {
        report.figure(
            format!("server_sqlite_{name}"),
            f64::from(written) / refreshes as f64,
            "rows",
            target,
        );
    }
    Ok(())
}

/// Waits until so many events are recorded; their sums come in the same transactions.
fn recorded(database: &Connection, events: usize) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        let found: i64 = database
            .query_row("SELECT coalesce(sum(events), 0) FROM event_packs", [], |row| {
                row.get(0)
            })
            .doing("counting events")?;
        if usize::try_from(found).is_ok_and(|found| found >= events) {
            return Ok(());
        }
        pause(LOOK_EVERY);
    }
    Err(Failure::found("counting rows", "what happened was not recorded"))
}

/// How many rows were written so far.
struct Rows {
    all: u32,
    sessions: u32,
    events: u32,
}

impl Rows {
    fn read(database: &Connection) -> Result<Self, Failure> {
        database
            .query_row(
                "SELECT count(*), count(*) FILTER (WHERE place = 'sessions'), \
                 count(*) FILTER (WHERE place = 'event_packs') FROM bench_rows",
                [],
                |row| {
                    Ok(Self {
                        all: row.get(0)?,
                        sessions: row.get(1)?,
                        events: row.get(2)?,
                    })
                },
            )
            .doing("counting rows")
    }
}

fn open(path: &Path) -> Result<Connection, Failure> {
    Connection::open(path).doing("opening the database")
}

/// Lets triggers on every table there is note every row that is added, changed or deleted.
fn count_every_row(database: &Connection) -> Result<(), Failure> {
    let mut statement = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .doing("reading the schema")?;
    let tables: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .doing("reading the schema")?;
    let mut sql = "CREATE TABLE bench_rows (place TEXT NOT NULL);".to_owned();
    for table in &tables {
        for deed in ["INSERT", "UPDATE", "DELETE"] {
            sql.push_str(&format!(
                "CREATE TRIGGER bench_{table}_{deed} AFTER {deed} ON {table} \
                 BEGIN INSERT INTO bench_rows VALUES ('{table}'); END;"
            ));
        }
    }
    database.execute_batch(&sql).doing("setting the count up")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Rows, count_every_row};

    #[test]
    fn every_kind_of_change_counts_once_for_each_row() {
        let database = Connection::open_in_memory().unwrap();
        database
            .execute_batch("CREATE TABLE sessions (n INTEGER); CREATE TABLE event_packs (n INTEGER)")
            .unwrap();
        count_every_row(&database).unwrap();
        database
            .execute_batch(
                "INSERT INTO sessions VALUES (1), (2); UPDATE sessions SET n = 3; INSERT INTO event_packs VALUES (1)",
            )
            .unwrap();
        let counted = |rows: Rows| (rows.all, rows.sessions, rows.events);
        assert_eq!(counted(Rows::read(&database).unwrap()), (5, 4, 1));
        database
            .execute_batch("DELETE FROM sessions WHERE n = 3; SELECT * FROM event_packs")
            .unwrap();
        assert_eq!(counted(Rows::read(&database).unwrap()), (7, 6, 1));
    }
}
