//! Alerts: beginning, lasting, ending, and the list of them.

use async_trait::async_trait;
use protocol::alert::{AlertKind, MonitoringSettings, Telling};
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{
    AlertMessage, AlertPart, AlertPlace, AlertRow, Alerts, AuditEntry, Change, MailRow, Millis, Occasion,
    Recipient, Settled, Standing, Stood, StoreError,
};
use uuid::Uuid;

use crate::column::{count, get, number, number_if_any, text, unreadable};
use crate::fault::Fault;
use crate::work::{telling, transaction};
use crate::{PostgresStore, alert_messages, alert_settings, audit, directory};

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
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)
    ON CONFLICT (organization_id, kind, subject_key) WHERE ended_at IS NULL DO UPDATE SET
        stood_at = greatest(alerts.stood_at, excluded.stood_at),
        worst_count = CASE WHEN ",
    worse!(),
    " THEN excluded.worst_count ELSE alerts.worst_count END,
        worst_of = CASE WHEN ",
    worse!(),
    " THEN excluded.worst_of ELSE alerts.worst_of END
    RETURNING id, began_at"
);

const END: &str =
    "UPDATE alerts SET ended_at = $3 WHERE organization_id = $1 AND ended_at IS NULL AND stood_at <= $2
    RETURNING id";

const LASTING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM alerts a WHERE a.organization_id = $1 AND a.ended_at IS NULL AND ($2::bigint IS NULL OR (a.began_at, a.id) < ($2, $3))
    ORDER BY a.began_at DESC, a.id DESC LIMIT $4"
);

const ENDED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM alerts a
    WHERE a.organization_id = $1 AND a.ended_at IS NOT NULL AND ($2::bigint IS NULL OR (a.began_at, a.id) < ($2, $3))
    ORDER BY a.began_at DESC, a.id DESC LIMIT $4"
);

const COUNT: &str = "SELECT kind, count(*) FROM alerts WHERE ended_at IS NULL GROUP BY kind ORDER BY kind";

const LONG_ENDED: &str =
    "SELECT id FROM alerts WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED";

/// Reads an alert from the first columns.
pub(crate) fn read(row: &PgRow) -> Result<AlertRow, Fault> {
    let kind: &str = get(row, 2)?;
    let told = |column: usize| {
        let worst: Option<i32> = get(row, column)?;
        Ok::<_, Fault>(match worst {
            None => Telling::NotSetUp,
            Some(1) => Telling::Failed,
            Some(2) => Telling::Waiting,
            Some(_) => Telling::Sent,
        })
    };
    Ok(AlertRow {
        id: get(row, 0)?,
        organization_id: get(row, 1)?,
        kind: kind.parse().map_err(|_| unreadable("kind of alert", kind))?,
        subject_key: get(row, 3)?,
        subject: get(row, 4)?,
        began_at: get(row, 5)?,
        stood_at: get(row, 6)?,
        ended_at: get(row, 7)?,
        worst_count: number(row, 8)?,
        worst_of: number_if_any(row, 9)?,
        mail: told(10)?,
        webhook: told(11)?,
    })
}

async fn note(
    connection: &mut PgConnection,
    standing: &Standing,
    tell: &[Recipient],
    repeat_ms: Option<Millis>,
    now: Millis,
) -> Result<(Stood, Vec<Change>), Fault> {
    let organization_id = standing.organization_id;
    directory::known_organization(connection, organization_id).await?;
    let row = query(NOTE)
        .bind(standing.id)
        .bind(organization_id)
        .bind(standing.kind.as_str())
        .bind(text(&standing.subject_key))
        .bind(standing.subject.as_deref().map(text))
        .bind(now)
        .bind(i64::from(standing.count))
        .bind(standing.of.map(i64::from))
        .fetch_one(&mut *connection)
        .await?;
    let (id, began_at): (Uuid, Millis) = (get(&row, 0)?, get(&row, 1)?);
    if id == standing.id {
        alert_messages::add(connection, id, tell, Occasion::Began, 0, now).await?;
        return Ok((Stood::Began, vec![Change::AlertsChanged { organization_id }]));
    }
    if let Some(repeat_ms) = repeat_ms {
        alert_messages::repeat(connection, (id, began_at), tell, repeat_ms, now).await?;
    }
    Ok((Stood::Lasts, Vec::new()))
}

async fn end(
    connection: &mut PgConnection,
    organization_id: Uuid,
    stood_until: Millis,
    tell: &[Recipient],
    now: Millis,
) -> Result<(u32, Vec<Change>), Fault> {
    let ended = query(END)
        .bind(organization_id)
        .bind(stood_until)
        .bind(now)
        .fetch_all(&mut *connection)
        .await?;
    for row in &ended {
        alert_messages::add(connection, get(row, 0)?, tell, Occasion::Ended, 0, now).await?;
    }
    let told = (!ended.is_empty()).then_some(Change::AlertsChanged { organization_id });
    let count = u32::try_from(ended.len()).unwrap_or(u32::MAX);
    Ok((count, told.into_iter().collect()))
}

