//! Alerts: beginning, lasting, ending, and the list of them.

use async_trait::async_trait;
use protocol::alert::{AlertKind, MonitoringSettings, Telling};
use rusqlite::{Connection, Row, params};
use store::{
    AlertMessage, AlertPart, AlertPlace, AlertRow, Alerts, AuditEntry, Change, MailRow, Millis, Occasion,
    Recipient, Settled, Standing, Stood, StoreError,
};
use uuid::Uuid;

use crate::column::unreadable;
use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, alert_messages, alert_settings, audit, directory};

/// What [`read`] takes of an alert `a`. Of several letters on its beginning the one that fared worst counts.
macro_rules! columns {
    () => {
        "a.id, a.organization_id, a.kind, a.subject_key, a.subject, a.began_at, a.stood_at, a.ended_at, a.worst_count,
        a.worst_of,
        (SELECT min(CASE t.state WHEN 'failed' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END) FROM alert_messages t
            WHERE t.alert_id = a.id AND t.occasion = 'began' AND t.channel = 'mail'),
        (SELECT min(CASE t.state WHEN 'failed' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END) FROM alert_messages t
            WHERE t.alert_id = a.id AND t.occasion = 'began' AND t.channel = 'webhook')"
    };
}
pub(crate) use columns;

/// How many columns [`read`] takes.
pub(crate) const COLUMNS: usize = 12;

/// Whether what is noted is worse than the worst before: a larger share, or of equal shares that of more.
macro_rules! worse {
    () => {
        "excluded.worst_count * coalesce(alerts.worst_of, 1) > alerts.worst_count * coalesce(excluded.worst_of, 1)
            OR excluded.worst_count * coalesce(alerts.worst_of, 1) = alerts.worst_count * coalesce(excluded.worst_of, 1)
                AND excluded.worst_count > alerts.worst_count"
    };
}

/// Begins the alert, or notes that it lasts.
const NOTE: &str = concat!(
    "INSERT INTO alerts (id, organization_id, kind, subject_key, subject, began_at, stood_at, worst_count, worst_of)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)
    ON CONFLICT (organization_id, kind, subject_key) WHERE ended_at IS NULL DO UPDATE SET
        stood_at = max(alerts.stood_at, excluded.stood_at),
        worst_count = CASE WHEN ",
    worse!(),
    " THEN excluded.worst_count ELSE alerts.worst_count END,
        worst_of = CASE WHEN ",
    worse!(),
    " THEN excluded.worst_of ELSE alerts.worst_of END
    RETURNING id, began_at"
);

const END: &str =
    "UPDATE alerts SET ended_at = ?3 WHERE organization_id = ?1 AND ended_at IS NULL AND stood_at <= ?2
    RETURNING id";

const LASTING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM alerts a WHERE a.organization_id = ?1 AND a.ended_at IS NULL AND (?2 IS NULL OR (a.began_at, a.id) < (?2, ?3))
    ORDER BY a.began_at DESC, a.id DESC LIMIT ?4"
);

const ENDED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM alerts a
    WHERE a.organization_id = ?1 AND a.ended_at IS NOT NULL AND (?2 IS NULL OR (a.began_at, a.id) < (?2, ?3))
    ORDER BY a.began_at DESC, a.id DESC LIMIT ?4"
);

const COUNT: &str = "SELECT kind, count(*) FROM alerts WHERE ended_at IS NULL GROUP BY kind ORDER BY kind";

const LONG_ENDED: &str = "SELECT id FROM alerts WHERE ended_at < ? ORDER BY ended_at LIMIT ?";

/// Reads an alert from the first columns.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    let kind = row.get_ref(2)?.as_str()?;
    let told = |column| {
        let worst: Option<u8> = row.get(column)?;
        Ok::<_, rusqlite::Error>(match worst {
            None => Telling::NotSetUp,
            Some(1) => Telling::Failed,
            Some(2) => Telling::Waiting,
            Some(_) => Telling::Sent,
        })
    };
    Ok(AlertRow {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        kind: kind.parse().map_err(|_| unreadable(2, "kind of alert", kind))?,
        subject_key: row.get(3)?,
        subject: row.get(4)?,
        began_at: row.get(5)?,
        stood_at: row.get(6)?,
        ended_at: row.get(7)?,
        worst_count: row.get(8)?,
        worst_of: row.get(9)?,
        mail: told(10)?,
        webhook: told(11)?,
    })
}

