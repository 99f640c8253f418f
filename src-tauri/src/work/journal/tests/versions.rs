//! Journals of earlier versions, made by the statements of those versions: everything in them is found.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::super::{Kind, Label, schema};
use super::shelf::named;
use super::{Counts, Desk, MARIE, finished_of, ticket, ticket_id};
use crate::view::UiErrorCode;

/// A sale as versions 1 and 2 sealed it.
fn old_sale(number: u128) -> Vec<u8> {
    let sale = finished_of(&ticket(number), None, 1_800_000_000_000)
        .unwrap()
        .sale;
    let body = serde_json::to_string(&sale).unwrap();
    serde_json::to_vec(&serde_json::json!({ "body": body, "total_cents": sale.total_cents })).unwrap()
}

/// A journal of this version with a ticket in hand, a sale that waits, one that was refused, and goods.
fn of_version(version: usize) -> Desk {
    let desk = Desk::new();
    let folder = desk.folder.path().join("work");
    std::fs::create_dir_all(&folder).unwrap();
    let file = Connection::open(folder.join("work.db")).unwrap();
    file.pragma_update(None, "journal_mode", "WAL").unwrap();
    for step in schema::steps_to(version) {
        file.execute_batch(step).unwrap();
    }
    file.pragma_update(None, "user_version", i64::try_from(version).unwrap())
        .unwrap();
    let seal = |kind, number: u128, plain: &[u8]| {
        let id = Uuid::from_u128(number);
        let label = Label {
            slot: MARIE,
            kind,
            ticket: id.as_bytes(),
        };
        desk.key.seal(plain, label).unwrap()
    };
    let draft = serde_json::to_vec(&ticket(1)).unwrap();
    file.execute(
        "INSERT INTO tickets (ticket_id, slot, sealed, saved_at_ms) VALUES (?1, ?2, ?3, 10)",
        params![
            Uuid::from_u128(1).as_bytes(),
            MARIE,
            seal(Kind::Ticket, 1, &draft)
        ],
    )
    .unwrap();
    for (number, refused) in [(2, None), (3, Some("validation_failed"))] {
        file.execute(
            "INSERT INTO sales (ticket_id, slot, sealed, finished_at_ms, refused_code) VALUES (?1, ?2, ?3, 20, ?4)",
            params![
                Uuid::from_u128(number).as_bytes(),
                MARIE,
                seal(Kind::Sale, number, &old_sale(number)),
                refused
            ],
        )
        .unwrap();
    }
    file.execute(
        "INSERT INTO goods (slot, categories, asked_at_ms) VALUES (?1, '[]', 5)",
        [MARIE],
    )
    .unwrap();
    desk
}

#[test]
fn journals_of_versions_1_and_2_are_brought_up_with_all_work_in_them() {
    for version in [1, 2] {
        let mut desk = of_version(version);
        assert_eq!(desk.current(), Some(ticket(1)), "version {version}");
        assert_eq!(
            desk.journal.counts(MARIE, 0).unwrap(),
            Counts {
                waiting: 1,
                refused: 1,
                parked: 0
            }
        );
        assert_eq!(desk.next(), Some(2));
        assert_eq!(desk.journal.goods(MARIE, 0).unwrap().as_deref(), Some(&[][..]));
        let now: i64 = desk
            .journal
            .raw()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(now, 3);

        desk.journal
            .park(MARIE, &desk.key, &named(&ticket(1), "d'avant"), 30)
            .unwrap();
        assert_eq!(desk.take_up(1, None).unwrap(), ticket(1));
        let id = Uuid::from_u128(3);
        let review = desk.journal.review(MARIE, &desk.key, id, 0).unwrap();
        assert_eq!(
            (review.total_cents, review.refused.code),
            (700, UiErrorCode::ValidationFailed)
        );
        assert_eq!(review.lines[0].category_name, "", "it was not kept then");
        let mending = ticket_id(&ticket(9)).unwrap();
        let in_hand = named(&ticket(1), "d'avant");
        let draft = desk
            .journal
            .mend(MARIE, &desk.key, id, mending, Some(&in_hand), 40)
            .unwrap();
        assert_eq!(draft.lines[0].quantity, 2);
    }
}

/// The statements of the first two versions, as files on devices were made by them. They are never changed.
#[test]
fn the_steps_of_versions_on_devices_stay_as_they_are() {
    let steps: Vec<_> = schema::steps_to(2)
        .iter()
        .map(|step| blake3::hash(step.as_bytes()).to_hex().to_string())
        .collect();
    insta::assert_debug_snapshot!(steps);
}
