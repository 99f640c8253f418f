//! Pages of live sessions, by what is asked of them.

use sqlx_core::query_builder::QueryBuilder;
use sqlx_postgres::{PgConnection, Postgres};
use store::{Identity, Millis, PageKey, SessionFilter};

use crate::column::text;
use crate::fault::Fault;
use crate::session_row::{default_idle_minutes, identity, select_identity};

const LIVE: &str =
    select_identity!("s.impersonator_session_id IS NULL AND s.revoked_at IS NULL AND s.expires_at > ");

/// The page of live sessions after `after`, newest first. The statement holds only the conditions that are asked for, so
/// that each finds its index.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &SessionFilter,
    after: Option<PageKey>,
    limit: u32,
    now: Millis,
) -> Result<Vec<Identity>, Fault> {
    let mut asked = QueryBuilder::<Postgres>::new(LIVE);
    asked
        .push_bind(now)
        .push(" AND (s.device_kind = 'till' OR ")
        .push_bind(now);
    asked
        .push(" < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ")
        .push_bind(default_idle_minutes())
        .push("))");
    for (column, wanted) in [
        ("s.user_id", filter.user_id),
        ("s.organization_id", filter.organization_id),
        ("s.site_id", filter.site_id),
    ] {
        if let Some(id) = wanted {
            asked.push(" AND ").push(column).push(" = ").push_bind(id);
        }
    }
    if let Some(address) = &filter.ip_address {
        asked
            .push(" AND starts_with(s.ip_address, ")
            .push_bind(text(address))
            .push(")");
    }
    if let Some(device) = &filter.device {
        asked
            .push(" AND position(lower(")
            .push_bind(text(device))
            .push(r#" COLLATE "und-x-icu") IN lower(s.device_name COLLATE "und-x-icu")) > 0"#);
    }
    if let Some(idle) = filter.idle_for_ms {
        asked
            .push(" AND s.last_input_at <= ")
            .push_bind(now.saturating_sub(idle));
    }
    if let Some(after) = after {
        asked
            .push(" AND (s.created_at, s.id) < (")
            .push_bind(after.created_at)
            .push(", ")
            .push_bind(after.id)
            .push(")");
    }
    asked
        .push(" ORDER BY s.created_at DESC, s.id DESC LIMIT ")
        .push_bind(i64::from(limit));
    let rows = asked.build().fetch_all(connection).await?;
    rows.iter().map(identity).collect()
}
