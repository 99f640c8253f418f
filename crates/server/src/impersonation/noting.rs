//! Writing down the ends that nobody said: an impersonation at its deadline, or gone with a session that it hung on.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::background::told;
use crate::server::Server;

/// How often ends are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// How many one transaction takes.
const AT_ONCE: u32 = 100;

/// Writes them down until it is told to end.
pub(crate) async fn note(server: &Server, mut ends: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = told(&mut ends) => return,
            _ = tick.tick() => note_all(server).await,
        }
    }
}

async fn note_all(server: &Server) {
    loop {
        match server
            .store
            .note_ended_impersonations(server.now(), AT_ONCE)
            .await
        {
            Ok(noted) if noted >= AT_ONCE => tokio::task::yield_now().await,
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(cause = %error, "ends of impersonations are not written down yet");
                return;
            }
        }
    }
}
