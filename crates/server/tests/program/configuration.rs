//! A configuration that does not fit stops the start with the key, the value, what was expected and where it came from.

use crate::place::Place;

/// What the program says to this file, these variables and these flags.
fn said(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> String {
    let place = Place::new();
    std::fs::write(place.path("vigie-server.toml"), file).unwrap();
    let mut command = place.command(&["--config", "vigie-server.toml"]);
    command.args(flags).arg("check").envs(environment.iter().copied());
    let (code, sentence) = place.refused(&mut command);
    assert_eq!(code, 2, "{sentence}");
    sentence
}

#[test]
fn unknown_keys_are_named_with_their_place() {
    insta::assert_snapshot!(
        [
            said("listne = \"127.0.0.1:1\"", &[], &[]),
            said("[tls]\ncrt = \"x\"", &[], &[]),
            said("[tsl]\ncert = \"x\"", &[], &[]),
            said("", &[("VIGIE_SERVER_LISTNE", "127.0.0.1:1")], &[]),
            said("", &[("VIGIE_SERVER_TLS__CRT", "x")], &[]),
        ]
        .join("\n")
    );
}

#[test]
fn bad_values_are_named_with_what_was_expected() {
    insta::assert_snapshot!(
        [
            said("listen = 8443", &[], &[]),
            said("listen = \"localhost\"", &[], &[]),
            said("", &[("VIGIE_SERVER_LISTEN", "here")], &[]),
            said("", &[], &["--listen", "there"]),
            said("listen = \"0.0.0.0:8443\"", &[], &[]),
            said("public_url = \"vigie.example.org\"", &[], &[]),
            said("public_url = \"https://vigie.example.org/path\"", &[], &[]),
            said("trusted_proxies = [\"10.0.0.0/33\"]", &[], &[]),
            said("trusted_proxies = \"10.0.0.0/8\"", &[], &[]),
            said("[log]\nformat = \"xml\"", &[], &[]),
            said("[log]\nfilter = \"a=b=c\"", &[], &[]),
            said("[limits]\nbody_bytes = 0", &[], &[]),
            said("[limits]\nbody_bytes = -1", &[], &[]),
            said("[limits]\nbody_bytes = \"many\"", &[], &[]),
            said("[testing]\naccess_token_seconds = 0", &[], &[]),
            said("", &[("VIGIE_SERVER_TESTING__ACCESS_TOKEN_SECONDS", "soon")], &[]),
        ]
        .join("\n")
    );
}

#[test]
fn a_mail_server_must_be_whole_and_safe_to_talk_to() {
    insta::assert_snapshot!(
        [
            said("[mail]\nfrom = \"vigie@example.org\"", &[], &[]),
            said("[mail]\nhost = \"mail.example.org\"", &[], &[]),
            said("[mail]\nhost = \"mail.example.org\"\nfrom = \"vigie\"", &[], &[]),
            said(
                "[mail]\nhost = \"mail.example.org\"\nsecurity = \"none\"",
                &[],
                &[]
            ),
            said(
                "[mail]\nhost = \"mail.example.org\"\nsecurity = \"ssl\"",
                &[],
                &[]
            ),
            said(
                "[mail]\nhost = \"mail.example.org\"\nfrom = \"vigie@example.org\"\nusername = \"vigie\"",
                &[],
                &[]
            ),
            said(
                "[mail]\nhost = \"mail.example.org\"\nfrom = \"vigie@example.org\"",
                &[("VIGIE_SERVER_MAIL_PASSWORD", "canary")],
                &[]
            ),
            said("[mail]\npassword = \"canary\"", &[], &[]),
        ]
        .join("\n")
    );
}

#[test]
fn half_of_a_pair_and_what_is_no_file_are_named() {
    insta::assert_snapshot!(
        [
            said("[tls]\ncert = \"server.pem\"", &[], &[]),
            said("", &[], &["--tls-key", "server.key"]),
            said("listen = ", &[], &[]),
        ]
        .join("\n")
    );
}

#[test]
fn a_named_file_that_is_not_there_stops_the_start() {
    let place = Place::new();
    let (code, sentence) = place.refused(&mut place.command(&["--config", "nowhere.toml", "check"]));
    assert_eq!(code, 2);
    assert!(
        sentence.starts_with("vigie-server: config_unreadable: nowhere.toml: "),
        "{sentence}"
    );
}

#[test]
fn flags_go_over_the_environment_and_that_over_the_file() {
    let (place, _) = Place::initialised();
    let file = "listen = \"127.0.0.1:1\"\npublic_url = \"https://a.example\"\n";
    std::fs::write(place.path("vigie-server.toml"), file).unwrap();
    let shown = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command = place.command(&["--config", "vigie-server.toml"]);
        let output = command
            .args(flags)
            .arg("check")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shown(&[], &[]).contains("listens on 127.0.0.1:1, known as https://a.example"));
    let environment = [("VIGIE_SERVER_LISTEN", "127.0.0.1:2")];
    assert!(shown(&environment, &[]).contains("listens on 127.0.0.1:2, known as https://a.example"));
    assert!(shown(&environment, &["--listen", "127.0.0.1:3"]).contains("listens on 127.0.0.1:3,"));
}

#[test]
fn the_sample_configuration_is_good() {
    let place = Place::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/vigie-server.toml");
    let output = place.run(&["--config", sample, "check"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.starts_with("configuration: fine"),
        "{shown} {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
