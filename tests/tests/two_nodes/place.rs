//! The site of the example, put on this machine: files with their places changed, nginx, nodes and database.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use vigie_tests::{Binaries, Disk, Launch, Postgres, Running, Stage, Stopwatch, pause};

use crate::calls::answer;

/// The operator's and the administrator's.
pub(crate) const PASSWORD: &str = "quatre mots bien longs";

/// Where clients seem to come from: another address than nginx's own.
const CLIENT: [u8; 4] = [127, 0, 0, 5];

pub(crate) fn ops() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops")
}

pub(crate) fn free_port() -> u16 {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// A file of the example with every place in it put elsewhere; each of them must be there.
pub(crate) fn put(from: &str, to: &Path, places: &[(&str, String)]) {
    let mut text = std::fs::read_to_string(ops().join("two-nodes").join(from)).unwrap();
    for (there, here) in places {
        assert!(text.contains(there), "{from} does not say {there}");
        text = text.replace(there, here);
    }
    std::fs::write(to, text).unwrap();
}

pub(crate) struct Node {
    pub(crate) binary: Launch,
    pub(crate) config: PathBuf,
    pub(crate) url: String,
    pub(crate) running: Option<Running>,
    pub(crate) runs: u32,
}

impl Node {
    pub(crate) fn serve(&mut self) {
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
            pause(Duration::from_millis(20));
        }
        self.running = Some(running);
    }

    pub(crate) fn command(&self, arguments: &[&str], typed: &str) {
        let launch = self
            .binary
            .clone()
            .args(arguments)
            .arg("--config")
            .arg(&self.config);
        launch.run_typing(typed.as_bytes()).unwrap();
    }

    /// How many calls to a path it has answered since it was started.
    pub(crate) fn answered(&self, path: &str) -> usize {
        let said = self.running.as_ref().unwrap().said();
        said.lines()
            .filter(|line| line.contains("\"answered\"") && line.contains(&format!("\"{path}\"")))
            .count()
    }
}

/// nginx, two nodes and their database.
pub(crate) struct Site {
    pub(crate) nodes: [Node; 2],
    pub(crate) nginx: Running,
    pub(crate) nginx_log: PathBuf,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    _postgres: Postgres,
    _stage: Stage,
}

impl Site {
    pub(crate) fn open() -> Self {
        let stage = Stage::start().unwrap();
        let postgres = Postgres::start(Disk::NotWaited).unwrap();
        let folder = stage.folder().join("site");
        std::fs::create_dir_all(&folder).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        std::fs::write(at("postgres-password"), postgres.password()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(at("postgres-password"), mode).unwrap();
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
            pause(Duration::from_millis(20));
        }
        site
    }

    pub(crate) fn nginx_said(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.nginx_log.join(name)).unwrap_or_default();
        format!("{}\n{}", self.nginx.said(), read("error.log"))
    }

    /// Refreshes and sales that one node took and did not answer, and the other then did.
    pub(crate) fn repeated(&self) -> usize {
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

    pub(crate) async fn login(&self, username: &str) -> Value {
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

    pub(crate) async fn get(&self, url: &str, path: &str, access: &Value) -> (u16, Value) {
        let call = self.http.get(format!("{url}{path}"));
        answer(call.bearer_auth(access.as_str().unwrap())).await.unwrap()
    }

    pub(crate) async fn post(&self, url: &str, path: &str, access: &Value, body: &Value) -> (u16, Value) {
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

pub(crate) fn nginx_program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let found = places.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("there is no nginx: install the package nginx-light"))
}

/// A client with connections of its own that believes the example's authority alone.
pub(crate) fn client(authority: &[u8], port: u16) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(authority).unwrap()])
        .resolve("vigie.example.org", ([127, 0, 0, 1], port).into())
        .local_address(std::net::IpAddr::from(CLIENT))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}
