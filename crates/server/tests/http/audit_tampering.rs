//! Somebody who can write the database, and takes its triggers away first, changes the sealed audit log: every change is
//! found, and the first row that is not as it was sealed is named.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::audit::AuditResult;
use rusqlite::Connection;
use server::audit::chain_check::{ChainFault, Checked, check};
use server::audit::signing::SealKeys;
use server::audit::{AuditOptions, HEADS_FILE, seal_waiting, shorten};
use server::background::Background;
use server::clock::ManualClock;
use server::{Keys, Server, ServerOptions};
use store::audit::Fields;
use store::chain::link;
use store::{AuditChain as _, AuditEntry, Store};
use store_sqlite::ChainInFile;
use uuid::Uuid;

const START_MS: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Rows that are written, and how many of them are deleted by the rule afterwards.
const ROWS: u64 = 240;
const CUT: u64 = 40;

/// A log as a server left it that ended in order.
struct Log {
    folder: tempfile::TempDir,
    keys: Keys,
    /// The last row.
    last: u64,
}

fn entry(n: u64, now: i64) -> AuditEntry {
    let id = |kind: u128| Some(Uuid::from_u128(kind + u128::from(n % 5)));
    AuditEntry {
        organization_id: id(100).filter(|_| !n.is_multiple_of(7)),
        actor_user_id: id(200).filter(|_| !n.is_multiple_of(3)),
        session_id: id(300).filter(|_| !n.is_multiple_of(4)),
        target: (!n.is_multiple_of(6)).then(|| format!("till:{}", Uuid::from_u128(u128::from(n)))),
        result: if n.is_multiple_of(9) {
            AuditResult::Denied
        } else {
            AuditResult::Done
        },
        reason: n.is_multiple_of(11).then(|| "because".to_owned()),
        before: Fields::from([("name".to_owned(), n.to_string())]),
        detail: serde_json::json!({ "n": n }),
        ip_address: format!("192.0.2.{}", n % 250),
        device_name: Some("Caisse 1".to_owned()),
        request_id: n.to_string(),
        ..AuditEntry::of("till.renamed", now)
    }
}

impl Log {
    async fn sealed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::generate().unwrap();
        let clock = Arc::new(ManualClock::at(START_MS));
        let store: Arc<dyn Store> = server::open_store(&folder.path().join("vigie.db")).await.unwrap();
        let options = ServerOptions {
            audit: AuditOptions {
                heads_file: Some(folder.path().join(HEADS_FILE)),
                kept: Some(Duration::from_secs(10 * 24 * 60 * 60)),
                ..AuditOptions::default()
            },
            ..ServerOptions::default()
        };
        let server = Server::new(
            Arc::clone(&store),
            keys.clone(),
            Arc::clone(&clock) as Arc<_>,
            options,
        )
        .unwrap();
        let background = Background::start(&server);
        for n in 1..=ROWS {
            if n == CUT + 1 {
                clock.advance(Duration::from_millis(u64::try_from(11 * DAY_MS).unwrap()));
            }
            store.audit(entry(n, server.now())).await.unwrap();
            if n.is_multiple_of(8) {
                seal_waiting(&server).await.unwrap();
            }
        }
        // Heads are in their file before the rule takes their rows away.
        background.stop().await;
        // On a busy machine the background has been there first.
        let shortened = shorten(&server).await.unwrap();
        assert!([CUT, 0].contains(&shortened), "{shortened} rows were taken away");
        store.audit(entry(ROWS + 2, server.now())).await.unwrap();
        Background::start(&server).stop().await;
        store.close().await;
        Self {
            folder,
            keys,
            last: ROWS + 2,
        }
    }

    fn heads(&self) -> Vec<PathBuf> {
        vec![self.folder.path().join(HEADS_FILE)]
    }

    async fn checked(&self, database: &Path) -> Result<Checked, ChainFault> {
        let keys = SealKeys::new(&self.keys).unwrap();
        let chain = ChainInFile::open(database)?;
        check(&chain, &keys, &self.heads()).await
    }

    /// A copy whose triggers are gone, and a connection to it.
    fn copy(&self, name: &str) -> (PathBuf, Connection) {
        let path = self.folder.path().join(name);
        std::fs::copy(self.folder.path().join("vigie.db"), &path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF",
            )
            .unwrap();
        let triggers: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(triggers.len() > 10);
        for trigger in triggers {
            connection
                .execute_batch(&format!("DROP TRIGGER {trigger}"))
                .unwrap();
        }
        (path, connection)
    }
}

