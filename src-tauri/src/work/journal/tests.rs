//! What the journal promises: nothing lost, nothing mixed, nothing told.

use keeper::SlotId;
use rusqlite::params;
use uuid::Uuid;

use super::{Counts, Journal};
use crate::view::{TicketDraft, UiError, UiErrorCode};
use crate::work::sale::{finished_of, ticket_id};
use crate::work::sample::ticket;
use crate::work::{JournalFault, Owner, WorkKey};

const MARIE: &str = "aaaaaaaaaaaaaaaa";
const PAUL: &str = "bbbbbbbbbbbbbbbb";

struct Desk {
    folder: tempfile::TempDir,
    journal: Journal,
    key: WorkKey,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("work/work.db"));
        Self {
            folder,
            journal,
            key: WorkKey::random().unwrap(),
        }
    }

    fn restart(&mut self) {
        self.journal = Journal::new(self.folder.path().join("work/work.db"));
    }

    fn put(&mut self, draft: &TicketDraft, now_ms: i64) -> Result<(), JournalFault> {
        self.journal
            .put(MARIE, &self.key, ticket_id(draft).unwrap(), draft, now_ms)
    }

    fn current(&mut self) -> Option<TicketDraft> {
        self.journal.current(MARIE, &self.key, 0).unwrap()
    }

    fn finish(&mut self, number: u128, now_ms: i64) -> Result<(), JournalFault> {
        let draft = ticket(number);
        let sale = finished_of(&draft, None, now_ms).unwrap();
        self.journal
            .finish(MARIE, &self.key, ticket_id(&draft).unwrap(), &sale, now_ms)
    }

    fn next(&mut self) -> Option<u128> {
        self.journal
            .next(MARIE, &self.key, 0)
            .unwrap()
            .map(|sale| sale.ticket.as_u128())
    }
}

#[test]
fn the_ticket_in_hand_is_there_after_a_restart_as_it_was() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    let mut later = ticket(1);
    later.note = "livrer mardi".to_owned();
    desk.put(&later, 20).unwrap();
    desk.restart();
    assert_eq!(desk.current(), Some(later));
}

#[test]
fn nothing_on_disk_tells_what_was_typed() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.finish(2, 20).unwrap();
    let folder = desk.folder.path().join("work");
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(file.path()).unwrap();
        for word in ["Chaises", "recoller", "unit_price_cents"] {
            let found = bytes.windows(word.len()).any(|part| part == word.as_bytes());
            assert!(!found, "{word} stands in {:?}", file.file_name());
        }
    }
}

#[test]
fn a_discarded_ticket_is_forgotten_and_one_from_before_the_key_was_known_is_not() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.restart();
    desk.put(&ticket(2), 20).unwrap();
    desk.put(&ticket(3), 30).unwrap();
    desk.finish(3, 40).unwrap();
    assert_eq!(
        desk.current(),
        Some(ticket(1)),
        "ticket 2 was discarded for 3; 1 was never seen by this run"
    );
}

#[test]
fn one_operators_work_is_never_anothers() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.finish(2, 20).unwrap();
    let paul = WorkKey::random().unwrap();
    assert_eq!(desk.journal.current(PAUL, &paul, 0).unwrap(), None);
    assert_eq!(desk.journal.next(PAUL, &paul, 0).unwrap(), None);
    assert_eq!(desk.journal.counts(PAUL, 0).unwrap(), Counts::default());
    assert!(desk.journal.outbox(PAUL, &paul, 0).unwrap().is_empty());
    for number in [1, 2] {
        let draft = ticket(number);
        let id = ticket_id(&draft).unwrap();
        desk.restart();
        assert!(matches!(
            desk.journal.put(PAUL, &paul, id, &draft, 30),
            Err(JournalFault::NotYours)
        ));
        let sale = finished_of(&draft, None, 0).unwrap();
        assert!(matches!(
            desk.journal.finish(PAUL, &paul, id, &sale, 30),
            Err(JournalFault::NotYours)
        ));
    }
    assert_eq!(desk.current(), Some(ticket(1)));
}

#[test]
fn finishing_is_one_step_and_a_late_change_does_not_bring_the_ticket_back() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.finish(1, 20).unwrap();
    desk.finish(1, 21).unwrap();
    desk.put(&ticket(1), 22).unwrap();
    assert_eq!(desk.current(), None);
    assert_eq!(
        desk.journal.counts(MARIE, 0).unwrap(),
        Counts {
            waiting: 1,
            refused: 0,
            ..Counts::default()
        }
    );
    desk.restart();
    desk.put(&ticket(1), 23).unwrap();
    desk.finish(1, 24).unwrap();
    assert_eq!(desk.current(), None);
    assert_eq!(
        desk.journal.counts(MARIE, 0).unwrap(),
        Counts {
            waiting: 1,
            refused: 0,
            ..Counts::default()
        }
    );
}

