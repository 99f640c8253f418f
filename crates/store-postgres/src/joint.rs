//! Callers who want the same at once share one statement: whoever comes while others' statements are under way is taken
//! along by the next.
//!
//! Nobody is waited for: a caller who finds a lane free goes at once. Every caller has an answer of their own; a statement
//! that failed through what only one of them may have brought is no answer, and leaves each of them to be served alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx_postgres::PgConnection;
use store::StoreError;
use tokio::sync::{OwnedRwLockReadGuard, oneshot};

use crate::fault::Fault;
use crate::work::{Way, settle};

/// Statements of one kind that are under way at once, at most: while one waits for the disk another is worked at. With fewer
/// a slow disk is waited for by turns, where PostgreSQL would sync for several at once; with more the statements are small.
const LANES: usize = 4;

/// Callers that one statement takes along, at most.
const TOGETHER_MOST: usize = 128;

/// What many can ask for in one statement.
pub(crate) trait Joint: Send + 'static {
    /// What one caller brings.
    type Ask: Send + Sync + 'static;
    /// What one caller is given.
    type Answer: Send + 'static;

    /// Answers all of them, in their order, by one statement that commits by itself.
    fn together(
        connection: &mut PgConnection,
        asks: &[Self::Ask],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Fault>> + Send;
}

/// What came of going together.
#[derive(Debug)]
pub(crate) enum Went<T> {
    /// This is the answer.
    Together(T),
    /// Nothing is known to be done: the caller is to be served alone.
    Alone,
}

/// Those who wait, and how many statements are under way.
pub(crate) struct Line<J: Joint> {
    way: Way,
    state: Mutex<State<J>>,
}

struct State<J: Joint> {
    waiting: VecDeque<Waiting<J>>,
    lanes: usize,
    tickets: u64,
}

type Told<J> = Result<Went<<J as Joint>::Answer>, StoreError>;

struct Waiting<J: Joint> {
    ticket: u64,
    ask: J::Ask,
    waiter: Waiter<J>,
}

struct Waiter<J: Joint> {
    tell: oneshot::Sender<Told<J>>,
    /// Keeps the store open until there is an answer, whether or not its caller still wants it.
    _open: OwnedRwLockReadGuard<()>,
}

impl<J: Joint> std::fmt::Debug for Line<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl<J: Joint> Line<J> {
    pub(crate) fn new(way: Way) -> Arc<Self> {
        let state = State {
            waiting: VecDeque::new(),
            lanes: 0,
            tickets: 0,
        };
        Arc::new(Self {
            way,
            state: Mutex::new(state),
        })
    }

    /// Goes with the next statement, and waits for its turn no longer than for a connection. A caller who goes away
    /// before that is not served; one who goes away later is.
    ///
    /// # Errors
    /// What befell the statement, where it is nothing that one of the callers can have brought. Where the way to the
    /// database was lost nobody knows whether it was done.
    pub(crate) async fn ask(self: &Arc<Self>, ask: J::Ask) -> Told<J> {
        let open = self.way.enter()?;
        let (tell, mut told) = oneshot::channel();
        let ticket = self.line_up(ask, Waiter { tell, _open: open });
        let answer = match tokio::time::timeout(self.way.acquire_most, &mut told).await {
            Ok(answer) => answer,
            Err(_) if self.withdraw(ticket) => {
                return Err(StoreError::Unavailable(
                    "others waited for their statements for too long".to_owned(),
                ));
            }
            Err(_) => told.await,
        };
        answer.unwrap_or_else(|_| Err(StoreError::Unavailable("a statement was cut short".to_owned())))
    }

    fn line_up(self: &Arc<Self>, ask: J::Ask, waiter: Waiter<J>) -> u64 {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.waiting.push_back(Waiting { ticket, ask, waiter });
        let lane = (state.lanes < LANES).then(|| {
            state.lanes += 1;
            Lane(Some(Arc::clone(self)))
        });
        drop(state);
        // A runtime that ends drops the lane at once, and the lane then wants the state.
        if let Some(lane) = lane {
            tokio::spawn(lane.serve());
        }
        ticket
    }

    /// Whether this caller still waited, and now does not.
    fn withdraw(&self, ticket: u64) -> bool {
        let mut state = self.state();
        let found = state.waiting.iter().position(|one| one.ticket == ticket);
        found.is_some_and(|at| state.waiting.remove(at).is_some())
    }

    async fn go(&self, asks: &[J::Ask]) -> Result<Vec<J::Answer>, Fault> {
        let mut connection = self.way.connection().await?;
        let outcome = tokio::time::timeout(self.way.call_most, J::together(&mut connection, asks)).await;
        settle(connection, outcome)
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One statement after the other, for as long as somebody waits. Dropped in the middle, it leaves room for another.
struct Lane<J: Joint>(Option<Arc<Line<J>>>);

type Taken<J> = (Vec<<J as Joint>::Ask>, Vec<Waiter<J>>);

impl<J: Joint> Lane<J> {
    async fn serve(mut self) {
        while let Some((line, (asks, waiters))) = self.next() {
            let outcome = line.go(&asks).await;
            tell(waiters, outcome);
        }
    }

    /// Those who wait, in their order; with nobody there the lane is free again before anybody else can come.
    fn next(&mut self) -> Option<(Arc<Line<J>>, Taken<J>)> {
        let line = self.0.take()?;
        let mut state = line.state();
        let (mut asks, mut waiters) = (Vec::new(), Vec::new());
        while asks.len() < TOGETHER_MOST
            && let Some(Waiting { ask, waiter, .. }) = state.waiting.pop_front()
        {
            if !waiter.tell.is_closed() {
                asks.push(ask);
                waiters.push(waiter);
            }
        }
        if asks.is_empty() {
            state.lanes -= 1;
            return None;
        }
        drop(state);
        self.0 = Some(Arc::clone(&line));
        Some((line, (asks, waiters)))
    }
}

impl<J: Joint> Drop for Lane<J> {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            line.state().lanes -= 1;
        }
    }
}

fn tell<J: Joint>(waiters: Vec<Waiter<J>>, outcome: Result<Vec<J::Answer>, Fault>) {
    // A caller may have gone away meanwhile.
    match outcome {
        Ok(answers) => {
            for (waiter, answer) in waiters.into_iter().zip(answers) {
                drop(waiter.tell.send(Ok(Went::Together(answer))));
            }
        }
        Err(fault) => {
            let of_some = fault.may_be_repeated();
            let error = StoreError::from(fault);
            let of_some = of_some || matches!(error, StoreError::Failed(_));
            tracing::warn!(%error, callers = waiters.len(), "a statement for several callers failed");
            for waiter in waiters {
                let told = if of_some {
                    Ok(Went::Alone)
                } else {
                    Err(error.clone())
                };
                drop(waiter.tell.send(told));
            }
        }
    }
}
