//! What a server does beside its calls: writing down when sessions were used and what happened to them, deleting those that
//! ended long ago, writing down ends that nobody said, forgetting limits that count no more, sending mail and alerts,
//! telling of impersonations, and sealing the audit log.

use std::time::Duration;

use store::Millis;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::insight::{Writing, forget, record};
use crate::mail::deliver;
use crate::server::Server;
use crate::touches::rows;
use crate::{alerts, audit, impersonation, oversight};

/// How often uses of sessions are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// How often limits are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How often dead sessions are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often it is looked for impersonations that last, in milliseconds: an hour.
const OVERSEE_EVERY_MS: Millis = 60 * 60 * 1_000;

/// For how long alerts are kept after they ended, and letters on impersonations after they were made.
const ALERTS_KEPT_MS: Millis = 365 * 24 * 60 * 60 * 1_000;

/// How many rows one transaction of the background takes, so that calls never wait long behind it.
const ROWS_AT_ONCE: usize = 500;

/// The work beside the calls of one server. It runs until [`Background::stop`].
pub struct Background {
    ending: watch::Sender<bool>,
    running: JoinHandle<()>,
    recording: JoinHandle<()>,
    post: Option<JoinHandle<()>>,
    alerts: JoinHandle<((), ())>,
    impersonations: JoinHandle<()>,
    sealing: JoinHandle<()>,
    ending_sealing: watch::Sender<bool>,
    posting_heads: JoinHandle<()>,
    ending_heads: watch::Sender<bool>,
}

impl Background {
    /// Starts it on the current runtime.
    pub fn start(server: &Server) -> Self {
        let (ending, mut ends) = watch::channel(false);
        let server = server.clone();
        let post = server.outbox.take().map(|letters| {
            let (server, ends) = (server.clone(), ends.clone());
            tokio::spawn(async move { deliver(&server, letters, ends).await })
        });
        let recording = {
            let (server, ends) = (server.clone(), ends.clone());
            tokio::spawn(async move { record(&server, ends).await })
        };
        let alerts = {
            let (server, ends) = (server.clone(), ends.clone());
            tokio::spawn(async move {
                tokio::join!(alerts::watch(&server, ends.clone()), alerts::send(&server, ends))
            })
        };
        let impersonations = {
            let (server, ends) = (server.clone(), ends.clone());
            tokio::spawn(async move { impersonation::note(&server, ends).await })
        };
        let (ending_sealing, ends_sealing) = watch::channel(false);
        let sealing = {
            let server = server.clone();
            tokio::spawn(async move { audit::keep(&server, ends_sealing).await })
        };
        let (ending_heads, ends_heads) = watch::channel(false);
        let posting_heads = {
            let server = server.clone();
            tokio::spawn(async move { audit::call(&server, ends_heads).await })
        };
        let running = tokio::spawn(async move {
            let mut due = Due::at(server.clock.monotonic());
            let mut tick = tokio::time::interval(WRITE_EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = told(&mut ends) => break,
                    _ = tick.tick() => work(&server, &mut due).await,
                }
            }
            write_touches(&server).await;
        });
        Self {
            ending,
            running,
            recording,
            post,
            alerts,
            impersonations,
            sealing,
            ending_sealing,
            posting_heads,
            ending_heads,
        }
    }

    /// Writes what waits and ends. Call it when no call is under way any more.
    pub async fn stop(self) {
        self.ending.send_replace(true);
        if self.running.await.is_err() {
            tracing::error!("the background work broke down");
        }
        if self.recording.await.is_err() {
            tracing::error!("the writing of what happened to sessions broke down");
        }
        if let Some(post) = self.post
            && post.await.is_err()
        {
            tracing::error!("the sending of mail broke down");
        }
        if self.alerts.await.is_err() {
            tracing::error!("the work on alerts broke down");
        }
        if self.impersonations.await.is_err() {
            tracing::error!("the writing down of ends of impersonations broke down");
        }
        // Last of all, so that what the others wrote is sealed too.
        self.ending_sealing.send_replace(true);
        if self.sealing.await.is_err() {
            tracing::error!("the sealing of the audit log broke down");
        }
        self.ending_heads.send_replace(true);
        if self.posting_heads.await.is_err() {
            tracing::error!("the posting of heads of the audit log broke down");
        }
    }
}

