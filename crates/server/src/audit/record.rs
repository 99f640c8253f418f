//! A row of the audit log as administrators read it.

use std::collections::BTreeMap;

use protocol::audit::{AuditPerson, AuditRecord};
use serde_json::Value;
use store::NamedAuditRow;

use crate::clock::wire_time;

/// The record of a row; `sealed_to` is the last row under a seal.
pub(super) fn record(named: NamedAuditRow, sealed_to: u64) -> AuditRecord {
    let row = named.row;
    let person = |user_id: Option<_>, username| user_id.map(|user_id| AuditPerson { user_id, username });
    let mut detail = texts(&row.detail);
    if !row.before.is_empty() || !row.after.is_empty() {
        // Each field of these stands in a place of its own.
        detail.remove("before");
        detail.remove("after");
    }
    AuditRecord {
        sequence: row.sequence.to_string(),
        id: row.id,
        at: wire_time(row.at),
        organization_id: row.organization_id,
        organization_name: named.organization_name,
        actor: person(row.actor_user_id, named.actor_name),
        impersonated: person(row.impersonated_user_id, named.impersonated_name),
        session_id: row.session_id,
        action: row.action,
        target: row.target,
        target_name: named.target_name,
        result: row.result,
        reason: row.reason,
        before: row.before,
        after: row.after,
        detail,
        ip_address: row.ip_address,
        user_agent: row.user_agent,
        device_name: row.device_name,
        request_id: row.request_id,
        sealed: row.sequence <= sealed_to,
    }
}

/// The fields of an object as texts; fields that hold nothing are left out.
pub(crate) fn texts(object: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    };
    object
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .collect()
}
