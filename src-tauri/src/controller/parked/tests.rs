//! Parked tickets and refused sales in the shell, over the embedded server and a network that can be cut.

use server::demo::{CAMILLE, DOMINIQUE};
use uuid::Uuid;

use crate::controller::{CloseAnswer, Request, Unsent, WorkRequest};
use crate::testing::{App, Device, Network};
use crate::view::{
    AppView, ParkedTicket, Phase, RefusedSale, TicketDraft, TicketToPark, UiError, UiErrorCode,
};

fn named(draft: &TicketDraft, name: &str) -> TicketToPark {
    TicketToPark {
        draft: draft.clone(),
        name: name.to_owned(),
    }
}

impl App {
    async fn park(&self, draft: &TicketDraft, name: &str) -> Result<AppView, UiError> {
        let ticket = Box::new(named(draft, name));
        self.handle
            .ask(|reply| Request::Work(WorkRequest::Park { ticket, reply }))
            .await
    }

    async fn parked(&self) -> Vec<ParkedTicket> {
        self.handle
            .ask(|reply| Request::Work(WorkRequest::Parked(reply)))
            .await
            .unwrap()
    }

    async fn take_up(&self, id: &str, in_hand: Option<TicketToPark>) -> Result<TicketDraft, UiError> {
        let (id, in_hand) = (id.to_owned(), in_hand.map(Box::new));
        self.handle
            .ask(|reply| Request::Work(WorkRequest::TakeUp { id, in_hand, reply }))
            .await
    }

    async fn discard(&self, id: &str) -> Result<AppView, UiError> {
        let id = id.to_owned();
        self.handle
            .ask(|reply| Request::Work(WorkRequest::DiscardParked { id, reply }))
            .await
    }

    async fn review(&self, id: &str) -> Result<RefusedSale, UiError> {
        let id = id.to_owned();
        self.handle
            .ask(|reply| Request::Work(WorkRequest::Review { id, reply }))
            .await
    }

    async fn mend(&self, id: &str, ticket: u128) -> Result<TicketDraft, UiError> {
        let (id, ticket_id) = (id.to_owned(), Uuid::from_u128(ticket).to_string());
        self.handle
            .ask(|reply| {
                Request::Work(WorkRequest::Mend {
                    id,
                    ticket_id,
                    in_hand: None,
                    reply,
                })
            })
            .await
    }

    async fn leave(&self, unsent: Unsent) -> Result<Phase, UiError> {
        self.handle
            .ask(|reply| Request::SignOut { unsent, reply })
            .await
            .map(|view| view.session.phase)
    }
}

#[tokio::test]
async fn parked_tickets_outlive_the_app_and_come_back_as_they_were() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let (first, second) = (app.ticket(1).await, app.ticket(2).await);
    app.put(&first).await.unwrap();
    assert_eq!(app.park(&first, " Mme Petit ").await.unwrap().work.parked, 1);
    assert_eq!(app.current().await.unwrap(), None);
    app.put(&second).await.unwrap();
    app.end().await;

    let app = device.start();
    app.view(|view| view.session.phase == Phase::SignedIn && view.work.parked == 1)
        .await;
    assert_eq!(app.current().await.unwrap().as_ref(), Some(&second));
    let shelf = app.parked().await;
    assert_eq!(
        (shelf[0].name.as_deref(), shelf[0].lines, shelf[0].total_cents),
        (Some("Mme Petit"), 1, 700)
    );
    let aside = Some(named(&second, "en cours"));
    assert_eq!(app.take_up(&first.id, aside).await.unwrap(), first);
    assert_eq!(app.parked().await[0].id, second.id);
    let view = app.discard(&second.id).await.unwrap();
    assert_eq!(view.work.parked, 0);
    let gone = app.discard(&second.id).await.unwrap_err();
    assert_eq!(gone.code, UiErrorCode::TicketNotFound);
    assert_eq!(
        app.handle.view().work.fault,
        None,
        "nothing is wrong with the disk"
    );
}

