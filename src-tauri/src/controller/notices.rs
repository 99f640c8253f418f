//! What the operator should know of about the own account: asked for after a sign-in and when the server says so.

use keeper_core::{Connection, SessionPhase};
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::Reply;
use crate::sessions;
use crate::view::{AppView, SecurityNotice, UiError};

impl Controller {
    pub(super) fn ask_notices(&self) {
        let Some(keeper) = &self.session.keeper else {
            return;
        };
        let can_ask = self.session.snapshot.phase == SessionPhase::SignedIn
            && !matches!(self.session.snapshot.connection, Connection::Lost { .. });
        if !can_ask {
            return;
        }
        let (client, epoch) = (keeper.client(), self.session.epoch);
        self.beside(async move {
            Event::NoticesAnswered {
                epoch,
                result: sessions::notices(&client).await,
            }
        });
    }

    pub(super) fn notices_answered(&mut self, epoch: Epoch, result: Result<Vec<SecurityNotice>, UiError>) {
        if epoch != self.session.epoch || self.session.snapshot.phase != SessionPhase::SignedIn {
            return;
        }
        match result {
            Ok(notices) => self.session.notices = notices,
            Err(error) => tracing::debug!(code = %error.code, "the server did not give its security notices"),
        }
        self.publish();
    }

    /// Takes a notice off the screen at once; the server is told beside it, and where that fails it comes back another
    /// time.
    pub(super) fn put_notice_away(&mut self, id: &str, reply: Reply<AppView>) {
        self.session.notices.retain(|notice| notice.id != id);
        if let (Some(keeper), Ok(id)) = (&self.session.keeper, Uuid::parse_str(id)) {
            let client = keeper.client();
            tokio::spawn(async move {
                if let Err(error) = sessions::put_notice_away(&client, id).await {
                    tracing::debug!(code = %error.code, "the server was not told that a notice was seen");
                }
            });
        }
        self.reply_with_view(reply);
    }
}
