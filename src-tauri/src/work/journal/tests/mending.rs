//! What the review of refused sales promises: each is in one place at every moment, and none that may be sold is sold twice.

use protocol::sale::{Category, NewSale};
use uuid::Uuid;

use super::shelf::named;
use super::{Desk, MARIE, PAUL, ticket};
use crate::view::{TicketDraft, UiError, UiErrorCode};
use crate::work::{Counts, JournalFault, ToPark, WorkKey};

const REFUSED: u128 = 1;
const MENDED: u128 = 100;

impl Desk {
    fn refuse(&mut self, number: u128) {
        let why = UiError::from(UiErrorCode::ValidationFailed).about("lines");
        self.journal
            .refused(MARIE, Uuid::from_u128(number), &why, 0)
            .unwrap();
    }

    fn mend(&mut self, ticket: u128, in_hand: Option<&ToPark>) -> Result<TicketDraft, JournalFault> {
        self.journal.mend(
            MARIE,
            &self.key,
            Uuid::from_u128(REFUSED),
            Uuid::from_u128(ticket),
            in_hand,
            60,
        )
    }

    fn is_being_mended(&mut self) -> bool {
        let id = Uuid::from_u128(REFUSED);
        let review = self.journal.review(MARIE, &self.key, id, 0).unwrap();
        review.is_being_mended
    }

    fn counts(&mut self) -> Counts {
        self.journal.counts(MARIE, 0).unwrap()
    }
}

fn refused() -> Desk {
    let mut desk = Desk::new();
    desk.finish(REFUSED, 10).unwrap();
    desk.refuse(REFUSED);
    desk
}

fn counted(waiting: u32, refused: u32, parked: u32) -> Counts {
    Counts {
        waiting,
        refused,
        parked,
    }
}

#[test]
fn a_refused_sale_opens_with_its_lines_payments_note_and_reason() {
    let mut desk = refused();
    let id = Uuid::from_u128(REFUSED);
    let review = desk.journal.review(MARIE, &desk.key, id, 0).unwrap();
    assert_eq!(
        (review.total_cents, review.finished_at_ms.0, review.note.as_str()),
        (700, 10.0, "pied à recoller")
    );
    assert_eq!(
        (
            review.lines[0].category_name.as_str(),
            review.lines[0].weight_grams
        ),
        ("Chaises", 4_200)
    );
    assert_eq!(review.payments[0].amount_cents, 700);
    assert_eq!(
        (review.refused.code, review.refused.subject.as_deref()),
        (UiErrorCode::ValidationFailed, Some("lines"))
    );
    assert!(!review.is_being_mended);
}

#[test]
fn a_sale_from_before_names_were_kept_takes_them_from_the_goods() {
    let mut desk = refused();
    let id = *Uuid::from_u128(REFUSED).as_bytes();
    let label = super::super::Label {
        slot: MARIE,
        kind: super::super::Kind::Sale,
        ticket: &id,
    };
    let sealed: Vec<u8> = desk
        .journal
        .raw()
        .query_row("SELECT sealed FROM sales", [], |row| row.get(0))
        .unwrap();
    let mut whole: serde_json::Value =
        serde_json::from_slice(&desk.key.open(&sealed, label).unwrap()).unwrap();
    whole.as_object_mut().unwrap().remove("category_names").unwrap();
    let older = desk.key.seal(whole.to_string().as_bytes(), label).unwrap();
    desk.journal
        .raw()
        .execute("UPDATE sales SET sealed = ?1", [older])
        .unwrap();
    let name = |desk: &mut Desk| {
        let review = desk.journal.review(MARIE, &desk.key, Uuid::from_u128(REFUSED), 0);
        review.unwrap().lines[0].category_name.clone()
    };
    assert_eq!(name(&mut desk), "");
    let goods = [Category {
        id: Uuid::from_u128(99),
        name: "Sièges".to_owned(),
        price_cents: None,
        shortcut: None,
        position: 0,
        barcodes: Vec::new(),
    }];
    desk.journal.keep_goods(MARIE, &goods, 0).unwrap();
    assert_eq!(name(&mut desk), "Sièges");
}

