//! The till's day: opened with a counted float, closed with a count, and what whoever closes it says of the difference.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::till_day::{
    COMMENT_MOST_CHARACTERS, CloseTillDayRequest, CounterTill, CounterTillList, DRAWER_MOST_CENTS,
    OpenTillDayRequest, TillDay, TillDayOperator, TillDayPage,
};
use serde::Deserialize;
use store::{ClosedTillDay, DayOperator, NewTillDay, OpenedTillDay, PageKey, TillDayClosing, TillDayRow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(tills))
        .routes(routes!(day))
        .routes(routes!(open))
        .routes(routes!(close))
        .routes(routes!(list))
}

/// The tills of the current organisation, each with its open day.
#[utoipa::path(
    get,
    path = "/tills",
    tag = "work",
    responses((status = 200, description = "By site, then by name", body = CounterTillList))
)]
async fn tills(State(server): State<Server>, caller: Caller) -> Result<axum::Json<CounterTillList>, Failure> {
    let tills = server.store.counter_tills(caller.organization_id()).await?;
    let tills = tills.into_iter().map(counter_till).collect();
    Ok(axum::Json(CounterTillList { tills }))
}

/// The open day of a till.
#[utoipa::path(
    get,
    path = "/tills/{id}/day",
    tag = "work",
    params(("id" = Uuid, Path, description = "The till")),
    responses((status = 200, description = "The day as it now is", body = TillDay))
)]
async fn day(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<axum::Json<TillDay>, Failure> {
    let till_id = till_id(&text)?;
    let tills = server.store.counter_tills(caller.organization_id()).await?;
    let till = tills
        .into_iter()
        .find(|each| each.till.id == till_id)
        .ok_or_else(|| Failure::new(ErrorCode::TillNotFound))?;
    let day = till.day.ok_or_else(|| Failure::new(ErrorCode::TillDayNotFound))?;
    Ok(axum::Json(wire(day)))
}

/// Opens a till's day. The same user with the same float gets the day that is open.
#[utoipa::path(
    post,
    path = "/tills/{id}/open",
    tag = "work",
    params(("id" = Uuid, Path, description = "The till")),
    request_body = OpenTillDayRequest,
    responses(
        (status = 201, description = "Opened", body = TillDay),
        (status = 200, description = "Opened before", body = TillDay)
    )
)]
async fn open(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(request): Json<OpenTillDayRequest>,
) -> Result<(StatusCode, axum::Json<TillDay>), Failure> {
    let till_id = till_id(&text)?;
    let new = NewTillDay {
        id: new_id(caller.now),
        organization_id: caller.organization_id(),
        till_id,
        operator_id: caller.identity.session.user_id,
        float_cents: drawer("float_cents", request.float_cents)?,
        now: caller.now,
    };
    let audit = caller
        .audit("till_day.opened")
        .target("till", till_id)
        .changed(
            &serde_json::Value::Null,
            &serde_json::json!({ "float_cents": new.float_cents }),
        )
        .detail(serde_json::json!({ "till_day_id": new.id }));
    match server.store.open_till_day(new, audit).await? {
        OpenedTillDay::Opened(row) => Ok((StatusCode::CREATED, axum::Json(wire(row)))),
        OpenedTillDay::OpenedBefore(row) => Ok((StatusCode::OK, axum::Json(wire(row)))),
        OpenedTillDay::OpenAlready(row) => {
            Err(Failure::new(ErrorCode::TillDayOpen).detail(format!("opened by {}", row.opened_by.name)))
        }
        OpenedTillDay::TillUnknown => Err(Failure::new(ErrorCode::TillNotFound)),
    }
}

