//! The audit log as a file: a table for spreadsheets, or a line of JSON for each row, written while it is read.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use futures_util::stream;
use http::{HeaderValue, header};
use protocol::audit::AuditRecord;
use store::{AuditFilter, AuditKey, StoreError};

use super::list::sealed_to;
use super::record::record;
use super::wanted::{ExportFormat, WantedExport};
use crate::body::Queried;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::server::Server;
use crate::table_cells::line;

/// The most rows that one export holds.
pub(super) const ROWS_MOST: u32 = 100_000;

/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 1_000;

const COLUMNS: [&str; 22] = [
    "sequence",
    "at",
    "organization_id",
    "organization_name",
    "actor_user_id",
    "actor_username",
    "impersonated_user_id",
    "impersonated_username",
    "session_id",
    "action",
    "target",
    "target_name",
    "result",
    "reason",
    "before",
    "after",
    "detail",
    "ip_address",
    "user_agent",
    "device_name",
    "request_id",
    "sealed",
];

/// The rows asked for as a file, newest first: 100,000 at most, and then a last line that says so.
#[utoipa::path(
    get,
    path = "/admin/audit/export",
    tag = "admin",
    params(WantedExport),
    responses((
        status = 200,
        description = "The file",
        content((String = "text/csv"), (String = "application/jsonl"))
    ))
)]
pub(super) async fn export(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedExport>,
) -> Result<Response, Failure> {
    let (format, wanted) = wanted.split()?;
    let filter = wanted.filter(&caller)?;
    let mut writing = Writing {
        sealed_to: sealed_to(&server).await?,
        server,
        filter,
        format,
        after: None,
        written: 0,
        part: Part::Head,
    };
    // The first rows are read before anything is answered: a store that is away is said by the answer's status.
    let first = writing.next().await?;
    let body = stream::once(async { Ok(first.unwrap_or_default()) });
    let rest = stream::try_unfold(writing, |mut writing| async move {
        Ok::<_, StoreError>(writing.next().await?.map(|text| (text, writing)))
    });
    let mut response = Body::from_stream(stream::StreamExt::chain(body, rest)).into_response();
    let (kind, ending) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Jsonl => ("application/jsonl; charset=utf-8", "jsonl"),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("attachment; filename=\"vigie-audit.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Which part of the file comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Rows,
    Over,
}

struct Writing {
    server: Server,
    filter: AuditFilter,
    format: ExportFormat,
    sealed_to: u64,
    after: Option<AuditKey>,
    written: u32,
    part: Part,
}

impl Writing {
    /// The next part of the file; `None` after its end.
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        if self.part == Part::Over {
            return Ok(None);
        }
        let mut text = match (self.part, self.format) {
            (Part::Head, ExportFormat::Csv) => line(COLUMNS.iter().map(|name| (*name).to_owned())),
            (Part::Head | Part::Rows | Part::Over, ExportFormat::Csv | ExportFormat::Jsonl) => String::new(),
        };
        self.part = Part::Rows;
        let left = ROWS_MOST - self.written;
        let wanted = left.min(ROWS_AT_ONCE);
        let mut rows = self
            .server
            .store
            .audit_page(self.filter.clone(), self.after, wanted + 1)
            .await?;
        let most = usize::try_from(wanted).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        self.after = rows.last().map(|last| AuditKey {
            at: last.row.at,
            sequence: last.row.sequence,
        });
        self.written += u32::try_from(rows.len()).unwrap_or(wanted);
        for row in rows {
            text.push_str(&self.row(record(row, self.sealed_to)));
        }
        if !more {
            self.part = Part::Over;
        } else if self.written == ROWS_MOST {
            self.part = Part::Over;
            text.push_str(&self.cut());
        }
        Ok(Some(text))
    }

    fn row(&self, record: AuditRecord) -> String {
        match self.format {
            ExportFormat::Csv => line(cells(record)),
            ExportFormat::Jsonl => format!("{}\n", serde_json::json!(record)),
        }
    }

    /// The last line of a file that does not hold all that was asked for.
    fn cut(&self) -> String {
        let said = format!("cut after {ROWS_MOST} rows; ask for what is older with an earlier `to`");
        match self.format {
            ExportFormat::Csv => line([said].into_iter()),
            ExportFormat::Jsonl => format!("{}\n", serde_json::json!({ "cut": said })),
        }
    }
}

fn cells(record: AuditRecord) -> impl Iterator<Item = String> {
    let person = |person: Option<protocol::audit::AuditPerson>| match person {
        Some(person) => [person.user_id.to_string(), person.username.unwrap_or_default()],
        None => [String::new(), String::new()],
    };
    let fields = |fields: &std::collections::BTreeMap<String, String>| {
        if fields.is_empty() {
            String::new()
        } else {
            serde_json::json!(fields).to_string()
        }
    };
    let id = |id: Option<uuid::Uuid>| id.map_or_else(String::new, |id| id.to_string());
    let [actor_id, actor_name] = person(record.actor);
    let [impersonated_id, impersonated_name] = person(record.impersonated);
    [
        record.sequence,
        record.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        id(record.organization_id),
        record.organization_name.unwrap_or_default(),
        actor_id,
        actor_name,
        impersonated_id,
        impersonated_name,
        id(record.session_id),
        record.action,
        record.target.unwrap_or_default(),
        record.target_name.unwrap_or_default(),
        record.result.as_str().to_owned(),
        record.reason.unwrap_or_default(),
        fields(&record.before),
        fields(&record.after),
        fields(&record.detail),
        record.ip_address,
        record.user_agent,
        record.device_name.unwrap_or_default(),
        record.request_id,
        if record.sealed { "yes" } else { "no" }.to_owned(),
    ]
    .into_iter()
}