/// A generator of numbers that gives the same ones for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn among(&mut self, from: u64, to: u64) -> u64 {
        from + self.roll(to - from + 1)
    }
}

/// What the check must say.
#[derive(Debug, PartialEq)]
enum Expected {
    Row(u64),
    Missing(u64),
    Link(u64),
    NoLink(u64),
    Tail,
    Any,
}

/// Every column but the place, with a value that differs from the one that is there.
const COLUMNS: [(&str, &str); 17] = [
    ("id", "randomblob(16)"),
    ("at", "at + 1"),
    ("organization_id", "randomblob(16)"),
    (
        "actor_user_id",
        "CASE WHEN actor_user_id IS NULL THEN randomblob(16) END",
    ),
    (
        "session_id",
        "CASE WHEN session_id IS NULL THEN randomblob(16) END",
    ),
    ("action", "action || 'x'"),
    ("target", "CASE WHEN target IS NULL THEN '' END"),
    ("detail", "replace(detail, ':', ': ')"),
    ("ip_address", "ip_address || ' '"),
    ("user_agent", "user_agent || 'x'"),
    ("request_id", "upper(request_id || 'x')"),
    ("result", "CASE result WHEN 'done' THEN 'denied' ELSE 'done' END"),
    ("reason", "CASE WHEN reason IS NULL THEN '' END"),
    ("impersonated_user_id", "randomblob(16)"),
    ("before_fields", "'{\"name\":\"forged\"}'"),
    ("after_fields", "'{\"name\":\"forged\"}'"),
    ("device_name", "CASE WHEN device_name IS NULL THEN '' END"),
];

const SEAL_COLUMNS: [(&str, &str); 7] = [
    ("from_sequence", "from_sequence + 1"),
    ("to_sequence", "to_sequence - 1"),
    ("previous_head", "randomblob(32)"),
    ("head", "randomblob(32)"),
    ("sealed_at", "sealed_at + 1"),
    ("key_version", "key_version + 1"),
    ("signature", "randomblob(64)"),
];

