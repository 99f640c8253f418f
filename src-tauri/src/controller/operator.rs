//! Who is signed in, in the server's words.

use keeper_core::{Connection, SessionPhase};
use protocol::auth::Me;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::Reply;
use super::session::Known;
use crate::api;
use crate::view::{AppView, UiError, UiErrorCode};

impl Controller {
    pub(super) fn ask_me(&mut self) {
        let can_ask = self.session.snapshot.phase == SessionPhase::SignedIn
            && self.session.snapshot.connection == Connection::Online;
        if can_ask && self.session.asking.is_due(self.session.known().is_some()) {
            self.ask_me_anew(None);
            self.ask_notices();
        }
    }

    /// Asks although there is an answer already: something about it has changed.
    pub(super) fn ask_me_anew(&mut self, reply: Option<Reply<AppView>>) {
        let (Some(keeper), Some(operator)) = (&self.session.keeper, &self.session.snapshot.operator) else {
            if let Some(reply) = reply {
                let _ = reply.send(Err(UiErrorCode::SessionOver.into()));
            }
            return;
        };
        let (client, operator, epoch) = (keeper.client(), operator.clone(), self.session.epoch);
        let asked = self.session.asking.ask();
        self.beside(async move {
            let result = api::call(&client, http::Method::GET, "/v1/auth/me").await;
            Event::MeAnswered {
                epoch,
                asked,
                operator,
                result: Box::new(result),
                reply,
            }
        });
    }

    pub(super) fn look_again(&mut self, reply: Reply<AppView>) {
        self.ask_me_anew(Some(reply));
    }

    pub(super) fn me_answered(
        &mut self,
        epoch: Epoch,
        asked: u64,
        operator: String,
        result: Result<Me, UiError>,
        reply: Option<Reply<AppView>>,
    ) {
        let outcome = if epoch == self.session.epoch {
            self.take_me(asked, operator, result)
        } else {
            Ok(())
        };
        match (outcome, reply) {
            (Ok(()), Some(reply)) => self.reply_with_view(reply),
            (Err(error), Some(reply)) => drop(reply.send(Err(error))),
            (Ok(()) | Err(_), None) => self.publish(),
        }
    }

    fn take_me(&mut self, asked: u64, operator: String, result: Result<Me, UiError>) -> Result<(), UiError> {
        let is_still_here = self.session.snapshot.operator.as_ref() == Some(&operator);
        match result {
            Ok(_) if !self.session.asking.learn(asked) => {
                tracing::debug!("a newer answer was there first");
                Ok(())
            }
            Ok(me) if is_still_here => {
                self.session.me = Some(Known { operator, me });
                self.follow_slot();
                self.look_at_till();
                Ok(())
            }
            Ok(_) => {
                tracing::debug!("the operator changed while the server was asked who it is");
                Ok(())
            }
            Err(error) => {
                self.session.asking.fail(asked);
                tracing::debug!(code = %error.code, "the server did not say who is signed in");
                Err(error)
            }
        }
    }
}
