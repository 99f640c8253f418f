//! The audit log as administrators read it: filters, pages, what is sealed, and files.

use http::Method;
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use server::audit::seal_waiting;
use store::{AuditEntry, AuditLog as _};

use crate::house::{House, PASSWORD, SignedIn};
use crate::unreliable::Mood;

const LOG: &str = "/v1/admin/audit";
const EXPORT: &str = "/v1/admin/audit/export";

async fn records(house: &House, query: &str, bearer: &str) -> Vec<Value> {
    let answer = house.get(&format!("{LOG}{query}"), bearer).await.fine();
    answer["records"].as_array().unwrap().clone()
}

fn actions(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect()
}

/// Some deeds in both organisations, a moment apart.
async fn a_day(house: &House) -> SignedIn {
    let dominique = house.sign_in("dominique", "desk").await;
    house.pass(60);
    house.sign_in("eva", "desk").await;
    house.pass(60);
    house
        .login(json!({ "username": "camille", "password": "wrong", "device_name": "x" }))
        .await
        .problem(ErrorCode::InvalidCredentials);
    house.pass(60);
    let site = format!("/v1/admin/sites/{}", house.site);
    house
        .patch(&site, &dominique.access, json!({ "name": "Quai Ouest" }))
        .await
        .fine();
    house
        .ask(
            Method::POST,
            "/v1/auth/reauthenticate",
            &dominique.access,
            Some(json!({ "password": "wrong" })),
        )
        .await
        .problem(ErrorCode::PasswordWrong);
    dominique
}

#[tokio::test]
async fn a_record_says_who_did_what_from_where_and_what_became_of_it() {
    let house = House::new().await;
    let dominique = a_day(&house).await;
    let all = records(&house, "", &dominique.access).await;
    assert_eq!(
        actions(&all),
        [
            "reauthentication.denied",
            "site.renamed",
            "login.denied",
            "session.created"
        ]
    );
    let renamed = &all[1];
    assert_eq!(renamed["before"], json!({ "name": "Quai" }));
    assert_eq!(renamed["after"], json!({ "name": "Quai Ouest" }));
    assert_eq!(renamed["detail"], json!({}), "each field has its own place");
    assert_eq!(
        renamed["actor"],
        json!({ "user_id": dominique.user_id, "username": "dominique" })
    );
    assert_eq!(renamed["organization_name"], "Maison port");
    assert_eq!(renamed["target"], format!("site:{}", house.site));
    assert_eq!(renamed["target_name"], "Quai Ouest");
    assert_eq!(renamed["session_id"], json!(dominique.id));
    assert_eq!(renamed["device_name"], "Caisse 1");
    assert_eq!(renamed["result"], "done");
    assert_eq!(renamed["ip_address"], "local");
    assert_eq!(renamed["request_id"].as_str().unwrap().len(), 32);
    assert_eq!(renamed["sealed"], false);
    let denied = &all[2];
    assert_eq!(
        (&denied["result"], &denied["actor"]),
        (&json!("denied"), &Value::Null)
    );
    assert_eq!(denied["target_name"], "camille");
    assert_eq!(denied["detail"], json!({ "reason": "wrong_password" }));
    assert_eq!(all[0]["result"], "denied");
    assert!(!format!("{all:?}").contains(PASSWORD));

    let before: u64 = all[1]["sequence"].as_str().unwrap().parse().unwrap();
    assert_eq!(seal_waiting(&house.server).await.unwrap(), before + 1);
    house
        .login(json!({ "username": "camille", "password": "wrong", "device_name": "x" }))
        .await;
    let sealed: Vec<_> = records(&house, "", &dominique.access)
        .await
        .iter()
        .map(|one| one["sealed"].clone())
        .collect();
    assert_eq!(
        sealed,
        [json!(false), json!(true), json!(true), json!(true), json!(true)]
    );
}

