//! Changing the device's settings.

use keeper_core::SessionPhase;

use super::Controller;
use super::request::Reply;
use crate::reach::target_of;
use crate::settings::check;
use crate::view::{AppView, DeviceSettings, UiError, UiErrorCode};
use crate::work::JournalFault;

impl Controller {
    /// Takes settings over once they are on disk. Another server or certificate authority takes hold at once, and only
    /// where no unsent work is left behind; another name of the device with the next session.
    pub(super) async fn put_device_settings(&mut self, settings: DeviceSettings, reply: Reply<AppView>) {
        if let Err(error) = self.can_take(&settings) {
            return drop(reply.send(Err(error)));
        }
        if let Err(error) = self.settings_file.write(&settings) {
            tracing::error!(%error, "the settings cannot be written");
            return drop(reply.send(Err(JournalFault::from(error).into())));
        }
        let before = std::mem::replace(&mut self.settings, settings);
        self.settings_fault = None;
        let reaches_elsewhere =
            before.server != self.settings.server || before.ca_file != self.settings.ca_file;
        let is_named_anew = before.device_name != self.settings.device_name
            || before.device_kind != self.settings.device_kind;
        let somebody = match self.session.snapshot.phase {
            SessionPhase::SignedIn | SessionPhase::Restoring => true,
            SessionPhase::SignedOut | SessionPhase::Ended => false,
        };
        if reaches_elsewhere || (is_named_anew && !somebody) {
            self.open_keeper().await;
        } else if is_named_anew {
            self.session.reopen_when_signed_out();
        }
        self.reply_with_view(reply);
    }

    fn can_take(&self, settings: &DeviceSettings) -> Result<(), UiError> {
        check(settings).map_err(|key| UiError::from(UiErrorCode::ValidationFailed).about(key))?;
        let target = target_of(&settings.server)?;
        self.reach.transport(&target, settings.ca_file.as_deref())?;
        let moves = settings.server != self.settings.server;
        match self.work.unsent() {
            Some(subject) if moves => Err(UiError::from(UiErrorCode::WorkUnsent).about(subject)),
            Some(_) | None => Ok(()),
        }
    }
}
