//! Whoever holds the database gets back in without a screen: new passwords, accounts let in again, super admins, tills.

use serde_json::json;

use crate::command_line::{login, me};
use crate::place::Place;

const CHOSEN: &str = "quatre mouettes ivres";

fn last_word(shown: &str) -> String {
    shown.rsplit(' ').next().unwrap().trim().to_owned()
}

#[test]
fn a_forgotten_password_is_made_anew_and_ends_the_sessions_of_the_old_one() {
    let (place, first) = Place::initialised();
    let server = place.serve(&[]);
    let (_, answer) = login(&server, "dom", &first);
    let access = answer["access_token"].as_str().unwrap().to_owned();
    let shown = place.fine(&["user", "password", "Dom"]);
    assert!(
        shown.starts_with("`dom` has a new password; 1 sessions ended\none-time password, shown only now: "),
        "{shown}"
    );
    let second = last_word(&shown);
    assert_ne!(second, first);
    assert_eq!(me(&server, &access), 401);
    assert_eq!(login(&server, "dom", &first).0, 401);
    let (status, answer) = login(&server, "dom", &second);
    assert_eq!(
        (status, &answer["me"]["must_change_password"]),
        (200, &json!(true))
    );
    let log = server.end();
    assert!(!log.contains(&second), "{log}");

    let third = last_word(&place.fine(&["user", "password", "dom"]));
    let server = place.serve(&[]);
    assert_eq!(login(&server, "dom", &second).0, 401);
    assert_eq!(login(&server, "dom", &third).0, 200);
}

#[test]
fn a_chosen_password_comes_from_a_file_or_standard_input_and_is_judged() {
    let (place, _) = Place::initialised();
    std::fs::write(place.path("password"), format!("{CHOSEN}\nand what follows\n")).unwrap();
    let shown = place.fine(&["user", "password", "dom", "--password-file", "password"]);
    assert_eq!(shown, "`dom` has a new password; 0 sessions ended\n");
    let server = place.serve(&[]);
    let (status, answer) = login(&server, "dom", CHOSEN);
    assert_eq!(
        (status, &answer["me"]["must_change_password"]),
        (200, &json!(false))
    );
    let other = "cinq mouettes ivres";
    let output = place.input(
        &["user", "password", "dom", "--password-stdin"],
        &format!("{other}\n"),
    );
    assert!(output.status.success(), "{output:?}");
    let shown = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&shown).contains(other));
    assert_eq!(login(&server, "dom", CHOSEN).0, 401);
    assert_eq!(login(&server, "dom", other).0, 200);
    let weak = place.input(&["user", "password", "dom", "--password-stdin"], "azertyuiop\n");
    assert!(
        String::from_utf8_lossy(&weak.stderr).contains("password_common"),
        "{weak:?}"
    );
    assert_eq!(login(&server, "dom", other).0, 200);
    let log = server.end();
    assert!(!log.contains(other) && !log.contains(CHOSEN), "{log}");
    let on_the_command_line = place.run(&["user", "password", "dom", CHOSEN]);
    assert_eq!(on_the_command_line.status.code(), Some(2));
}

#[test]
fn a_super_admin_is_named_and_unnamed_and_it_counts_at_the_next_request() {
    let (place, _) = Place::initialised();
    let added = place.fine(&["user", "add", "alix"]);
    let password = last_word(&added);
    for server in [None, Some(place.serve(&[]))] {
        assert_eq!(
            place.fine(&["user", "promote", "ALIX"]),
            "`ALIX` stands above all organizations\n"
        );
        assert_eq!(
            place.fine(&["user", "promote", "alix"]),
            "`alix` stands above all organizations already\n"
        );
        let list = place.fine(&["user", "list", "--everywhere"]);
        assert!(
            list.lines()
                .any(|line| line.starts_with("alix") && line.contains("(super admin)")),
            "{list}"
        );
        if let Some(server) = &server {
            let (_, answer) = login(server, "alix", &password);
            assert_eq!(answer["me"]["super_admin"], true);
            assert_eq!(answer["me"]["current_organization_role"], "owner");
        }
        assert_eq!(
            place.fine(&["user", "demote", "alix"]),
            "`alix` has the roles in the organizations only\n"
        );
        if let Some(server) = &server {
            let (_, answer) = login(server, "alix", &password);
            assert_eq!(answer["me"]["super_admin"], false);
            assert_eq!(answer["me"]["current_organization_role"], "user");
        }
    }
}

