//! A real Prometheus and a real Alertmanager, with the files of `ops/`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use vigie_tests::{Running, Stage};

use crate::place::{free_port, ops, put, token_file};

/// Prometheus over some servers. It ends with the test.
pub(crate) struct Prometheus {
    url: String,
    running: Running,
    http: reqwest::Client,
}

/// One series of an answer: its labels and its value.
pub(crate) type Answer = Vec<(BTreeMap<String, String>, f64)>;

impl Prometheus {
    /// With the rules as they stand in `ops/`; scraping and evaluating every second.
    pub(crate) async fn watch(stage: &Stage, servers: &[&str], alertmanager: u16) -> Self {
        let folder = stage.folder().join("prometheus");
        std::fs::create_dir_all(&folder).unwrap();
        let hosts: Vec<String> = servers
            .iter()
            .map(|url| format!("{:?}", url.strip_prefix("http://").unwrap()))
            .collect();
        let config = folder.join("prometheus.yml");
        put(
            "prometheus/prometheus.yml",
            &config,
            &[
                ("scrape_interval: 15s", "scrape_interval: 1s".to_owned()),
                ("evaluation_interval: 15s", "evaluation_interval: 1s".to_owned()),
                (
                    "- vigie.rules.yml",
                    format!("- {}", ops().join("prometheus/vigie.rules.yml").display()),
                ),
                ("localhost:9093", format!("127.0.0.1:{alertmanager}")),
                ("scheme: https", "scheme: http".to_owned()),
                (
                    "/etc/prometheus/vigie-scrape-token",
                    token_file(stage).display().to_string(),
                ),
                ("\"vigie.example.org:8443\"", hosts.join(", ")),
            ],
        );
        let port = free_port();
        let running = stage
            .launch("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .start()
            .unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let prometheus = Self {
            url: format!("http://127.0.0.1:{port}"),
            running,
            http,
        };
        prometheus
            .until("job:session_refresh:count15m", |answer| !answer.is_empty())
            .await;
        prometheus
    }

    /// What it answers to an expression just now.
    pub(crate) async fn query(&self, expression: &str) -> Result<Answer, String> {
        let address = format!("{}/api/v1/query", self.url);
        let address = reqwest::Url::parse_with_params(&address, [("query", expression)]).unwrap();
        let response = self
            .http
            .get(address)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let body: Value = response.json().await.map_err(|error| error.to_string())?;
        if body["status"] != "success" {
            return Err(body["error"].to_string());
        }
        let rows = body["data"]["result"].as_array().cloned().unwrap_or_default();
        Ok(rows.iter().map(row).collect())
    }

    /// The one value of an expression; `None` where there is none.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        self.query(expression)
            .await
            .unwrap()
            .first()
            .map(|(_, value)| *value)
    }

    /// Waits until an expression is answered so.
    pub(crate) async fn until(&self, expression: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let mut last = Ok(Vec::new());
        for _ in 0..600 {
            last = self.query(expression).await;
            if let Ok(answer) = &last
                && wanted(answer)
            {
                return answer.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{expression}: {last:?}\n{}", self.running.said());
    }

    /// Waits until an expression has this value.
    pub(crate) async fn until_value(&self, expression: &str, value: f64) {
        let is = |answer: &Answer| {
            answer
                .first()
                .is_some_and(|(_, found)| (found - value).abs() < 1e-9)
        };
        self.until(expression, is).await;
    }

    /// The first whole second at which an expression was answered, since 1970. The sum makes it one that is evaluated then,
    /// where a plain series would tell the time of its own sample.
    pub(crate) async fn first_time(&self, expression: &str) -> Option<f64> {
        let expression = format!("min_over_time(timestamp(({expression}) + 0)[10m:1s])");
        self.value(&expression).await
    }

    /// The alerts that fire.
    pub(crate) async fn firing(&self) -> Vec<String> {
        let answer = self.query("ALERTS{alertstate=\"firing\"}").await.unwrap();
        answer
            .into_iter()
            .map(|(labels, _)| labels["alertname"].clone())
            .collect()
    }
}

fn row(row: &Value) -> (BTreeMap<String, String>, f64) {
    let labels = row["metric"].as_object().unwrap().iter();
    let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    (
        labels.collect(),
        row["value"][1].as_str().unwrap().parse().unwrap(),
    )
}

/// Alertmanager with the example's routes; letters go to this port, calls of the webhook to that.
pub(crate) fn alertmanager(stage: &Stage, mail: u16, webhook: u16) -> (u16, Running) {
    let folder = stage.folder().join("alertmanager");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("alertmanager.yml");
    put(
        "alertmanager/alertmanager.yml",
        &config,
        &[
            (
                "smtp_smarthost: mail.example.org:587",
                format!("smtp_smarthost: 127.0.0.1:{mail}\n  smtp_require_tls: false"),
            ),
            ("  smtp_auth_username: vigie\n", String::new()),
            (
                "  smtp_auth_password_file: /etc/prometheus/mail-password\n",
                String::new(),
            ),
            ("group_wait: 10s", "group_wait: 1s".to_owned()),
            (
                "https://hooks.example.org/vigie",
                format!("http://127.0.0.1:{webhook}/vigie"),
            ),
        ],
    );
    let port = free_port();
    let program = ["prometheus-alertmanager", "alertmanager"]
        .into_iter()
        .find(|name| std::path::Path::new("/usr/bin").join(name).exists())
        .unwrap_or_else(|| panic!("there is no Alertmanager: install the package prometheus-alertmanager"));
    let running = stage
        .launch(program)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--cluster.listen-address=")
        .start()
        .unwrap();
    (port, running)
}
