//! The list of tables names every table and column there is: what it forgot would be lost in a copy.

use store::Store as _;
use store::table::{Kind, TABLES};
use store_sqlite::{Options, SqliteStore};

#[tokio::test]
async fn every_table_and_column_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    SqliteStore::open(&path, Options::default())
        .unwrap()
        .close()
        .await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut asked = connection
        .prepare(
            "SELECT t.name || '.' || c.name || ' ' || c.type FROM pragma_table_list t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'probe' ORDER BY 1",
        )
        .unwrap();
    let found: Vec<String> = asked
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut listed: Vec<_> = TABLES
        .iter()
        .flat_map(|table| {
            table.columns.iter().map(|(column, kind)| {
                let kind = match kind {
                    Kind::Id | Kind::Bytes => "BLOB",
                    Kind::Text => "TEXT",
                    Kind::Number | Kind::Flag => "INTEGER",
                };
                format!("{}.{column} {kind}", table.name)
            })
        })
        .collect();
    listed.sort();
    assert_eq!(listed, found);
}
