//! The guides name nothing that does not exist: every setting, metric, alert, code, table of the configuration and call in
//! them stands in the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use protocol::alert::{AlertKind, AlertTestFailure};
use protocol::insight::RefreshFailure;
use strum::IntoEnumIterator as _;

use crate::openapi::ROUTES;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The guides that are held to it.
const GUIDES: [&str; 3] = [
    "docs/runbook-alertes.md",
    "docs/guide-administrateur.md",
    "docs/PRIVACY.md",
];

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// What is set in `code` in a guide, on one line and outside of indented blocks.
fn names(guide: &str) -> BTreeSet<String> {
    let text = text(guide);
    let lines = text.lines().filter(|line| !line.starts_with("    "));
    lines
        .flat_map(|line| {
            line.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" && name != "target" && name != "node_modules" {
                files(&path, into);
            }
        } else if [".rs", ".sql", ".toml", ".yml"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            into.push(path);
        }
    }
}

/// Every word of the code, of what describes it to machines, and of the sample configuration and rules.
fn words() -> BTreeSet<String> {
    let mut paths = Vec::new();
    for folder in ["crates", "ops"] {
        files(&Path::new(ROOT).join(folder), &mut paths);
    }
    paths.push(Path::new(ROOT).join("docs/openapi.json"));
    let mut words = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap();
        let found = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.extend(found.filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words.extend(RefreshFailure::iter().map(|reason| reason.as_str().to_owned()));
    words
}

/// Whether it is a name that the code must have: `like_this`, `LikeThis` or `[table]`.
fn name_in_code(name: &str) -> Option<&str> {
    let inner = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(name);
    let is_word = !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_snake = inner.contains('_') && inner.chars().all(|c| !c.is_ascii_uppercase());
    let is_camel = inner.starts_with(|c: char| c.is_ascii_uppercase())
        && inner.chars().skip(1).any(|c| c.is_ascii_uppercase())
        && inner.chars().any(|c| c.is_ascii_lowercase());
    (is_word && (is_snake || is_camel || inner.len() < name.len())).then_some(inner)
}

#[test]
fn every_name_in_the_guides_stands_in_the_code() {
    let words = words();
    let mut checked = 0;
    for guide in GUIDES {
        for name in names(guide) {
            if let Some(word) = name_in_code(&name) {
                checked += 1;
                // A counter carries `_total` on the wire.
                let is_there = words.contains(word) || words.contains(&format!("{word}_total"));
                assert!(is_there, "{guide} names {word}, which nothing has");
            }
        }
    }
    assert!(checked > 40, "only {checked} names were found");
}

#[test]
fn every_call_in_the_guides_is_a_route() {
    for guide in GUIDES {
        for name in names(guide) {
            let path = name.split(' ').next_back().unwrap();
            if path.starts_with("/v1/") || path == "/readyz" || path == "/healthz" {
                let method = name.split(' ').next().filter(|word| !word.starts_with('/'));
                let is_there = ROUTES.iter().any(|(known, route)| {
                    *route == path && method.is_none_or(|method| known.eq_ignore_ascii_case(method))
                });
                assert!(is_there, "{guide} names {name}");
            }
        }
    }
}

/// Every table that holds something about people has its word in the register.
#[test]
fn the_register_knows_every_table_that_is_about_people() {
    let names = names("docs/PRIVACY.md");
    let about_people = [
        "user_id",
        "operator_id",
        "opened_by",
        "closed_by",
        "username",
        "actor_user_id",
        "impersonator_user_id",
        "ip_address",
        "device_name",
        "network",
        "address",
        "recipients",
        "recipient",
        "subject",
    ];
    let tables = store::table::TABLES.iter().filter(|table| {
        let mut columns = table.columns.iter();
        columns.any(|(column, _)| about_people.contains(column))
    });
    let tables: Vec<_> = tables.map(|table| table.name).collect();
    assert!(tables.len() >= 12, "{tables:?}");
    assert_eq!(missing(&names, tables), Vec::<&str>::new());
}

/// The words that a guide must have a word on, and says nothing of.
fn missing<'a>(names: &BTreeSet<String>, wanted: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    wanted.into_iter().filter(|word| !names.contains(*word)).collect()
}

#[test]
fn the_runbook_has_a_word_on_every_alert_rule_reason_and_failure_of_a_try() {
    let runbook = "docs/runbook-alertes.md";
    let names = names(runbook);
    let rules = text("ops/prometheus/vigie.rules.yml");
    let rules: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(rules.len() >= 5, "{rules:?}");
    assert_eq!(missing(&names, rules), Vec::<&str>::new());
    assert_eq!(
        missing(&names, AlertKind::iter().map(AlertKind::as_str)),
        Vec::<&str>::new()
    );
    let reasons: Vec<&str> = RefreshFailure::iter().map(RefreshFailure::as_str).collect();
    assert_eq!(missing(&names, reasons), Vec::<&str>::new());
    let failures: Vec<&'static str> = AlertTestFailure::iter().map(Into::into).collect();
    assert_eq!(missing(&names, failures), Vec::<&str>::new());
    let settings = serde_json::to_value(protocol::alert::MonitoringSettings {
        login_failures_of_account: Some(1),
        login_failures_of_network: Some(1),
        no_refresh_minutes: Some(5),
        repeat_minutes: Some(15),
        webhook_url: Some(String::new()),
        ..protocol::alert::MonitoringSettings::default()
    })
    .unwrap();
    let settings: Vec<&str> = settings.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(missing(&names, settings), Vec::<&str>::new());
}

#[test]
fn what_is_a_name_is_told_from_other_code() {
    for (text, name) in [
        ("refresh_least", Some("refresh_least")),
        ("VigieDown", Some("VigieDown")),
        ("[mail]", Some("mail")),
        ("waiting", None),
        ("GET", None),
        ("vigie-server check", None),
        ("docs/openapi.json", None),
        ("Message-ID", None),
    ] {
        assert_eq!(name_in_code(text), name, "{text}");
    }
}
