//! The work: categories, and sales that are kept once however often they are sent.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::ErrorCode;
use protocol::sale::{CategoryList, IDEMPOTENCY_KEY, NewSale, Sale, SaleList};
use sha2::{Digest as _, Sha256};
use store::{NewSaleRow, SaleOutcome, SaleRow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failpoint::{self, Point};
use crate::failure::Failure;
use crate::ids::new_id;
use crate::sale_check::check;
use crate::server::Server;

const LISTED: u32 = 100;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(categories))
        .routes(routes!(send, own))
}

/// The organisation's categories, by position.
#[utoipa::path(
    get,
    path = "/categories",
    tag = "work",
    responses((status = 200, description = "By position", body = CategoryList))
)]
async fn categories(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<CategoryList>, Failure> {
    let categories = server
        .store
        .categories(caller.identity.session.organization_id)
        .await?;
    Ok(axum::Json(CategoryList { categories }))
}

/// Keeps a sale. The same key with the same body answers with the sale that was kept the first time.
#[utoipa::path(
    post,
    path = "/sales",
    tag = "work",
    params(("idempotency-key" = Uuid, Header, description = "The ticket's id, the same on every try")),
    request_body = NewSale,
    responses(
        (status = 201, description = "Kept", body = Sale),
        (status = 200, description = "Kept before", body = Sale)
    )
)]
async fn send(
    State(server): State<Server>,
    caller: Caller,
    headers: HeaderMap,
    Json(mut sale): Json<NewSale>,
) -> Result<(StatusCode, axum::Json<Sale>), Failure> {
    let idempotency_key = idempotency_key(&headers)?;
    check(&sale)?;
    let session = &caller.identity.session;
    // Where it was made is checked, not kept: a ticket sent again without it is the same ticket.
    if sale
        .organization_id
        .take()
        .is_some_and(|made_in| made_in != session.organization_id)
    {
        return Err(Failure::new(ErrorCode::OrganizationMismatch).at("organization_id"));
    }
    let body_hash = canonical_hash(&sale)?;
    let id = new_id(caller.now);
    let audit = caller
        .audit("sale.kept")
        .target("sale", id)
        .detail(serde_json::json!({
            "total_cents": sale.total_cents,
            "lines": sale.lines.len(),
            "idempotency_key": idempotency_key,
        }));
    let new = NewSaleRow {
        id,
        organization_id: session.organization_id,
        site_id: session.site_id,
        operator_id: session.user_id,
        idempotency_key,
        body_hash,
        sale,
        now: caller.now,
    };
    let outcome = server.store.keep_sale(new, audit).await?;
    failpoint::pass(Point::SaleKept)?;
    match outcome {
        SaleOutcome::Kept(row) => Ok((StatusCode::CREATED, axum::Json(wire(row)))),
        SaleOutcome::KeptBefore(row) => Ok((StatusCode::OK, axum::Json(wire(row)))),
        SaleOutcome::KeyReused => Err(Failure::new(ErrorCode::IdempotencyKeyReused).at(IDEMPOTENCY_KEY)),
        SaleOutcome::CategoryUnknown(id) => Err(Failure::new(ErrorCode::CategoryUnknown)
            .at("lines")
            .detail(id.to_string())),
        SaleOutcome::TillDayClosed => Err(Failure::new(ErrorCode::TillClosed).at("till_day_id")),
        SaleOutcome::TillDayUnknown => Err(Failure::new(ErrorCode::TillDayNotFound).at("till_day_id")),
    }
}

/// The caller's own newest sales, newest first.
#[utoipa::path(
    get,
    path = "/sales",
    tag = "work",
    responses((status = 200, description = "Newest first, at most 100", body = SaleList))
)]
async fn own(State(server): State<Server>, caller: Caller) -> Result<axum::Json<SaleList>, Failure> {
    let session = &caller.identity.session;
    let rows = server
        .store
        .sales_of(session.organization_id, session.user_id, LISTED)
        .await?;
    Ok(axum::Json(SaleList {
        sales: rows.into_iter().map(wire).collect(),
    }))
}

/// The key, bare or as the quoted string of the Idempotency-Key draft.
fn idempotency_key(headers: &HeaderMap) -> Result<Uuid, Failure> {
    let refuse = || {
        Failure::new(ErrorCode::IdempotencyKeyRequired)
            .at(IDEMPOTENCY_KEY)
            .detail("one UUID")
    };
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refuse());
    };
    let text = value.to_str().map_err(|_| refuse())?.trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    bare.parse().map_err(|_| refuse())
}

/// SHA-256 of the sale as this program writes it: blanks and the order of fields do not matter.
fn canonical_hash(sale: &NewSale) -> Result<[u8; 32], Failure> {
    let canonical = serde_json::to_vec(sale).map_err(|fault| Failure::internal(&fault))?;
    Ok(Sha256::digest(canonical).into())
}

fn wire(row: SaleRow) -> Sale {
    Sale {
        id: row.id,
        idempotency_key: row.idempotency_key,
        operator_id: row.operator_id,
        total_cents: row.total_cents,
        received_at: wire_time(row.received_at),
    }
}