#[tokio::test]
async fn what_cannot_be_parked_is_refused_with_the_field() {
    let device = Device::with_accounts().await;
    let app = device.start();
    let draft = crate::work::sample::ticket(1);
    assert_eq!(
        app.park(&draft, "un").await.unwrap_err().code,
        UiErrorCode::SessionOver
    );
    app.sign_in(CAMILLE).await.unwrap();
    let mut empty = draft.clone();
    empty.lines.clear();
    for (draft, name, code, subject) in [
        (&empty, "un", UiErrorCode::TicketIncomplete, "lines"),
        (&draft, "  ", UiErrorCode::ValidationFailed, "name"),
        (&draft, &*"x".repeat(61), UiErrorCode::ValidationFailed, "name"),
    ] {
        let refused = app.park(draft, name).await.unwrap_err();
        assert_eq!((refused.code, refused.subject.as_deref()), (code, Some(subject)));
    }
    let refused = app.take_up("7", None).await.unwrap_err();
    assert_eq!(refused.subject.as_deref(), Some("id"));
}

#[tokio::test]
async fn signing_out_is_guarded_by_parked_tickets_and_the_next_operator_has_none_of_them() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    app.park(&draft, "à Camille").await.unwrap();
    let refused = app.leave(Unsent::Guard).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (UiErrorCode::WorkUnsent, Some("parked"))
    );
    assert_eq!(app.leave(Unsent::Leave).await.unwrap(), Phase::SignedOut);

    let view = app.sign_in(DOMINIQUE).await.unwrap();
    assert_eq!((view.work.parked, app.parked().await.len()), (0, 0));
    for refused in [
        app.take_up(&draft.id, None).await.map(drop),
        app.park(&draft, "à Dominique").await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code, UiErrorCode::Forbidden);
    }
    assert_eq!(
        app.discard(&draft.id).await.unwrap_err().code,
        UiErrorCode::TicketNotFound
    );
    assert_eq!(app.leave(Unsent::Guard).await.unwrap(), Phase::SignedOut);

    app.sign_in(CAMILLE).await.unwrap();
    app.view(|view| view.work.parked == 1).await;
    assert_eq!(app.take_up(&draft.id, None).await.unwrap(), draft);
    let refused = app.leave(Unsent::Guard).await.unwrap_err();
    assert_eq!(refused.subject.as_deref(), Some("ticket"));
}

#[tokio::test]
async fn the_window_closes_over_parked_tickets_only_after_a_question() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    app.park(&draft, "un").await.unwrap();
    app.handle.tell(Request::CloseAsked);
    app.view(|view| view.close_asked).await;
    app.handle.tell(Request::CloseAnswered(CloseAnswer::Stay));
    app.view(|view| !view.close_asked).await;
    app.discard(&draft.id).await.unwrap();
    app.handle.tell(Request::CloseAsked);
    app.shown.ended.notified().await;
}

#[tokio::test]
async fn a_refused_sale_is_mended_and_sold_once() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let unknown_goods = crate::work::sample::ticket(1);
    app.finish(&unknown_goods).await.unwrap();
    app.view(|view| view.work.refused == 1).await;
    let review = app.review(&unknown_goods.id).await.unwrap();
    assert_eq!(review.refused.code, UiErrorCode::ValidationFailed);
    assert_eq!(review.lines[0].category_name, "Chaises");

    let mut draft = app.mend(&unknown_goods.id, 2).await.unwrap();
    assert_eq!(app.handle.view().work.refused, 1);
    assert!(app.review(&unknown_goods.id).await.unwrap().is_being_mended);
    let known = app.ticket(9).await;
    draft.lines[0].category_id.clone_from(&known.lines[0].category_id);
    app.finish(&draft).await.unwrap();
    app.view(|view| view.work.waiting == 0 && view.work.refused == 0)
        .await;
    let gone = app.review(&unknown_goods.id).await.unwrap_err();
    assert_eq!(gone.code, UiErrorCode::TicketNotFound);
    app.end().await;
    let sales = device.sales_of(CAMILLE).await;
    assert_eq!(sales.len(), 1);
    assert_eq!(sales[0].idempotency_key, Uuid::from_u128(2));
}

#[tokio::test]
async fn a_sale_that_the_server_may_have_is_not_mended() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let draft = app.ticket(1).await;
    device.network.be(Network::LosesReceipts);
    app.finish(&draft).await.unwrap();
    while device.network.sales() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let refused = app.mend(&draft.id, 2).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::SaleOutcomeUnknown);
    device.network.be(Network::Whole);
    let _ = app.handle.ask(Request::Retry).await;
    app.view(|view| view.work.waiting == 0).await;
    app.end().await;
    assert_eq!(device.sales_of(CAMILLE).await.len(), 1);
}
