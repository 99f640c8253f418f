//! `audit verify`, with a server running and without one: what it says of a log as it was sealed, and of one that
//! somebody changed.

use rusqlite::Connection;

use crate::place::Place;

fn tampered(place: &Place, sql: &str) {
    let connection = Connection::open(place.path("data/vigie.db")).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    connection.execute_batch(sql).unwrap();
}

/// A place whose server ran, wrote some rows and ended in order; and how many rows.
fn sealed() -> (Place, u64) {
    let (place, _) = Place::initialised();
    let server = place.serve(&[]);
    for name in ["Nord", "Sud", "Est"] {
        place.fine(&["site", "add", name]);
    }
    server.end();
    let connection = Connection::open(place.path("data/vigie.db")).unwrap();
    let rows: i64 = connection
        .query_row("SELECT max(sequence) FROM audit_log", [], |row| row.get(0))
        .unwrap();
    (place, u64::try_from(rows).unwrap())
}

#[test]
fn a_log_as_it_was_sealed_is_fine_with_a_server_and_without_one() {
    let (place, _) = Place::initialised();
    let said = place.fine(&["audit", "verify"]);
    assert!(said.starts_with("audit log: nothing is sealed yet\n"), "{said}");
    assert!(said.contains("rows after that are not sealed yet"), "{said}");
    assert!(said.contains("no file of heads"), "{said}");
    let server = place.serve(&[]);
    place.fine(&["site", "add", "Nord"]);
    place.fine(&["audit", "verify"]);
    server.end();
    let said = place.fine(&["audit", "verify"]);
    assert!(said.starts_with("audit log: rows 1 to "), "{said}");
    assert!(said.contains("data/audit-heads.jsonl: its"), "{said}");
    assert!(
        !said.contains("not sealed yet"),
        "an orderly end seals what is there: {said}"
    );
}

#[test]
fn what_was_changed_first_is_named() {
    for (sql, expected) in [
        (
            "UPDATE audit_log SET action = 'site.archived' WHERE sequence >= 3",
            "audit_row_changed: row 3 is not as it was sealed: it was changed, or put in another's place",
        ),
        (
            "DELETE FROM audit_log WHERE sequence = 2",
            "audit_row_missing: row 2 is missing",
        ),
        (
            "UPDATE audit_links SET link = zeroblob(32) WHERE sequence = 2",
            "audit_link_changed: the link of row 2 was changed; the row itself is as it was sealed",
        ),
        (
            "UPDATE audit_seals SET sealed_at = sealed_at + 1 WHERE number = 1",
            "audit_seal_changed: seal 1 is not as it was signed",
        ),
    ] {
        let (place, _) = sealed();
        place.fine(&["audit", "verify"]);
        tampered(&place, sql);
        let (code, sentence) = place.refused(&mut place.command(&["audit", "verify"]));
        assert_eq!(
            (code, sentence.as_str()),
            (1, format!("vigie-server: {expected}").as_str())
        );
    }
}

#[test]
fn a_tail_that_was_cut_off_with_its_seals_is_known_by_the_heads_that_are_elsewhere() {
    let (place, rows) = sealed();
    let elsewhere = place.path("elsewhere.jsonl");
    std::fs::rename(place.path("data/audit-heads.jsonl"), &elsewhere).unwrap();
    tampered(
        &place,
        "DELETE FROM audit_log; DELETE FROM audit_links; DELETE FROM audit_seals",
    );
    place.fine(&["audit", "verify"]);
    let arguments = ["audit", "verify", "--heads", elsewhere.to_str().unwrap()];
    let (code, sentence) = place.refused(&mut place.command(&arguments));
    assert_eq!(code, 1);
    assert_eq!(
        sentence,
        format!("vigie-server: audit_tail_cut: rows after 0 are missing: HERE/elsewhere.jsonl knows {rows}")
    );
    std::fs::write(&elsewhere, "nonsense\n").unwrap();
    let (_, sentence) = place.refused(&mut place.command(&arguments));
    assert!(
        sentence.starts_with("vigie-server: audit_heads_unreadable: line 1 of HERE/elsewhere.jsonl"),
        "{sentence}"
    );
}

#[test]
fn a_server_that_is_killed_again_and_again_leaves_one_unbroken_chain() {
    let (place, _) = Place::initialised();
    for round in 0..8 {
        let server = place.serve(&[]);
        // Now before the next seal, now after it.
        for n in 0..1 + round * 2 {
            place.fine(&["site", "add", &format!("Quai {round}-{n}")]);
        }
        server.signal("KILL");
        drop(server);
        place.fine(&["audit", "verify"]);
    }
    place.serve(&[]).end();
    let said = place.fine(&["audit", "verify"]);
    assert!(
        said.contains("rows 1 to ") && !said.contains("not sealed"),
        "{said}"
    );
}

#[test]
fn other_keys_vouch_for_nothing() {
    let (place, _) = sealed();
    std::fs::remove_file(place.path("keys/keys.json")).unwrap();
    std::fs::rename(place.path("data"), place.path("kept")).unwrap();
    place.fine(&["init", "--organization-name", "Maison du Port"]);
    std::fs::remove_dir_all(place.path("data")).unwrap();
    std::fs::rename(place.path("kept"), place.path("data")).unwrap();
    let (_, sentence) = place.refused(&mut place.command(&["audit", "verify", "--heads", "/dev/null"]));
    assert_eq!(
        sentence,
        "vigie-server: audit_seal_changed: seal 1 is not as it was signed"
    );
}
