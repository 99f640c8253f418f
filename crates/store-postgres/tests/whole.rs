//! The list of tables names every table and column there is: what it forgot would be lost in a copy.

use store::Store as _;
use store::table::{Kind, TABLES};
use vigie_tests::{Disk, Postgres};

mod scene;

#[tokio::test]
async fn every_table_and_column_is_copied() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    scene::open(&server).await.unwrap().close().await;
    let asked = "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT IN ('vigie_schema', 'probe') AND table_name NOT IN (
            SELECT table_name FROM information_schema.views WHERE table_schema = current_schema()) ORDER BY 1";
    let found = server.sql("vigie", asked).unwrap();
    let mut listed: Vec<_> = TABLES
        .iter()
        .flat_map(|table| {
            table.columns.iter().map(|(column, kind)| {
                let kind = match kind {
                    Kind::Id => "uuid",
                    Kind::Bytes => "bytea",
                    Kind::Text => "text",
                    Kind::Number => "bigint",
                    Kind::Flag => "boolean",
                };
                format!("{}.{column} {kind}", table.name)
            })
        })
        .collect();
    listed.sort();
    let mut found: Vec<_> = found.lines().map(str::to_owned).collect();
    found.sort();
    assert_eq!(listed, found);
}
