//! The controller as its callers hold it: a place to send requests to and the newest view.

use std::sync::Arc;

use keeper::{AuthorisedClient, Clock};
use tokio::sync::{mpsc, oneshot, watch};

use crate::controller::event::Event;
use crate::controller::request::{Client, Reply, Request};
use crate::downloads::Downloads;
use crate::view::{About, AppView, UiError, UiErrorCode};

/// Cheap to clone; every command holds one.
#[derive(Clone)]
pub struct ControllerHandle {
    events: mpsc::UnboundedSender<Event>,
    clock: Arc<dyn Clock>,
    view: watch::Receiver<Arc<AppView>>,
    about: Arc<About>,
    downloads: Arc<Downloads>,
}

impl ControllerHandle {
    pub(crate) fn new(
        events: mpsc::UnboundedSender<Event>,
        clock: Arc<dyn Clock>,
        view: watch::Receiver<Arc<AppView>>,
        about: About,
        downloads: Downloads,
    ) -> Self {
        Self {
            events,
            clock,
            view,
            about: Arc::new(about),
            downloads: Arc::new(downloads),
        }
    }

    /// The newest view.
    pub fn view(&self) -> AppView {
        self.view.borrow().as_ref().clone()
    }

    /// Hears of every new view.
    pub fn views(&self) -> watch::Receiver<Arc<AppView>> {
        self.view.clone()
    }

    /// What the app is.
    pub fn about(&self) -> About {
        self.about.as_ref().clone()
    }

    /// Milliseconds since 1970 by this device's clock; for display only.
    pub fn wall_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    /// Where files for the user go.
    pub fn downloads(&self) -> Arc<Downloads> {
        Arc::clone(&self.downloads)
    }

    /// Asks for something and does not wait.
    pub fn tell(&self, request: Request) {
        if self.events.send(Event::Asked(request)).is_err() {
            tracing::debug!("the controller has ended; a request is dropped");
        }
    }

    /// The keeper's authorised client, for one call to the server.
    ///
    /// # Errors
    /// [`UiErrorCode::SessionOver`] where there is none.
    pub async fn client(&self) -> Result<AuthorisedClient, UiError> {
        let Client(client) = self.ask(Request::Client).await?;
        Ok(client)
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    /// Whatever the controller answers; [`UiErrorCode::Internal`] if it has ended.
    pub async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, UiError> {
        let (reply, answer) = oneshot::channel();
        self.tell(request(reply));
        answer.await.unwrap_or_else(|_| Err(UiErrorCode::Internal.into()))
    }
}
