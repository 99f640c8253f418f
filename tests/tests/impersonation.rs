//! Acting as somebody else in the real window: begun from the list of people, seen on every screen, stopped, and forced to
//! stop by somebody else.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::time::Duration;

use serde_json::{Value, json};
use vigie_tests::{
    Binaries, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, Stage, Stopwatch, Transport, Window,
};

const SOON: Duration = Duration::from_secs(20);
const PASSWORD: &str = "quatre mots bien longs";

/// Another super admin, elsewhere.
struct Elsewhere {
    http: reqwest::Client,
    url: String,
    bearer: String,
}

impl Elsewhere {
    async fn sign_in(server: &ServerProcess, username: &str) -> Self {
        let mut elsewhere = Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: server.url().to_owned(),
            bearer: String::new(),
        };
        let login = json!({"username": username, "password": PASSWORD, "device_name": "ailleurs"});
        let answer = elsewhere.post("/v1/auth/login", login).await;
        elsewhere.bearer = answer["access_token"].as_str().unwrap().to_owned();
        elsewhere
            .post("/v1/auth/reauthenticate", json!({"password": PASSWORD}))
            .await;
        elsewhere
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.bearer_auth(&self.bearer).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.bearer).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The session of the one impersonation that lasts, if there is one.
    async fn lasting(&self) -> Option<String> {
        let list = self.get("/v1/impersonations").await;
        let session_id = list["impersonations"].get(0)?["session_id"].as_str()?;
        Some(session_id.to_owned())
    }
}

async fn open_camille(window: &Window) {
    window.fill("people-search", "camille").await.unwrap();
    let script = "return [...document.querySelectorAll('[data-testid=person-row]')].map((row) => row.innerText).join()";
    let watch = Stopwatch::start();
    loop {
        let rows = window.script(script).await.unwrap();
        let rows = rows.as_str().unwrap();
        if rows.contains("camille") && !rows.contains("alix") {
            break;
        }
        assert!(watch.elapsed() < SOON, "the list reads {rows}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    window.press("person-open").await.unwrap();
}

async fn begin(window: &Window) {
    window.press("person-impersonate").await.unwrap();
    window
        .fill("begin-reason", "une vente qui ne part pas")
        .await
        .unwrap();
    window.press("begin-submit").await.unwrap();
}

async fn over(window: &Window, word: &str) {
    window
        .wait_text("over-strip", word, SOON, |text| text.contains(word))
        .await
        .unwrap();
    window.wait_for("people-search", SOON).await.unwrap();
    window.wait_gone("acting", SOON).await.unwrap();
}

#[tokio::test]
async fn a_super_admin_acts_as_a_cashier_until_it_is_stopped_by_her_or_by_another() {
    let stage = Stage::start().unwrap();
    let plan = ServerPlan {
        transport: Transport::Http,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Wide,
    };
    let binaries = Binaries::find().unwrap();
    let server = ServerProcess::start(&stage, &binaries.server, plan).unwrap();
    server.add_operator("camille", PASSWORD).unwrap();
    for username in ["alix", "olga"] {
        let add = ["user", "add", username, "--role", "owner", "--password-stdin"];
        server.command(add, format!("{PASSWORD}\n").as_bytes()).unwrap();
        server.command(["user", "promote", username], b"").unwrap();
    }
    let olga = Elsewhere::sign_in(&server, "olga").await;

    let window = Window::open(&stage, stage.launch(&binaries.app)).await.unwrap();
    window.choose_server(server.url(), None).await.unwrap();
    window.sign_in("alix", PASSWORD).await.unwrap();
    window.wait_for("screen-till", SOON).await.unwrap();
    window.press("nav-administration").await.unwrap();
    window.press("tab-people").await.unwrap();
    open_camille(&window).await;
    begin(&window).await;
    window.fill("reauthenticate-password", PASSWORD).await.unwrap();
    window.press("reauthenticate-submit").await.unwrap();

    window
        .wait_text("acting-who", "both names", SOON, |text| {
            text.contains("camille") && text.contains("alix")
        })
        .await
        .unwrap();
    let testids = window.testids().await.unwrap();
    assert!(
        !testids.iter().any(|id| id == "nav-administration"),
        "a cashier's screens: {testids:?}"
    );
    assert!(olga.lasting().await.is_some());
    window.press("acting-stop").await.unwrap();
    over(&window, "arrêté").await;
    assert_eq!(olga.lasting().await, None);

    window.press("over-away").await.unwrap();
    window.wait_gone("over-strip", SOON).await.unwrap();
    open_camille(&window).await;
    begin(&window).await;
    window.wait_for("acting-who", SOON).await.unwrap();
    let session_id = olga.lasting().await.unwrap();
    let watch = Stopwatch::start();
    olga.post(&format!("/v1/impersonations/{session_id}/force-stop"), json!({}))
        .await;
    window.wait_gone("acting", SOON).await.unwrap();
    println!(
        "off the screen {} ms after it was forced to stop",
        watch.elapsed().as_millis()
    );
    over(&window, "Quelqu").await;
    let nav = window.wait_for("nav-administration", SOON).await;
    assert!(nav.is_ok(), "she is herself again");
    window.close().await.unwrap();
}
