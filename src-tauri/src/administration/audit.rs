//! The audit log: a page of it, and the same lines as a file.

use std::time::Duration;

use chrono::SecondsFormat;
use http::Method;
use keeper::{AuthorisedClient, Limits};
use protocol::audit::AuditPage;

use super::with_query;
use crate::api;
use crate::downloads::Downloads;
use crate::view::UiError;
use crate::view::audit::{AuditFormat, AuditQuery};
use crate::view::insight::SavedFile;

const PAGE: u32 = 50;

/// The server writes 100,000 lines at most, of about 1 KiB each.
const FILE: Limits = Limits {
    total: Duration::from_secs(60),
    body_bytes: 128 << 20,
};

/// A page of the lines that fit, newest first.
///
/// # Errors
/// Whatever stood in the way.
pub async fn page(
    client: &AuthorisedClient,
    query: AuditQuery,
    after: Option<String>,
) -> Result<AuditPage, UiError> {
    let own = [("after", after), ("limit", Some(PAGE.to_string()))];
    api::call(client, Method::GET, &path_of("", query, own)).await
}

/// Saves all lines that fit for the user, as the server writes them.
///
/// # Errors
/// Whatever stood in the way, the disk included.
pub async fn export(
    client: &AuthorisedClient,
    query: AuditQuery,
    format: AuditFormat,
    downloads: &Downloads,
) -> Result<SavedFile, UiError> {
    let (name, kind) = match format {
        AuditFormat::Csv => ("csv", "text/csv"),
        AuditFormat::Jsonl => ("jsonl", "application/jsonl"),
    };
    let own = [("format", Some(name.to_owned())), ("limit", None)];
    let path = path_of("/export", query, own);
    let file = api::call_for_file(client, &path, kind, FILE).await?;
    let path = downloads.save("vigie-audit", name, file).await?;
    Ok(SavedFile {
        path: path.display().to_string(),
    })
}