#[test]
fn sales_leave_in_order_and_only_when_acknowledged() {
    let mut desk = Desk::new();
    for number in [5, 3, 4] {
        desk.finish(number, 10).unwrap();
    }
    assert_eq!((desk.next(), desk.next()), (Some(5), Some(5)));
    desk.journal.acknowledged(MARIE, Uuid::from_u128(5), 0).unwrap();
    desk.restart();
    assert_eq!(desk.next(), Some(3));
    desk.journal.acknowledged(PAUL, Uuid::from_u128(3), 0).unwrap();
    assert_eq!(desk.next(), Some(3), "nobody acknowledges another's sale");
}

#[test]
fn a_sale_is_sent_as_the_same_bytes_every_time() {
    let mut desk = Desk::new();
    desk.finish(1, 1_800_000_000_000).unwrap();
    let first = desk.journal.next(MARIE, &desk.key, 0).unwrap().unwrap();
    desk.restart();
    assert_eq!(desk.journal.next(MARIE, &desk.key, 0).unwrap().unwrap(), first);
    let sale: protocol::sale::NewSale = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(sale.total_cents, 700);
}

#[test]
fn a_refused_sale_stays_and_holds_nobody_up() {
    let mut desk = Desk::new();
    desk.finish(1, 10).unwrap();
    desk.finish(2, 20).unwrap();
    let why = UiError::from(UiErrorCode::ValidationFailed).about("category_id");
    desk.journal.refused(MARIE, Uuid::from_u128(1), &why, 0).unwrap();
    assert_eq!(desk.next(), Some(2));
    assert_eq!(
        desk.journal.counts(MARIE, 0).unwrap(),
        Counts {
            waiting: 1,
            refused: 1,
            ..Counts::default()
        }
    );
    let outbox = desk.journal.outbox(MARIE, &desk.key, 0).unwrap();
    assert_eq!(
        outbox.iter().map(|sale| sale.refused.clone()).collect::<Vec<_>>(),
        [Some(why), None]
    );
    assert_eq!(outbox[0].total_cents, 700);
}

#[test]
fn a_tampered_row_is_neither_shown_nor_sent_nor_lost() {
    let mut desk = Desk::new();
    desk.put(&ticket(9), 5).unwrap();
    desk.finish(1, 10).unwrap();
    desk.finish(2, 20).unwrap();
    for table in ["tickets", "sales"] {
        let sql = format!(
            "UPDATE {table} SET sealed = CAST(substr(sealed, 1, length(sealed) - 4) || x'00000000' AS BLOB)"
        );
        desk.journal.raw().execute(&sql, []).unwrap();
    }
    let second = ticket(2);
    let sale = finished_of(&second, None, 20).unwrap();
    desk.journal
        .raw()
        .execute("DELETE FROM sales WHERE place = 2", [])
        .unwrap();
    desk.restart();
    desk.journal
        .finish(MARIE, &desk.key, ticket_id(&second).unwrap(), &sale, 20)
        .unwrap();
    assert_eq!(desk.current(), None);
    assert_eq!(desk.next(), Some(2));
    assert_eq!(
        desk.journal.counts(MARIE, 0).unwrap(),
        Counts {
            waiting: 1,
            refused: 1,
            ..Counts::default()
        }
    );
    let rows: u32 = desk
        .journal
        .raw()
        .query_row("SELECT count(*) FROM tickets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_row_moved_to_another_operator_does_not_open_even_with_the_same_key() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.journal
        .raw()
        .execute("UPDATE tickets SET slot = ?1", [PAUL])
        .unwrap();
    assert_eq!(desk.journal.current(PAUL, &desk.key, 0).unwrap(), None);
}

#[test]
fn work_under_a_passing_key_is_sealed_again_under_the_kept_one() {
    let mut desk = Desk::new();
    let kept = desk.key.clone();
    desk.put(&ticket(1), 10).unwrap();
    let passing = WorkKey::random().unwrap();
    desk.restart();
    desk.key = passing.clone();
    assert_eq!(desk.current(), None, "the kept key's ticket stays sealed");
    desk.put(&ticket(2), 20).unwrap();
    desk.finish(3, 30).unwrap();
    desk.journal.reseal(MARIE, &passing, &kept, 40).unwrap();
    desk.key = kept;
    assert_eq!(desk.next(), Some(3));
    desk.restart();
    assert!(desk.current().is_some());
    let tickets: u32 = desk
        .journal
        .raw()
        .query_row("SELECT count(*) FROM tickets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tickets, 2, "finishing a third ticket discards neither");
}

#[test]
fn a_full_disk_says_so_and_the_next_write_succeeds_once_there_is_room() {
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
    assert!(matches!(desk.put(&long, 20), Err(JournalFault::Full)));
    assert_eq!(
        desk.current(),
        Some(ticket(1)),
        "the last good state is still there"
    );
    desk.journal
        .raw()
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    desk.put(&long, 30).unwrap();
    assert_eq!(desk.current(), Some(long));
}

#[test]
fn a_read_only_file_says_so() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.journal
        .raw()
        .pragma_update(None, "query_only", true)
        .unwrap();
    let fault = desk.put(&ticket(1), 20).unwrap_err();
    assert_eq!(fault.code(), UiErrorCode::DiskReadOnly);
    assert_eq!(
        JournalFault::from(std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem)).code(),
        UiErrorCode::DiskReadOnly
    );
}

