//! Pages of live sessions, by what is asked of them.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use store::{Identity, Millis, PageKey, SessionFilter, folded};
use uuid::Uuid;

use crate::session_row::{default_idle_minutes, identity, select_identity};

const LIVE: &str = select_identity!(
    "s.revoked_at IS NULL AND s.expires_at > ?1
    AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))"
);

/// A statement that holds only the conditions that are asked for, so that each finds its index.
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// Adds a condition in which `$` stands for the value.
    fn and(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let place = self.bind(value);
            self.sql.push_str(" AND ");
            self.sql.push_str(&condition.replace('$', &place));
        }
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }
}

fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The page of live sessions after `after`, newest first.
pub(crate) fn page(
    connection: &Connection,
    filter: &SessionFilter,
    after: Option<PageKey>,
    limit: u32,
    now: Millis,
) -> rusqlite::Result<Vec<Identity>> {
    let mut query = Query {
        sql: LIVE.to_owned(),
        values: vec![now.into(), default_idle_minutes().into()],
    };
    query.and("s.user_id = $", filter.user_id.map(blob));
    query.and("s.organization_id = $", filter.organization_id.map(blob));
    query.and("s.site_id = $", filter.site_id.map(blob));
    query.and(
        "substr(s.ip_address, 1, length($)) = $",
        filter.ip_address.clone(),
    );
    query.and(
        "instr(folded(s.device_name), $) > 0",
        filter.device.as_deref().map(folded),
    );
    let idle_since = filter.idle_for_ms.map(|idle| now.saturating_sub(idle));
    query.and("s.last_input_at <= $", idle_since);
    if let Some(after) = after {
        let (created_at, id) = (query.bind(after.created_at), query.bind(blob(after.id)));
        query
            .sql
            .push_str(&format!(" AND (s.created_at, s.id) < ({created_at}, {id})"));
    }
    let limit = query.bind(limit);
    query
        .sql
        .push_str(&format!(" ORDER BY s.created_at DESC, s.id DESC LIMIT {limit}"));
    connection
        .prepare_cached(&query.sql)?
        .query_map(params_from_iter(query.values), identity)?
        .collect()
}
