//! Pages of the audit log, by what is asked of it.

use std::collections::BTreeMap;

use protocol::audit::AuditResult;
use sqlx_core::query::query;
use sqlx_core::query_builder::QueryBuilder;
use sqlx_postgres::{PgConnection, Postgres};
use store::audit::{TargetKind, named_target};
use store::{AuditFilter, AuditKey, NamedAuditRow};
use uuid::Uuid;

use crate::audit::{COLUMNS, columns, read};
use crate::column::{get, text};
use crate::fault::Fault;

/// The rows found, with the names of today of those they are about.
const NAMED: &str = concat!("SELECT ", columns!(), ", o.name, a.username, i.username FROM (",);
const BY_NAME: &str = ") f JOIN audit_log l ON l.sequence = f.sequence
    LEFT JOIN organizations o ON o.id = l.organization_id
    LEFT JOIN users a ON a.id = l.actor_user_id
    LEFT JOIN users i ON i.id = l.impersonated_user_id
    ORDER BY l.at DESC, l.sequence DESC LIMIT ";

/// The names of what targets of each kind name.
const NAMES: [(TargetKind, &str); 6] = [
    (
        TargetKind::User,
        "SELECT id, username FROM users WHERE id = ANY($1)",
    ),
    (
        TargetKind::Organization,
        "SELECT id, name FROM organizations WHERE id = ANY($1)",
    ),
    (TargetKind::Site, "SELECT id, name FROM sites WHERE id = ANY($1)"),
    (TargetKind::Till, "SELECT id, name FROM tills WHERE id = ANY($1)"),
    (
        TargetKind::Category,
        "SELECT id, name FROM categories WHERE id = ANY($1)",
    ),
    (
        TargetKind::Session,
        "SELECT id, device_name FROM sessions WHERE id = ANY($1)",
    ),
];

/// The statement for a page; it holds only the conditions that are asked for. Several actions are as many statements,
/// each read from its index as far as the page goes.
fn asked(filter: &AuditFilter, after: Option<AuditKey>, limit: u32) -> QueryBuilder<Postgres> {
    let mut asked = QueryBuilder::<Postgres>::new(NAMED);
    match &filter.actions {
        None => one_action(&mut asked, filter, None, after, limit),
        Some(actions) if actions.is_empty() => {
            asked.push("SELECT sequence FROM audit_log WHERE false");
        }
        Some(actions) => {
            for (number, action) in actions.iter().enumerate() {
                asked.push(if number > 0 { " UNION ALL (" } else { "(" });
                one_action(&mut asked, filter, Some(action), after, limit);
                asked.push(")");
            }
        }
    }
    asked.push(BY_NAME).push_bind(i64::from(limit));
    asked
}

fn one_action(
    asked: &mut QueryBuilder<Postgres>,
    filter: &AuditFilter,
    action: Option<&str>,
    after: Option<AuditKey>,
    limit: u32,
) {
    asked.push("SELECT sequence FROM audit_log WHERE true");
    for (column, wanted) in [
        ("session_id", filter.session_id),
        ("impersonated_user_id", filter.impersonated_user_id),
        ("actor_user_id", filter.actor_user_id),
        ("organization_id", filter.organization_id),
    ] {
        if let Some(id) = wanted {
            asked.push(" AND ").push(column).push(" = ").push_bind(id);
        }
    }
    if let Some(target) = &filter.target {
        asked.push(" AND target = ").push_bind(text(target).into_owned());
    }
    if let Some(action) = action {
        asked.push(" AND action = ").push_bind(text(action).into_owned());
    }
    match filter.result {
        // In these words, since the index of what was denied holds these rows only.
        Some(AuditResult::Denied) => {
            asked.push(" AND result = 'denied'");
        }
        Some(AuditResult::Done) => {
            asked.push(" AND result = 'done'");
        }
        None => {}
    }
    if let Some(from) = filter.from {
        asked.push(" AND at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        asked.push(" AND at < ").push_bind(to);
    }
    if let Some(after) = after {
        asked
            .push(" AND (at, sequence) < (")
            .push_bind(after.at)
            .push(", ")
            .push_bind(i64::try_from(after.sequence).unwrap_or(i64::MAX))
            .push(")");
    }
    asked
        .push(" ORDER BY at DESC, sequence DESC LIMIT ")
        .push_bind(i64::from(limit));
}

/// The page after `after`, newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &AuditFilter,
    after: Option<AuditKey>,
    limit: u32,
) -> Result<Vec<NamedAuditRow>, Fault> {
    let rows = asked(filter, after, limit)
        .build()
        .fetch_all(&mut *connection)
        .await?;
    let mut found = rows
        .iter()
        .map(|row| {
            Ok(NamedAuditRow {
                row: read(row)?,
                organization_name: get(row, COLUMNS)?,
                actor_name: get(row, COLUMNS + 1)?,
                impersonated_name: get(row, COLUMNS + 2)?,
                target_name: None,
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    name_targets(connection, &mut found).await?;
    Ok(found)
}

async fn name_targets(connection: &mut PgConnection, found: &mut [NamedAuditRow]) -> Result<(), Fault> {
    let target = |named: &NamedAuditRow| named.row.target.as_deref().and_then(named_target);
    for (kind, sql) in NAMES {
        let ids: Vec<Uuid> = found
            .iter()
            .filter_map(target)
            .filter_map(|(of, id)| (of == kind).then_some(id))
            .collect();
        if ids.is_empty() {
            continue;
        }
        let rows = query(sql).bind(&ids).fetch_all(&mut *connection).await?;
        let names = rows
            .iter()
            .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
            .collect::<Result<BTreeMap<Uuid, String>, Fault>>()?;
        for named in found.iter_mut() {
            if let Some((of, id)) = target(named)
                && of == kind
            {
                named.target_name = names.get(&id).cloned();
            }
        }
    }
    Ok(())
}