#[test]
fn a_disabled_account_is_let_in_again() {
    let (place, _) = Place::initialised();
    place.fine(&["user", "add", "camille"]);
    place.fine(&["user", "disable", "camille"]);
    let shown = place.fine(&["user", "password", "camille"]);
    assert!(shown.contains("the account is disabled"), "{shown}");
    let server = place.serve(&[]);
    let password = last_word(&shown);
    assert_eq!(login(&server, "camille", &password).1["code"], "account_disabled");
    assert_eq!(
        place.fine(&["user", "enable", "camille"]),
        "`camille` can sign in\n"
    );
    assert_eq!(
        place.fine(&["user", "enable", "camille"]),
        "`camille` can sign in already\n"
    );
    assert_eq!(login(&server, "camille", &password).0, 200);
}

#[test]
fn somebody_works_in_a_second_organization() {
    let (place, _) = Place::initialised();
    let password = last_word(&place.fine(&["user", "add", "camille"]));
    place.fine(&["organization", "add", "Gare"]);
    let server = place.serve(&[]);
    let join = ["user", "join", "camille", "--organization", "gare", "--role"];
    assert_eq!(
        place.fine(&[&join[..], &["admin"]].concat()),
        "`camille` is a member, as admin\n"
    );
    let (_, answer) = login(&server, "camille", &password);
    assert_eq!(answer["me"]["organizations"], 2);
    place.fine(&[&join[..], &["manager"]].concat());
    let list = place.fine(&["user", "list", "--organization", "gare"]);
    assert!(
        list.lines()
            .any(|line| line.starts_with("camille") && line.contains("manager")),
        "{list}"
    );
}

#[test]
fn tills_are_added_to_a_site_and_listed() {
    let (place, _) = Place::initialised();
    for server in [None, Some(place.serve(&[]))] {
        let name = if server.is_some() { "Caisse 2" } else { "Caisse 1" };
        assert_eq!(
            place.fine(&["till", "add", name]),
            format!("till `{name}` added\n")
        );
        let list = place.fine(&["till", "list"]);
        let row = format!("{name}  Quai  in use");
        assert!(list.lines().any(|line| line == row), "{list}");
    }
}

#[test]
fn refusals_are_one_sentence_with_a_code() {
    let (place, _) = Place::initialised();
    let refused = |arguments: &[&str]| place.refused(&mut place.command(arguments)).1;
    let mut said = vec![
        refused(&["user", "password", "nobody"]),
        refused(&["user", "password", "dom", "--password-file", "nowhere"]),
        refused(&["user", "promote", "nobody"]),
        refused(&["user", "demote", "nobody"]),
        refused(&["user", "enable", "nobody"]),
        refused(&["user", "disable", "dom"]),
        refused(&["user", "join", "nobody"]),
        refused(&["user", "join", "dom", "--role", "owner", "--site", "Gare"]),
        refused(&["user", "join", "dom", "--role", "user"]),
        refused(&["till", "add", "Caisse 1", "--site", "Gare"]),
        refused(&["till", "add", " "]),
        refused(&["till", "list", "--organization", "gare"]),
    ];
    place.fine(&["till", "add", "Caisse 1"]);
    said.push(refused(&["till", "add", "Caisse 1"]));
    place.fine(&["site", "add", "Hangar"]);
    said.push(refused(&["till", "add", "Caisse 2"]));
    place.fine(&["organization", "add", "Gare"]);
    said.push(refused(&["till", "add", "Caisse 1", "--organization", "gare"]));
    insta::assert_snapshot!(said.join("\n"));
}
