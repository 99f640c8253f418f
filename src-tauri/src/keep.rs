//! `vigie keep`: the same keeper without a window. One line of JSON for every change of the session.

use std::io::{self, Write};
use std::sync::Arc;

use keeper::{Clock, Keeper, KeeperConfig, SignInError, VigieProfile};
use keeper_core::{Knobs, SessionPhase, SessionSnapshot};
use secrecy::SecretString;
use serde_json::json;

use crate::controller::Parts;
use crate::reach::{device_of, target_of};
use crate::times::WallOffset;
use crate::view::{Millis, ServerView, UiError};

/// What `vigie keep` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Sign in as this operator first; the password is the first line of the standard input.
    pub sign_in: Option<String>,
    /// A server other than that of the settings.
    pub server: Option<String>,
    /// Its certificate authority.
    pub ca_file: Option<String>,
    /// What is printed.
    pub form: Form,
}

/// What is printed for a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A sentence.
    #[default]
    Sentence,
    /// A line of JSON.
    Json,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The server's address or certificate authority is no good, or the device's data cannot be opened.
    #[error("the session cannot be kept: {}", .0.code)]
    NotOpened(UiError),
    /// Nobody was signed in.
    #[error("not signed in: {}", .0.code())]
    NotSignedIn(#[from] SignInError),
    /// The standard input or output fails.
    #[error("the standard input or output fails")]
    Pipe(#[from] io::Error),
    /// The keeper cannot be opened.
    #[error(transparent)]
    Keeper(#[from] keeper::OpenError),
}

/// Keeps the session until asked to end.
///
/// # Errors
/// [`KeepError`].
pub async fn keep(
    parts: Parts,
    wish: Wish,
    password: impl FnOnce() -> io::Result<SecretString>,
) -> Result<(), KeepError> {
    let mut settings = parts.settings.settings;
    if let Some(url) = wish.server {
        settings.server = ServerView::Remote { url };
    }
    settings.ca_file = wish.ca_file.or(settings.ca_file);
    let server = target_of(&settings.server).map_err(KeepError::NotOpened)?;
    if settings.server == ServerView::ThisDevice {
        parts
            .reach
            .embedded()
            .ready()
            .await
            .map_err(KeepError::NotOpened)?;
    }
    let transport = parts
        .reach
        .transport(&server, settings.ca_file.as_deref())
        .map_err(KeepError::NotOpened)?;
    let keeper = Keeper::open(KeeperConfig {
        server,
        profile: Arc::new(VigieProfile::new()),
        transport,
        vault: parts.vault,
        clock: Arc::clone(&parts.clock),
        folder: parts.folders.keeper(),
        device: device_of(&settings),
        knobs: Knobs::default(),
    })
    .await?;
    keeper.settled().await;
    if let Some(username) = wish.sign_in {
        keeper.sign_in(&username, password()?).await?;
    }
    let told = tell(&keeper, parts.clock.as_ref(), wish.form).await;
    keeper.shutdown().await;
    parts.reach.embedded().close().await;
    told
}

async fn tell(keeper: &Keeper, clock: &dyn Clock, form: Form) -> Result<(), KeepError> {
    let mut snapshots = keeper.snapshots();
    snapshots.mark_changed();
    let end = crate::signals::asked_to_end();
    tokio::pin!(end);
    loop {
        tokio::select! {
            ended = &mut end => return Ok(ended?),
            changed = snapshots.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let snapshot = Arc::clone(&snapshots.borrow_and_update());
                print(&line(&snapshot, WallOffset::now(clock), form))?;
            }
        }
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn line(snapshot: &SessionSnapshot, offset: WallOffset, form: Form) -> String {
    match form {
        Form::Json => {
            let millis = |moment: Option<keeper_core::Moment>| moment.map(|moment| offset.millis(moment));
            let since: Millis = offset.millis(snapshot.since);
            json!({
                "phase": snapshot.phase,
                "operator": snapshot.operator,
                "banner": snapshot.banner,
                "severity": snapshot.severity,
                "since_ms": since,
                "connection": snapshot.connection,
                "attempting": snapshot.attempting,
                "next_attempt_ms": millis(snapshot.next_attempt),
                "access_end_ms": millis(snapshot.access_end),
                "idle_end_ms": millis(snapshot.idle_end),
                "absolute_end_ms": millis(snapshot.absolute_end),
                "persistence": snapshot.persistence,
                "generation": snapshot.generation,
                "refreshes": snapshot.refreshes,
            })
            .to_string()
        }
        Form::Sentence => {
            let who = snapshot.operator.as_deref().unwrap_or("nobody");
            match snapshot.phase {
                SessionPhase::Restoring => "Asking the keychain.".to_owned(),
                SessionPhase::SignedOut => "Nobody is signed in.".to_owned(),
                SessionPhase::SignedIn => format!("{who} is signed in; {}.", word(&snapshot.connection)),
                SessionPhase::Ended => format!("The session of {who} is over; {}.", word(&snapshot.banner)),
            }
        }
    }
}

/// The stable word of a state, as JSON has it.
fn word(state: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    let part = |key: &str| value.get(key).and_then(|part| part.as_str()).map(str::to_owned);
    let words: Vec<String> = ["kind", "trouble", "reason"]
        .into_iter()
        .filter_map(part)
        .collect();
    words.join(": ")
}
