//! Parked tickets, and refused sales opened for a person.

use tauri::State;

use crate::controller::{ControllerHandle, Request, WorkRequest};
use crate::view::{AppView, ParkedTicket, RefusedSale, TicketDraft, TicketToPark, UiError};

/// Parks the ticket in hand under a name. When this returns, it survives a power cut.
#[tauri::command]
#[specta::specta]
pub async fn ticket_park(app: State<'_, ControllerHandle>, ticket: TicketToPark) -> Result<AppView, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::Park {
            ticket: Box::new(ticket),
            reply,
        })
    })
    .await
}

/// The operator's parked tickets, the one parked first at the head.
#[tauri::command]
#[specta::specta]
pub async fn tickets_parked(app: State<'_, ControllerHandle>) -> Result<Vec<ParkedTicket>, UiError> {
    app.ask(|reply| Request::Work(WorkRequest::Parked(reply))).await
}

/// Takes a parked ticket in hand; what is in hand is parked with the same step.
#[tauri::command]
#[specta::specta]
pub async fn ticket_take_up(
    app: State<'_, ControllerHandle>,
    id: String,
    in_hand: Option<TicketToPark>,
) -> Result<TicketDraft, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::TakeUp {
            id,
            in_hand: in_hand.map(Box::new),
            reply,
        })
    })
    .await
}

/// Forgets a parked ticket.
#[tauri::command]
#[specta::specta]
pub async fn ticket_discard(app: State<'_, ControllerHandle>, id: String) -> Result<AppView, UiError> {
    app.ask(|reply| Request::Work(WorkRequest::DiscardParked { id, reply }))
        .await
}

/// Opens a refused sale. One that may be on the server answers `sale_outcome_unknown`.
#[tauri::command]
#[specta::specta]
pub async fn sale_review(app: State<'_, ControllerHandle>, id: String) -> Result<RefusedSale, UiError> {
    app.ask(|reply| Request::Work(WorkRequest::Review { id, reply }))
        .await
}

/// Brings a refused sale back as the ticket in hand, under the new id; it stays refused until that ticket is finished. What is in
/// hand is parked with the same step.
#[tauri::command]
#[specta::specta]
pub async fn sale_mend(
    app: State<'_, ControllerHandle>,
    id: String,
    ticket_id: String,
    in_hand: Option<TicketToPark>,
) -> Result<TicketDraft, UiError> {
    app.ask(|reply| {
        Request::Work(WorkRequest::Mend {
            id,
            ticket_id,
            in_hand: in_hand.map(Box::new),
            reply,
        })
    })
    .await
}