async fn part(
    connection: &mut PgConnection,
    sql: &'static str,
    organization_id: Uuid,
    place: Option<AlertPlace>,
    limit: u32,
) -> Result<Vec<AlertRow>, Fault> {
    let (began_at, id) = place.map(|place| (place.began_at, place.id)).unzip();
    let rows = query(sql)
        .bind(organization_id)
        .bind(began_at)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

async fn page(
    connection: &mut PgConnection,
    organization_id: Uuid,
    after: Option<AlertPlace>,
    limit: u32,
) -> Result<Vec<AlertRow>, Fault> {
    let mut rows = match after.map(|place| place.part) {
        None | Some(AlertPart::Lasting) => part(connection, LASTING, organization_id, after, limit).await?,
        Some(AlertPart::Ended) => Vec::new(),
    };
    let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(limit));
    if left > 0 {
        let after = after.filter(|place| place.part == AlertPart::Ended);
        rows.extend(part(connection, ENDED, organization_id, after, left).await?);
    }
    Ok(rows)
}

async fn purge(connection: &mut PgConnection, ended_before: Millis, limit: u32) -> Result<u32, Fault> {
    let old = query(LONG_ENDED)
        .bind(ended_before)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    let ids = old
        .iter()
        .map(|row| get(row, 0))
        .collect::<Result<Vec<Uuid>, _>>()?;
    query("DELETE FROM alert_messages WHERE alert_id = ANY($1)")
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let deleted = query("DELETE FROM alerts WHERE id = ANY($1)")
        .bind(&ids)
        .execute(connection)
        .await?;
    Ok(count(deleted.rows_affected()))
}

#[async_trait]
impl Alerts for PostgresStore {
    async fn monitoring_settings(&self, organization_id: Uuid) -> Result<MonitoringSettings, StoreError> {
        self.single(async |connection| alert_settings::read(connection, organization_id).await)
            .await
    }

    async fn put_monitoring_settings(
        &self,
        organization_id: Uuid,
        settings: MonitoringSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        transaction!(self, |connection| {
            directory::known_organization(connection, organization_id).await?;
            alert_settings::put(connection, organization_id, &settings).await?;
            audit::add(connection, &audit).await
        })
    }

    async fn mail_settings(&self) -> Result<Option<MailRow>, StoreError> {
        self.single(async |connection| alert_settings::read_mail(connection).await)
            .await
    }

    async fn put_mail_settings(&self, row: MailRow, audit: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| {
            alert_settings::put_mail(connection, &row).await?;
            audit::add(connection, &audit).await
        })
    }

    async fn note_standing(
        &self,
        standing: Standing,
        tell: Vec<Recipient>,
        repeat_ms: Option<Millis>,
        now: Millis,
    ) -> Result<Stood, StoreError> {
        telling!(self, |connection| note(
            connection, &standing, &tell, repeat_ms, now
        )
        .await)
    }

    async fn end_alerts(
        &self,
        organization_id: Uuid,
        stood_until: Millis,
        tell: Vec<Recipient>,
        now: Millis,
    ) -> Result<u32, StoreError> {
        telling!(self, |connection| end(
            connection,
            organization_id,
            stood_until,
            &tell,
            now
        )
        .await)
    }

    async fn alerts_page(
        &self,
        organization_id: Uuid,
        after: Option<AlertPlace>,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        transaction!(self, |connection| page(connection, organization_id, after, limit)
            .await)
    }

    async fn lasting_alerts(&self) -> Result<Vec<(AlertKind, u32)>, StoreError> {
        self.single(async |connection| {
            let rows = query(COUNT).fetch_all(connection).await?;
            rows.iter()
                .map(|row| {
                    let kind: &str = get(row, 0)?;
                    let kind = kind.parse().map_err(|_| unreadable("kind of alert", kind))?;
                    Ok((kind, number(row, 1)?))
                })
                .collect()
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
        transaction!(self, |connection| alert_messages::claim(
            connection, claim, now, lease_ms, limit
        )
        .await)
    }

    async fn settle_message(&self, id: Uuid, claim: Uuid, settled: Settled) -> Result<bool, StoreError> {
        telling!(self, |connection| alert_messages::settle(
            connection, id, claim, settled
        )
        .await)
    }

    async fn purge_alerts(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError> {
        transaction!(self, |connection| purge(connection, ended_before, limit).await)
    }
}