fn note(
    connection: &Connection,
    standing: &Standing,
    tell: &[Recipient],
    repeat_ms: Option<Millis>,
    now: Millis,
) -> Result<(Stood, Vec<Change>), Fault> {
    directory::known_organization(connection, standing.organization_id)?;
    let (id, began_at): (Uuid, Millis) = connection.prepare_cached(NOTE)?.query_row(
        params![
            standing.id,
            standing.organization_id,
            standing.kind.as_str(),
            standing.subject_key,
            standing.subject,
            now,
            standing.count,
            standing.of,
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if id == standing.id {
        alert_messages::add(connection, id, tell, Occasion::Began, 0, now)?;
        let organization_id = standing.organization_id;
        return Ok((Stood::Began, vec![Change::AlertsChanged { organization_id }]));
    }
    if let Some(repeat_ms) = repeat_ms {
        alert_messages::repeat(connection, (id, began_at), tell, repeat_ms, now)?;
    }
    Ok((Stood::Lasts, Vec::new()))
}

fn end(
    connection: &Connection,
    organization_id: Uuid,
    stood_until: Millis,
    tell: &[Recipient],
    now: Millis,
) -> Result<(u32, Vec<Change>), Fault> {
    let ended: Vec<Uuid> = connection
        .prepare_cached(END)?
        .query_map(params![organization_id, stood_until, now], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ended {
        alert_messages::add(connection, *id, tell, Occasion::Ended, 0, now)?;
    }
    let told = (!ended.is_empty()).then_some(Change::AlertsChanged { organization_id });
    let count = u32::try_from(ended.len()).unwrap_or(u32::MAX);
    Ok((count, told.into_iter().collect()))
}

fn page(
    connection: &Connection,
    organization_id: Uuid,
    after: Option<AlertPlace>,
    limit: u32,
) -> Result<Vec<AlertRow>, Fault> {
    let part = |sql: &str, place: Option<AlertPlace>, limit: u32| -> Result<Vec<AlertRow>, Fault> {
        let (began_at, id) = place.map(|place| (place.began_at, place.id)).unzip();
        let rows = connection
            .prepare_cached(sql)?
            .query_map(params![organization_id, began_at, id, limit], read)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    };
    let mut rows = match after.map(|place| place.part) {
        None | Some(AlertPart::Lasting) => part(LASTING, after, limit)?,
        Some(AlertPart::Ended) => Vec::new(),
    };
    let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(limit));
    if left > 0 {
        let after = after.filter(|place| place.part == AlertPart::Ended);
        rows.extend(part(ENDED, after, left)?);
    }
    Ok(rows)
}

fn purge(connection: &Connection, ended_before: Millis, limit: u32) -> Result<u32, Fault> {
    let old: Vec<Uuid> = connection
        .prepare_cached(LONG_ENDED)?
        .query_map(params![ended_before, limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &old {
        connection
            .prepare_cached("DELETE FROM alert_messages WHERE alert_id = ?")?
            .execute([id])?;
        connection
            .prepare_cached("DELETE FROM alerts WHERE id = ?")?
            .execute([id])?;
    }
    Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
}

#[async_trait]
impl Alerts for SqliteStore {
    async fn monitoring_settings(&self, organization_id: Uuid) -> Result<MonitoringSettings, StoreError> {
        self.readers
            .read(move |connection| alert_settings::read(connection, organization_id))
            .await
    }

    async fn put_monitoring_settings(
        &self,
        organization_id: Uuid,
        settings: MonitoringSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                directory::known_organization(connection, organization_id)?;
                alert_settings::put(connection, organization_id, &settings)?;
                Ok(audit::add(connection, &audit)?)
            })
            .await
    }

    async fn mail_settings(&self) -> Result<Option<MailRow>, StoreError> {
        self.readers.read(alert_settings::read_mail).await
    }

    async fn put_mail_settings(&self, row: MailRow, audit: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                alert_settings::put_mail(connection, &row)?;
                Ok(audit::add(connection, &audit)?)
            })
            .await
    }

    async fn note_standing(
        &self,
        standing: Standing,
        tell: Vec<Recipient>,
        repeat_ms: Option<Millis>,
        now: Millis,
    ) -> Result<Stood, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                note(connection, &standing, &tell, repeat_ms, now)
            })
            .await
    }

    async fn end_alerts(
        &self,
        organization_id: Uuid,
        stood_until: Millis,
        tell: Vec<Recipient>,
        now: Millis,
    ) -> Result<u32, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                end(connection, organization_id, stood_until, &tell, now)
            })
            .await
    }

    async fn alerts_page(
        &self,
        organization_id: Uuid,
        after: Option<AlertPlace>,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        self.readers
            .read(move |connection| page(connection, organization_id, after, limit))
            .await
    }

    async fn lasting_alerts(&self) -> Result<Vec<(AlertKind, u32)>, StoreError> {
        self.readers
            .read(|connection| {
                let rows = connection
                    .prepare_cached(COUNT)?
                    .query_map([], |row| {
                        let kind = row.get_ref(0)?.as_str()?;
                        let kind = kind.parse().map_err(|_| unreadable(0, "kind of alert", kind))?;
                        Ok((kind, row.get(1)?))
                    })?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }

    async fn claim_messages(
        &self,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        limit: u32,
    ) -> Result<Vec<AlertMessage>, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                alert_messages::claim(connection, claim, now, lease_ms, limit)
            })
            .await
    }

    async fn settle_message(&self, id: Uuid, claim: Uuid, settled: Settled) -> Result<bool, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                alert_messages::settle(connection, id, claim, settled)
            })
            .await
    }

    async fn purge_alerts(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                purge(connection, ended_before, limit)
            })
            .await
    }
}
