//! What the operator should know of about the own account: asked for after a sign-in and when the server says so.

use keeper::ServerEvent;
use keeper_core::{Connection, SessionPhase};
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::Reply;
use crate::sessions;
use crate::view::{AppView, SecurityNotice, UiError};

impl Controller {
    /// The server let something be known. It is a reason to ask, and nothing more.
    pub(super) fn server_told(&mut self, epoch: Epoch, event: ServerEvent) {
        if epoch != self.session.epoch {
            return;
        }
        match event {
            ServerEvent::OrganizationChanged => self.ask_me_anew(None),
            ServerEvent::SettingsChanged => {
                self.session.settings_may_differ();
                self.ask_me_anew(None);
                self.publish();
            }
            ServerEvent::CategoriesChanged => {
                self.session.categories_may_differ();
                self.publish();
            }
            ServerEvent::AlertsChanged => {
                self.session.alerts_may_differ();
                self.publish();
            }
            ServerEvent::ImpersonationsChanged => {
                self.session.impersonations_may_differ();
                self.check_impersonation();
                self.publish();
            }
            ServerEvent::Notice(added) => {
                self.session.told.push(added.id);
                self.ask_notices();
            }
        }
    }

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
            Ok(notices) => {
                self.session.notices = notices;
                self.notify_told();
            }
            Err(error) => tracing::debug!(code = %error.code, "the server did not give its security notices"),
        }
        self.publish();
    }

    /// A native notification for what the server has told of just now, where nobody looks at the screen that shows it.
    fn notify_told(&mut self) {
        let told = std::mem::take(&mut self.session.told);
        let Some(surfaces) = self.surfaces.as_ref().filter(|on| !on.window.is_in_front()) else {
            return;
        };
        for notice in &self.session.notices {
            if told.iter().any(|id| id.to_string() == notice.id) {
                surfaces.notifier.show_security(notice, self.settings.language);
            }
        }
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
