//! The listener for figures, and what a configuration may say about it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use crate::place::Place;

const TOKEN: &str = "4f1c2d3b5a697887a6b5c4d3e2f10011";

fn with_token(place: &Place, token: &str, mode: u32) {
    let path = place.path("scrape-token");
    std::fs::write(&path, token).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What the program says to this file, with a token in the file beside it.
fn said(file: &str, token: &str, mode: u32) -> String {
    let place = Place::new();
    with_token(&place, token, mode);
    std::fs::write(place.path("vigie-server.toml"), file).unwrap();
    let mut command = place.command(&["--config", "vigie-server.toml", "check"]);
    let (code, sentence) = place.refused(&mut command);
    assert_eq!(code, 2, "{sentence}");
    assert!(!sentence.contains(TOKEN), "{sentence}");
    sentence
}

#[test]
fn the_token_and_the_listener_must_keep_figures_to_whoever_may_read_them() {
    let token = "[monitoring]\nscrape_token_file = \"scrape-token\"";
    let listen = |at: &str| format!("[monitoring]\nlisten = \"{at}\"");
    let both = |at: &str| format!("{token}\nlisten = \"{at}\"");
    insta::assert_snapshot!(
        [
            said(token, TOKEN, 0o640),
            said(token, TOKEN, 0o604),
            said(token, "short", 0o600),
            said(token, &format!("{TOKEN} {TOKEN}"), 0o600),
            said("[monitoring]\nscrape_token_file = \"nowhere\"", TOKEN, 0o600),
            said("[monitoring]\nscrape_token = \"x\"", TOKEN, 0o600),
            said(&listen("9464"), TOKEN, 0o600),
            said(&listen("0.0.0.0:9464"), TOKEN, 0o600),
            said(&both("0.0.0.0:9464"), TOKEN, 0o600),
            said(
                &format!("listen = \"127.0.0.1:8443\"\n{}", listen("127.0.0.1:8443")),
                TOKEN,
                0o600
            ),
        ]
        .join("\n")
    );
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn get(url: &str, bearer: Option<&str>) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client.get(url);
        let call = match bearer {
            Some(token) => call.bearer_auth(token),
            None => call,
        };
        let response = call.send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    })
}

#[test]
fn figures_have_a_listener_of_their_own_that_knows_nothing_else_and_ends_with_the_server() {
    let (place, _) = Place::initialised();
    let at = format!("127.0.0.1:{}", free_port());
    let server = place.serve_with(&[], &[("VIGIE_SERVER_MONITORING__LISTEN", &at)]);
    let (status, text) = get(&format!("http://{at}/metrics"), None).unwrap();
    assert_eq!(status, 200, "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    for path in [
        "/",
        "/healthz",
        "/v1/auth/me",
        "/v1/monitoring/sessions/metrics/prometheus",
        "/openapi.json",
    ] {
        assert_eq!(get(&format!("http://{at}{path}"), None).unwrap().0, 404, "{path}");
    }
    assert_eq!(get(&format!("{}/metrics", server.url), None).unwrap().0, 404);
    server.end();
    assert_eq!(get(&format!("http://{at}/metrics"), None), None);
}

#[test]
fn with_a_token_the_listener_asks_for_it() {
    let (place, _) = Place::initialised();
    with_token(&place, &format!("{TOKEN}\n"), 0o600);
    let at = format!("127.0.0.1:{}", free_port());
    let file = place.path("scrape-token");
    let server = place.serve_with(
        &[],
        &[
            ("VIGIE_SERVER_MONITORING__LISTEN", &at),
            (
                "VIGIE_SERVER_MONITORING__SCRAPE_TOKEN_FILE",
                file.to_str().unwrap(),
            ),
        ],
    );
    let url = format!("http://{at}/metrics");
    assert_eq!(get(&url, None).unwrap().0, 401);
    assert_eq!(get(&url, Some("somebody")).unwrap().0, 401);
    assert_eq!(get(&url, Some(TOKEN)).unwrap().0, 200);
    let route = format!("{}/v1/monitoring/sessions/metrics/prometheus", server.url);
    assert_eq!(get(&route, Some(TOKEN)).unwrap().0, 200);
    let log = server.end();
    assert!(!log.contains(TOKEN), "{log}");
}

#[test]
fn a_taken_port_is_named() {
    let (place, _) = Place::initialised();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let mut command = place.command(&["--listen", "127.0.0.1:0", "serve"]);
    command.env("VIGIE_SERVER_MONITORING__LISTEN", &at);
    let (_, sentence) = place.refused(&mut command);
    assert!(
        sentence.contains("port_in_use") && sentence.contains(&at),
        "{sentence}"
    );
}
