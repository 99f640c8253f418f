//! The two-node example of `ops/two-nodes`, run as it stands there but for addresses and paths: nginx, two servers and
//! one PostgreSQL.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the spot")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use vigie_tests::{Binaries, Disk, Launch, Postgres, Running, Signal, Stage, Stopwatch};

const PASSWORD: &str = "quatre mots bien longs";

/// Where clients seem to come from: another address than nginx's own.
const CLIENT: [u8; 4] = [127, 0, 0, 5];

fn ops() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops")
}

fn free_port() -> u16 {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// A file of the example with every place in it put elsewhere; each of them must be there.
fn put(from: &str, to: &Path, places: &[(&str, String)]) {
    let mut text = std::fs::read_to_string(ops().join("two-nodes").join(from)).unwrap();
    for (there, here) in places {
        assert!(text.contains(there), "{from} does not say {there}");
        text = text.replace(there, here);
    }
    std::fs::write(to, text).unwrap();
}

struct Node {
    binary: Launch,
    config: PathBuf,
    url: String,
    running: Option<Running>,
    runs: u32,
}

impl Node {
    fn serve(&mut self) {
        self.runs += 1;
        let name = self.config.file_stem().unwrap().to_string_lossy().into_owned();
        let launch = self.binary.clone().arg("serve").arg("--config").arg(&self.config);
        let mut running = launch.log_as(&format!("{name}-{}", self.runs)).start().unwrap();
        let begun = Stopwatch::start();
        while !running.said().contains("\"serving\"") {
            assert!(
                running.is_running() && begun.elapsed() < Duration::from_secs(20),
                "{}",
                running.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self.running = Some(running);
    }

    fn command(&self, arguments: &[&str], typed: &str) {
        let launch = self
            .binary
            .clone()
            .args(arguments)
            .arg("--config")
            .arg(&self.config);
        launch.run_typing(typed.as_bytes()).unwrap();
    }

    /// How many calls to a path it has answered since it was started.
    fn answered(&self, path: &str) -> usize {
        let said = self.running.as_ref().unwrap().said();
        said.lines()
            .filter(|line| line.contains("\"answered\"") && line.contains(&format!("\"{path}\"")))
            .count()
    }
}

/// nginx, two nodes and their database.
struct Site {
    nodes: [Node; 2],
    nginx: Running,
    nginx_log: PathBuf,
    url: String,
    http: reqwest::Client,
    _postgres: Postgres,
    _stage: Stage,
}

impl Site {
    fn open() -> Self {
        let stage = Stage::start().unwrap();
        let postgres = Postgres::start(Disk::NotWaited).unwrap();
        let folder = stage.folder().join("site");
        std::fs::create_dir_all(&folder).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        std::fs::write(at("postgres-password"), postgres.password()).unwrap();
        for name in ["postgres-password"] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(at(name), mode).unwrap();
        }
        let (https, http) = (free_port(), free_port());
        let ports = [free_port(), free_port()];
        let binary = Binaries::find().unwrap().server;
        let nodes = [("a", "10.0.0.11:8443"), ("b", "10.0.0.12:8443")].map(|(name, listens)| {
            let port = ports[usize::from(name == "b")];
            let config = folder.join(format!("node-{name}.toml"));
            put(
                &format!("node-{name}.toml"),
                &config,
                &[
                    (listens, format!("127.0.0.1:{port}")),
                    ("10.0.0.10", "127.0.0.1".to_owned()),
                    ("https://vigie.example.org", format!("https://vigie.example.org:{https}")),
                    ("/var/lib/vigie-server/keys/keys.json", at("keys/keys.json")),
                    ("/run/vigie-server/control.sock", at(&format!("control-{name}.sock"))),
                    (
                        "postgres://vigie@db.example.org/vigie?sslmode=verify-full&sslrootcert=/etc/vigie-server/postgres-ca.pem",
                        postgres.url_without_password("vigie"),
                    ),
                    ("/etc/vigie-server/postgres-password", at("postgres-password")),
                ],
            );
            Node {
                binary: stage
                    .launch(&binary)
                    .env("VIGIE_SERVER_LOG__FILTER", "server=debug,info"),
                config,
                url: format!("http://127.0.0.1:{port}"),
                running: None,
                runs: 0,
            }
        });
        let mut nodes = nodes;
        nodes[0].command(
            &[
                "init",
                "--self-signed-ca",
                &at("tls"),
                "--name",
                "vigie.example.org",
            ],
            "",
        );
        for (user, role) in [("camille", "user"), ("dominique", "admin")] {
            nodes[0].command(
                &["user", "add", user, "--role", role, "--password-stdin"],
                &format!("{PASSWORD}\n"),
            );
        }
        nodes[0].command(&["category", "add", "Vaisselle", "--price-cents", "100"], "");
        for node in &mut nodes {
            node.serve();
        }

        let config = folder.join("nginx.conf");
        std::fs::create_dir_all(at("nginx")).unwrap();
        put(
            "nginx.conf",
            &config,
            &[
                ("/run/nginx.pid", at("nginx/pid")),
                ("/var/log/nginx", at("nginx")),
                ("/var/lib/nginx", at("nginx")),
                ("10.0.0.11:8443", format!("127.0.0.1:{}", ports[0])),
                ("10.0.0.12:8443", format!("127.0.0.1:{}", ports[1])),
                ("listen 80;", format!("listen 127.0.0.1:{http};")),
                (
                    "listen 443 ssl http2;",
                    format!("listen 127.0.0.1:{https} ssl http2;"),
                ),
                ("/etc/nginx/vigie", at("tls")),
            ],
        );
        let program = nginx_program();
        let checked = Command::new(&program)
            .arg("-t")
            .arg("-c")
            .arg(&config)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(
            checked.status.success() && said.contains("syntax is ok"),
            "{said}"
        );
        let nginx = stage
            .launch(&program)
            .args(["-g", "daemon off;", "-c"])
            .arg(&config)
            .start()
            .unwrap();
        let authority = std::fs::read(folder.join("tls/ca.pem")).unwrap();
        let site = Self {
            nodes,
            nginx,
            nginx_log: folder.join("nginx"),
            url: format!("https://vigie.example.org:{https}"),
            http: client(&authority, https),
            _postgres: postgres,
            _stage: stage,
        };
        let begun = Stopwatch::start();
        while std::net::TcpStream::connect(("127.0.0.1", https)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{}", site.nginx_said());
            std::thread::sleep(Duration::from_millis(20));
        }
        site
    }

    fn nginx_said(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.nginx_log.join(name)).unwrap_or_default();
        format!("{}\n{}", self.nginx.said(), read("error.log"))
    }

    /// Refreshes and sales that one node took and did not answer, and the other then did.
    fn repeated(&self) -> usize {
        let calls = std::fs::read_to_string(self.nginx_log.join("access.log")).unwrap();
        let is_repeated = |line: &&str| {
            let Some((_, rest)) = line.split_once("\" 20") else {
                return false;
            };
            let seconds = rest
                .split_whitespace()
                .nth(1)
                .and_then(|text| text.parse::<f64>().ok());
            line.contains("\"POST ") && seconds.is_some_and(|seconds| seconds >= 4.0) && rest.contains(", ")
        };
        calls.lines().filter(is_repeated).count()
    }

    async fn login(&self, username: &str) -> Value {
        let body = json!({ "username": username, "password": PASSWORD, "device_name": "Caisse", "device_kind": "till" });
        let url = format!("{}/v1/auth/login", self.url);
        let call = self
            .http
            .post(url)
            .json(&body)
            .header("X-Forwarded-For", "203.0.113.66");
        let (status, answer) = answer(call).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn get(&self, url: &str, path: &str, access: &Value) -> (u16, Value) {
        let call = self.http.get(format!("{url}{path}"));
        answer(call.bearer_auth(access.as_str().unwrap())).await.unwrap()
    }

    async fn post(&self, url: &str, path: &str, access: &Value, body: &Value) -> (u16, Value) {
        let call = self.http.post(format!("{url}{path}")).json(body);
        answer(call.bearer_auth(access.as_str().unwrap())).await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Its workers end with the process that started them, which a kill would not have it see to.
        let _ = self.nginx.stop();
    }
}

fn nginx_program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let found = places.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("there is no nginx: install the package nginx-light"))
}

