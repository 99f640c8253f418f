//! Working in another organisation: only with nothing left to send, and with its own ticket, goods and role afterwards.

use protocol::auth::Me;
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::Reply;
use super::session::Known;
use crate::sessions;
use crate::view::{AppView, UiError, UiErrorCode};

impl Controller {
    /// Asks the server to let the session work there. Sales that wait go to their own organisation first; so does a
    /// ticket whose key would be lost. A ticket in hand is kept, and found again on the way back.
    pub(super) fn switch_organization(&mut self, organization_id: &str, reply: Reply<AppView>) {
        if let Some(subject) = self.work.left_behind() {
            return drop(reply.send(Err(UiError::from(UiErrorCode::WorkUnsent).about(subject))));
        }
        let Ok(id) = Uuid::parse_str(organization_id) else {
            return drop(reply.send(Err(UiErrorCode::OrganizationNotFound.into())));
        };
        let (Some(keeper), Some(operator)) = (&self.session.keeper, &self.session.snapshot.operator) else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let (client, operator, epoch) = (keeper.client(), operator.clone(), self.session.epoch);
        self.beside(async move {
            Event::OrganizationSwitched {
                epoch,
                operator,
                result: Box::new(sessions::switch_organization(&client, id).await),
                reply,
            }
        });
    }

    pub(super) fn organization_switched(
        &mut self,
        epoch: Epoch,
        operator: String,
        result: Result<Me, UiError>,
        reply: Reply<AppView>,
    ) {
        if epoch != self.session.epoch {
            let _ = reply.send(Err(UiErrorCode::Internal.into()));
            return;
        }
        match result {
            Ok(me) => {
                tracing::info!("the session works in another organisation");
                self.session.me = Some(Known { operator, me });
                self.follow_slot();
                self.reply_with_view(reply);
            }
            Err(error) => {
                tracing::info!(code = %error.code, "the session stays in its organisation");
                self.ask_me_anew(None);
                let _ = reply.send(Err(error));
            }
        }
    }
}