#[test]
fn a_mended_sale_stays_refused_until_its_ticket_is_finished_and_leaves_with_that_step() {
    let mut desk = refused();
    desk.put(&ticket(2), 30).unwrap();
    let mut draft = desk.mend(MENDED, Some(&named(&ticket(2), "en cours"))).unwrap();
    assert_eq!(draft.id, Uuid::from_u128(MENDED).to_string());
    assert_eq!(draft.lines[0].category_name, "Chaises");
    assert_eq!(draft.payments[0].amount_cents, 700);
    assert_eq!(desk.counts(), counted(0, 1, 1));
    desk.restart();
    assert_eq!(desk.current().unwrap().id, draft.id);
    assert!(desk.is_being_mended());

    draft.lines[0].quantity = 1;
    draft.payments[0].amount_cents = 350;
    desk.put(&draft, 70).unwrap();
    let sale = super::finished_of(&draft, None, 80).unwrap();
    desk.journal
        .finish(MARIE, &desk.key, Uuid::from_u128(MENDED), &sale, 80)
        .unwrap();
    assert_eq!(desk.counts(), counted(1, 0, 1));
    let next = desk.journal.next(MARIE, &desk.key, 0).unwrap().unwrap();
    assert_eq!(next.ticket, Uuid::from_u128(MENDED));
    let sent: NewSale = serde_json::from_slice(&next.body).unwrap();
    assert_eq!(sent.total_cents, 350);
}

#[test]
fn mending_again_takes_the_ticket_that_mends_already() {
    let mut desk = refused();
    let draft = desk.mend(MENDED, None).unwrap();
    assert_eq!(desk.mend(MENDED + 1, None).unwrap(), draft);
    let mut typed = draft.clone();
    typed.note = "tapé depuis".to_owned();
    assert_eq!(
        desk.mend(MENDED + 1, Some(&named(&typed, "elle-même"))).unwrap(),
        typed
    );
    desk.journal
        .park(MARIE, &desk.key, &named(&typed, "à corriger"), 70)
        .unwrap();
    assert!(desk.parked()[0].mends);
    assert!(desk.is_being_mended());
    desk.put(&ticket(2), 80).unwrap();
    let back = desk
        .mend(MENDED + 1, Some(&named(&ticket(2), "en cours")))
        .unwrap();
    assert_eq!(back, typed);
    assert_eq!(desk.counts(), counted(0, 1, 1));
    desk.restart();
    assert_eq!(desk.current(), Some(typed));
}

#[test]
fn a_mending_ticket_that_is_discarded_leaves_the_refused_sale_as_it_was() {
    let mut desk = refused();
    let draft = desk.mend(MENDED, None).unwrap();
    desk.journal
        .park(MARIE, &desk.key, &named(&draft, "à corriger"), 70)
        .unwrap();
    desk.journal
        .discard_parked(MARIE, Uuid::from_u128(MENDED), 80)
        .unwrap();
    assert_eq!(desk.counts(), counted(0, 1, 0));
    assert!(!desk.is_being_mended());
    assert!(desk.mend(MENDED + 1, None).is_ok());
}

#[test]
fn a_sale_whose_outcome_is_unknown_is_neither_opened_nor_mended() {
    let mut desk = Desk::new();
    desk.finish(REFUSED, 10).unwrap();
    let id = Uuid::from_u128(REFUSED);
    let fault = desk.journal.review(MARIE, &desk.key, id, 0).unwrap_err();
    assert_eq!(fault.code(), UiErrorCode::SaleOutcomeUnknown);
    let fault = desk.mend(MENDED, None).unwrap_err();
    assert_eq!(fault.code(), UiErrorCode::SaleOutcomeUnknown);
    assert_eq!(desk.next(), Some(REFUSED), "it is sent again as it is");
    desk.journal.acknowledged(MARIE, id, 0).unwrap();
    assert_eq!(
        desk.mend(MENDED, None).unwrap_err().code(),
        UiErrorCode::TicketNotFound
    );
    assert_eq!(desk.current(), None);
}

#[test]
fn a_damaged_sale_is_not_taken_for_one_that_the_server_refused() {
    let mut desk = Desk::new();
    desk.finish(REFUSED, 10).unwrap();
    desk.journal
        .raw()
        .execute(
            "UPDATE sales SET sealed = CAST(substr(sealed, 1, length(sealed) - 4) || x'00000000' AS BLOB)",
            [],
        )
        .unwrap();
    assert_eq!(desk.next(), None);
    assert_eq!(
        desk.mend(MENDED, None).unwrap_err().code(),
        UiErrorCode::DiskFailed
    );
    assert_eq!(desk.counts(), counted(0, 1, 0));
}

#[test]
fn nobody_else_opens_or_mends_a_refused_sale() {
    let mut desk = refused();
    let (paul, id) = (WorkKey::random().unwrap(), Uuid::from_u128(REFUSED));
    assert!(matches!(
        desk.journal.review(PAUL, &paul, id, 0),
        Err(JournalFault::NotYours)
    ));
    let other = Uuid::from_u128(MENDED);
    assert!(matches!(
        desk.journal.mend(PAUL, &paul, id, other, None, 0),
        Err(JournalFault::NotYours)
    ));
    assert_eq!(desk.counts(), counted(0, 1, 0));
}
