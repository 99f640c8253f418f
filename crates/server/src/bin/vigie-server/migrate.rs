//! `migrate`: a whole database from one engine to the other, with what was compared.

use server::config::named;
use server::migrate::{Compared, MigrateError};

use crate::arguments::Migrate;
use crate::table::{print, say};
use crate::{EXIT_CONFIGURATION, Failed};

/// Bytes of a checksum that are shown: enough to tell two apart by eye.
const SHOWN_BYTES: usize = 8;

pub(crate) async fn migrate(how: &Migrate) -> Result<(), Failed> {
    let database = |option, text| {
        named(option, text, how.password_file.as_deref()).map_err(|error| Failed {
            sentence: error.to_string(),
            exit: EXIT_CONFIGURATION,
        })
    };
    let (from, to) = (database("--from", &how.from)?, database("--to", &how.to)?);
    say(format_args!("copying {from} to {to}"))?;
    match server::migrate::migrate(&from, &to).await {
        Ok(compared) => {
            show(&compared)?;
            let rows: u64 = compared.iter().map(|table| table.written.rows).sum();
            say(format_args!(
                "{rows} rows copied; every table adds up to the same on both sides.\n\
                 Next: set `database` to the new one, keep the key file where it is (sessions live on by it), and start \
                 the server. The old database stays where it is; start no server on it any more."
            ))?;
            Ok(())
        }
        Err(error) => {
            if let MigrateError::Differs(compared) = &error {
                show(compared)?;
            }
            Err(error.into())
        }
    }
}

fn show(compared: &[Compared]) -> std::io::Result<()> {
    let rows: Vec<_> = compared
        .iter()
        .map(|table| {
            let verdict = if table.agree() {
                "same".to_owned()
            } else {
                format!("differs: {} rows written", table.written.rows)
            };
            [
                table.read.table.to_owned(),
                table.read.rows.to_string(),
                shown(&table.read.checksum),
                shown(&table.written.checksum),
                verdict,
            ]
        })
        .collect();
    print(["TABLE", "ROWS", "CHECKSUM", "IN THE NEW DATABASE", ""], &rows)
}

fn shown(checksum: &[u8]) -> String {
    checksum
        .iter()
        .take(SHOWN_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
