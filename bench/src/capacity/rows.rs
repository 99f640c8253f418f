//! How many rows a refresh writes, counted in the database itself.

use std::path::Path;

use rusqlite::Connection;

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::folder_on_disk;
use crate::refresh_clients::RefreshClients;
use crate::refresh_server::{Engine, Prepared, Watched};
use crate::report::Report;

const SESSIONS: usize = 8;
const TIMES: usize = 50;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    let folder = folder_on_disk()?;
    let prepared = Prepared::new(&folder.path().join("server"), Engine::Sqlite)?;
    let database = open(&prepared.database())?;
    count_every_row(&database)?;
    let server = prepared.serve(&Watched::No)?;
    let mut clients = RefreshClients::sign_in(&server, SESSIONS)?;
    let before = rows(&database)?;
    if before == 0 {
        return Err(Failure::found("counting rows", "sign-ins wrote none"));
    }
    let refreshes = clients.refresh_each(TIMES)?;
    let written = rows(&database)? - before;
    report.figure(
        "server_sqlite_rows_written_each",
        f64::from(written) / refreshes as f64,
        "rows",
        Some(Target::Exactly(1.0)),
    );
    Ok(())
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

fn rows(database: &Connection) -> Result<u32, Failure> {
    database
        .query_row("SELECT count(*) FROM bench_rows", [], |row| row.get(0))
        .doing("counting rows")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{count_every_row, rows};

    #[test]
    fn every_kind_of_change_counts_once_for_each_row() {
        let database = Connection::open_in_memory().unwrap();
        database
            .execute_batch("CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER)")
            .unwrap();
        count_every_row(&database).unwrap();
        database
            .execute_batch("INSERT INTO a VALUES (1), (2); UPDATE a SET n = 3; INSERT INTO b VALUES (1)")
            .unwrap();
        assert_eq!(rows(&database).unwrap(), 5);
        database
            .execute_batch("DELETE FROM a WHERE n = 3; SELECT * FROM b")
            .unwrap();
        assert_eq!(rows(&database).unwrap(), 7);
    }
}
