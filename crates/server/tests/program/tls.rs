//! TLS with the certificates that `init` makes, over a real socket.

use reqwest::{Certificate, Client, Version};
use serde_json::{Value, json};

use crate::place::Place;

fn trusting(place: &Place) -> Client {
    let authority = Certificate::from_pem(&std::fs::read(place.path("tls/ca.pem")).unwrap()).unwrap();
    Client::builder().tls_certs_only([authority]).build().unwrap()
}

fn with_certificates() -> Place {
    let (place, _) = Place::initialised();
    place.fine(&[
        "init",
        "--organization-name",
        "Maison du Port",
        "--self-signed-ca",
        "tls",
        "--name",
        "localhost",
        "127.0.0.1",
    ]);
    place
}

const TLS: [&str; 4] = ["--tls-cert", "tls/server.pem", "--tls-key", "tls/server.key"];

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_the_authority_speaks_http_2_by_address_and_by_name() {
    let place = with_certificates();
    let server = place.serve_with(
        &TLS,
        &[
            ("VIGIE_SERVER_LOG__FILTER", "trace"),
            ("VIGIE_SERVER_LOG__FORMAT", "json"),
        ],
    );
    assert!(server.url.starts_with("https://127.0.0.1:"));
    let by_name = server.url.replace("127.0.0.1", "localhost");
    for url in [&server.url, &by_name] {
        let get = trusting(&place)
            .get(format!("{url}/readyz"))
            .bearer_auth("canary");
        let response = get.send().await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let health: Value = response.json().await.unwrap();
        assert_eq!(
            (&health["service"], &health["store"]),
            (&json!("vigie"), &json!("ready"))
        );
    }
    let log = server.end();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_authority_and_one_without_tls_get_nothing() {
    let place = with_certificates();
    let server = place.serve(&TLS);
    assert!(
        Client::new()
            .get(format!("{}/healthz", server.url))
            .send()
            .await
            .is_err()
    );
    let plain = server.url.replace("https", "http");
    assert!(
        Client::new()
            .get(format!("{plain}/healthz"))
            .send()
            .await
            .is_err()
    );
    assert!(
        trusting(&place)
            .get(format!("{}/healthz", server.url))
            .send()
            .await
            .is_ok()
    );
    server.end();
}

#[test]
fn a_check_says_what_the_certificate_is_for_and_that_it_has_ended() {
    let place = with_certificates();
    let shown = place.fine(&[&TLS[..], &["check"]].concat());
    assert!(
        shown.contains("certificate: fine (tls/server.pem; for localhost, 127.0.0.1; until 20"),
        "{shown}"
    );

    let then = chrono::DateTime::from_timestamp_millis(1_000_000_000_000).unwrap();
    server::certificates::make(&place.path("old"), &["localhost".to_owned()], then).unwrap();
    let ended = [
        "--tls-cert",
        "old/server.pem",
        "--tls-key",
        "old/server.key",
        "check",
    ];
    let output = place.run(&ended);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("certificate_expired: old/server.pem ended on 2003-12-1"),
        "{shown}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let place = with_certificates();
    std::fs::write(place.path("empty.pem"), "").unwrap();
    place.fine(&[
        "init",
        "--organization-name",
        "Maison du Port",
        "--self-signed-ca",
        "other",
        "--name",
        "localhost",
    ]);
    let said = |cert: &str, key: &str| {
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            cert,
            "--tls-key",
            key,
            "serve",
        ];
        place.refused(&mut place.command(&arguments)).1
    };
    insta::assert_snapshot!(
        [
            said("tls/none.pem", "tls/server.key"),
            said("empty.pem", "tls/server.key"),
            said("tls/server.pem", "empty.pem"),
            said("tls/server.pem", "other/server.key"),
            place
                .refused(&mut place.command(&["init", "--self-signed-ca", "tls", "--name", "localhost"]))
                .1,
        ]
        .join("\n")
    );
}
