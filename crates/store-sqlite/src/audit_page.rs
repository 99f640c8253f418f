//! Pages of the audit log, by what is asked of it.

use protocol::audit::AuditResult;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use store::audit::{TargetKind, named_target};
use store::{AuditFilter, AuditKey, AuditRow, NamedAuditRow};
use uuid::Uuid;

use crate::audit::{COLUMNS, columns, read};

/// The rows found, with the names of today of those they are about.
const NAMED: &str = concat!("SELECT ", columns!(), ", o.name, a.username, i.username FROM (",);
const BY_NAME: &str = ") f CROSS JOIN audit_log l ON l.sequence = f.sequence
    LEFT JOIN organizations o ON o.id = l.organization_id
    LEFT JOIN users a ON a.id = l.actor_user_id
    LEFT JOIN users i ON i.id = l.impersonated_user_id
    ORDER BY l.at DESC, l.sequence DESC LIMIT ";

/// A statement that holds only the conditions that are asked for.
#[derive(Default)]
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// Adds an equality. One of them leads: its index is in the order of the list. The others are only looked at, which
    /// the sign before their names tells SQLite.
    fn and<V: Into<Value>>(&mut self, column: &str, value: Option<V>, leads: &mut bool) {
        let Some(value) = value else { return };
        let place = self.bind(value);
        let sign = if std::mem::replace(leads, true) { "+" } else { "" };
        self.sql.push_str(&format!(" AND {sign}{column} = {place}"));
    }
}

fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The statement for a page. Several actions are as many statements, each read from its index as far as the page goes.
fn query(filter: &AuditFilter, after: Option<AuditKey>, limit: u32) -> Query {
    let mut query = Query {
        sql: NAMED.to_owned(),
        values: Vec::new(),
    };
    match &filter.actions {
        None => one_action(&mut query, filter, None, after, limit),
        Some(actions) if actions.is_empty() => {
            query.sql.push_str("SELECT sequence FROM audit_log WHERE false");
        }
        Some(actions) => {
            for (number, action) in actions.iter().enumerate() {
                if number > 0 {
                    query.sql.push_str(" UNION ALL ");
                }
                query.sql.push_str("SELECT sequence FROM (");
                one_action(&mut query, filter, Some(action), after, limit);
                query.sql.push(')');
            }
        }
    }
    query.sql.push_str(BY_NAME);
    let limit = query.bind(limit);
    query.sql.push_str(&limit);
    query
}

fn one_action(
    query: &mut Query,
    filter: &AuditFilter,
    action: Option<&str>,
    after: Option<AuditKey>,
    limit: u32,
) {
    query.sql.push_str("SELECT sequence FROM audit_log WHERE true");
    let mut leads = false;
    query.and("session_id", filter.session_id.map(blob), &mut leads);
    query.and("target", filter.target.clone(), &mut leads);
    if let Some(id) = filter.impersonated_user_id {
        query.and("impersonated_user_id", Some(blob(id)), &mut leads);
    }
    query.and("actor_user_id", filter.actor_user_id.map(blob), &mut leads);
    query.and("action", action.map(str::to_owned), &mut leads);
    match filter.result {
        // The index of what was denied holds these rows only.
        Some(AuditResult::Denied) if !leads => {
            query.sql.push_str(" AND result = 'denied'");
            leads = true;
        }
        Some(result) => {
            let place = query.bind(result.as_str().to_owned());
            query.sql.push_str(&format!(" AND +result = {place}"));
        }
        None => {}
    }
    query.and("organization_id", filter.organization_id.map(blob), &mut leads);
    if let Some(from) = filter.from {
        let from = query.bind(from);
        query.sql.push_str(&format!(" AND at >= {from}"));
    }
    if let Some(before) = before(filter, after) {
        let (at, sequence) = (query.bind(before.at), query.bind(signed(before.sequence)));
        query
            .sql
            .push_str(&format!(" AND (at, sequence) < ({at}, {sequence})"));
    }
    let limit = query.bind(limit);
    query
        .sql
        .push_str(&format!(" ORDER BY at DESC, sequence DESC LIMIT {limit}"));
}

/// Where the page begins: after the page before, and before the end of the time asked for.
fn before(filter: &AuditFilter, after: Option<AuditKey>) -> Option<AuditKey> {
    let to = filter.to.map(|at| AuditKey { at, sequence: 0 });
    match (after, to) {
        (Some(after), Some(to)) if after.at < to.at => Some(after),
        (_, Some(to)) => Some(to),
        (after, None) => after,
    }
}

