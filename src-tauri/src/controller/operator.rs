//! Who is signed in, in the server's words.

use keeper_core::{Connection, SessionPhase};
use protocol::auth::Me;

use super::Controller;
use super::event::{Epoch, Event};
use super::session::Known;
use crate::api;
use crate::view::UiError;

impl Controller {
    pub(super) fn ask_me(&mut self) {
        let (Some(keeper), Some(operator)) = (&self.session.keeper, &self.session.snapshot.operator) else {
            return;
        };
        let is_known = self
            .session
            .me
            .as_ref()
            .is_some_and(|known| known.operator == *operator);
        let can_ask = self.session.snapshot.phase == SessionPhase::SignedIn
            && self.session.snapshot.connection == Connection::Online;
        if is_known || !can_ask || self.session.asking_me {
            return;
        }
        let (client, operator, epoch) = (keeper.client(), operator.clone(), self.session.epoch);
        self.session.asking_me = true;
        self.beside(async move {
            let result = api::call(&client, http::Method::GET, "/v1/auth/me").await;
            Event::MeAnswered {
                epoch,
                operator,
                result: Box::new(result),
            }
        });
    }

    pub(super) fn me_answered(&mut self, epoch: Epoch, operator: String, result: Result<Me, UiError>) {
        if epoch != self.session.epoch {
            return;
        }
        self.session.asking_me = false;
        let is_still_here = self.session.snapshot.operator.as_ref() == Some(&operator);
        match result {
            Ok(me) if is_still_here => self.session.me = Some(Known { operator, me }),
            Ok(_) => tracing::debug!("the operator changed while the server was asked who it is"),
            Err(error) => tracing::debug!(code = %error.code, "the server did not say who is signed in"),
        }
        self.publish();
    }
}
