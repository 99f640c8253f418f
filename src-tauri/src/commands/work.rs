//! The ticket in hand, the goods, and finished sales.

use tauri::State;

use crate::controller::{ControllerHandle, Request, WorkRequest};
use crate::view::{AppView, Categories, OutboxSale, Saved, TicketDraft, TicketKeeping, UiError};

/// Puts everything in hand on disk now, and says when it was there.
#[tauri::command]
#[specta::specta]
pub async fn save(app: State<'_, ControllerHandle>, draft: Option<TicketDraft>) -> Result<Saved, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::Save {
            draft: draft.map(Box::new),
            reply,
        })
    })
    .await
}

/// The till's goods; without the server, as they were last time.
#[tauri::command]
#[specta::specta]
pub async fn categories(app: State<'_, ControllerHandle>) -> Result<Categories, UiError> {
    app.ask(Request::Categories).await
}

/// The ticket in hand as the journal has it, after a start or a new sign-in.
#[tauri::command]
#[specta::specta]
pub async fn ticket_current(app: State<'_, ControllerHandle>) -> Result<Option<TicketDraft>, UiError> {
    app.ask(|reply| Request::Work(WorkRequest::Current(reply))).await
}

/// The ticket in hand changed. When this returns, the change survives a power cut.
#[tauri::command]
#[specta::specta]
pub async fn ticket_put(app: State<'_, ControllerHandle>, draft: TicketDraft) -> Result<Saved, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::Put {
            draft: Box::new(draft),
            reply,
        })
    })
    .await
}

/// The ticket in hand is paid: it becomes a sale that is sent, now or when the server can be reached again. Whoever acts as
/// somebody else sells at once or not at all.
#[tauri::command]
#[specta::specta]
pub async fn ticket_finish(
    app: State<'_, ControllerHandle>,
    draft: TicketDraft,
    keeping: TicketKeeping,
) -> Result<AppView, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::Finish {
            draft: Box::new(draft),
            keeping,
            reply,
        })
    })
    .await
}

/// The operator's sales that wait to be sent or were refused, oldest first.
#[tauri::command]
#[specta::specta]
pub async fn outbox(app: State<'_, ControllerHandle>) -> Result<Vec<OutboxSale>, UiError> {
    app.ask(|reply| Request::Work(WorkRequest::Outbox(reply))).await
}
