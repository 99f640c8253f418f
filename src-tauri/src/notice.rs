//! Native notifications on a thread of their own: a desktop whose notifications hang never holds up the app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::{io, thread};

use keeper_core::Notice;
use notify_rust::{Hint, Notification, Urgency};

use crate::notice_words::{NoticeWords, impersonation_words, notice_words, security_words};
use crate::surfaces::{ImpersonationNotice, Notifier};
use crate::view::{Language, SecurityNotice};

const QUEUE: usize = 8;

/// What a click on a notification does.
pub type OnClick = Arc<dyn Fn() + Send + Sync>;

/// Shows notifications through the desktop's own service.
#[derive(Debug)]
pub struct DesktopNotifier {
    queue: SyncSender<Message>,
}

#[derive(Debug)]
struct Message {
    incident: Incident,
    words: NoticeWords,
    urgency: Urgency,
}

/// Notices of one incident replace each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incident {
    Connection,
    Session,
    Account,
    Impersonation,
}

const fn incident_of(notice: Notice) -> Incident {
    match notice {
        Notice::ConnectionLost { .. } | Notice::ConnectionBack => Incident::Connection,
        Notice::EndNear | Notice::SessionClosed { .. } => Incident::Session,
    }
}

const fn urgency_of(notice: Notice) -> Urgency {
    match notice {
        Notice::ConnectionBack => Urgency::Low,
        // Not critical: such a notification stays until it is clicked, also when the operator has long signed in again.
        Notice::ConnectionLost { .. } | Notice::EndNear | Notice::SessionClosed { .. } => Urgency::Normal,
    }
}

impl DesktopNotifier {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(on_click: OnClick) -> io::Result<Self> {
        let (queue, inbox) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("notices".to_owned())
            .spawn(move || show_all(&inbox, &on_click))?;
        Ok(Self { queue })
    }

    fn put(&self, message: Message) {
        match self.queue.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                tracing::warn!(
                    title = message.words.title,
                    "the desktop does not take notifications; this one is dropped"
                );
            }
        }
    }
}

impl Notifier for DesktopNotifier {
    fn show(&self, notice: Notice, language: Language) {
        self.put(Message {
            incident: incident_of(notice),
            words: notice_words(notice, language),
            urgency: urgency_of(notice),
        });
    }

    fn show_security(&self, notice: &SecurityNotice, language: Language) {
        self.put(Message {
            incident: Incident::Account,
            words: security_words(notice, language),
            urgency: Urgency::Normal,
        });
    }

    fn show_impersonation(&self, notice: &ImpersonationNotice, user_name: &str, language: Language) {
        self.put(Message {
            incident: Incident::Impersonation,
            words: impersonation_words(*notice, user_name, language),
            urgency: Urgency::Normal,
        });
    }
}

/// The last notification of an incident, and whether a thread waits for its click.
#[derive(Default)]
struct Shown {
    id: Option<u32>,
    awaited: Arc<AtomicBool>,
}

fn show_all(inbox: &Receiver<Message>, on_click: &OnClick) {
    let (mut connection, mut session) = (Shown::default(), Shown::default());
    let (mut account, mut impersonation) = (Shown::default(), Shown::default());
    for message in inbox {
        let shown = match message.incident {
            Incident::Connection => &mut connection,
            Incident::Session => &mut session,
            Incident::Account => &mut account,
            Incident::Impersonation => &mut impersonation,
        };
        show_one(&message, shown, on_click);
    }
}

fn show_one(message: &Message, shown: &mut Shown, on_click: &OnClick) {
    let mut notification = Notification::new();
    notification
        .appname("Vigie")
        .summary(message.words.title)
        .body(&message.words.body)
        .action("default", message.words.open);
    decorate(&mut notification, message.urgency);
    if let Some(id) = shown.id {
        notification.id(id);
    }
    match notification.show() {
        Ok(handle) => {
            let id = handle_id(&handle);
            tracing::info!(
                title = message.words.title,
                id,
                replaces = shown.id,
                "notification shown"
            );
            let is_new = shown.id != Some(id);
            shown.id = Some(id);
            await_click(handle, shown, is_new, on_click);
        }
        Err(error) => tracing::warn!(%error, "no notification could be shown"),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn decorate(notification: &mut Notification, urgency: Urgency) {
    notification
        .icon("org.vigie.desktop")
        .hint(Hint::DesktopEntry("org.vigie.desktop".to_owned()))
        .urgency(urgency);
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn decorate(_notification: &mut Notification, _urgency: Urgency) {}

#[cfg(all(unix, not(target_os = "macos")))]
fn handle_id(handle: &notify_rust::NotificationHandle) -> u32 {
    handle.id()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn handle_id(_handle: &notify_rust::NotificationHandle) -> u32 {
    0
}

/// Waits for the click on a thread of its own, since the wait may never end. A notification that took another's place
/// has its id, and so the thread that waits already.
#[cfg(all(unix, not(target_os = "macos")))]
fn await_click(handle: notify_rust::NotificationHandle, shown: &mut Shown, is_new: bool, on_click: &OnClick) {
    if is_new {
        shown.awaited = Arc::new(AtomicBool::new(false));
    }
    if shown.awaited.swap(true, Ordering::AcqRel) {
        return;
    }
    let (awaited, on_click) = (Arc::clone(&shown.awaited), Arc::clone(on_click));
    let waiting = thread::Builder::new()
        .name("notice-click".to_owned())
        .spawn(move || {
            handle.wait_for_action(|action| {
                if action == "default" {
                    on_click();
                }
            });
            awaited.store(false, Ordering::Release);
        });
    if let Err(error) = waiting {
        tracing::warn!(%error, "a click on the notification will do nothing");
        shown.awaited.store(false, Ordering::Release);
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn await_click(
    _handle: notify_rust::NotificationHandle,
    _shown: &mut Shown,
    _is_new: bool,
    _on_click: &OnClick,
) {
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keeper_core::{EndReason, Notice, Trouble};

    use super::{DesktopNotifier, Incident, QUEUE, incident_of};
    use crate::surfaces::Notifier;
    use crate::view::Language;

    #[test]
    fn the_end_of_a_cut_replaces_its_beginning() {
        assert_eq!(
            incident_of(Notice::ConnectionLost {
                trouble: Trouble::Offline
            }),
            Incident::Connection
        );
        assert_eq!(incident_of(Notice::ConnectionBack), Incident::Connection);
        assert_eq!(
            incident_of(Notice::SessionClosed {
                reason: EndReason::Revoked
            }),
            Incident::Session
        );
    }

    #[test]
    fn a_desktop_that_takes_nothing_holds_nobody_up() {
        let (queue, stuck) = std::sync::mpsc::sync_channel(QUEUE);
        let notifier = DesktopNotifier { queue };
        for _ in 0..QUEUE * 3 {
            notifier.show(Notice::ConnectionBack, Language::Fr);
        }
        assert_eq!(stuck.try_iter().count(), QUEUE);
        let _click: super::OnClick = Arc::new(|| {});
    }
}
