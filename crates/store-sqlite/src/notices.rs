//! Security notices.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use store::{Change, Millis, NewNotice, Notice, NoticeDetail, NoticeKind, Notices, StoreError};
use uuid::Uuid;

use crate::column::unreadable;
use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, directory};

const ADD: &str = "INSERT INTO security_notices (id, user_id, at, kind, detail) VALUES (?, ?, ?, ?, ?)";

const OF_USER: &str = "SELECT id, user_id, at, kind, detail, seen_at FROM security_notices
    WHERE user_id = ?1 AND (seen_at IS NULL OR NOT ?2) ORDER BY at DESC, id DESC LIMIT ?3";

/// Adds the notice, and says what to tell.
pub(crate) fn add(connection: &Connection, new: &NewNotice) -> Result<Change, Fault> {
    let detail = serde_json::to_string(&new.detail)
        .map_err(|error| StoreError::Failed(format!("a notice has no JSON form: {error}")))?;
    connection.prepare_cached(ADD)?.execute(params![
        new.id,
        new.user_id,
        new.at,
        new.kind.as_str(),
        detail
    ])?;
    Ok(Change::NoticeAdded {
        user_id: new.user_id,
        notice_id: new.id,
        kind: new.kind,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let word = row.get_ref(3)?.as_str()?;
    let kind = NoticeKind::parse(word).ok_or_else(|| unreadable(3, "kind of notice", word))?;
    let detail: NoticeDetail = serde_json::from_str(row.get_ref(4)?.as_str()?)
        .map_err(|_| unreadable(4, "JSON", "detail of a notice"))?;
    Ok(Notice {
        id: row.get(0)?,
        user_id: row.get(1)?,
        at: row.get(2)?,
        kind,
        detail,
        seen_at: row.get(5)?,
    })
}

#[async_trait]
impl Notices for SqliteStore {
    async fn security_notices(
        &self,
        user_id: Uuid,
        unseen_only: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached(OF_USER)?
                    .query_map(params![user_id, unseen_only, limit], read)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }

    async fn add_notice(&self, new: NewNotice) -> Result<(), StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                directory::known_user(connection, new.user_id)?;
                Ok(((), vec![add(connection, &new)?]))
            })
            .await
    }

    async fn mark_notice_seen(
        &self,
        user_id: Uuid,
        notice_id: Uuid,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Single, move |connection| {
                let marked = connection
                    .prepare_cached(
                        "UPDATE security_notices SET seen_at = coalesce(seen_at, ?3) WHERE user_id = ?1 AND id = ?2",
                    )?
                    .execute(params![user_id, notice_id, now])?;
                Ok(marked > 0)
            })
            .await
    }
}
