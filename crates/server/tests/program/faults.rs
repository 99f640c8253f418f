//! What may be wrong around the program: each is one clear sentence with a code, and an exit code that is not 0.

use std::os::unix::fs::PermissionsExt as _;

use crate::place::Place;

#[test]
fn a_port_in_use_is_named() {
    let (place, _) = Place::initialised();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let (code, sentence) = place.refused(&mut place.command(&["--listen", &listen, "serve"]));
    assert_eq!(code, 1);
    assert_eq!(
        sentence.replace(&listen, "ADDRESS"),
        "vigie-server: port_in_use: ADDRESS is taken by another program; stop that one or set `listen` to another port"
    );
}

#[test]
fn two_programs_on_one_database_are_one_too_many() {
    let (place, _) = Place::initialised();
    let server = place.serve(&[]);
    let (code, sentence) = place.refused(&mut place.command(&["--listen", "127.0.0.1:0", "serve"]));
    assert_eq!(code, 1);
    assert!(
        sentence.starts_with("vigie-server: database_in_use: "),
        "{sentence}"
    );
    // The first one is not harmed, its socket neither.
    assert!(place.fine(&["check"]).contains("a server runs"));
    server.end();
}

#[test]
fn a_server_whose_socket_is_gone_is_told_from_no_server() {
    let (place, _) = Place::initialised();
    let server = place.serve(&[]);
    std::fs::remove_file(place.path("data/control.sock")).unwrap();
    let (_, sentence) = place.refused(&mut place.command(&["user", "list"]));
    assert!(
        sentence.starts_with("vigie-server: server_unreachable: "),
        "{sentence}"
    );
    server.end();
}

#[test]
fn a_socket_left_behind_by_a_crash_is_replaced() {
    let (place, _) = Place::initialised();
    let server = place.serve(&[]);
    server.signal("KILL");
    drop(server);
    assert!(place.path("data/control.sock").exists());
    place.fine(&["user", "list"]);
    let server = place.serve(&[]);
    assert!(place.fine(&["check"]).contains("a server runs"));
    server.end();
}

#[test]
fn a_database_newer_than_the_program_is_left_alone() {
    let (place, _) = Place::initialised();
    let path = place.path("data/vigie.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9_999).unwrap();
    drop(connection);
    let (code, sentence) = place.refused(&mut place.command(&["--listen", "127.0.0.1:0", "serve"]));
    assert_eq!(code, 1);
    assert!(
        sentence.starts_with("vigie-server: database_newer: schema 9999, "),
        "{sentence}"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let (place, _) = Place::initialised();
    for name in ["data/vigie.db", "data/vigie.db-wal", "data/vigie.db-shm"] {
        let _ = std::fs::remove_file(place.path(name));
    }
    std::fs::write(place.path("data/vigie.db"), "my diary, by nobody\n".repeat(1_000)).unwrap();
    let (_, sentence) = place.refused(&mut place.command(&["--listen", "127.0.0.1:0", "serve"]));
    assert!(
        sentence.starts_with("vigie-server: database_damaged: "),
        "{sentence}"
    );
    assert!(
        std::fs::read_to_string(place.path("data/vigie.db"))
            .unwrap()
            .starts_with("my diary")
    );
}

#[test]
fn missing_misplaced_loose_and_damaged_keys_are_named() {
    let (place, _) = Place::initialised();
    let refused = |arguments: &[&str]| place.refused(&mut place.command(arguments)).1;
    let mut said = Vec::new();
    // A flag may be given once only: name the file by the environment where it differs.
    let with = |keys: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vigie-server"));
        command
            .env_clear()
            .env("HOME", place.folder.path())
            .env("VIGIE_SERVER_KEYS_FILE", keys)
            .current_dir(place.folder.path())
            .args(["--database", "data/vigie.db", "--listen", "127.0.0.1:0", "serve"]);
        place.refused(&mut command).1
    };
    said.push(with("keys/none.json"));
    said.push(with("data/keys.json"));
    std::fs::set_permissions(
        place.path("keys/keys.json"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    said.push(refused(&["--listen", "127.0.0.1:0", "serve"]));
    std::fs::set_permissions(
        place.path("keys/keys.json"),
        std::fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    std::fs::write(place.path("keys/keys.json"), "canary").unwrap();
    said.push(refused(&["--listen", "127.0.0.1:0", "serve"]));
    let mut command = place.command(&["--listen", "127.0.0.1:0", "serve"]);
    said.push(place.refused(command.env("VIGIE_SERVER_KEYS", "canary")).1);
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn without_a_database_a_command_says_what_to_run() {
    let place = Place::new();
    let (_, sentence) = place.refused(&mut place.command(&["user", "list"]));
    assert!(
        sentence.starts_with("vigie-server: no_database: ") && sentence.contains("init"),
        "{sentence}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let place = Place::new();
    std::fs::write(place.path("data"), "a file in the way").unwrap();
    let (_, sentence) = place.refused(&mut place.command(&["init"]));
    assert!(
        sentence.contains("HERE") || sentence.contains("data"),
        "{sentence}"
    );
    assert!(sentence.starts_with("vigie-server: "), "{sentence}");
}

/// A file system that is read-only or full, made of real mounts; only root can make those.
#[test]
fn a_read_only_and_a_full_data_directory_are_named() {
    let place = Place::new();
    let script = |mount: &str, before: &str| {
        format!(
            "mkdir data && {mount} && {before} {} --database data/vigie.db --keys-file keys/keys.json init; \
             code=$?; umount data; exit $code",
            env!("CARGO_BIN_EXE_vigie-server")
        )
    };
    let run = |script: &str| {
        let _ = std::fs::remove_dir_all(place.path("data"));
        let mut command = std::process::Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .current_dir(place.folder.path());
        command.env("HOME", place.folder.path()).output().unwrap()
    };
    let allowed = run("exit 0").status.success();
    if !allowed {
        // Systems that forbid user namespaces cannot mount here; the store's own tests cover its two failures there.
        return;
    }
    let read_only = run(&script("mount -t tmpfs -o ro,size=1m none data", ""));
    let sentence = String::from_utf8_lossy(&read_only.stderr).into_owned();
    assert!(
        sentence.starts_with("vigie-server: disk_read_only: "),
        "{sentence}"
    );
    assert_eq!(read_only.status.code(), Some(1));
    let full = run(&script(
        "mount -t tmpfs -o size=64k none data",
        "{ dd if=/dev/zero of=data/filler bs=1k count=64 2>/dev/null; true; } &&",
    ));
    let sentence = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(sentence.starts_with("vigie-server: disk_full: "), "{sentence}");
    assert_eq!(full.status.code(), Some(1));
}
