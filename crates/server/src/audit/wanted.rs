//! Which rows of the audit log are asked for.

use chrono::DateTime;
use protocol::ErrorCode;
use protocol::audit::{AuditGroup, AuditResult};
use serde::Deserialize;
use store::{AuditFilter, AuditKey, Millis};
use utoipa::IntoParams;
use uuid::Uuid;

use super::groups::actions_of;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::page;

/// More than any target or action has.
const TEXT_MOST_CHARACTERS: usize = 128;

/// Which rows are wanted; every condition given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedRows {
    /// Deeds of this kind.
    #[param(value_type = Option<AuditGroup>, inline)]
    group: Option<String>,
    /// This deed, such as `session.revoked`.
    #[param(max_length = 128)]
    action: Option<String>,
    /// By this user.
    #[param(value_type = Option<Uuid>)]
    actor_user_id: Option<String>,
    /// As this user, seen through whose eyes somebody else acted.
    #[param(value_type = Option<Uuid>)]
    impersonated_user_id: Option<String>,
    /// Through this session.
    #[param(value_type = Option<Uuid>)]
    session_id: Option<String>,
    /// To this, such as `user:0190…`.
    #[param(max_length = 128)]
    target: Option<String>,
    /// With this result.
    #[param(value_type = Option<AuditResult>, inline)]
    result: Option<String>,
    /// From this time on (RFC 3339).
    #[param(value_type = Option<DateTime<chrono::Utc>>)]
    from: Option<String>,
    /// Before this time (RFC 3339).
    #[param(value_type = Option<DateTime<chrono::Utc>>)]
    to: Option<String>,
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    #[param(value_type = Option<Uuid>)]
    organization_id: Option<String>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    limit: Option<String>,
}

/// Which rows an export is to hold, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedExport {
    /// A table for spreadsheets, or a line of JSON for each row; a table without it.
    #[param(value_type = Option<ExportFormat>, inline)]
    format: Option<String>,
    /// Deeds of this kind.
    #[param(value_type = Option<AuditGroup>, inline)]
    group: Option<String>,
    /// This deed, such as `session.revoked`.
    #[param(max_length = 128)]
    action: Option<String>,
    /// By this user.
    #[param(value_type = Option<Uuid>)]
    actor_user_id: Option<String>,
    /// As this user, seen through whose eyes somebody else acted.
    #[param(value_type = Option<Uuid>)]
    impersonated_user_id: Option<String>,
    /// Through this session.
    #[param(value_type = Option<Uuid>)]
    session_id: Option<String>,
    /// To this, such as `user:0190…`.
    #[param(max_length = 128)]
    target: Option<String>,
    /// With this result.
    #[param(value_type = Option<AuditResult>, inline)]
    result: Option<String>,
    /// From this time on (RFC 3339).
    #[param(value_type = Option<DateTime<chrono::Utc>>)]
    from: Option<String>,
    /// Before this time (RFC 3339).
    #[param(value_type = Option<DateTime<chrono::Utc>>)]
    to: Option<String>,
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    #[param(value_type = Option<Uuid>)]
    organization_id: Option<String>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString, utoipa::ToSchema)]
#[strum(serialize_all = "snake_case")]
#[schema(rename_all = "snake_case")]
pub(super) enum ExportFormat {
    /// A table for spreadsheets (RFC 4180).
    #[default]
    Csv,
    /// A JSON object on each line.
    Jsonl,
}

impl WantedExport {
    pub(super) fn split(self) -> Result<(ExportFormat, WantedRows), Failure> {
        let format = value("format", self.format.as_deref(), "csv or jsonl")?.unwrap_or_default();
        let rows = WantedRows {
            group: self.group,
            action: self.action,
            actor_user_id: self.actor_user_id,
            impersonated_user_id: self.impersonated_user_id,
            session_id: self.session_id,
            target: self.target,
            result: self.result,
            from: self.from,
            to: self.to,
            organization_id: self.organization_id,
            after: None,
            limit: None,
        };
        Ok((format, rows))
    }
}

