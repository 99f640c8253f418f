//! The handle that everyone holds: it sends messages to the one task that owns the session, and reads what it shows.

use std::sync::Arc;

use keeper_core::{AccessGrant, Notice, SessionSnapshot};
use protocol::auth::Me;
use protocol::impersonation::StartImpersonationRequest;
use secrecy::SecretString;
use tokio::sync::{broadcast, oneshot, watch};
use uuid::Uuid;

use crate::driver::{Driver, Message, Shared};
use crate::journal::{DecisionEntry, JournalFault};
use crate::{
    AuthorisedClient, Clock, Impersonation, ImpersonationError, KeeperConfig, ServerEvent, ServerTarget,
    SignInError, SlotId, SwitchError, Vault, impersonation, organization,
};

/// One session keeper. Cheap to clone; all clones speak to the same task.
#[derive(Clone)]
pub struct Keeper {
    shared: Arc<Shared>,
}

/// Why a keeper cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder cannot be made, read or written.
    #[error("the folder of the session's journal cannot be used")]
    Folder(#[source] std::io::Error),
}

impl OpenError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Folder(_) => "keeper_folder",
        }
    }
}

impl Keeper {
    /// Opens the keeper of this server and begins to bring back the session that was last active there, if there is
    /// one; [`Keeper::settled`] says when that is done. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] where the folder cannot be used.
    pub async fn open(config: KeeperConfig) -> Result<Self, OpenError> {
        Ok(Self {
            shared: Driver::start(config).await?,
        })
    }

    /// Waits until it is known whether a session was brought back: the keychain has answered, or could not.
    pub async fn settled(&self) {
        let mut settled = self.shared.settled.subscribe();
        let _ = settled.wait_for(|done| *done).await;
    }

    /// The session's snapshots; the newest is always there.
    pub fn snapshots(&self) -> watch::Receiver<Arc<SessionSnapshot>> {
        self.shared.snapshot.subscribe()
    }

    /// The native notifications to show.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.shared.notices.subscribe()
    }

    /// What the server lets be known while it is listened to, for those who show it: settings to be read again, another
    /// organisation, a security notice. Nothing is certain to arrive.
    pub fn events(&self) -> broadcast::Receiver<ServerEvent> {
        self.shared.events.subscribe()
    }

    /// The clock that the snapshot's moments are on.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.config.clock
    }

    /// The vault, for the app's own secrets.
    pub fn vault(&self) -> &Arc<dyn Vault> {
        &self.shared.config.vault
    }

    /// The server this keeper speaks to.
    pub fn server(&self) -> &ServerTarget {
        &self.shared.config.server
    }

    /// Signs in, and returns when the session is in force: its tokens are durable, or the snapshot says that they are
    /// in memory only. Nothing changes where it fails. Dropping the future does not undo a sign-in that went out.
    ///
    /// # Errors
    /// [`SignInError`] says why nobody was signed in.
    pub async fn sign_in(&self, username: &str, password: SecretString) -> Result<Me, SignInError> {
        let (done, answer) = oneshot::channel();
        self.shared.send(Message::SignIn {
            username: username.to_owned(),
            password,
            done,
        });
        answer.await.unwrap_or(Err(SignInError::Stopped))
    }

    /// Lets the session work in another organisation, by one call to the server, and returns when the access token for it
    /// is there: whatever is sent from then on is sent there. A refresh under way meanwhile is waited for and does not
    /// bring back a token of the organisation before.
    ///
    /// # Errors
    /// [`SwitchError`] says whether the session stayed, has moved without its token, or which of the two is not known.
    pub async fn switch_organization(&self, organization_id: Uuid) -> Result<Me, SwitchError> {
        organization::switch(&self.shared, organization_id).await
    }

    /// Begins to act as somebody else, by one call to the server, with the operator's own session beside it untouched. It
    /// ends with that session, by its deadline, or when it is stopped.
    ///
    /// # Errors
    /// [`ImpersonationError`] says why there is none.
    pub async fn impersonate(
        &self,
        request: &StartImpersonationRequest,
    ) -> Result<Impersonation, ImpersonationError> {
        impersonation::begin(&self.shared, request).await
    }

    /// Tries at once, as the operator asks, and returns the snapshot once the attempt has an outcome or 12 s are over.
    pub async fn retry(&self) -> Arc<SessionSnapshot> {
        let (done, answer) = oneshot::channel();
        self.shared.send(Message::Retry { done });
        let _ = answer.await;
        Arc::clone(&self.shared.snapshot.borrow())
    }

    /// Signs out: the tokens are gone from this device when it returns, and no answer that is still under way brings them
    /// back. The server is told at once where it can be reached, else later, for as long as this keeper runs and for 24 h
    /// at most; a session that it was not told of runs out there by itself.
    pub async fn sign_out(&self) {
        let (done, answer) = oneshot::channel();
        self.shared.send(Message::SignOut { done });
        let _ = answer.await;
    }

    /// Says that the operator touched the device just now.
    pub fn operator_input(&self) {
        self.shared.note_operator_input();
    }

    /// The access token in force. Takes no lock.
    pub fn access(&self) -> Option<Arc<AccessGrant>> {
        self.shared
            .access
            .load()
            .as_ref()
            .map(|handed| Arc::clone(&handed.grant))
    }

    /// The HTTP client that carries the access token.
    pub fn client(&self) -> AuthorisedClient {
        AuthorisedClient::new(Arc::clone(&self.shared))
    }

    /// The last decisions of this slot, oldest first, at most 200: the answer to "why was I signed out".
    ///
    /// # Errors
    /// [`JournalFault`] where the file cannot be read.
    pub fn decisions(&self, slot: &SlotId) -> Result<Vec<DecisionEntry>, JournalFault> {
        self.shared.journals.decisions(slot)
    }

    /// Stops the task once what it was about to store is stored, or after 6 s. The session itself goes on: the next
    /// start brings it back.
    pub async fn shutdown(&self) {
        let (done, answer) = oneshot::channel();
        self.shared.send(Message::Shutdown { done });
        let _ = answer.await;
    }
}
