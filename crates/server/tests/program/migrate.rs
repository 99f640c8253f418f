//! Moving from a file to PostgreSQL and back: sessions live on, and a copy that is not the same is found and undone.

use store::Store as _;
use store_postgres::{Options, PostgresStore};
use vigie_tests::{Disk, Postgres, Stopwatch};

use crate::calls::{PASSWORD, login, me, refresh, sell};
use crate::place::{Place, Running};

/// A shop with an operator, a category and a sale, and the answer to the operator's sign-in.
fn shop() -> (Place, serde_json::Value) {
    let (place, _) = Place::initialised();
    let added = place.input(
        &["user", "add", "camille", "--site", "Quai", "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    assert!(added.status.success());
    place.fine(&["category", "add", "Vaisselle", "--price-cents", "100"]);
    let server = place.serve(&[]);
    let answer = login(&server, "camille");
    sell(&server, &answer["access_token"], 1);
    server.end();
    (place, answer)
}

fn on(place: &Place, url: &str) -> Running {
    place.serve_with(&[], &[("VIGIE_DATABASE_URL", url)])
}

fn tables(postgres: &Postgres) -> String {
    postgres
        .sql("vigie", "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace")
        .unwrap()
}

#[test]
fn sessions_live_on_in_the_other_database_and_back_again() {
    let (place, answer) = shop();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    let server = place.serve(&[]);
    let (_, first) = refresh(&server, &answer["refresh_token"], 1);
    server.end();

    let moved = place.fine(&["migrate", "--from", "sqlite:data/vigie.db", "--to", &url]);
    for line in [
        "users 2",
        "sessions 1",
        "sales 1",
        "sale_lines 1",
        "sale_payments 1",
    ] {
        let (table, rows) = line.split_once(' ').unwrap();
        assert!(
            moved.lines().any(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                words.first() == Some(&table) && words.get(1) == Some(&rows) && words.last() == Some(&"same")
            }),
            "{line}: {moved}"
        );
    }
    assert!(moved.contains("keep the key file"), "{moved}");

    let server = on(&place, &url);
    assert_eq!(me(&server, &first["access_token"]).0, 200);
    let (_, replayed) = refresh(&server, &answer["refresh_token"], 1);
    assert_eq!(
        replayed["refresh_token"], first["refresh_token"],
        "its history came along"
    );
    let (status, second) = refresh(&server, &first["refresh_token"], 2);
    assert_eq!(status, 200, "{second}");
    // The next number of a membership comes from a sequence, which must know of those that were copied.
    let mut add = place.command(&["user", "add", "eva"]);
    assert!(
        add.env("VIGIE_DATABASE_URL", &url)
            .output()
            .unwrap()
            .status
            .success()
    );
    let note = postgres.sql("vigie", "SELECT note FROM sales").unwrap();
    assert_eq!(note, "un\tgrand\\pot\nà fleurs — 日本");

    let back = &["migrate", "--from", &url, "--to", "sqlite:back/vigie.db"];
    let (code, sentence) = place.refused(&mut place.command(back));
    assert_eq!(code, 1);
    assert!(
        sentence.starts_with("vigie-server: database_in_use: "),
        "{sentence}"
    );
    server.end();
    place.fine(back);
    let files: Vec<_> = std::fs::read_dir(place.path("back")).unwrap().collect();
    assert_eq!(files.len(), 2, "the database and its lock: {files:?}");
    std::fs::rename(place.path("back/vigie.db"), place.path("data/vigie.db")).unwrap();
    let server = place.serve(&[]);
    let (status, third) = refresh(&server, &second["refresh_token"], 3);
    assert_eq!(status, 200, "{third}");
    server.end();
}

#[test]
fn what_cannot_be_moved_is_refused_and_nothing_is_touched() {
    let (place, _) = shop();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    let refused = |from: &str, to: &str| {
        let mut command = place.command(&["migrate", "--from", from, "--to", to]);
        place.refused(&mut command)
    };
    let file = "sqlite:data/vigie.db";

    let server = place.serve(&[]);
    let (code, sentence) = refused(file, &url);
    assert_eq!(code, 1);
    assert!(
        sentence.starts_with("vigie-server: database_in_use: "),
        "{sentence}"
    );
    server.end();
    let (_, sentence) = refused("sqlite:data/none.db", &url);
    assert!(sentence.starts_with("vigie-server: no_database: "), "{sentence}");
    assert!(!place.path("data/none.db").exists());
    let (_, sentence) = refused(file, "sqlite:data/other.db");
    assert!(
        sentence.starts_with("vigie-server: migrate_same_engine: "),
        "{sentence}"
    );
    let (_, sentence) = refused(&url, "sqlite:data/other.db");
    assert!(
        sentence.starts_with("vigie-server: database_damaged: "),
        "{sentence}"
    );
    let (code, sentence) = refused(file, &postgres.url_by_port("vigie"));
    assert_eq!(code, 2);
    assert!(
        sentence.contains("config_bad_value") && !sentence.contains(postgres.password()),
        "{sentence}"
    );

    // A row that cannot be read, after others were copied.
    let path = place.path("data/vigie.db");
    let spoil = |sql: &str| {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    spoil("UPDATE sessions SET user_agent = CAST(x'ff' AS TEXT)");
    let (_, sentence) = refused(file, &url);
    assert!(sentence.starts_with("vigie-server: store_failed: "), "{sentence}");
    assert_eq!(tables(&postgres), "0");
    spoil("UPDATE sessions SET user_agent = 'test'");

    place.fine(&["migrate", "--from", file, "--to", &url]);
    let before = postgres.sql("vigie", "SELECT count(*) FROM audit_log").unwrap();
    let (_, sentence) = refused(file, &url);
    assert!(
        sentence.starts_with("vigie-server: target_not_empty: ") && sentence.contains("organizations"),
        "{sentence}"
    );
    assert_eq!(
        postgres.sql("vigie", "SELECT count(*) FROM audit_log").unwrap(),
        before
    );
    let (_, sentence) = refused(&url, file);
    assert!(
        sentence.starts_with("vigie-server: target_not_empty: "),
        "{sentence}"
    );
}

#[test]
fn a_copy_that_differs_in_one_value_or_one_row_is_found_and_undone() {
    let (place, answer) = shop();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::open(&url.parse().unwrap(), Options::default()).await;
        store.unwrap().close().await;
    });
    let command = ["migrate", "--from", "sqlite:data/vigie.db", "--to", &url];
    for (table, deed) in [
        ("sessions", "NEW.last_used_at := NEW.last_used_at + 1; RETURN NEW"),
        (
            "sessions",
            "NEW.device_name := lower(NEW.device_name); RETURN NEW",
        ),
        (
            "sessions",
            "NEW.attempts := NEW.attempts || decode(repeat('00', 20), 'hex'); RETURN NEW",
        ),
        ("sale_payments", "RETURN NULL"),
        ("users", "NEW.disabled_at := 0; RETURN NEW"),
    ] {
        postgres
            .sql(
                "vigie",
                &format!(
                    "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {deed}; END $$;
                    CREATE TRIGGER spoil BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION spoil()"
                ),
            )
            .unwrap();
        let output = place.run(&command);
        let shown = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{deed}: {shown}");
        assert!(
            said.starts_with("vigie-server: copy_differs: ") && said.contains(&format!("({table})")),
            "{said}"
        );
        assert!(
            shown
                .lines()
                .any(|line| line.starts_with(table) && line.contains("differs")),
            "{shown}"
        );
        let left = "SELECT (SELECT count(*) FROM organizations) + (SELECT count(*) FROM audit_log)";
        assert_eq!(postgres.sql("vigie", left).unwrap(), "0");
        postgres
            .sql("vigie", &format!("DROP TRIGGER spoil ON {table}"))
            .unwrap();
    }
    place.fine(&command);
    let server = on(&place, &url);
    assert_eq!(me(&server, &answer["access_token"]).0, 200);
    server.end();
}

#[test]
fn many_sessions_are_moved_in_one_go() {
    let sessions: u32 = std::env::var("VIGIE_MIGRATED_SESSIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2_500);
    let (place, _) = shop();
    let path = place.path("data/vigie.db");
    let more = format!(
        "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
            created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent)
        WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {sessions})
        SELECT randomblob(16), user_id, organization_id, site_id, device_kind, 'Caisse ' || n, 16, randomblob(320),
            created_at + n, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent
        FROM sessions, n;
        INSERT INTO audit_log (sequence, id, at, action, detail, ip_address, user_agent, request_id)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {sessions})
        SELECT (SELECT max(sequence) FROM audit_log) + n, randomblob(16), n, 'session.created', '{{}}', '192.0.2.1', 'x', 'r'
        FROM n"
    );
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(&more)
        .unwrap();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    let begun = Stopwatch::start();
    let moved = place.fine(&["migrate", "--from", "sqlite:data/vigie.db", "--to", &url]);
    println!(
        "{sessions} sessions and as many audit rows in {:.1} s\n{moved}",
        begun.elapsed().as_secs_f64()
    );
    let there = postgres.sql("vigie", "SELECT count(*) FROM sessions").unwrap();
    assert_eq!(there, sessions.to_string());
}
