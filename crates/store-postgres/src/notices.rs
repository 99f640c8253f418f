//! Security notices.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{Change, Millis, NewNotice, Notice, NoticeDetail, NoticeKind, Notices, StoreError};
use uuid::Uuid;

use crate::column::{get, text, unreadable};
use crate::fault::Fault;
use crate::work::telling;
use crate::{PostgresStore, directory};

const ADD: &str = "INSERT INTO security_notices (id, user_id, at, kind, detail) VALUES ($1, $2, $3, $4, $5)";

const OF_USER: &str = "SELECT id, user_id, at, kind, detail, seen_at FROM security_notices
    WHERE user_id = $1 AND (seen_at IS NULL OR NOT $2) ORDER BY at DESC, id DESC LIMIT $3";

const SEEN: &str =
    "UPDATE security_notices SET seen_at = coalesce(seen_at, $3) WHERE user_id = $1 AND id = $2";

/// Adds the notice, and says what to tell.
pub(crate) async fn add(connection: &mut PgConnection, new: &NewNotice) -> Result<Change, Fault> {
    let detail = serde_json::to_string(&new.detail)
        .map_err(|error| StoreError::Failed(format!("a notice has no JSON form: {error}")))?;
    query(ADD)
        .bind(new.id)
        .bind(new.user_id)
        .bind(new.at)
        .bind(new.kind.as_str())
        .bind(text(&detail))
        .execute(connection)
        .await?;
    Ok(Change::NoticeAdded {
        user_id: new.user_id,
        notice_id: new.id,
        kind: new.kind,
    })
}

fn read(row: &PgRow) -> Result<Notice, Fault> {
    let word: &str = get(row, 3)?;
    let detail: &str = get(row, 4)?;
    Ok(Notice {
        id: get(row, 0)?,
        user_id: get(row, 1)?,
        at: get(row, 2)?,
        kind: NoticeKind::parse(word).ok_or_else(|| unreadable("kind of notice", word))?,
        detail: serde_json::from_str::<NoticeDetail>(detail)
            .map_err(|_| unreadable("JSON", "detail of a notice"))?,
        seen_at: get(row, 5)?,
    })
}

#[async_trait]
impl Notices for PostgresStore {
    async fn security_notices(
        &self,
        user_id: Uuid,
        unseen_only: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.single(async |connection| {
            let rows = query(OF_USER)
                .bind(user_id)
                .bind(unseen_only)
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.iter().map(read).collect()
        })
        .await
    }

    async fn add_notice(&self, new: NewNotice) -> Result<(), StoreError> {
        telling!(self, |connection| {
            directory::known_user(connection, new.user_id).await?;
            Ok(((), vec![add(connection, &new).await?]))
        })
    }

    async fn mark_notice_seen(
        &self,
        user_id: Uuid,
        notice_id: Uuid,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.single(async |connection| {
            let marked = query(SEEN)
                .bind(user_id)
                .bind(notice_id)
                .bind(now)
                .execute(connection)
                .await?;
            Ok(marked.rows_affected() > 0)
        })
        .await
    }
}
