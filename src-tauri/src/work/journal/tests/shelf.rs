//! What parking promises: nothing parked is lost, touched by the ticket in hand, or shown to another.

use uuid::Uuid;

use super::{Desk, MARIE, PAUL, finished_of, owner, ticket, ticket_id};
use crate::view::{ParkedTicket, TicketDraft};
use crate::work::{JournalFault, ToPark, WorkKey};

pub(super) fn named(draft: &TicketDraft, name: &str) -> ToPark {
    ToPark {
        ticket: ticket_id(draft).unwrap(),
        name: name.to_owned(),
        draft: draft.clone(),
    }
}

impl Desk {
    pub(super) fn park(&mut self, number: u128, name: &str, now_ms: i64) -> Result<(), JournalFault> {
        self.journal
            .park(MARIE, &self.key, &named(&ticket(number), name), now_ms)
    }

    pub(super) fn take_up(
        &mut self,
        number: u128,
        in_hand: Option<&ToPark>,
    ) -> Result<TicketDraft, JournalFault> {
        self.journal
            .take_up(MARIE, &self.key, Uuid::from_u128(number), in_hand, 50)
    }

    pub(super) fn parked(&mut self) -> Vec<ParkedTicket> {
        self.journal.parked(MARIE, &self.key, 0).unwrap()
    }

    pub(super) fn names(&mut self) -> Vec<Option<String>> {
        self.parked().into_iter().map(|parked| parked.name).collect()
    }

    fn rows(&mut self, table: &str) -> u32 {
        self.journal
            .raw()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap()
    }
}

fn some(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

#[test]
fn parked_tickets_come_back_after_a_restart_with_name_sum_and_place() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.park(1, "Mme Petit", 20).unwrap();
    desk.put(&ticket(2), 30).unwrap();
    desk.park(2, "14:32 · Livres", 40).unwrap();
    assert_eq!(desk.current(), None);
    desk.restart();
    assert_eq!(desk.journal.counts(MARIE, 0).unwrap().parked, 2);
    let parked = desk.parked();
    assert_eq!(desk.names(), some(&["Mme Petit", "14:32 · Livres"]));
    assert_eq!(
        (
            parked[0].lines,
            parked[0].total_cents,
            parked[0].parked_at_ms.0,
            parked[0].mends
        ),
        (1, 700, 20.0, false)
    );
    let back = desk.take_up(1, None).unwrap();
    assert_eq!(back, ticket(1), "cursor, scroll and half-typed text are in it");
    assert_eq!(desk.names(), some(&["14:32 · Livres"]));
    desk.restart();
    assert_eq!(desk.current(), Some(ticket(1)));
}

#[test]
fn the_ticket_in_hand_never_touches_a_parked_one() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.park(1, "un", 20).unwrap();
    for number in 2..6 {
        desk.put(&ticket(number), 30).unwrap();
    }
    let mut late = ticket(1);
    late.note = "écrit trop tard".to_owned();
    desk.put(&late, 40).unwrap();
    desk.finish(5, 50).unwrap();
    assert_eq!(desk.rows("tickets"), 0);
    assert_eq!(desk.take_up(1, None).unwrap(), ticket(1));
}

#[test]
fn taking_one_up_parks_what_is_in_hand_and_forgets_a_blank_one() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.park(2, "deux", 20).unwrap();
    desk.put(&ticket(3), 30).unwrap();
    let mut typed = ticket(3);
    typed.note = "dernier mot".to_owned();
    desk.take_up(1, Some(&named(&typed, "trois"))).unwrap();
    assert_eq!(desk.names(), some(&["deux", "trois"]));
    assert_eq!(desk.take_up(3, Some(&named(&ticket(1), "un"))).unwrap(), typed);

    let mut blank = ticket(4);
    blank.lines.clear();
    blank.payments.clear();
    blank.note.clear();
    desk.park(3, "trois", 40).unwrap();
    desk.put(&blank, 45).unwrap();
    desk.take_up(2, None).unwrap();
    assert_eq!(desk.rows("tickets"), 1, "the blank one leaves no trace");
    desk.restart();
    assert_eq!(desk.current(), Some(ticket(2)));
}

#[test]
fn a_ticket_with_lines_is_not_forgotten_where_the_screen_does_not_mention_it() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.put(&ticket(2), 20).unwrap();
    desk.take_up(1, None).unwrap();
    desk.park(1, "un", 30).unwrap();
    assert_eq!(desk.current(), Some(ticket(2)));
}

#[test]
fn what_is_taken_up_is_the_newest_though_the_clock_went_back_by_years() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.put(&ticket(2), 4_000_000_000_000).unwrap();
    desk.take_up(1, None).unwrap();
    desk.restart();
    assert_eq!(desk.current(), Some(ticket(1)));
}

#[test]
fn nobody_else_sees_counts_takes_or_discards_a_parked_ticket() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    let paul = WorkKey::random().unwrap();
    let id = Uuid::from_u128(1);
    assert!(desk.journal.parked(PAUL, &paul, 0).unwrap().is_empty());
    assert_eq!(desk.journal.counts(PAUL, 0).unwrap().parked, 0);
    assert!(matches!(
        desk.journal.take_up(PAUL, &paul, id, None, 20),
        Err(JournalFault::NotYours)
    ));
    assert!(matches!(
        desk.journal.discard_parked(PAUL, id, 20),
        Err(JournalFault::Gone)
    ));
    assert!(matches!(
        desk.journal.park(PAUL, &paul, &named(&ticket(1), "à moi"), 20),
        Err(JournalFault::NotYours)
    ));
    assert!(matches!(
        desk.journal.put(PAUL, &paul, id, &ticket(1), 20),
        Err(JournalFault::NotYours)
    ));
    assert_eq!(desk.names(), some(&["un"]));
}

