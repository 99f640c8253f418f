//! A kill at any moment of a write: every ticket is in exactly one place afterwards.

use std::path::Path;

use uuid::Uuid;

use super::shelf::named;
use super::{Desk, Journal, MARIE, ticket};
use crate::view::{UiError, UiErrorCode};
use crate::work::WorkKey;

/// Bytes between two cuts of the write-ahead log; no divisor of a frame, so that frames are torn too.
const APART: usize = 509;

/// Where one ticket lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Places {
    in_hand: u32,
    parked: u32,
    sold: u32,
}

fn places(journal: &mut Journal, number: u128) -> Places {
    let mut of = |table: &str| {
        journal
            .raw()
            .query_row(
                &format!("SELECT count(*) FROM {table} WHERE ticket_id = ?1"),
                [Uuid::from_u128(number).as_bytes()],
                |row| row.get(0),
            )
            .unwrap()
    };
    Places {
        in_hand: of("tickets"),
        parked: of("parked"),
        sold: of("sales"),
    }
}

/// The states of these tickets that a kill during `deed` can leave: the log is cut behind every byte or so.
fn after_kills(before: impl Fn(&mut Desk), deed: impl Fn(&mut Desk), tickets: &[u128]) -> Vec<Vec<Places>> {
    let mut desk = Desk::new();
    before(&mut desk);
    desk.journal.flush(0).unwrap();
    let file = desk.folder.path().join("work/work.db");
    let main = std::fs::read(&file).unwrap();
    deed(&mut desk);
    let log = std::fs::read(file.with_file_name("work.db-wal")).unwrap();
    assert_eq!(
        std::fs::read(&file).unwrap(),
        main,
        "nothing is checkpointed meanwhile"
    );
    let mut found = Vec::new();
    for end in (0..log.len()).step_by(APART).chain([log.len()]) {
        let state = after_kill(&main, &log[..end], tickets, &desk.key);
        if found.last() != Some(&state) {
            found.push(state);
        }
    }
    found
}

fn after_kill(main: &[u8], log: &[u8], tickets: &[u128], key: &WorkKey) -> Vec<Places> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("work.db");
    write(&file, main);
    write(&file.with_file_name("work.db-wal"), log);
    let mut journal = Journal::new(file);
    let found = tickets
        .iter()
        .map(|number| places(&mut journal, *number))
        .collect();
    journal.current(MARIE, key, 0).unwrap();
    assert!(
        journal
            .parked(MARIE, key, 0)
            .unwrap()
            .iter()
            .all(|each| each.name.is_some())
    );
    assert_eq!(journal.set_aside(), None);
    found
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

const IN_HAND: Places = Places {
    in_hand: 1,
    parked: 0,
    sold: 0,
};
const PARKED: Places = Places {
    in_hand: 0,
    parked: 1,
    sold: 0,
};
const SOLD: Places = Places {
    in_hand: 0,
    parked: 0,
    sold: 1,
};
const NOWHERE: Places = Places {
    in_hand: 0,
    parked: 0,
    sold: 0,
};

#[test]
fn a_kill_while_parking_leaves_the_ticket_in_hand_or_parked() {
    let states = after_kills(
        |desk| desk.put(&ticket(1), 10).unwrap(),
        |desk| desk.park(1, "un", 20).unwrap(),
        &[1],
    );
    assert_eq!(states, [vec![IN_HAND], vec![PARKED]]);
}

#[test]
fn a_kill_while_taking_up_exchanges_both_tickets_or_neither() {
    let states = after_kills(
        |desk| {
            desk.park(1, "un", 10).unwrap();
            desk.put(&ticket(2), 20).unwrap();
        },
        |desk| drop(desk.take_up(1, Some(&named(&ticket(2), "deux"))).unwrap()),
        &[1, 2],
    );
    assert_eq!(states, [vec![PARKED, IN_HAND], vec![IN_HAND, PARKED]]);
}

#[test]
fn a_kill_while_a_mended_ticket_is_finished_leaves_one_of_both_sales() {
    let mend = |desk: &mut Desk| {
        let (from, to) = (Uuid::from_u128(1), Uuid::from_u128(100));
        desk.journal.mend(MARIE, &desk.key, from, to, None, 30).unwrap()
    };
    let refused = |desk: &mut Desk| {
        desk.finish(1, 10).unwrap();
        let why = UiError::from(UiErrorCode::ValidationFailed);
        desk.journal.refused(MARIE, Uuid::from_u128(1), &why, 20).unwrap();
    };
    let states = after_kills(refused, |desk| drop(mend(desk)), &[1, 100]);
    assert_eq!(states, [vec![SOLD, NOWHERE], vec![SOLD, IN_HAND]]);
    let states = after_kills(
        |desk| {
            refused(desk);
            mend(desk);
        },
        |desk| desk.finish(100, 40).unwrap(),
        &[1, 100],
    );
    assert_eq!(states, [vec![SOLD, IN_HAND], vec![NOWHERE, SOLD]]);
}