/// Closes a till's day. The same user with the same values gets the day that was closed.
#[utoipa::path(
    post,
    path = "/tills/{id}/close",
    tag = "work",
    params(("id" = Uuid, Path, description = "The till")),
    request_body = CloseTillDayRequest,
    responses((status = 200, description = "The day, closed now or before", body = TillDay))
)]
async fn close(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(request): Json<CloseTillDayRequest>,
) -> Result<axum::Json<TillDay>, Failure> {
    let till_id = till_id(&text)?;
    let closing = TillDayClosing {
        organization_id: caller.organization_id(),
        till_id,
        day_id: request.day_id,
        operator_id: caller.identity.session.user_id,
        counted_cents: drawer("counted_cents", request.counted_cents)?,
        comment: comment(&request.comment)?,
        now: caller.now,
    };
    let said = Some(closing.comment.as_str()).filter(|comment| !comment.is_empty());
    let audit = caller
        .audit("till_day.closed")
        .target("till", till_id)
        .reason(said)
        .changed(
            &serde_json::json!({ "state": "open" }),
            &serde_json::json!({ "state": "closed" }),
        )
        .detail(serde_json::json!({ "till_day_id": closing.day_id }));
    match server.store.close_till_day(closing, audit).await? {
        ClosedTillDay::Closed(row) | ClosedTillDay::ClosedBefore(row) => Ok(axum::Json(wire(row))),
        ClosedTillDay::ClosedAlready(_) => Err(Failure::new(ErrorCode::TillClosed)),
        ClosedTillDay::CommentWanted { expected_cents } => Err(Failure::invalid(
            "comment",
            format!("a variance wants a word: {expected_cents} is expected"),
        )),
        ClosedTillDay::DayUnknown => Err(Failure::new(ErrorCode::TillDayNotFound)),
    }
}

/// Which days are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WantedDays {
    /// Of this till.
    till_id: Option<Uuid>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The days of the current organisation's tills, newest first, for managers and whoever ranks higher.
#[utoipa::path(
    get,
    path = "/admin/till-days",
    tag = "admin",
    params(WantedDays),
    responses((status = 200, description = "A page, newest first", body = TillDayPage))
)]
async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedDays>,
) -> Result<axum::Json<TillDayPage>, Failure> {
    caller.manages()?;
    let limit = page::limit(wanted.limit)?;
    let after = page::read_place(wanted.after.as_deref())?;
    let mut rows = server
        .store
        .till_days(caller.organization_id(), wanted.till_id, after, limit + 1)
        .await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let next = rows.last().filter(|_| more).map(|last| {
        page::written_place(PageKey {
            created_at: last.opened_at,
            id: last.id,
        })
    });
    let days = rows.into_iter().map(wire).collect();
    Ok(axum::Json(TillDayPage { days, next }))
}

/// A till in a path: one that is none is as unknown as one that does not exist.
fn till_id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::new(ErrorCode::TillNotFound))
}

fn drawer(field: &'static str, cents: u32) -> Result<u32, Failure> {
    if cents <= DRAWER_MOST_CENTS {
        Ok(cents)
    } else {
        Err(Failure::invalid(
            field,
            format!("0 to {DRAWER_MOST_CENTS}, is {cents}"),
        ))
    }
}

fn comment(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let is_fit = |c: char| !c.is_control() || c == '\n';
    if text.chars().count() <= COMMENT_MOST_CHARACTERS && text.chars().all(is_fit) {
        Ok(text.to_owned())
    } else {
        Err(Failure::invalid(
            "comment",
            format!("at most {COMMENT_MOST_CHARACTERS} characters"),
        ))
    }
}

fn operator(by: DayOperator) -> TillDayOperator {
    TillDayOperator {
        user_id: by.id,
        name: by.name,
    }
}

fn counter_till(each: store::CounterTill) -> CounterTill {
    CounterTill {
        till_id: each.till.id,
        name: each.till.name,
        site_id: each.till.site_id,
        site_name: each.site_name,
        day: each.day.map(wire),
    }
}

fn wire(row: TillDayRow) -> TillDay {
    let variance_cents = row.variance_cents();
    let (closed_at, closed_by, counted_cents, comment) = match row.end {
        None => (None, None, None, String::new()),
        Some(end) => (
            Some(wire_time(end.closed_at)),
            Some(operator(end.closed_by)),
            Some(end.counted_cents),
            end.comment,
        ),
    };
    TillDay {
        id: row.id,
        till_id: row.till_id,
        till_name: row.till_name,
        site_name: row.site_name,
        opened_at: wire_time(row.opened_at),
        opened_by: operator(row.opened_by),
        float_cents: row.float_cents,
        closed_at,
        closed_by,
        counted_cents,
        expected_cents: row.expected_cents,
        variance_cents,
        comment,
    }
}
