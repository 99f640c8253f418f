//! The figures on sessions: what the real window shows, what the API says and what is saved as a table agree to the unit.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::insight::SessionMetrics;
use serde_json::{Value, json};
use uuid::Uuid;
use vigie_tests::{
    Binaries, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, Stage, Stopwatch, Transport, Window,
    pause,
};

const SOON: Duration = Duration::from_secs(20);
const PASSWORD: &str = "quatre mots bien longs";

/// A client of its own, beside the app.
struct Caller {
    http: reqwest::Client,
    url: String,
}

impl Caller {
    fn of(server: &ServerProcess) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: server.url().to_owned(),
        }
    }

    async fn post(&self, path: &str, bearer: Option<&str>, body: Value) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{path}", self.url)).json(&body);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn sign_in(&self, username: &str, password: &str) -> (u16, Value) {
        let body = json!({"username": username, "password": password, "device_name": "essai", "device_kind": "till"});
        self.post("/v1/auth/login", None, body).await
    }

    async fn refresh(&self, token: &Value) -> (u16, Value) {
        let body = json!({"refresh_token": token, "attempt_id": Uuid::new_v4()});
        self.post("/v1/auth/refresh", None, body).await
    }

    async fn metrics(&self, bearer: &str) -> SessionMetrics {
        let url = format!("{}/v1/admin/sessions/metrics?range=1h", self.url);
        let answer = self.http.get(url).bearer_auth(bearer).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

/// The digits of each number that stands in an element.
async fn numbers(window: &Window, testid: &str) -> Vec<u32> {
    let text = window.text(testid).await.unwrap().unwrap_or_default();
    let joined = text.replace(['\u{202f}', '\u{a0}'], "");
    joined
        .split(|each: char| !each.is_ascii_digit())
        .filter(|each| !each.is_empty())
        .map(|each| each.parse().unwrap())
        .collect()
}

/// What the screen shows, by the names of the table's columns.
async fn shown(window: &Window) -> BTreeMap<String, Vec<u32>> {
    let mut figures = BTreeMap::new();
    for testid in [
        "active-sessions",
        "rate-of",
        "rejected",
        "logins-success",
        "logins-failure",
        "forced-ends",
        "manual-ends",
    ] {
        figures.insert(testid.to_owned(), numbers(window, testid).await);
    }
    figures
}

fn expected(metrics: &SessionMetrics) -> BTreeMap<String, Vec<u32>> {
    let ends = |manual: bool| {
        metrics
            .ends
            .iter()
            .filter(|end| end.reason.is_manual() == manual)
            .map(|end| end.sessions)
            .sum()
    };
    let refreshes = metrics.refreshes;
    [
        ("active-sessions", vec![metrics.active_sessions]),
        (
            "rate-of",
            vec![refreshes.success, refreshes.success + refreshes.failure],
        ),
        ("rejected", vec![refreshes.rejected]),
        ("logins-success", vec![metrics.logins.success]),
        ("logins-failure", vec![metrics.logins.failure]),
        ("forced-ends", vec![ends(false)]),
        ("manual-ends", vec![ends(true)]),
    ]
    .into_iter()
    .map(|(testid, figures)| (testid.to_owned(), figures))
    .collect()
}

/// The last line of the table, by its columns.
fn totals(csv: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = csv.lines().collect();
    let names = lines.first().unwrap().split(',');
    let figures = lines.last().unwrap().split(',');
    names
        .zip(figures)
        .map(|(name, figure)| (name.to_owned(), figure.to_owned()))
        .collect()
}

#[tokio::test]
async fn the_figures_on_screen_are_those_of_the_api_and_of_the_saved_table() {
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
    let add = ["user", "add", "dominique", "--role", "admin", "--password-stdin"];
    server.command(add, format!("{PASSWORD}\n").as_bytes()).unwrap();
    let caller = Caller::of(&server);
    let (_, administrator) = caller.sign_in("dominique", PASSWORD).await;
    let bearer = administrator["access_token"].as_str().unwrap();

    let (_, mut cashier) = caller.sign_in("camille", PASSWORD).await;
    for _ in 0..4 {
        let (status, next) = caller.refresh(&cashier["refresh_token"]).await;
        assert_eq!(status, 200, "{next}");
        cashier = next;
    }
    let access = cashier["access_token"].as_str().unwrap();
    assert_eq!(
        caller.post("/v1/auth/logout", Some(access), json!({})).await.0,
        200
    );
    for _ in 0..2 {
        assert_eq!(caller.refresh(&cashier["refresh_token"]).await.0, 401);
    }
    assert_eq!(caller.refresh(&json!("no token of this server")).await.0, 401);
    for _ in 0..3 {
        assert_eq!(caller.sign_in("camille", "un autre mot").await.0, 401);
    }

    let window = Window::open(&stage, stage.launch(&binaries.app)).await.unwrap();
    window.choose_server(server.url(), None).await.unwrap();
    window.sign_in("dominique", PASSWORD).await.unwrap();
    window.wait_for("screen-till", SOON).await.unwrap();
    window.press("nav-administration").await.unwrap();
    window.press("tab-insight").await.unwrap();
    window.wait_for("rate-of", SOON).await.unwrap();

    let watch = Stopwatch::start();
    let metrics = loop {
        let (metrics, screen) = (caller.metrics(bearer).await, shown(&window).await);
        let made = metrics.refreshes.failure == 2
            && metrics.refreshes.rejected == 1
            && metrics.logins.failure == 3
            && metrics.logins.success == 3
            && metrics.ends.iter().map(|end| end.sessions).sum::<u32>() == 1;
        if made && screen == expected(&metrics) {
            break metrics;
        }
        assert!(
            watch.elapsed() < SOON,
            "the screen says {screen:?}, the API {metrics:?}"
        );
        pause(Duration::from_millis(200));
    };
    assert!(metrics.refreshes.success >= 4);
    let reason = window.attribute("failures-row", "data-reason").await.unwrap();
    assert_eq!(reason.as_deref(), Some("session_signed_out"));

    window.press("insight-export").await.unwrap();
    let told = window
        .wait_text("toast", "where the table is", SOON, |text| text.contains(".csv"))
        .await
        .unwrap();
    let path = &told[told.find('/').unwrap()..told.find(".csv").unwrap() + 4];
    assert!(path.starts_with(&stage.home().display().to_string()), "{path}");
    let totals = totals(&std::fs::read_to_string(path).unwrap());
    for (column, figure) in [
        ("refreshes_success", metrics.refreshes.success),
        ("refreshes_failure", metrics.refreshes.failure),
        ("refreshes_rejected", metrics.refreshes.rejected),
        ("logins_success", metrics.logins.success),
        ("logins_failure", metrics.logins.failure),
        ("ends_manual", 1),
        ("ends_forced", 0),
        ("failure_session_signed_out", 2),
        ("end_signed_out", 1),
    ] {
        assert_eq!(
            totals.get(column),
            Some(&figure.to_string()),
            "{column} in {totals:?}"
        );
    }

    window.press("insight-as-table").await.unwrap();
    window.wait_for("steps", SOON).await.unwrap();
    let script = "return [...document.querySelectorAll('[data-testid=\"step-row\"]')]
        .map((row) => Number(row.querySelectorAll('td')[1].innerText)).reduce((sum, each) => sum + each, 0)";
    assert_eq!(window.script(script).await.unwrap(), json!(2));
    window.close().await.unwrap();
}