/// Waits until it is told to end, or nobody is left to tell.
pub(crate) async fn told(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

/// When each kind of work comes next, on the clock that never goes back.
struct Due {
    sweep: Duration,
    purge: Duration,
    /// The span of time in which oversight was last exercised, counted since 1970; on the clock on the wall, so that several
    /// processes find what they find in one go.
    overseen: Option<Millis>,
}

impl Due {
    const fn at(now: Duration) -> Self {
        Self {
            sweep: now.saturating_add(SWEEP_EVERY),
            purge: now,
            overseen: None,
        }
    }
}

async fn work(server: &Server, due: &mut Due) {
    write_touches(server).await;
    let now = server.clock.monotonic();
    if due.sweep <= now {
        due.sweep = now.saturating_add(SWEEP_EVERY);
        server.login_limit.sweep();
        server.refresh_limit.sweep();
    }
    let span = server.now().div_euclid(oversee_every_ms(server));
    if due.overseen.replace(span) != Some(span) {
        // Before anything is purged that nobody was told of.
        oversight::look(server).await;
    }
    if due.purge <= now {
        due.purge = now.saturating_add(PURGE_EVERY);
        purge(server).await;
        forget(server).await;
        if let Err(error) = audit::shorten(server).await {
            tracing::warn!(cause = %error, "the audit log is not shortened yet");
        }
    }
}

fn oversee_every_ms(server: &Server) -> Millis {
    let seconds = server.options.testing.alert_seconds;
    seconds.map_or(OVERSEE_EVERY_MS, |seconds| Millis::from(seconds.get()) * 1_000)
}

/// Writes the uses that wait. Where the store cannot be asked they wait on.
pub(crate) async fn write_touches(server: &Server) {
    let mut waiting = server.touches.take();
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(ROWS_AT_ONCE));
        if let Err(error) = server.store.touch_sessions(rows(&waiting)).await {
            tracing::warn!(cause = %error, sessions = waiting.len() + rest.len(), "uses of sessions are not written yet");
            server.touches.put_back(waiting);
            server.touches.put_back(rest);
            return;
        }
        waiting = rest;
    }
}

/// Deletes sessions that ended longer ago than they are kept.
pub(crate) async fn purge(server: &Server) {
    // What was never noted would be deleted unseen.
    Writing::default().note_ends(server).await;
    let kept_ms = i64::try_from(server.options.dead_sessions_kept.as_millis()).unwrap_or(i64::MAX);
    let ended_before = server.now().saturating_sub(kept_ms);
    let at_once = u32::try_from(ROWS_AT_ONCE).unwrap_or(u32::MAX);
    let mut deleted = 0_u64;
    loop {
        match server.store.purge_sessions(ended_before, at_once).await {
            Ok(some) => {
                deleted += u64::from(some);
                if some < at_once {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(cause = %error, "dead sessions are not deleted yet");
                break;
            }
        }
        tokio::task::yield_now().await;
    }
    let year_ago = server.now().saturating_sub(ALERTS_KEPT_MS);
    if let Err(error) = server.store.purge_alerts(year_ago, at_once).await {
        tracing::warn!(cause = %error, "old alerts are not deleted yet");
    }
    if let Err(error) = server.store.purge_letters(year_ago, at_once).await {
        tracing::warn!(cause = %error, "old letters on impersonations are not deleted yet");
    }
    if deleted > 0 {
        tracing::info!(deleted, "dead sessions deleted");
    }
}