impl WantedRows {
    /// What the caller may see of it.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`], [`ErrorCode::OrganizationNotFound`], or a value out of its range, with its field.
    pub(super) fn filter(&self, caller: &Caller) -> Result<AuditFilter, Failure> {
        caller.administers()?;
        let asked = id("organization_id", self.organization_id.as_deref())?;
        let organization_id = if caller.identity.super_admin {
            asked
        } else {
            let current = caller.organization_id();
            if asked.is_some_and(|asked| asked != current) {
                return Err(Failure::new(ErrorCode::OrganizationNotFound));
            }
            Some(current)
        };
        Ok(AuditFilter {
            organization_id,
            actions: self.actions()?,
            actor_user_id: id("actor_user_id", self.actor_user_id.as_deref())?,
            impersonated_user_id: id("impersonated_user_id", self.impersonated_user_id.as_deref())?,
            session_id: id("session_id", self.session_id.as_deref())?,
            target: text("target", self.target.as_deref())?,
            result: value("result", self.result.as_deref(), "done or denied")?,
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
        })
    }

    fn actions(&self) -> Result<Option<Vec<String>>, Failure> {
        let known = "sign_ins, revocations, people, places, settings, sales or system";
        let group: Option<AuditGroup> = value("group", self.group.as_deref(), known)?;
        let action = text("action", self.action.as_deref())?;
        Ok(match (group.map(actions_of), action) {
            (Some(mut actions), Some(action)) => {
                actions.retain(|one| *one == action);
                Some(actions)
            }
            (Some(actions), None) => Some(actions),
            (None, Some(action)) => Some(vec![action]),
            (None, None) => None,
        })
    }

    /// How many rows a page is to hold.
    ///
    /// # Errors
    /// A value out of its range.
    pub(super) fn limit(&self) -> Result<u32, Failure> {
        page::limit(value(
            "limit",
            self.limit.as_deref(),
            "a whole number from 1 to 200",
        )?)
    }
}

fn value<T: std::str::FromStr>(
    field: &'static str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, Failure> {
    text.map(|text| text.parse().map_err(|_| Failure::invalid(field, expected)))
        .transpose()
}

fn id(field: &'static str, text: Option<&str>) -> Result<Option<Uuid>, Failure> {
    value(field, text, "an id, such as 01900000-0000-7000-8000-000000000000")
}

fn time(field: &'static str, text: Option<&str>) -> Result<Option<Millis>, Failure> {
    text.map(|text| {
        DateTime::parse_from_rfc3339(text)
            .map(|at| at.timestamp_millis())
            .map_err(|_| Failure::invalid(field, "a time such as 2026-11-21T10:00:00Z"))
    })
    .transpose()
}

fn text(field: &'static str, text: Option<&str>) -> Result<Option<String>, Failure> {
    match text {
        Some(text) if text.chars().count() > TEXT_MOST_CHARACTERS => Err(Failure::invalid(
            field,
            format!("at most {TEXT_MOST_CHARACTERS} characters"),
        )),
        text => Ok(text.filter(|text| !text.is_empty()).map(str::to_owned)),
    }
}

/// A row's place as it stands in `next`.
pub(super) fn written_place(key: AuditKey) -> String {
    page::written(&format!("{}:{}", key.at, key.sequence))
}

/// The place in an `after`.
///
/// # Errors
/// A value that this server did not write.
pub(super) fn read_place(after: Option<&str>) -> Result<Option<AuditKey>, Failure> {
    page::read(after)?
        .map(|key| {
            let (at, sequence) = key.split_once(':')?;
            Some(AuditKey {
                at: at.parse().ok()?,
                sequence: sequence.parse().ok()?,
            })
        })
        .map(|place| place.ok_or_else(|| Failure::invalid("after", "not a `next` of this list")))
        .transpose()
}