#[test]
fn a_folder_that_comes_back_is_used_again() {
    let mut desk = Desk::new();
    let folder = desk.folder.path().join("work");
    std::fs::write(&folder, "in the way").unwrap();
    assert_eq!(
        desk.put(&ticket(1), 10).unwrap_err().code(),
        UiErrorCode::DiskFailed
    );
    std::fs::remove_file(&folder).unwrap();
    desk.put(&ticket(1), 20).unwrap();
    assert_eq!(desk.current(), Some(ticket(1)));
}

#[test]
fn a_newer_journal_is_not_touched() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.journal
        .raw()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    desk.restart();
    let fault = desk.put(&ticket(2), 20).unwrap_err();
    assert!(matches!(fault, JournalFault::Newer { found: 99, known: 3 }));
    assert_eq!(fault.code(), UiErrorCode::DataNewer);
    assert_eq!(desk.journal.set_aside(), None);
}

#[test]
fn a_journal_that_is_no_database_is_set_aside_and_kept() {
    let mut desk = Desk::new();
    let folder = desk.folder.path().join("work");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("work.db"),
        "no database at all, but long enough to look like one".repeat(50),
    )
    .unwrap();
    desk.put(&ticket(1), 77).unwrap();
    assert_eq!(desk.current(), Some(ticket(1)));
    assert_eq!(desk.journal.set_aside(), Some("work.damaged-77.db"));
    assert!(folder.join("work.damaged-77.db").exists());
}

#[test]
fn another_programs_lock_is_told() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.journal
        .raw()
        .busy_timeout(std::time::Duration::from_millis(1))
        .unwrap();
    let other = rusqlite::Connection::open(desk.folder.path().join("work/work.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(
        desk.put(&ticket(1), 20).unwrap_err().code(),
        UiErrorCode::DataInUse
    );
}

#[test]
fn goods_are_kept_for_each_operator() {
    let mut desk = Desk::new();
    let goods = [protocol::sale::Category {
        id: Uuid::from_u128(1),
        name: "Livres".to_owned(),
        price_cents: Some(150),
        shortcut: Some("l".to_owned()),
        position: 1,
        barcodes: vec!["2000000000015".to_owned()],
    }];
    assert_eq!(desk.journal.goods(MARIE, 0).unwrap(), None);
    desk.journal.keep_goods(MARIE, &goods, 10).unwrap();
    desk.journal.keep_goods(MARIE, &goods, 20).unwrap();
    assert_eq!(desk.journal.goods(MARIE, 0).unwrap().as_deref(), Some(&goods[..]));
    assert_eq!(desk.journal.goods(PAUL, 0).unwrap(), None);
    let asked: i64 = desk
        .journal
        .raw()
        .query_row("SELECT asked_at_ms FROM goods", params![], |row| row.get(0))
        .unwrap();
    assert_eq!(asked, 20);
}

#[test]
fn goods_kept_before_there_were_barcodes_are_read() {
    let mut desk = Desk::new();
    let old = r#"[{"id":"00000000-0000-0000-0000-000000000001","name":"Livres","price_cents":150,"shortcut":"l","position":1}]"#;
    desk.journal.keep_goods(MARIE, &[], 10).unwrap();
    desk.journal
        .raw()
        .execute("UPDATE goods SET categories = ?1", params![old])
        .unwrap();
    let goods = desk.journal.goods(MARIE, 0).unwrap().unwrap();
    assert_eq!((goods[0].name.as_str(), goods[0].barcodes.len()), ("Livres", 0));
}

