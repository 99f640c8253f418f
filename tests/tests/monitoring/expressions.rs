//! Every expression of rules, dashboards and Grafana's own alert is understood by promtool and answered by Prometheus.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use vigie_tests::Database;

use crate::load::Load;
use crate::place::{ops, server, stage};
use crate::prometheus::Prometheus;

/// An expression, and where it stands.
struct Expression {
    place: String,
    text: String,
}

/// The expressions of a file of rules, recording ones and alerts apart.
fn rules() -> (Vec<Expression>, Vec<Expression>) {
    let text = std::fs::read_to_string(ops().join("prometheus/vigie.rules.yml")).unwrap();
    let mut found = (Vec::new(), Vec::new());
    for rule in text.split("      - ").skip(1) {
        let name = rule.lines().next().unwrap().to_owned();
        let Some((_, rest)) = rule.split_once("\n        expr: ") else {
            continue;
        };
        let rows = rest.lines().take_while({
            let mut first = true;
            move |row| std::mem::take(&mut first) || row.starts_with("          ")
        });
        let text = rows
            .collect::<Vec<_>>()
            .join("\n")
            .trim_start_matches(">-")
            .to_owned();
        let expression = Expression {
            place: name.clone(),
            text,
        };
        if name.starts_with("alert") {
            found.1.push(expression);
        } else {
            found.0.push(expression);
        }
    }
    found
}

/// The expressions of all panels, with Grafana's variables filled in.
fn panels() -> Vec<Expression> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(ops().join("grafana/dashboards")).unwrap() {
        let dashboard: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let text = target["expr"].as_str().unwrap();
                let text = text
                    .replace("$job", "vigie")
                    .replace("$__rate_interval", "1m")
                    .replace("$__range", "10m");
                assert!(!text.contains('$'), "a variable that nobody fills in: {text}");
                found.push(Expression {
                    place: panel["title"].to_string(),
                    text,
                });
            }
        }
    }
    found
}

/// The names of metrics in an expression: what is followed by no bracket, and is no word of the language.
fn metrics(expression: &str) -> BTreeSet<String> {
    let mut text = String::new();
    let mut quoted = false;
    for c in expression.chars() {
        quoted ^= c == '"';
        text.push(if quoted || c == '"' { ' ' } else { c });
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !is_part(c))
        .filter(|word| word.contains('_') || *word == "up")
        .filter(|word| !["min_over_time", "day_of_week", "histogram_quantile"].contains(word))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_is_parsed_and_answered_with_data() {
    let (records, alerts) = rules();
    let panels = panels();
    assert!(
        records.len() > 15 && alerts.len() == 9 && panels.len() > 15,
        "{} {} {}",
        records.len(),
        alerts.len(),
        panels.len()
    );

    let stage = stage();
    let server = server(&stage, Database::Own);
    let mut load = Load::begin(vec![server.url().to_owned()]).await;
    load.shown(0).await;
    let prometheus = Prometheus::watch(&stage, &[server.url()], 9).await;
    load.succeed(40).await;
    load.fail(2).await;
    load.denied().await;
    load.sign_out().await;
    load.call_from_everywhere(10, 0).await;
    load.shown(0).await;
    prometheus
        .until_value("sum(session_logout_manual_total)", 2.0)
        .await;
    prometheus
        .until_value("sum(logins_total{status=\"wrong_password\"})", 1.0)
        .await;
    prometheus.until_value("job:session_refresh:count15m", 42.0).await;

    let mut file = "groups:\n  - name: all\n    rules:\n".to_owned();
    for (at, expression) in records.iter().chain(&alerts).chain(&panels).enumerate() {
        let text = Value::String(expression.text.trim().to_owned());
        file.push_str(&format!(
            "      - record: expression:{at}\n        expr: {text}\n"
        ));
    }
    let path = stage.folder().join("all.rules.yml");
    std::fs::write(&path, file).unwrap();
    let checked = Command::new("promtool")
        .args(["check", "rules"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );

    for expression in records.iter().chain(&panels) {
        let answer = prometheus.query(&expression.text).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", expression.place));
        assert!(
            answer.iter().any(|(_, value)| value.is_finite()),
            "{}: {} gives {answer:?}",
            expression.place,
            expression.text
        );
    }
    // An alert is silent while all is well; what it looks at must be there nevertheless.
    let mut looked_at = BTreeSet::new();
    for expression in &alerts {
        let answer = prometheus.query(&expression.text).await;
        assert_eq!(answer, Ok(Vec::new()), "{}", expression.place);
        looked_at.extend(metrics(&expression.text));
    }
    assert!(looked_at.len() > 15, "{looked_at:?}");
    for metric in looked_at {
        let answer = prometheus.query(&metric).await.unwrap();
        assert!(!answer.is_empty(), "no series of {metric}");
    }
}
