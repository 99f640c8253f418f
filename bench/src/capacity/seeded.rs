//! Very many sessions, put into the database as copies of one that the server made, and clients that use any of them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection as Database, params};
use serde::Deserialize;
use server::Keys;
use server::refresh_token::RefreshToken;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;
use vigie_tests::Stopwatch;

use crate::connection::{Connection, Form, runtime_of_clients};
use crate::failure::{Doing as _, Failure};
use crate::refresh_clients::{Load, REFRESH_PATH, RefreshClients, refresh_body};
use crate::refresh_server::{Prepared, RefreshServer, Watched};
use crate::statistics::Chance;

/// One user has so many sessions.
const SESSIONS_OF_A_USER: usize = 10;

/// The seeded sessions, and how often each has rotated.
pub(crate) struct Seeded {
    keys: Keys,
    sessions: Vec<(Uuid, u32)>,
}

/// Signs in once and copies that session, and its user for every ten of them, until there are so many.
pub(crate) fn seed(prepared: &Prepared, count: usize) -> Result<Seeded, Failure> {
    {
        let server = prepared.serve(&Watched::No)?;
        RefreshClients::sign_in(&server, 1)?;
    }
    let sessions = put(&prepared.database(), count).doing("seeding sessions")?;
    let keys = std::fs::read(prepared.keys_file()).doing("reading the server's keys")?;
    Ok(Seeded {
        keys: Keys::from_bytes(&keys).doing("reading the server's keys")?,
        sessions,
    })
}

/// In one transaction that nobody waits for: what is measured comes after it.
fn put(path: &Path, count: usize) -> rusqlite::Result<Vec<(Uuid, u32)>> {
    let mut database = Database::open(path)?;
    let set = |name, value| database.pragma_update_and_check(None, name, value, |_| Ok(()));
    set("journal_mode", "MEMORY")?;
    database
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA foreign_keys = OFF")?;
    let (session, user, generation): (Uuid, Uuid, u32) = database.query_row(
        "SELECT id, user_id, generation FROM sessions WHERE revoked_at IS NULL LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let transaction = database.transaction()?;
    let mut copies = Vec::with_capacity(count);
    {
        let copy = |table, set: &[(&str, &str)], from| copying(&transaction, table, set, from);
        let mut users =
            transaction.prepare(&copy("users", &[("id", "?1"), ("username", "?2")], "id = ?3")?)?;
        let mut memberships = transaction.prepare(&copy(
            "memberships",
            &[("user_id", "?1"), ("joined", "NULL")],
            "user_id = ?2",
        )?)?;
        let mut sessions =
            transaction.prepare(&copy("sessions", &[("id", "?1"), ("user_id", "?2")], "id = ?3")?)?;
        let mut of_user = user;
        for n in 0..count {
            if n % SESSIONS_OF_A_USER == 0 {
                of_user = Uuid::now_v7();
                users.execute(params![of_user, format!("seeded-{n}"), user])?;
                memberships.execute(params![of_user, user])?;
            }
            let id = Uuid::now_v7();
            sessions.execute(params![id, of_user, session])?;
            copies.push((id, generation));
        }
    }
    transaction.commit()?;
    Ok(copies)
}

/// A statement that adds a copy of a row with some of its columns set otherwise, whatever other columns there are.
fn copying(database: &Database, table: &str, set: &[(&str, &str)], from: &str) -> rusqlite::Result<String> {
    let mut statement = database.prepare("SELECT name FROM pragma_table_info(?)")?;
    let columns: Vec<String> = statement
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let values: Vec<&str> = columns
        .iter()
        .map(|column| {
            let found = set.iter().find(|(name, _)| name == column);
            found.map_or(column.as_str(), |(_, value)| value)
        })
        .collect();
    Ok(format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {from}",
        columns.join(", "),
        values.join(", ")
    ))
}

/// Clients that refresh any of the seeded sessions, none of them two at once.
pub(crate) struct SeededClients {
    runtime: Runtime,
    clients: Vec<SeededClient>,
}

struct SeededClient {
    connection: Connection,
    keys: Arc<Keys>,
    /// This client's own.
    sessions: Vec<(Uuid, u32)>,
    chance: Arc<Mutex<Chance>>,
}

/// What a client needs of an answer.
#[derive(Deserialize)]
struct Answer {
    generation: u32,
}

impl SeededClients {
    /// So many clients, who share the sessions among them.
    pub(crate) fn new(server: &RefreshServer, seeded: Seeded, count: usize) -> Result<Self, Failure> {
        let keys = Arc::new(seeded.keys);
        let chance = Arc::new(Mutex::new(Chance::default()));
        let client = |nth: usize| SeededClient {
            connection: Connection::to(server.address()),
            keys: Arc::clone(&keys),
            sessions: seeded.sessions.iter().skip(nth).step_by(count).copied().collect(),
            chance: Arc::clone(&chance),
        };
        Ok(Self {
            runtime: runtime_of_clients()?,
            clients: (0..count).map(client).collect(),
        })
    }

    /// Lets all clients refresh for this long.
    pub(crate) fn refresh_for(&mut self, lasts: Duration) -> Result<Load, Failure> {
        let clients = std::mem::take(&mut self.clients);
        let kept = &mut self.clients;
        self.runtime.block_on(async {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for client in clients {
                running.spawn(client.refresh_until(watch, lasts));
            }
            let mut load = Load::default();
            while let Some(ended) = running.join_next().await {
                let (client, latencies_us) = ended.doing("refreshing")??;
                kept.push(client);
                load.latencies_us.extend(latencies_us);
            }
            load.seconds = watch.elapsed().as_secs_f64();
            Ok(load)
        })
    }
}

impl SeededClient {
    async fn refresh_until(mut self, watch: Stopwatch, lasts: Duration) -> Result<(Self, Vec<f64>), Failure> {
        let mut latencies_us = Vec::new();
        while watch.elapsed() < lasts {
            let at = self
                .chance
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .below(self.sessions.len());
            let Some((id, generation)) = self.sessions.get_mut(at) else {
                return Err(Failure::found(
                    "refreshing",
                    "there are fewer sessions than clients",
                ));
            };
            let token = RefreshToken::first(&self.keys, *id)
                .at_generation(*generation)
                .sign(&self.keys)
                .doing("making a token")?;
            let asked = Stopwatch::start();
            let body = refresh_body(token.expose());
            let answer = self.connection.post(REFRESH_PATH, Form::Json, body).await?;
            latencies_us.push(asked.elapsed().as_secs_f64() * 1e6);
            let answer: Answer = serde_json::from_slice(&answer).doing("reading an answer")?;
            *generation = answer.generation;
        }
        Ok((self, latencies_us))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection as Database;

    use super::copying;

    #[test]
    fn a_copy_takes_over_what_nobody_set() {
        let database = Database::open_in_memory().unwrap();
        database
            .execute_batch(
                "CREATE TABLE t (id INTEGER, name TEXT, other TEXT); INSERT INTO t VALUES (1, 'a', 'kept')",
            )
            .unwrap();
        let sql = copying(&database, "t", &[("id", "?1"), ("name", "?2")], "id = ?3").unwrap();
        database.execute(&sql, rusqlite::params![2, "b", 1]).unwrap();
        let row: (String, String) = database
            .query_row("SELECT name, other FROM t WHERE id = 2", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, ("b".to_owned(), "kept".to_owned()));
    }
}
