//! Opening the keeper of the configured server, and the embedded server ahead of the first sign-in.

use std::sync::Arc;

use keeper::{Keeper, KeeperConfig, OpenError, VigieProfile};
use keeper_core::SessionSnapshot;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Controller;
use super::event::{Epoch, Event};
use super::session::Session;
use crate::embedded_server::Accounts;
use crate::reach::{device_of, target_of};
use crate::view::{ServerView, UiError};

impl Controller {
    /// Opens the keeper of the configured server, in the place of the one before.
    pub(super) async fn open_keeper(&mut self) {
        if let Some(before) = self.session.keeper.take() {
            before.shutdown().await;
        }
        for listener in self.session.listeners.drain(..) {
            listener.abort();
        }
        let epoch = Epoch(self.session.epoch.0 + 1);
        self.session = Session {
            epoch,
            ..Session::new(self.clock.now())
        };
        match self.keeper_of_settings().await {
            Ok(keeper) => {
                self.listen(&keeper);
                self.session.snapshot = Arc::clone(&keeper.snapshots().borrow());
                self.session.keeper = Some(keeper);
            }
            Err(fault) => {
                tracing::error!(code = %fault.code, "the session cannot be kept on this device");
                self.session.snapshot = Arc::new(SessionSnapshot::signed_out(self.clock.now()));
                self.session.fault = Some(fault);
            }
        }
        self.ask_embedded_server();
        self.follow_slot();
    }

    async fn keeper_of_settings(&self) -> Result<Keeper, UiError> {
        let server = target_of(&self.settings.server)?;
        let transport = self.reach.transport(&server, self.settings.ca_file.as_deref())?;
        let config = KeeperConfig {
            server,
            profile: Arc::new(VigieProfile::new()),
            transport,
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            folder: self.folders.keeper(),
            device: device_of(&self.settings),
            knobs: self.knobs,
        };
        Keeper::open(config).await.map_err(|error| {
            let OpenError::Folder(source) = &error;
            UiError::from(crate::work::JournalFault::from(std::io::Error::from(
                source.kind(),
            )))
        })
    }

    fn listen(&mut self, keeper: &Keeper) {
        let epoch = self.session.epoch;
        let (events, mut snapshots) = (self.events.clone(), keeper.snapshots());
        let heard = tokio::spawn(async move {
            while snapshots.changed().await.is_ok() {
                let snapshot = Arc::clone(&snapshots.borrow_and_update());
                if events.send(Event::Snapshot(epoch, snapshot)).is_err() {
                    break;
                }
            }
        });
        let (events, mut notices) = (self.events.clone(), keeper.notices());
        let noticed = tokio::spawn(async move {
            while let Some(notice) = next(&mut notices).await {
                if events.send(Event::Notice(epoch, notice)).is_err() {
                    break;
                }
            }
        });
        let (events, mut told) = (self.events.clone(), keeper.events());
        let listened = tokio::spawn(async move {
            while let Some(event) = next(&mut told).await {
                if events.send(Event::Told(epoch, event)).is_err() {
                    break;
                }
            }
        });
        self.session.listeners = vec![
            heard.abort_handle(),
            noticed.abort_handle(),
            listened.abort_handle(),
        ];
    }

    /// Opens the embedded server ahead of the first sign-in, where it is the one in use.
    pub(super) fn ask_embedded_server(&mut self) {
        if self.settings.server == ServerView::ThisDevice {
            self.session.asked_server = self.session.asked_server.wrapping_add(1);
            let (epoch, turn) = (self.session.epoch, self.session.asked_server);
            let embedded = Arc::clone(self.reach.embedded());
            self.beside(async move {
                Event::ServerReady {
                    epoch,
                    turn,
                    result: embedded.ready().await,
                }
            });
        }
    }

    pub(super) fn server_ready(&mut self, epoch: Epoch, turn: u32, result: Result<Accounts, UiError>) {
        if epoch != self.session.epoch || turn != self.session.asked_server {
            return;
        }
        match result {
            Ok(accounts) => {
                self.session.accounts = accounts;
                if self.session.keeper.is_some() {
                    self.session.fault = None;
                }
            }
            Err(fault) => self.session.fault = Some(fault),
        }
        self.publish();
    }
}

/// The next message; those that came too fast to be kept are left out.
async fn next<T: Clone>(messages: &mut broadcast::Receiver<T>) -> Option<T> {
    loop {
        match messages.recv().await {
            Ok(message) => return Some(message),
            Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "messages of the keeper were missed"),
            Err(RecvError::Closed) => return None,
        }
    }
}