#[tokio::test]
async fn each_filter_finds_its_records() {
    let house = House::new().await;
    let dominique = a_day(&house).await;
    let (me, session) = (dominique.user_id, dominique.id);
    let cases: &[(String, &[&str])] = &[
        ("?group=places".to_owned(), &["site.renamed"]),
        (
            "?group=sign_ins".to_owned(),
            &["reauthentication.denied", "login.denied", "session.created"],
        ),
        ("?group=sales".to_owned(), &[]),
        ("?group=places&action=login.denied".to_owned(), &[]),
        ("?action=login.denied".to_owned(), &["login.denied"]),
        (
            format!("?actor_user_id={me}"),
            &["reauthentication.denied", "site.renamed", "session.created"],
        ),
        (format!("?impersonated_user_id={me}"), &[]),
        (
            format!("?session_id={session}&result=done"),
            &["site.renamed", "session.created"],
        ),
        (format!("?target=site:{}", house.site), &["site.renamed"]),
        (
            "?result=denied".to_owned(),
            &["reauthentication.denied", "login.denied"],
        ),
        (
            "?from=2026-09-21T14:15:20Z".to_owned(),
            &["reauthentication.denied", "site.renamed", "login.denied"],
        ),
        (
            "?from=2026-09-21T14:15:20%2B00:00&to=2026-09-21T14:16:20Z".to_owned(),
            &["login.denied"],
        ),
        (
            format!("?organization_id={}&action=site.renamed", house.organization),
            &["site.renamed"],
        ),
    ];
    for (query, expected) in cases {
        let found = records(&house, query, &dominique.access).await;
        assert_eq!(actions(&found), *expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_with_its_name() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for (query, field) in [
        ("?group=everything", "group"),
        ("?actor_user_id=dominique", "actor_user_id"),
        ("?impersonated_user_id=x", "impersonated_user_id"),
        ("?session_id=1", "session_id"),
        ("?organization_id=port", "organization_id"),
        ("?result=perhaps", "result"),
        ("?from=yesterday", "from"),
        ("?to=2026-13-01T00:00:00Z", "to"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=many", "limit"),
        ("?after=nonsense!", "after"),
        ("?after=MQ", "after"),
        (&format!("?action={}", "a".repeat(129)), "action"),
        (&format!("?target={}", "a".repeat(129)), "target"),
        ("?colour=red", "query"),
        ("?group=people&group=people", "query"),
    ] {
        let problem = house
            .get(&format!("{LOG}{query}"), &dominique.access)
            .await
            .problem(ErrorCode::ValidationFailed);
        assert_eq!(problem["field"], field, "{query}");
    }
    let problem = house
        .get(&format!("{EXPORT}?format=pdf"), &dominique.access)
        .await
        .problem(ErrorCode::ValidationFailed);
    assert_eq!(problem["field"], "format");
}

#[tokio::test]
async fn pages_together_are_the_whole_log() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    for n in 0..23_u32 {
        let entry = AuditEntry {
            organization_id: Some(house.organization),
            ..AuditEntry::of("till.renamed", house.now_ms() + i64::from(n % 3))
        };
        house.store.audit(entry).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = house
            .get(
                &format!("{LOG}?limit=5&action=till.renamed{after}"),
                &dominique.access,
            )
            .await
            .fine();
        let records = page["records"].as_array().unwrap();
        assert!(records.len() <= 5);
        seen.extend(records.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 23);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 23);
}

#[tokio::test]
async fn an_organisation_sees_its_own_and_nobody_below_an_administrator_any() {
    let house = House::new().await;
    a_day(&house).await;
    let eva = house.sign_in("eva", "desk").await;
    let own = records(&house, "", &eva.access).await;
    assert!(
        own.iter().all(|one| one["organization_name"] == "Maison gare"),
        "{own:?}"
    );
    assert_eq!(actions(&own), ["session.created", "session.created"]);
    let elsewhere = format!("?organization_id={}", house.organization);
    for path in [LOG, EXPORT] {
        house
            .get(&format!("{path}{elsewhere}"), &eva.access)
            .await
            .problem(ErrorCode::OrganizationNotFound);
    }
    house
        .person("manon", house.organization, OrganizationRole::Manager)
        .await;
    for name in ["manon", "camille"] {
        let below = house.sign_in(name, "desk").await;
        for path in [LOG, EXPORT] {
            house.get(path, &below.access).await.problem(ErrorCode::Forbidden);
        }
    }
    let alix = house.super_admin().await;
    let all = records(&house, "?limit=200", &alix.access).await;
    let all_rows = house.audit_rows().await.len();
    assert_eq!(all.len(), all_rows, "those above all organisations too");
    let of_one = records(&house, &elsewhere, &alix.access).await;
    assert!(!of_one.is_empty() && of_one.len() < all.len());
}

#[tokio::test]
async fn a_file_holds_what_was_asked_for_and_no_formula() {
    let house = House::new().await;
    let dominique = a_day(&house).await;
    let entry = AuditEntry {
        organization_id: Some(house.organization),
        reason: Some("=HYPERLINK(\"http://example.org\")".to_owned()),
        user_agent: "@SUM(A1)".to_owned(),
        target: Some("-1+1".to_owned()),
        ..AuditEntry::of("till.renamed", house.now_ms() + 1)
    };
    house.store.audit(entry).await.unwrap();
    let answer = house
        .get(&format!("{EXPORT}?result=done"), &dominique.access)
        .await;
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"vigie-audit.csv\""
    );
    let table = answer.fine();
    let lines: Vec<&str> = table.as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(
        lines[0].starts_with("sequence,at,organization_id,"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains("\"'=HYPERLINK(\"\"http://example.org\"\")\""),
        "{}",
        lines[1]
    );
    assert!(
        lines[1].contains(",'@SUM(A1),") && lines[1].contains(",'-1+1,"),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains(",site.renamed,"), "{}", lines[2]);
    assert!(lines[3].contains(",session.created,"), "{}", lines[3]);

    let text = house
        .text(
            &format!("{EXPORT}?format=jsonl&action=site.renamed"),
            &dominique.access,
        )
        .await;
    let record: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(
        record,
        records(&house, "?action=site.renamed", &dominique.access).await[0]
    );
    assert_eq!(
        house
            .text(&format!("{EXPORT}?format=jsonl&group=sales"), &dominique.access)
            .await,
        ""
    );
}

#[tokio::test]
async fn a_long_file_says_where_it_was_cut() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100001)
        INSERT INTO audit_log (sequence, id, at, organization_id, action, detail, ip_address, user_agent, request_id)
        SELECT n + ?3, randomblob(16), ?1, ?2, 'till.renamed', '{}', '', '', '' FROM n";
    let last = i64::try_from(house.audit_rows().await.len()).unwrap();
    let filled = connection
        .execute(fill, (house.now_ms(), house.organization.as_bytes(), last))
        .unwrap();
    assert_eq!(filled, 100_001);
    let text = house
        .text(
            &format!("{EXPORT}?format=jsonl&action=till.renamed"),
            &dominique.access,
        )
        .await;
    assert_eq!(text.lines().count(), 100_001);
    let last: Value = serde_json::from_str(text.lines().next_back().unwrap()).unwrap();
    assert!(
        last["cut"].as_str().unwrap().starts_with("cut after 100000 rows"),
        "{last}"
    );
    let rest = house
        .text(
            &format!("{EXPORT}?format=jsonl&action=session.created"),
            &dominique.access,
        )
        .await;
    assert!(!rest.contains("\"cut\""), "{rest}");
}

#[tokio::test]
async fn a_store_that_is_away_is_said_before_a_file_begins() {
    let house = House::new().await;
    let dominique = house.sign_in("dominique", "desk").await;
    // The session's row and the last seal are read, the first rows are not.
    house.store.works_for(2);
    house
        .get(EXPORT, &dominique.access)
        .await
        .problem(ErrorCode::StoreUnavailable);
    house.store.becomes(Mood::Works);
}
