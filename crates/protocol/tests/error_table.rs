//! The table of errors: complete, coherent, and the same in docs/PROTOCOL.md as in the code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use protocol::ErrorCode;
use protocol::error::LogLevel;
use strum::IntoEnumIterator as _;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROTOCOL.md");
const BEGIN: &str = "<!-- table of errors: begin -->\n";
const END: &str = "<!-- table of errors: end -->\n";

fn level(code: ErrorCode) -> &'static str {
    match code.log_level() {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn table() -> String {
    let mut table =
        String::from("| code, and metric label | status | log level | words |\n|---|---|---|---|\n");
    for code in ErrorCode::iter() {
        writeln!(
            table,
            "| `{code}` | {} | {} | {} |",
            code.status(),
            level(code),
            code.title()
        )
        .unwrap();
    }
    table
}

#[test]
fn the_table_does_not_drift() {
    insta::assert_snapshot!(table());
}

/// With `UPDATE_PROTOCOL=1` the document's table is written anew.
#[test]
fn the_documents_table_is_the_codes_table() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_PROTOCOL").is_some() {
        std::fs::write(DOCUMENT, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(
            written,
            table(),
            "docs/PROTOCOL.md has drifted; run this test with UPDATE_PROTOCOL=1"
        );
    }
}

#[test]
fn every_code_is_written_and_read_back_in_one_way() {
    for code in ErrorCode::iter() {
        let text = code.as_str();
        assert_eq!(text.parse::<ErrorCode>().unwrap(), code);
        assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{text}\""));
        assert_eq!(
            serde_json::from_str::<ErrorCode>(&format!("\"{text}\"")).unwrap(),
            code
        );
    }
}

#[test]
fn every_code_has_words_of_its_own_and_a_status_of_a_failure() {
    let titles: BTreeSet<_> = ErrorCode::iter().map(ErrorCode::title).collect();
    assert_eq!(titles.len(), ErrorCode::iter().count());
    for code in ErrorCode::iter() {
        assert!((400..600).contains(&code.status()), "{code}");
    }
}

#[test]
fn a_fault_of_the_server_is_never_a_verdict_on_a_session() {
    for code in [
        ErrorCode::StoreUnavailable,
        ErrorCode::ServerBusy,
        ErrorCode::Timeout,
        ErrorCode::Internal,
    ] {
        assert!(code.status() >= 500, "{code}");
    }
}