#[test]
fn discarding_takes_one_and_only_one_and_says_when_it_is_gone() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.park(2, "deux", 20).unwrap();
    desk.journal
        .discard_parked(MARIE, Uuid::from_u128(1), 30)
        .unwrap();
    assert!(matches!(
        desk.journal.discard_parked(MARIE, Uuid::from_u128(1), 40),
        Err(JournalFault::Gone)
    ));
    assert!(matches!(desk.take_up(1, None), Err(JournalFault::Gone)));
    assert_eq!(desk.names(), some(&["deux"]));
}

#[test]
fn a_finished_ticket_is_in_one_place_only_wherever_it_was() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.finish(1, 20).unwrap();
    assert!(desk.parked().is_empty());
    assert!(matches!(desk.park(1, "encore", 30), Err(JournalFault::Gone)));
    desk.restart();
    assert!(matches!(desk.park(1, "encore", 40), Err(JournalFault::Gone)));
    assert_eq!(desk.next(), Some(1));
}

#[test]
fn the_name_of_a_parked_ticket_is_sealed_like_its_lines() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.park(1, "Lucienne Dubois", 20).unwrap();
    let folder = desk.folder.path().join("work");
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(file.path()).unwrap();
        for word in ["Lucienne", "Chaises", "recoller"] {
            let found = bytes.windows(word.len()).any(|part| part == word.as_bytes());
            assert!(!found, "{word} stands in {:?}", file.file_name());
        }
    }
}

#[test]
fn one_under_another_key_stays_on_the_shelf_without_its_name() {
    let mut desk = Desk::new();
    let kept = desk.key.clone();
    desk.park(1, "un", 10).unwrap();
    let passing = WorkKey::random().unwrap();
    desk.key = passing.clone();
    desk.park(2, "deux", 20).unwrap();
    assert_eq!(desk.names(), [None, Some("deux".to_owned())]);
    assert!(matches!(desk.take_up(1, None), Err(JournalFault::Seal(_))));
    desk.journal.reseal(MARIE, &passing, &kept, 30).unwrap();
    desk.key = kept;
    assert_eq!(desk.names(), some(&["un", "deux"]));
    assert_eq!(desk.take_up(2, None).unwrap(), ticket(2));
}

#[test]
fn parked_tickets_from_before_the_organisation_was_known_are_taken_over() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    let (owner, key) = (owner(Some(1)), desk.key.clone());
    desk.journal.take_over(&owner, &key, 20).unwrap();
    assert!(desk.parked().is_empty());
    let parked = desk.journal.parked(owner.as_str(), &key, 0).unwrap();
    assert_eq!(parked[0].name.as_deref(), Some("un"));
    let id = Uuid::from_u128(1);
    let back = desk.journal.take_up(owner.as_str(), &key, id, None, 30).unwrap();
    assert_eq!(back, ticket(1));
}

#[test]
fn a_full_disk_leaves_the_ticket_where_it_was() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    let pages: i64 = desk
        .journal
        .raw()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    desk.journal
        .raw()
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let mut long = ticket(1);
    long.note = "x".repeat(40_000);
    let fault = desk
        .journal
        .park(MARIE, &desk.key, &named(&long, "long"), 20)
        .unwrap_err();
    assert!(matches!(fault, JournalFault::Full));
    assert!(desk.parked().is_empty());
    assert_eq!(desk.current(), Some(ticket(1)));
}

/// What a write costs with many tickets beside it, as a ratio within one run.
#[test]
fn five_hundred_parked_tickets_and_sales_do_not_slow_a_change_down() {
    fn steps_of(desk: &mut Desk, job: impl Fn(&mut Desk)) -> u64 {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicU64, Ordering};
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        desk.journal.raw().progress_handler(1, Some(count)).unwrap();
        job(desk);
        desk.journal
            .raw()
            .progress_handler(1, None::<fn() -> bool>)
            .unwrap();
        steps.load(Ordering::Relaxed)
    }
    let put = |desk: &mut Desk| desk.put(&ticket(1), 10).unwrap();
    let current = |desk: &mut Desk| assert!(desk.current().is_some());
    let next = |desk: &mut Desk| assert!(desk.next().is_some());
    let mut desk = Desk::new();
    desk.finish(2, 5).unwrap();
    put(&mut desk);
    let alone = [
        steps_of(&mut desk, put),
        steps_of(&mut desk, current),
        steps_of(&mut desk, next),
    ];
    desk.journal
        .raw()
        .execute_batch("PRAGMA synchronous = OFF")
        .unwrap();
    for number in 1_000..1_500 {
        desk.park(number, "encore un", 20).unwrap();
        desk.finish(number + 1_000, 20).unwrap();
    }
    put(&mut desk);
    let among = [
        steps_of(&mut desk, put),
        steps_of(&mut desk, current),
        steps_of(&mut desk, next),
    ];
    assert_eq!(among, alone, "steps of SQLite for put, current and next");
}

#[test]
fn a_row_whose_ticket_was_changed_is_named_and_left() {
    let mut desk = Desk::new();
    desk.park(1, "un", 10).unwrap();
    desk.journal
        .raw()
        .execute("UPDATE parked SET sealed = x'01020304'", [])
        .unwrap();
    assert_eq!(desk.names(), some(&["un"]));
    assert!(matches!(desk.take_up(1, None), Err(JournalFault::Seal(_))));
    assert_eq!(desk.rows("parked"), 1);
    assert_eq!(
        finished_of(&ticket(1), None, 0).unwrap().category_names,
        ["Chaises"]
    );
}
