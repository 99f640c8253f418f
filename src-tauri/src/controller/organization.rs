//! Working in another organisation: only with nothing left to send, and with its own ticket, goods and role afterwards.

use keeper::SwitchError;
use protocol::auth::Me;
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::Reply;
use super::session::Known;
use crate::view::{AppView, UiError, UiErrorCode};

impl Controller {
    /// Asks the server to let the session work there. Sales that wait go to their own organisation first; so does a
    /// ticket whose key would be lost. A ticket in hand is kept, and found again on the way back.
    pub(super) fn switch_organization(&mut self, organization_id: &str, reply: Reply<AppView>) {
        if let Some(subject) = self.work.left_behind() {
            return drop(reply.send(Err(UiError::from(UiErrorCode::WorkUnsent).about(subject))));
        }
        if self.session.under_way.is_some() {
            return drop(reply.send(Err(UiErrorCode::ForbiddenWhileImpersonating.into())));
        }
        let Ok(id) = Uuid::parse_str(organization_id) else {
            return drop(reply.send(Err(UiErrorCode::OrganizationNotFound.into())));
        };
        let (Some(keeper), Some(operator)) = (&self.session.keeper, &self.session.snapshot.operator) else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let (keeper, operator, epoch) = (keeper.clone(), operator.clone(), self.session.epoch);
        self.beside(async move {
            Event::OrganizationSwitched {
                epoch,
                operator,
                result: Box::new(keeper.switch_organization(id).await),
                reply,
            }
        });
    }

    pub(super) fn organization_switched(
        &mut self,
        epoch: Epoch,
        operator: String,
        result: Result<Me, SwitchError>,
        reply: Reply<AppView>,
    ) {
        if epoch != self.session.epoch {
            let _ = reply.send(Err(UiErrorCode::Internal.into()));
            return;
        }
        match result {
            Ok(me) => self.work_there(operator, me, reply),
            // The session has moved; what waits for its token says so by itself.
            Err(SwitchError::TokenPending { me, .. }) => self.work_there(operator, *me, reply),
            Err(error) => {
                tracing::info!(code = error.code(), "the session is not known to have moved");
                if matches!(error, SwitchError::InDoubt { .. }) {
                    self.session.asking.doubt();
                }
                self.ask_me_anew(None);
                let _ = reply.send(Err(error.into()));
            }
        }
    }

    fn work_there(&mut self, operator: String, me: Me, reply: Reply<AppView>) {
        tracing::info!("the session works in another organisation");
        let asked = self.session.asking.ask();
        self.session.asking.learn(asked);
        self.session.me = Some(Known { operator, me });
        self.follow_slot();
        self.reply_with_view(reply);
    }
}
