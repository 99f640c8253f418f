//! Setting up and administering, with a server running and without one.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::place::{Place, Running};

pub(crate) fn login(server: &Running, username: &str, password: &str) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let body = json!({ "username": username, "password": password, "device_name": "Caisse 1" });
        let url = format!("{}/v1/auth/login", server.url);
        let response = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    })
}

pub(crate) fn me(server: &Running, access: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("{}/v1/auth/me", server.url);
        reqwest::Client::new()
            .get(url)
            .bearer_auth(access)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    })
}

#[test]
fn a_fresh_place_is_set_up_once_and_its_administrator_signs_in() {
    let (place, password) = Place::initialised();
    let mode = |name: &str| std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("keys/keys.json"), mode("data/vigie.db"), mode("data")),
        (0o600, 0o600, 0o700)
    );
    let again = place.fine(&["init", "--organization-name", "Maison du Port"]);
    assert!(
        again.contains("already there") && !again.contains("one-time"),
        "{again}"
    );

    let server = place.serve_with(&[], &[("VIGIE_SERVER_LOG__FILTER", "trace")]);
    let (status, answer) = login(&server, "dom", &password);
    assert_eq!(
        (status, &answer["me"]["current_organization_role"]),
        (200, &json!("owner"))
    );
    assert_eq!(mode("data/control.sock"), 0o600);
    assert_eq!(me(&server, answer["access_token"].as_str().unwrap()), 200);
    let log = server.end();
    assert!(log.contains("DEBUG"), "{log}");
    assert!(
        !log.contains(&password) && !log.contains(answer["refresh_token"].as_str().unwrap()),
        "{log}"
    );
    assert!(!log.contains(answer["access_token"].as_str().unwrap()), "{log}");
    assert!(!place.path("data/control.sock").exists());
}

#[test]
fn commands_work_through_the_running_server_and_without_one() {
    let (place, _) = Place::initialised();
    for server in [None, Some(place.serve(&[]))] {
        let suffix = if server.is_some() { "running" } else { "stopped" };
        let name = format!("camille-{suffix}");
        place.fine(&["organization", "add", &format!("Gare {suffix}")]);
        let of = ["--organization", "maison-du-port"];
        place.fine(&[&["site", "add", &format!("Quai {suffix}")][..], &of].concat());
        place.fine(
            &[
                &[
                    "category",
                    "add",
                    &format!("Livres {suffix}"),
                    "--price-cents",
                    "150",
                ][..],
                &of,
            ]
            .concat(),
        );
        let added = place.fine(&[&["user", "add", &name, "--role", "manager"][..], &of].concat());
        let password = added.rsplit(' ').next().unwrap().trim().to_owned();
        let lists = [
            place.fine(&["organization", "list"]),
            place.fine(&[&["site", "list"][..], &of].concat()),
            place.fine(&[&["category", "list"][..], &of].concat()),
            place.fine(&[&["user", "list"][..], &of].concat()),
        ];
        for (list, expected) in lists.iter().zip([
            format!("gare-{suffix}"),
            format!("Quai {suffix}"),
            "1.50".into(),
            name.clone(),
        ]) {
            assert!(list.contains(&expected), "{list}");
        }
        if let Some(server) = server {
            let (_, answer) = login(&server, &name, &password);
            let (access, session) = (
                answer["access_token"].as_str().unwrap(),
                answer["session_id"].as_str().unwrap(),
            );
            assert_eq!(me(&server, access), 200);
            assert!(place.fine(&["session", "list"]).contains(session));
            place.fine(&["session", "revoke", session]);
            assert_eq!(me(&server, access), 401);
            assert!(place.fine(&["user", "disable", &name]).contains("is disabled"));
            assert_eq!(login(&server, &name, &password).1["code"], "account_disabled");
            assert!(place.fine(&["check"]).contains("a server runs"));
            server.end();
        }
    }
}

#[test]
fn a_password_comes_from_standard_input_and_is_never_shown() {
    let (place, _) = Place::initialised();
    let output = place.input(&["user", "add", "camille", "--password-stdin"], "right horse\n");
    assert!(output.status.success());
    let shown = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&shown).contains("right horse"));
    let server = place.serve(&[]);
    assert_eq!(login(&server, "Camille", "right horse").0, 200);
    for (password, code) in [
        ("mouette", "password_short"),
        ("sunshine2026!", "password_common"),
        ("eva-vigie", "password_of_context"),
    ] {
        let weak = place.input(
            &["user", "add", "eva", "--password-stdin"],
            &format!("{password}\n"),
        );
        let told = String::from_utf8_lossy(&weak.stderr);
        assert!(told.contains(code) && !told.contains(password), "{weak:?}");
    }
}

#[test]
fn refusals_are_one_sentence_with_a_code() {
    let (place, _) = Place::initialised();
    place.fine(&["category", "add", "Livres", "--shortcut", "l"]);
    let refused = |arguments: &[&str]| place.refused(&mut place.command(arguments)).1;
    let mut said = vec![
        refused(&["user", "add", "DOM"]),
        refused(&["user", "add", "camille", "--site", "Gare"]),
        refused(&["user", "disable", "nobody"]),
        refused(&["session", "revoke", "00000000-0000-0000-0000-000000000001"]),
        refused(&["site", "add", "Quai"]),
        refused(&["site", "list", "--organization", "gare"]),
        refused(&["category", "add", "Disques", "--shortcut", "l"]),
        refused(&["category", "add", "Disques", "--shortcut", "ll"]),
        refused(&["organization", "add", "X", "--slug", "Not A Slug"]),
    ];
    place.fine(&["organization", "add", "Gare"]);
    said.push(refused(&["user", "list"]));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn help_speaks_to_newcomers() {
    let place = Place::new();
    insta::assert_snapshot!(place.fine(&["--help"]));
}