/// A place as SQLite keeps it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The page after `after`, newest first.
pub(crate) fn page(
    connection: &Connection,
    filter: &AuditFilter,
    after: Option<AuditKey>,
    limit: u32,
) -> rusqlite::Result<Vec<NamedAuditRow>> {
    let query = query(filter, after, limit);
    let mut found: Vec<NamedAuditRow> = connection
        .prepare_cached(&query.sql)?
        .query_map(params_from_iter(query.values), |row| {
            Ok(NamedAuditRow {
                row: read(row)?,
                organization_name: row.get(COLUMNS)?,
                actor_name: row.get(COLUMNS + 1)?,
                impersonated_name: row.get(COLUMNS + 2)?,
                target_name: None,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    for named in &mut found {
        named.target_name = target_name(connection, &named.row)?;
    }
    Ok(found)
}

fn target_name(connection: &Connection, row: &AuditRow) -> rusqlite::Result<Option<String>> {
    let Some((kind, id)) = row.target.as_deref().and_then(named_target) else {
        return Ok(None);
    };
    let sql = match kind {
        TargetKind::User => "SELECT username FROM users WHERE id = ?1",
        TargetKind::Organization => "SELECT name FROM organizations WHERE id = ?1",
        TargetKind::Site => "SELECT name FROM sites WHERE id = ?1",
        TargetKind::Till => "SELECT name FROM tills WHERE id = ?1",
        TargetKind::Session => "SELECT device_name FROM sessions WHERE id = ?1",
        TargetKind::Category => {
            return connection
                .prepare_cached("SELECT name FROM categories WHERE organization_id = ?1 AND id = ?2")?
                .query_row((row.organization_id, id), |row| row.get(0))
                .optional();
        }
    };
    connection
        .prepare_cached(sql)?
        .query_row([id], |row| row.get(0))
        .optional()
}

#[cfg(test)]
mod tests {
    use protocol::audit::AuditResult;
    use rusqlite::params_from_iter;
    use store::{AuditFilter, AuditKey};
    use uuid::Uuid;

    use super::query;
    use crate::{Options, SqliteStore, connection};

    fn plan(filter: &AuditFilter) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.db");
        drop(SqliteStore::open(&path, Options::default()).unwrap());
        let connection = connection::reading(&path, &Options::default()).unwrap();
        let query = query(filter, Some(AuditKey { at: 5, sequence: 9 }), 10);
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
        let id = Some(Uuid::nil());
        let all = AuditFilter::default();
        let cases = [
            (all.clone(), "audit_log_by_time"),
            (
                AuditFilter {
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_by_organization",
            ),
            (
                AuditFilter {
                    actor_user_id: id,
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_by_actor",
            ),
            (
                AuditFilter {
                    impersonated_user_id: id,
                    ..all.clone()
                },
                "audit_log_impersonated",
            ),
            (
                AuditFilter {
                    session_id: id,
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_by_session",
            ),
            (
                AuditFilter {
                    target: Some("user:1".to_owned()),
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_by_target",
            ),
            (
                AuditFilter {
                    actions: Some(vec!["a".to_owned(), "b".to_owned()]),
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_by_action",
            ),
            (
                AuditFilter {
                    result: Some(AuditResult::Denied),
                    organization_id: id,
                    ..all.clone()
                },
                "audit_log_denied",
            ),
            (
                AuditFilter {
                    result: Some(AuditResult::Done),
                    ..all.clone()
                },
                "audit_log_by_time",
            ),
            (
                AuditFilter {
                    from: Some(1),
                    to: Some(4),
                    ..all
                },
                "audit_log_by_time",
            ),
        ];
        for (filter, index) in cases {
            let plan = plan(&filter);
            assert!(
                plan.contains(&format!("SEARCH audit_log USING INDEX {index} ("))
                    || plan.contains(&format!("SEARCH audit_log USING COVERING INDEX {index} (")),
                "{filter:?}: {plan}"
            );
            // What each statement found, which is no more than a page, is put in order; the log is not.
            let statements = filter.actions.as_ref().map_or(1, Vec::len);
            assert!(
                plan.matches("TEMP B-TREE").count() <= statements,
                "{filter:?}: {plan}"
            );
        }
    }
}