fn owner(organization: Option<u128>) -> Owner {
    Owner::new(SlotId::parse(MARIE).unwrap(), organization.map(Uuid::from_u128))
}

#[test]
fn work_of_one_organisation_is_not_seen_in_another_and_is_found_on_the_way_back() {
    let mut desk = Desk::new();
    let (first, second) = (owner(Some(1)), owner(Some(2)));
    let (in_first, in_second) = (ticket(1), ticket(2));
    let put = |desk: &mut Desk, owner: &Owner, draft: &TicketDraft| {
        let key = desk.key.clone();
        desk.journal
            .put(owner.as_str(), &key, ticket_id(draft).unwrap(), draft, 10)
    };
    let current = |desk: &mut Desk, owner: &Owner| {
        let key = desk.key.clone();
        desk.journal.current(owner.as_str(), &key, 0).unwrap()
    };
    put(&mut desk, &first, &in_first).unwrap();
    assert_eq!(current(&mut desk, &second), None);
    put(&mut desk, &second, &in_second).unwrap();
    assert_eq!(current(&mut desk, &first), Some(in_first.clone()));
    assert!(matches!(
        put(&mut desk, &second, &in_first),
        Err(JournalFault::NotYours)
    ));
    let sale = finished_of(&in_first, Some(Uuid::from_u128(1)), 20).unwrap();
    let (id, key) = (ticket_id(&in_first).unwrap(), desk.key.clone());
    desk.journal.finish(first.as_str(), &key, id, &sale, 20).unwrap();
    assert_eq!(desk.journal.next(second.as_str(), &key, 0).unwrap(), None);
    let next = desk.journal.next(first.as_str(), &key, 0).unwrap().unwrap();
    let sent: protocol::sale::NewSale = serde_json::from_slice(&next.body).unwrap();
    assert_eq!(sent.organization_id, Some(Uuid::from_u128(1)));
    assert_eq!(current(&mut desk, &second), Some(in_second));
}

#[test]
fn work_from_before_the_organisation_was_known_is_taken_over_once_it_is() {
    let mut desk = Desk::new();
    desk.put(&ticket(1), 10).unwrap();
    desk.finish(2, 20).unwrap();
    let other_key = WorkKey::random().unwrap();
    let left = ticket_id(&ticket(3)).unwrap();
    desk.journal.put(MARIE, &other_key, left, &ticket(3), 5).unwrap();
    let owner = owner(Some(1));
    let key = desk.key.clone();
    for _ in 0..2 {
        desk.journal.take_over(&owner, &key, 30).unwrap();
    }
    assert_eq!(desk.current(), None);
    assert_eq!(
        desk.journal.current(owner.as_str(), &key, 0).unwrap(),
        Some(ticket(1))
    );
    assert_eq!(
        desk.journal.counts(owner.as_str(), 0).unwrap(),
        Counts {
            waiting: 1,
            refused: 0,
            ..Counts::default()
        }
    );
    assert!(desk.journal.next(owner.as_str(), &key, 0).unwrap().is_some());
    let finished = ticket_id(&ticket(2)).unwrap();
    desk.journal
        .put(owner.as_str(), &key, finished, &ticket(2), 40)
        .unwrap();
    assert_eq!(
        desk.journal.current(owner.as_str(), &key, 0).unwrap(),
        Some(ticket(1))
    );
    desk.journal.take_over(&owner, &other_key, 50).unwrap();
    assert_eq!(
        desk.journal.current(owner.as_str(), &other_key, 0).unwrap(),
        Some(ticket(3))
    );
}

#[test]
fn the_organisation_is_known_again_after_a_restart() {
    let mut desk = Desk::new();
    assert_eq!(desk.journal.place(MARIE, 0).unwrap(), None);
    desk.journal.keep_place(MARIE, Uuid::from_u128(1), 0).unwrap();
    desk.journal.keep_place(MARIE, Uuid::from_u128(2), 0).unwrap();
    desk.restart();
    assert_eq!(desk.journal.place(MARIE, 0).unwrap(), Some(Uuid::from_u128(2)));
    assert_eq!(desk.journal.place(PAUL, 0).unwrap(), None);
}

mod cuts;
mod mending;
mod shelf;
mod versions;
