//! What the controller shows itself on, as traits, so that a test needs no screen.

use keeper_core::{EndWarning, ImpersonationEnd, Notice, Severity};

use crate::view::{AppView, Language, SecurityNotice};

/// The window.
pub trait Window: Send + Sync {
    /// Shows it, if it is hidden.
    fn show(&self);
    /// Brings it to the front.
    fn bring_to_front(&self);
    /// Whether the operator has it in front, so that what stands on the screen is seen.
    fn is_in_front(&self) -> bool;
    /// Hides it while the app puts itself away.
    fn hide(&self);
    /// Hands the screen a new view.
    fn tell(&self, view: &AppView);
    /// Ends the app. Everything has been put away.
    fn end(&self);
}

/// The icon beside the system's clock.
pub trait Tray: Send + Sync {
    /// Shows how the session is.
    fn show(&self, severity: Severity, tooltip: &str, language: Language);
}

/// Native notifications.
pub trait Notifier: Send + Sync {
    /// Shows this; it takes the place of the one before of the same incident. Never waits.
    fn show(&self, notice: Notice, language: Language);
    /// Shows what happened to the operator's account; it takes the place of the one before. Never waits.
    fn show_security(&self, notice: &SecurityNotice, language: Language);
    /// Shows how it stands with acting as this user; it takes the place of the one before. Never waits.
    fn show_impersonation(&self, notice: &ImpersonationNotice, user_name: &str, language: Language);
}

/// What the operator is to know of an impersonation while looking elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpersonationNotice {
    /// It ends soon.
    EndNear {
        /// How soon.
        warning: EndWarning,
    },
    /// It is over.
    Over {
        /// How it ended.
        how: ImpersonationEnd,
    },
}

/// All three.
pub struct Surfaces {
    /// The window.
    pub window: Box<dyn Window>,
    /// The icon.
    pub tray: Box<dyn Tray>,
    /// Notifications.
    pub notifier: Box<dyn Notifier>,
}

/// No notifications, where the system gives no means for them.
#[derive(Clone, Copy, Debug)]
pub struct NoNotifier;

impl Notifier for NoNotifier {
    fn show(&self, notice: Notice, _language: Language) {
        tracing::info!(?notice, "not notified");
    }
    fn show_security(&self, notice: &SecurityNotice, _language: Language) {
        tracing::info!(kind = notice.kind.as_str(), "not notified");
    }
    fn show_impersonation(&self, notice: &ImpersonationNotice, _user_name: &str, _language: Language) {
        tracing::info!(?notice, "not notified");
    }
}
