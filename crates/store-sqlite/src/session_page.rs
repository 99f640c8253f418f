//! Pages of live sessions, by what is asked of them.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use store::{Identity, Millis, PageKey, SessionFilter, folded};
use uuid::Uuid;

use crate::session_row::{default_idle_minutes, identity, select_identity};

const LIVE: &str = select_identity!(
    "s.revoked_at IS NULL AND s.expires_at > ?1 AND s.impersonator_session_id IS NULL
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

/// The statement for a page. Where a user is named, the few sessions of that user are gone through, not an organisation's.
fn query(filter: &SessionFilter, after: Option<PageKey>, limit: u32, now: Millis) -> Query {
    let mut query = Query {
        sql: LIVE.to_owned(),
        values: vec![now.into(), default_idle_minutes().into()],
    };
    query.and("s.user_id = $", filter.user_id.map(blob));
    let of_organization = match filter.user_id {
        Some(_) => "+s.organization_id = $",
        None => "s.organization_id = $",
    };
    query.and(of_organization, filter.organization_id.map(blob));
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
    query
}

/// The page of live sessions after `after`, newest first.
pub(crate) fn page(
    connection: &Connection,
    filter: &SessionFilter,
    after: Option<PageKey>,
    limit: u32,
    now: Millis,
) -> rusqlite::Result<Vec<Identity>> {
    let query = query(filter, after, limit, now);
    connection
        .prepare_cached(&query.sql)?
        .query_map(params_from_iter(query.values), identity)?
        .collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::params_from_iter;
    use store::{PageKey, SessionFilter};
    use uuid::Uuid;

    use super::query;
    use crate::{Options, SqliteStore, connection};

    /// How SQLite goes through the sessions for the page after a key.
    fn plan(filter: &SessionFilter) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.db");
        drop(SqliteStore::open(&path, Options::default()).unwrap());
        let connection = connection::reading(&path, &Options::default()).unwrap();
        let after = PageKey {
            created_at: 5,
            id: Uuid::nil(),
        };
        let query = query(filter, Some(after), 10, 9);
        let steps: Vec<String> = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql))
            .unwrap()
            .query_map(params_from_iter(query.values), |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        steps.join("; ")
    }

    #[test]
    fn a_page_is_read_from_an_index_in_its_order() {
        let (user_id, organization_id) = (Some(Uuid::nil()), Some(Uuid::nil()));
        let cases = [
            (None, None, "sessions_by_creation"),
            (None, organization_id, "sessions_by_organization"),
            (user_id, None, "sessions_by_user"),
            (user_id, organization_id, "sessions_by_user"),
        ];
        for (user_id, organization_id, index) in cases {
            let filter = SessionFilter {
                user_id,
                organization_id,
                device: Some("till".to_owned()),
                ..SessionFilter::default()
            };
            let plan = plan(&filter);
            assert!(
                plan.contains(&format!("SEARCH s USING INDEX {index} (")),
                "{plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
