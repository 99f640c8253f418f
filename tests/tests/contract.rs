//! The OpenAPI document and the server agree: Schemathesis makes up requests from the one and tries them on the other, on
//! both stores.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the spot")]

use protocol::Secret;
use protocol::auth::{DeviceKind, LoginAnswer, LoginRequest};
use std::path::Path;
use std::process::Command;
use vigie_tests::{
    Binaries, Bounds, Database, Disk, Lifetimes, Postgres, ServerPlan, ServerProcess, Stage, Transport,
};

const PASSWORD: &str = "quatre mots bien longs";

/// Calls that end the session which asks, move it, or never end themselves; the HTTP tests are about them.
const APART: &str = "^/v1/(auth/(logout|password|organization)|events)$";

fn server(stage: &Stage, database: Database) -> ServerProcess {
    let plan = ServerPlan {
        transport: Transport::Http,
        lifetimes: Lifetimes::default(),
        database,
        bounds: Bounds::Wide,
    };
    let server = ServerProcess::start(stage, &Binaries::find().unwrap().server, plan).unwrap();
    let add = ["user", "add", "dominique", "--role", "owner", "--password-stdin"];
    server.command(add, format!("{PASSWORD}\n").as_bytes()).unwrap();
    server.add_category("Vaisselle", 100).unwrap();
    server
}

async fn access_token(url: &str) -> String {
    let request = LoginRequest {
        username: "dominique".to_owned(),
        password: Secret::new(PASSWORD),
        organization: None,
        device_name: "Bureau".to_owned(),
        device_kind: DeviceKind::Till,
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let login = http.post(format!("{url}/v1/auth/login")).json(&request);
    let answer: LoginAnswer = login.send().await.unwrap().json().await.unwrap();
    let access = answer.tokens.access_token.expose().to_owned();
    let again = http
        .post(format!("{url}/v1/auth/reauthenticate"))
        .bearer_auth(&access)
        .json(&serde_json::json!({ "password": PASSWORD }));
    assert_eq!(again.send().await.unwrap().status().as_u16(), 200);
    access
}

/// Runs Schemathesis with a session and without one, always with the same requests.
async fn agree(server: &ServerProcess) {
    let program = std::env::var_os("VIGIE_BIN_SCHEMATHESIS")
        .unwrap_or_else(|| panic!("VIGIE_BIN_SCHEMATHESIS names no program: `cargo xtask test` installs it"));
    let access = access_token(server.url()).await;
    for header in [Some(format!("Authorization: Bearer {access}")), None] {
        let mut run = Command::new(&program);
        run.arg("--config-file")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis.toml"))
            .arg("run")
            .arg(format!("{}/openapi.json", server.url()))
            .args(["--exclude-path-regex", APART, "--no-color", "--warnings", "off"])
            .args([
                "--seed",
                "20261121",
                "--max-examples",
                "25",
                "--request-timeout",
                "20",
            ])
            .args(header.iter().flat_map(|header| ["--header", header]))
            .current_dir(server.folder());
        let output = run.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
    }
}

#[tokio::test]
async fn the_openapi_document_says_what_the_server_does_on_sqlite() {
    let stage = Stage::start().unwrap();
    agree(&server(&stage, Database::Own)).await;
}

#[tokio::test]
async fn the_openapi_document_says_what_the_server_does_on_postgresql() {
    let stage = Stage::start().unwrap();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    agree(&server(&stage, Database::Postgres(postgres.url("vigie")))).await;
}
