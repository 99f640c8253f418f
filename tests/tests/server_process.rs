//! The real server as a process: set up, reached over https with its own authority, told to end, administered.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;
use vigie_tests::{Binaries, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, Stage, Transport};

async fn status(server: &ServerProcess, path: &str) -> u16 {
    let authority = std::fs::read(server.authority()).unwrap();
    let authority = reqwest::Certificate::from_pem(&authority).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    client
        .get(format!("{}{path}", server.url()))
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn a_server_is_set_up_serves_over_https_and_comes_back_after_being_ended() {
    let stage = Stage::start().unwrap();
    let lifetimes = Lifetimes {
        access_token_seconds: Some(10),
        ..Lifetimes::default()
    };
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes,
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let mut server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();

    let ready = status(&server, "/readyz").await;
    let refused = status(&server, "/v1/auth/me").await;
    server
        .wait_for_call("the refusal in the log", Duration::from_secs(2), |call| {
            call.status == 401
        })
        .unwrap();
    let ended = server.stop().unwrap().unwrap();
    server.serve().unwrap();
    let again = status(&server, "/readyz").await;
    let killed = server.kill().unwrap().unwrap();

    assert_eq!((ready, refused, again), (200, 401, 200));
    assert_eq!(
        (ended.code(), killed.signal()),
        (Some(0), Some(9)),
        "ended with {ended}"
    );
}

#[test]
fn a_server_is_administered_while_it_runs() {
    let stage = Stage::start().unwrap();
    let plan = ServerPlan {
        transport: Transport::Http,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();

    server.add_operator("camille", "quatre mots bien longs").unwrap();
    server.add_category("Vaisselle", 100).unwrap();

    assert!(server.command(["user", "list"], b"").unwrap().contains("camille"));
    assert_eq!(server.sessions_of("camille").unwrap(), Vec::<String>::new());
    assert_eq!(server.sales().unwrap(), []);
    let twice = server
        .add_operator("camille", "quatre mots bien longs")
        .unwrap_err()
        .to_string();
    assert!(twice.contains("camille"), "{twice}");
}