fn path_of(below: &str, query: AuditQuery, own: [(&str, Option<String>); 2]) -> String {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let [first, second] = own;
    with_query(
        &format!("/v1/admin/audit{below}"),
        &[
            first,
            ("group", query.group.map(|group| group.to_string())),
            ("action", query.action),
            ("actor_user_id", query.actor_user_id),
            ("impersonated_user_id", query.impersonated_user_id),
            ("session_id", query.session_id),
            ("target", query.target),
            ("result", query.result.map(|result| result.to_string())),
            ("from", query.from.map(moment)),
            ("to", query.to.map(moment)),
            ("organization_id", query.organization_id),
            second,
        ],
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use protocol::audit::{AuditGroup, AuditPage, AuditPerson, AuditRecord, AuditResult};
    use protocol::error::{ErrorCode, Problem};
    use server::demo::DOMINIQUE;
    use uuid::Uuid;

    use super::{export, page};
    use crate::testing::{App, Device};
    use crate::view::UiErrorCode;
    use crate::view::audit::{AuditFormat, AuditQuery};

    const PATH: &str = "/v1/admin/audit";
    const EXPORT: &str = "/v1/admin/audit/export";
    const JSON: &str = "application/json";

    async fn administrator() -> (Device, App, keeper::AuthorisedClient) {
        let device = Device::with_accounts().await;
        let app = device.start();
        app.sign_in(DOMINIQUE).await.unwrap();
        let client = app.client().await;
        (device, app, client)
    }

    fn record() -> AuditRecord {
        let person = |id, name: &str| AuditPerson {
            user_id: Uuid::from_u128(id),
            username: Some(name.to_owned()),
        };
        let field = |value: &str| [("name".to_owned(), value.to_owned())].into();
        AuditRecord {
            sequence: "18446744073709551615".to_owned(),
            id: Uuid::from_u128(1),
            at: "2026-03-29T00:30:00.250Z".parse().unwrap(),
            organization_id: None,
            organization_name: None,
            actor: Some(person(2, "alix")),
            impersonated: Some(person(3, "camille")),
            session_id: Some(Uuid::from_u128(4)),
            action: "site.renamed".to_owned(),
            target: Some("site:5".to_owned()),
            target_name: Some("Rezé".to_owned()),
            result: AuditResult::Done,
            reason: None,
            before: field("Reze"),
            after: field("Rezé"),
            detail: [].into(),
            ip_address: "192.168.1.40".to_owned(),
            user_agent: "Vigie/0.1.0".to_owned(),
            device_name: None,
            request_id: "r-1".to_owned(),
            sealed: true,
        }
    }

    #[tokio::test]
    async fn a_page_is_asked_for_by_every_filter_and_read_whole() {
        let (device, _app, client) = administrator().await;
        let there = AuditPage {
            records: vec![record()],
            next: Some("41".to_owned()),
        };
        device
            .network
            .answer(PATH, 200, JSON, serde_json::to_string(&there).unwrap());
        let query = AuditQuery {
            group: Some(AuditGroup::SignIns),
            action: Some("login.denied".to_owned()),
            actor_user_id: Some("u&limit=9".to_owned()),
            impersonated_user_id: Some("i".to_owned()),
            session_id: Some("s".to_owned()),
            target: Some("user:é".to_owned()),
            result: Some(AuditResult::Denied),
            from: Some("2026-03-29T01:30:00+01:00".parse().unwrap()),
            to: Some("2026-03-30T00:00:00+02:00".parse().unwrap()),
            organization_id: Some("o".to_owned()),
        };

        assert_eq!(page(&client, query, Some("42".to_owned())).await.unwrap(), there);
        let whole = page(&client, AuditQuery::default(), None).await.unwrap();

        assert_eq!(whole, there);
        assert_eq!(
            device.network.answered(),
            [
                "/v1/admin/audit?after=42&group=sign_ins&action=login.denied&actor_user_id=u%26limit%3D9&\
                 impersonated_user_id=i&session_id=s&target=user%3A%C3%A9&result=denied&\
                 from=2026-03-29T00%3A30%3A00.000Z&to=2026-03-29T22%3A00%3A00.000Z&organization_id=o&limit=50",
                "/v1/admin/audit?limit=50",
            ]
        );
    }

    #[tokio::test]
    async fn the_lines_are_saved_in_either_form_beside_those_of_before() {
        let (device, app, client) = administrator().await;
        let downloads = app.handle.downloads();
        let query = AuditQuery {
            result: Some(AuditResult::Denied),
            ..AuditQuery::default()
        };
        let mut saved = Vec::new();
        for (format, kind, text) in [
            (AuditFormat::Csv, "text/csv; charset=utf-8", "sequence\r\n"),
            (AuditFormat::Csv, "text/csv; charset=utf-8", "sequence\r\n1\r\n"),
            (AuditFormat::Jsonl, "application/jsonl", "{}\n"),
            (AuditFormat::Jsonl, "application/jsonl; charset=utf-8", "{}\n{}\n"),
        ] {
            device.network.answer(EXPORT, 200, kind, text);
            let file = export(&client, query.clone(), format, &downloads).await.unwrap();
            let path = PathBuf::from(file.path);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            saved.push(path);
        }

        saved.dedup();
        assert_eq!(saved.len(), 4);
        let ends = |path: &PathBuf| path.extension().unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            saved.iter().map(ends).collect::<Vec<_>>(),
            ["csv", "csv", "jsonl", "jsonl"]
        );
        assert_eq!(
            device.network.answered().last().unwrap(),
            "/v1/admin/audit/export?format=jsonl&result=denied"
        );
    }

    #[tokio::test]
    async fn a_refusal_comes_as_its_code_and_saves_nothing() {
        let (device, app, client) = administrator().await;
        let refused = |code| serde_json::to_string(&Problem::new(code)).unwrap();
        let wrong = Problem::new(ErrorCode::ValidationFailed).with_field("from");
        device
            .network
            .answer(PATH, 422, JSON, serde_json::to_string(&wrong).unwrap());
        let error = page(&client, AuditQuery::default(), None).await.unwrap_err();
        assert_eq!(
            (error.code, error.subject.as_deref()),
            (UiErrorCode::ValidationFailed, Some("from"))
        );

        let downloads = app.handle.downloads();
        for (status, kind, body, code) in [
            (403, JSON, refused(ErrorCode::Forbidden), UiErrorCode::Forbidden),
            (503, JSON, refused(ErrorCode::ServerBusy), UiErrorCode::ServerBusy),
            (200, "text/html", "<html>".to_owned(), UiErrorCode::NotVigie),
            (200, "text/csv", "sequence\r\n".to_owned(), UiErrorCode::NotVigie),
        ] {
            device.network.answer(EXPORT, status, kind, body);
            let saved = export(&client, AuditQuery::default(), AuditFormat::Jsonl, &downloads).await;
            assert_eq!(saved.unwrap_err().code, code);
        }
        assert!(!device.folders().downloads.exists());
    }
}