/// A client with connections of its own that believes the example's authority alone.
fn client(authority: &[u8], port: u16) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(authority).unwrap()])
        .resolve("vigie.example.org", ([127, 0, 0, 1], port).into())
        .local_address(std::net::IpAddr::from(CLIENT))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

/// Status and body; `None` where no whole answer came. Every answer of this site is JSON, whoever gave it.
async fn answer(call: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let response = call.send().await.ok()?;
    let status = response.status().as_u16();
    let text = response.text().await.ok()?;
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} {error}: {text}"));
    Some((status, body))
}

fn refresh(http: &reqwest::Client, url: &str, token: &Value, attempt: Uuid) -> reqwest::RequestBuilder {
    let body = json!({ "refresh_token": token, "attempt_id": attempt, "last_input_age_seconds": 1 });
    http.post(format!("{url}/v1/auth/refresh")).json(&body)
}

/// What a till does all day: refresh, then sell, each until there is an answer, under one attempt and one key.
struct Till {
    http: reqwest::Client,
    url: String,
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    not_now: Arc<AtomicUsize>,
    slowest: Duration,
}

impl Till {
    async fn until_done(&mut self, call: impl Fn(&Self) -> reqwest::RequestBuilder) -> Value {
        let begun = Stopwatch::start();
        loop {
            match answer(call(self)).await {
                Some((200 | 201, body)) => {
                    self.slowest = self.slowest.max(begun.elapsed());
                    return body;
                }
                Some((503, body)) => assert_eq!(body["code"], "store_unavailable", "{body}"),
                Some((status, body)) => panic!("refused: {status} {body}"),
                None => {}
            }
            self.not_now.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn work(mut self, mut token: Value, category: Value) -> (Value, Duration) {
        while !self.over.load(Ordering::Relaxed) {
            let attempt = Uuid::new_v4();
            let tokens = {
                let token = token.clone();
                self.until_done(|till| refresh(&till.http, &till.url, &token, attempt))
                    .await
            };
            token = tokens["refresh_token"].clone();
            let access = tokens["access_token"].as_str().unwrap().to_owned();
            let (ticket, sale) = (Uuid::new_v4(), sale(&category));
            self.until_done(|till| {
                let call = till.http.post(format!("{}/v1/sales", till.url)).json(&sale);
                call.bearer_auth(&access)
                    .header("Idempotency-Key", ticket.to_string())
            })
            .await;
            self.done.fetch_add(1, Ordering::Relaxed);
            // Within the limit of refreshes of one session.
            sleep(Duration::from_millis(400)).await;
        }
        (token, self.slowest)
    }
}

fn sale(category: &Value) -> Value {
    json!({
        "lines": [{ "category_id": category, "quantity": 1, "weight_grams": 0, "unit_price_cents": 100 }],
        "payments": [{ "method": "cash", "amount_cents": 100 }],
        "total_cents": 100,
        "note": "",
        "finished_at": "2026-01-02T03:04:05Z",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn both_nodes_carry_one_session_and_see_where_it_comes_from() {
    let site = Site::open();
    let signed_in = site.login("camille").await;
    let mut token = signed_in["refresh_token"].clone();
    for round in 0..20 {
        let attempt = Uuid::new_v4();
        let call = refresh(&site.http, &site.url, &token, attempt);
        let (status, tokens) = answer(call).await.unwrap();
        assert_eq!(status, 200, "{round}: {tokens}");
        // Not after each: two nodes that take turns would each hear one kind of call alone.
        if round % 3 == 0 {
            let (status, _) = site.get(&site.url, "/v1/auth/me", &tokens["access_token"]).await;
            assert_eq!(status, 200);
        }
        token = tokens["refresh_token"].clone();
    }
    let each = site
        .nodes
        .each_ref()
        .map(|node| node.answered("/v1/auth/refresh"));
    assert!(
        each.iter().all(|calls| *calls > 3) && each.iter().sum::<usize>() == 20,
        "{each:?}"
    );

    let (_, own) = site
        .get(&site.url, "/v1/auth/sessions", &signed_in["access_token"])
        .await;
    assert_eq!(
        own["sessions"][0]["ip_address"], "127.0.0.5",
        "the caller's, not nginx's nor a claim: {own}"
    );
    let direct = site
        .http
        .get(format!("{}/readyz", site.url))
        .send()
        .await
        .unwrap();
    assert_eq!(direct.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_or_hangs_takes_no_session_along() {
    let mut site = Site::open();
    let first = site.login("camille").await;
    let (_, categories) = site
        .get(&site.url, "/v1/categories", &first["access_token"])
        .await;
    let category = categories["categories"][0]["id"].clone();
    let over = Arc::new(AtomicBool::new(false));
    let (done, not_now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tills = Vec::new();
    for _ in 0..4 {
        let token = site.login("camille").await["refresh_token"].clone();
        let till = Till {
            http: site.http.clone(),
            url: site.url.clone(),
            over: Arc::clone(&over),
            done: Arc::clone(&done),
            not_now: Arc::clone(&not_now),
            slowest: Duration::ZERO,
        };
        tills.push(tokio::spawn(till.work(token, category.clone())));
    }
    let goes_on = async |by: usize| {
        let before = done.load(Ordering::Relaxed);
        let begun = Stopwatch::start();
        while done.load(Ordering::Relaxed) < before + by {
            assert!(begun.elapsed() < Duration::from_secs(60), "no work gets done");
            sleep(Duration::from_millis(20)).await;
        }
    };
    goes_on(12).await;
    for dying in [0, 1] {
        site.nodes[dying].running.as_mut().unwrap().kill().unwrap();
        goes_on(12).await;
        site.nodes[dying].serve();
        goes_on(12).await;
        // It is given work again.
        let begun = Stopwatch::start();
        while site.nodes[dying].answered("/v1/auth/refresh") + site.nodes[dying].answered("/v1/sales") == 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", site.nginx_said());
            sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(
        not_now.load(Ordering::Relaxed),
        0,
        "nginx asked the other node by itself: {}",
        site.nginx_said()
    );

    // A node that hangs keeps its connections and says nothing.
    let hanging = site.nodes[0].running.as_ref().unwrap();
    hanging.signal(Signal::STOP).unwrap();
    let begun = Stopwatch::start();
    while site.repeated() == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no call that it kept was given to the other"
        );
        sleep(Duration::from_millis(50)).await;
    }
    goes_on(12).await;
    hanging.signal(Signal::CONT).unwrap();
    goes_on(12).await;

    // No node at all: said in a way that no client takes for the end of its session.
    for node in &mut site.nodes {
        node.running.as_mut().unwrap().kill().unwrap();
    }
    let url = format!("{}/v1/auth/me", site.url);
    let call = site
        .http
        .get(url)
        .bearer_auth(first["access_token"].as_str().unwrap());
    let response = call.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: protocol::Problem = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(problem.code, protocol::ErrorCode::StoreUnavailable);
    for node in &mut site.nodes {
        node.serve();
    }
    goes_on(4).await;

    over.store(true, Ordering::Relaxed);
    let mut slowest = Duration::ZERO;
    for till in tills {
        slowest = slowest.max(till.await.unwrap().1);
    }
    println!(
        "{} rounds of refresh and sale, the slowest call {slowest:?}",
        done.load(Ordering::Relaxed)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_felt_at_once_on_the_other_node_and_told_through_nginx() {
    let site = Site::open();
    for turn in 0..6 {
        let (here, there) = (&site.nodes[turn % 2].url, &site.nodes[(turn + 1) % 2].url);
        let camille = site.login("camille").await;
        let dominique = site.login("dominique").await;
        let password = json!({ "password": PASSWORD });
        let path = "/v1/auth/reauthenticate";
        let (status, said) = site
            .post(&site.url, path, &dominique["access_token"], &password)
            .await;
        assert_eq!(status, 200, "{said}");
        let access = camille["access_token"].as_str().unwrap().to_owned();
        let call = site
            .http
            .get(format!("{}/v1/events", site.url))
            .bearer_auth(&access);
        let mut events = call.send().await.unwrap().bytes_stream();
        let begun = timeout(Duration::from_secs(2), events.next()).await;
        let begun = begun.unwrap().unwrap().unwrap();
        assert!(begun.starts_with(b":"), "the stream begins at once: {begun:?}");

        let path = format!(
            "/v1/admin/sessions/{}/revoke",
            camille["session_id"].as_str().unwrap()
        );
        let (status, said) = site
            .post(here, &path, &dominique["access_token"], &json!({}))
            .await;
        assert_eq!(status, 200, "{said}");
        let revoked = Stopwatch::start();
        let (status, said) = site.get(there, "/v1/auth/me", &camille["access_token"]).await;
        assert_eq!((status, &said["code"]), (401, &json!("session_revoked")));

        let mut heard = String::new();
        while !heard.contains("\n\n") || !heard.contains("session_ended") {
            let next = timeout(
                Duration::from_secs(1).saturating_sub(revoked.elapsed()),
                events.next(),
            )
            .await;
            let bytes = next.unwrap_or_else(|_| panic!("not within a second: {heard}"));
            heard.push_str(&String::from_utf8(bytes.unwrap().unwrap().to_vec()).unwrap());
        }
        assert!(heard.contains("session_revoked"), "{heard}");
        println!("told after {:?}", revoked.elapsed());
    }
}

#[test]
fn the_units_are_what_systemd_understands() {
    let folder = std::env::temp_dir().join(format!("vigie-units-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["vigie-server.service", "vigie-server-postgres.service"] {
        let unit = std::fs::read_to_string(ops().join(name)).unwrap();
        let there = "/usr/bin/vigie-server";
        assert!(unit.contains(there));
        let server = Binaries::find().unwrap().server;
        let path = folder.join(name);
        std::fs::write(&path, unit.replace(there, &server.display().to_string())).unwrap();
        let Ok(checked) = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&path)
            .output()
        else {
            // Systems without systemd have no use for its units.
            return;
        };
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        let about_us: Vec<_> = said
            .lines()
            .filter(|line| line.contains("vigie-server"))
            .collect();
        assert!(checked.status.success() && about_us.is_empty(), "{said}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