fn run(connection: &Connection, sql: &str) {
    connection
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn number(connection: &Connection, sql: &str) -> u64 {
    let found: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    u64::try_from(found).unwrap()
}

/// Makes the links from a row on anew, as they would be if the rows had been sealed as they are now.
async fn relink(path: &Path, connection: &Connection, from: u64) {
    let chain = ChainInFile::open(path).unwrap();
    let rows = chain.audit_chain(from - 1, 10_000).await.unwrap();
    let before: Vec<u8> = connection
        .query_row(
            "SELECT link FROM audit_links WHERE sequence = ?",
            [i64::try_from(from - 1).unwrap()],
            |row| row.get(0),
        )
        .unwrap_or_else(|_| {
            connection
                .query_row("SELECT head FROM audit_cuts", [], |row| row.get(0))
                .unwrap()
        });
    let mut previous: [u8; 32] = before.try_into().unwrap();
    for row in rows {
        previous = link(&previous, &row.row);
        connection
            .execute(
                "UPDATE audit_links SET link = ? WHERE sequence = ?",
                (previous, i64::try_from(row.sequence).unwrap()),
            )
            .unwrap();
    }
}

/// One change, and what must be said of it.
async fn tamper(dice: &mut Dice, last: u64, path: &Path, connection: &Connection) -> (String, Expected) {
    let row = dice.among(CUT + 1, last);
    let (first_seal, last_seal) = (
        number(connection, "SELECT min(number) FROM audit_seals"),
        number(connection, "SELECT max(number) FROM audit_seals"),
    );
    let seal = dice.among(first_seal, last_seal);
    match dice.roll(15) {
        0..=2 => {
            let (column, value) = COLUMNS[usize::try_from(dice.roll(17)).unwrap()];
            run(
                connection,
                &format!("UPDATE audit_log SET {column} = {value} WHERE sequence = {row}"),
            );
            (format!("{column} of row {row}"), Expected::Row(row))
        }
        3 => {
            run(
                connection,
                &format!("DELETE FROM audit_log WHERE sequence = {row}"),
            );
            (format!("row {row} deleted"), Expected::Missing(row))
        }
        4 => {
            run(
                connection,
                &format!(
                    "DELETE FROM audit_log WHERE sequence = {row};
                    UPDATE audit_log SET sequence = -(sequence - 1) WHERE sequence > {row};
                    UPDATE audit_log SET sequence = -sequence WHERE sequence < 0"
                ),
            );
            let expected = if row == last {
                Expected::Missing(row)
            } else {
                Expected::Row(row)
            };
            (format!("row {row} deleted and those after it moved up"), expected)
        }
        5 => {
            run(
                connection,
                &format!(
                    "UPDATE audit_log SET sequence = -(sequence + 1) WHERE sequence >= {row};
                    UPDATE audit_log SET sequence = -sequence WHERE sequence < 0;
                    INSERT INTO audit_log SELECT {row}, randomblob(16), at, organization_id, actor_user_id, session_id,
                        action, target, detail, ip_address, user_agent, request_id, result, reason,
                        impersonated_user_id, before_fields, after_fields, device_name
                        FROM audit_log WHERE sequence = {row} + 1"
                ),
            );
            (format!("a row inserted at {row}"), Expected::Row(row))
        }
        6 => {
            let other = CUT + 1 + (row - CUT + dice.roll(last - CUT - 1)) % (last - CUT);
            run(
                connection,
                &format!(
                    "UPDATE audit_log SET sequence = -1 WHERE sequence = {row};
                    UPDATE audit_log SET sequence = {row} WHERE sequence = {other};
                    UPDATE audit_log SET sequence = {other} WHERE sequence = -1"
                ),
            );
            assert_ne!(row, other);
            (
                format!("rows {row} and {other} swapped"),
                Expected::Row(row.min(other)),
            )
        }
        7 => {
            let to = number(
                connection,
                &format!("SELECT from_sequence - 1 FROM audit_seals WHERE number = {seal}"),
            );
            run(
                connection,
                &format!(
                    "DELETE FROM audit_log WHERE sequence > {to};
                    DELETE FROM audit_links WHERE sequence > {to};
                    DELETE FROM audit_seals WHERE number >= {seal}"
                ),
            );
            (format!("cut off behind row {to}, with the seals"), Expected::Tail)
        }
        8 => {
            run(
                connection,
                &format!("DELETE FROM audit_log WHERE sequence >= {row}"),
            );
            (
                format!("cut off from row {row} on, without the seals"),
                Expected::Missing(row),
            )
        }
        9 => {
            run(
                connection,
                &format!("UPDATE audit_links SET link = randomblob(32) WHERE sequence = {row}"),
            );
            (format!("link {row}"), Expected::Link(row))
        }
        10 => {
            run(
                connection,
                &format!("DELETE FROM audit_links WHERE sequence = {row}"),
            );
            (format!("link {row} deleted"), Expected::NoLink(row))
        }
        11 => {
            let (column, value) = SEAL_COLUMNS[usize::try_from(dice.roll(7)).unwrap()];
            run(
                connection,
                &format!("UPDATE audit_seals SET {column} = {value} WHERE number = {seal}"),
            );
            (format!("{column} of seal {seal}"), Expected::Any)
        }
        12 => {
            run(
                connection,
                &format!("DELETE FROM audit_seals WHERE number = {seal}"),
            );
            (format!("seal {seal} deleted"), Expected::Any)
        }
        13 => {
            run(
                connection,
                &format!("UPDATE audit_log SET action = 'nothing' WHERE sequence = {row}"),
            );
            relink(path, connection, row).await;
            if dice.roll(2) == 0 {
                run(
                    connection,
                    "UPDATE audit_seals SET head =
                        (SELECT link FROM audit_links WHERE audit_links.sequence = audit_seals.to_sequence);
                    UPDATE audit_seals SET previous_head = coalesce(
                        (SELECT link FROM audit_links WHERE audit_links.sequence = audit_seals.from_sequence - 1),
                        previous_head)",
                );
            }
            (
                format!("row {row} changed and every link after it made anew"),
                Expected::Any,
            )
        }
        _ => {
            let said = [
                (
                    "the cut moved",
                    "UPDATE audit_cuts SET to_sequence = to_sequence + 8",
                ),
                ("the cut deleted", "DELETE FROM audit_cuts"),
                ("the cut's link", "UPDATE audit_cuts SET head = randomblob(32)"),
                (
                    "everything deleted",
                    "DELETE FROM audit_log; DELETE FROM audit_links; DELETE FROM audit_seals; DELETE FROM audit_cuts",
                ),
            ][usize::try_from(dice.roll(4)).unwrap()];
            run(connection, said.1);
            (said.0.to_owned(), Expected::Any)
        }
    }
}

fn is_said(fault: &ChainFault, expected: &Expected) -> bool {
    match (fault, expected) {
        (ChainFault::RowChanged { sequence }, Expected::Row(row))
        | (ChainFault::RowMissing { sequence }, Expected::Missing(row))
        | (ChainFault::LinkChanged { sequence }, Expected::Link(row))
        | (ChainFault::LinkMissing { sequence }, Expected::NoLink(row)) => sequence == row,
        (ChainFault::TailCut { .. }, Expected::Tail) | (_, Expected::Any) => true,
        _ => false,
    }
}

async fn many(seeds: std::ops::Range<u64>) {
    let log = Log::sealed().await;
    let untouched = log.checked(&log.folder.path().join("vigie.db")).await.unwrap();
    assert_eq!((untouched.begins_after, untouched.sealed_to), (CUT, log.last));
    assert_eq!(untouched.not_sealed, 0);
    assert!(
        untouched.seals > 20 && untouched.heads[0].1 > untouched.seals,
        "{untouched:?}"
    );
    for seed in seeds {
        let (path, connection) = log.copy("tampered.db");
        let (said, expected) = tamper(&mut Dice(seed), log.last, &path, &connection).await;
        drop(connection);
        match log.checked(&path).await {
            Ok(checked) => panic!("seed {seed}: {said} was not found: {checked:?}"),
            Err(fault) => assert!(
                is_said(&fault, &expected),
                "seed {seed}: {said} is said to be: {fault}"
            ),
        }
    }
    // Where only the triggers were taken away nothing is found.
    let (path, connection) = log.copy("untouched.db");
    drop(connection);
    assert_eq!(log.checked(&path).await.unwrap(), untouched);
}

#[tokio::test]
async fn a_thousand_changes_are_found_and_named_1() {
    many(0..300).await;
}

#[tokio::test]
async fn a_thousand_changes_are_found_and_named_2() {
    many(300..600).await;
}

#[tokio::test]
async fn a_thousand_changes_are_found_and_named_3() {
    many(600..900).await;
}

#[tokio::test]
async fn a_thousand_changes_are_found_and_named_4() {
    many(900..1_200).await;
}
