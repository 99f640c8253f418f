//! The one thread that writes: it puts all deeds that wait into one transaction and answers after the disk has it.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use store::{CHANGES_KEPT, Change, StoreError};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::fault::{Fault, from_sqlite};
use crate::gather::Gather;

/// Deeds that may wait in line before a caller waits to get in.
const LINE_LENGTH: usize = 4_096;

/// Whether a deed can leave half of itself behind when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One statement, or savepoints of its own: SQLite undoes it by itself.
    Single,
    /// Several statements, undone together.
    Several,
}

/// Sends a deed's answer, once it is known whether its group reached the disk.
type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// A deed that was tried, within a group that is not on disk yet.
struct Tried {
    answer: Answer,
    /// What SQLite said where it failed: it may have undone the whole group.
    failure: Option<StoreError>,
}

/// Tries the deed on the connection, or takes note of why there is no transaction to try it in.
type Deed = Box<dyn FnOnce(Result<&Connection, &StoreError>) -> Tried + Send>;

/// The thread and the way to it.
#[derive(Debug)]
pub(crate) struct Writer {
    line: Mutex<Option<mpsc::Sender<Deed>>>,
    changes: broadcast::Sender<Change>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which owns the connection and puts at most `group_most` deeds in one transaction.
    pub(crate) fn start(connection: Connection, group_most: usize) -> Result<Self, StoreError> {
        let (line, deeds) = mpsc::channel(LINE_LENGTH);
        let thread = std::thread::Builder::new()
            .name("vigie-store-writer".to_owned())
            .spawn(move || write_all(connection, deeds, group_most))
            .map_err(|error| StoreError::Unavailable(format!("no thread to write on: {error}")))?;
        let (changes, _) = broadcast::channel(CHANGES_KEPT);
        Ok(Self {
            line: Mutex::new(Some(line)),
            changes,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hears of the changes that deeds tell of, from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Does the deed in the next group and returns once that is on disk, or was undone.
    pub(crate) async fn write<T, D>(&self, shape: Shape, deed: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.write_telling(shape, |connection| Ok((deed(connection)?, Vec::new())))
            .await
    }

    /// As [`Writer::write`], for a deed of whose changes others are told once its group is on disk, whether or not its
    /// caller still waits.
    pub(crate) async fn write_telling<T, D>(&self, shape: Shape, deed: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&Connection) -> Result<(T, Vec<Change>), Fault> + Send + 'static,
    {
        let line = self
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(closed)?;
        let (tell, told) = oneshot::channel();
        let changes = self.changes.clone();
        let deed: Deed = Box::new(move |connection| {
            let outcome = match (connection, shape) {
                (Ok(connection), Shape::Single) => deed(connection),
                (Ok(connection), Shape::Several) => in_savepoint(connection, deed),
                (Err(error), _) => Err(Fault::Refused(error.clone())),
            };
            let failure = match &outcome {
                Err(Fault::Engine(error)) => Some(from_sqlite(error)),
                Err(Fault::Refused(_)) | Ok(_) => None,
            };
            let answer: Answer = Box::new(move |group| {
                let answer = match group {
                    Ok(()) => outcome.map_err(StoreError::from).map(|(value, changed)| {
                        for change in changed {
                            // Nobody may be listening.
                            drop(changes.send(change));
                        }
                        value
                    }),
                    Err(error) => Err(error.clone()),
                };
                // The caller may have gone away; its deed stands all the same.
                drop(tell.send(answer));
            });
            Tried { answer, failure }
        });
        line.send(deed).await.map_err(|_| closed())?;
        drop(line);
        told.await.map_err(|_| closed())?
    }

    /// Takes no more deeds, waits until those in line are on disk, and ends the thread.
    pub(crate) fn drain(&self) {
        drop(self.line.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writing thread ended by a fault");
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

fn write_all(connection: Connection, mut deeds: mpsc::Receiver<Deed>, group_most: usize) {
    let mut answers = Vec::with_capacity(group_most);
    let mut gather = Gather::default();
    while let Some(first) = deeds.blocking_recv() {
        gather.wait(|| deeds.len() + 1);
        let outcome = write_group(&connection, first, &mut deeds, group_most, &mut answers);
        if let Err(error) = &outcome {
            tracing::error!(%error, deeds = answers.len(), "a group of changes was not written");
        }
        gather.learn(answers.len());
        for answer in answers.drain(..) {
            answer(outcome.as_ref().copied());
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

fn write_group(
    connection: &Connection,
    first: Deed,
    deeds: &mut mpsc::Receiver<Deed>,
    group_most: usize,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut outcome = step(connection, "BEGIN IMMEDIATE").map_err(|error| from_sqlite(&error));
    let mut next = Some(first);
    while let Some(deed) = next {
        let tried = deed(outcome.as_ref().map(|()| connection));
        answers.push(tried.answer);
        if outcome.is_ok() && connection.is_autocommit() {
            outcome = Err(tried
                .failure
                .unwrap_or_else(|| StoreError::Unavailable("the engine undid the whole group".to_owned())));
        }
        next = if outcome.is_ok() && answers.len() < group_most {
            deeds.try_recv().ok()
        } else {
            None
        };
    }
    outcome?;
    step(connection, "COMMIT").map_err(|error| {
        if !connection.is_autocommit()
            && let Err(undo) = step(connection, "ROLLBACK")
        {
            tracing::error!(error = %undo, "a failed group could not be undone");
        }
        from_sqlite(&error)
    })
}

/// Runs a statement that gives no rows, kept prepared.
fn step(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Does the deed as a whole or not at all, within the transaction that is open.
pub(crate) fn in_savepoint<T>(
    connection: &Connection,
    deed: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    step(connection, "SAVEPOINT deed")?;
    let outcome = deed(connection);
    if outcome.is_err() {
        if connection.is_autocommit() {
            return outcome;
        }
        step(connection, "ROLLBACK TO deed")?;
    }
    step(connection, "RELEASE deed")?;
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use rusqlite::{Connection, params};
    use store::{Change, StoreError};
    use uuid::Uuid;

    use super::{Shape, Writer};

    struct Bench {
        _folder: tempfile::TempDir,
        writer: Writer,
        commits: Arc<AtomicU32>,
        reader: Connection,
    }

    fn bench(group_most: usize, pages_most: u32) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let mut connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
            .unwrap();
        connection
            .pragma_update_and_check(None, "max_page_count", pages_most, |_| Ok(()))
            .unwrap();
        let commits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&commits);
        connection
            .commit_hook(Some(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                false
            }))
            .unwrap();
        let reader = Connection::open(&path).unwrap();
        Bench {
            _folder: folder,
            writer: Writer::start(connection, group_most).unwrap(),
            commits,
            reader,
        }
    }

    impl Bench {
        async fn put(&self, n: u32, bytes: usize) -> Result<(), StoreError> {
            self.writer
                .write(Shape::Several, move |connection| {
                    connection.execute("INSERT INTO t VALUES (?, zeroblob(?))", params![n, bytes as i64])?;
                    Ok(())
                })
                .await
        }

        fn kept(&self) -> u32 {
            self.reader
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap()
        }
    }

    /// Holds the thread up until `behind` more deeds wait in line.
    async fn held_up(bench: &Bench, behind: u32) -> Vec<Result<(), StoreError>> {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = bench.writer.write(Shape::Single, move |_| {
            wait.recv().unwrap();
            Ok(())
        });
        let rest = join_all((0..behind).map(|n| bench.put(n, 1)));
        let release = async { go.send(()).unwrap() };
        let (first, rest, ()) = futures_util::future::join3(first, rest, release).await;
        first.unwrap();
        rest
    }

    #[tokio::test]
    async fn deeds_that_wait_share_one_commit() {
        let bench = bench(256, 10_000);
        let outcomes = held_up(&bench, 100).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!((bench.kept(), bench.commits.load(Ordering::SeqCst)), (100, 1));
    }

    #[tokio::test]
    async fn a_group_has_a_most() {
        let bench = bench(10, 10_000);
        let outcomes = held_up(&bench, 99).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!((bench.kept(), bench.commits.load(Ordering::SeqCst)), (99, 10));
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_what_was_answered_is_kept() {
        let bench = bench(256, 40);
        let outcomes = join_all((0..30).map(|n| bench.put(n, 10_000))).await;
        let kept = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(
            outcomes
                .iter()
                .all(|one| matches!(one, Ok(()) | Err(StoreError::DiskFull(_)))),
            "{outcomes:?}"
        );
        assert!(kept < 30, "the disk was never full");
        assert_eq!(bench.kept() as usize, kept);
        let free = bench
            .writer
            .write(Shape::Single, |connection| {
                Ok(connection.execute("DELETE FROM t", [])?)
            })
            .await;
        assert_eq!(free.unwrap(), kept);
        bench.put(99, 10).await.unwrap();
        assert_eq!(bench.kept(), 1);
    }

    #[tokio::test]
    async fn a_change_is_told_where_its_group_is_on_disk_and_nowhere_else() {
        let bench = bench(256, 40);
        let mut changes = bench.writer.changes();
        let told_of = |n: u128| Change::SettingsChanged {
            organization_id: Uuid::from_u128(n),
        };
        let outcomes = join_all((0..30_u128).map(|n| {
            bench.writer.write_telling(Shape::Several, move |connection| {
                connection.execute("INSERT INTO t VALUES (?, zeroblob(10000))", [n as i64])?;
                Ok(((), vec![told_of(n)]))
            })
        }))
        .await;
        let kept: Vec<_> = (0..30_u128)
            .zip(outcomes)
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(n, _)| told_of(n))
            .collect();
        assert!(kept.len() < 30, "the disk was never full");
        bench
            .writer
            .write_telling(Shape::Single, move |_| Ok(((), vec![told_of(99)])))
            .await
            .unwrap();
        let mut told = Vec::new();
        while let Ok(change) = changes.try_recv() {
            told.push(change);
        }
        let expected: Vec<_> = kept.into_iter().chain([told_of(99)]).collect();
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn a_database_held_by_somebody_else_fails_the_group_and_runs_none_of_it() {
        let bench = bench(256, 10_000);
        bench.reader.execute_batch("BEGIN IMMEDIATE").unwrap();
        let outcome = bench.put(1, 1).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        bench.reader.execute_batch("ROLLBACK").unwrap();
        assert_eq!(bench.kept(), 0);
        bench.put(1, 1).await.unwrap();
    }
}
