//! `audit verify`: whether the audit log is as it was sealed, with a server running or without one.

use server::audit::chain_check::{Checked, check};
use server::audit::signing::SealKeys;
use server::config::Config;
use server::control::ReachError;
use server::database::Database;
use store::{AuditChain, Store as _};
use store_postgres::PostgresStore;
use store_sqlite::ChainInFile;

use crate::Failed;
use crate::arguments::{Audit, Verify};
use crate::table::say;

pub(crate) async fn audit(config: &Config, command: Audit) -> Result<(), Failed> {
    match command {
        Audit::Verify(how) => verify(config, how).await,
    }
}

async fn verify(config: &Config, how: Verify) -> Result<(), Failed> {
    let keys = SealKeys::new(&server::serve::keys(config)?)?;
    let mut files = how.heads;
    if files.is_empty() {
        files.extend(
            config
                .server
                .audit
                .heads_file
                .clone()
                .filter(|file| file.exists()),
        );
    }
    let checked = match &config.database {
        Database::Sqlite(path) => {
            if !path.exists() {
                return Err(ReachError::NoDatabase(path.display().to_string()).into());
            }
            let chain = ChainInFile::open(path)?;
            check(&chain as &dyn AuditChain, &keys, &files).await?
        }
        Database::Postgres { address, options } => {
            let store = PostgresStore::open(address, options.clone()).await?;
            let checked = check(&store, &keys, &files).await;
            store.close().await;
            checked?
        }
    };
    tell(&checked)
}

fn tell(checked: &Checked) -> Result<(), Failed> {
    let first = checked.begins_after + 1;
    if checked.sealed_to < first {
        say("audit log: nothing is sealed yet")?;
    } else {
        say(format_args!(
            "audit log: rows {first} to {} are as they were sealed ({} seals)",
            checked.sealed_to, checked.seals
        ))?;
    }
    if checked.begins_after > 0 {
        say(format_args!(
            "rows 1 to {} were deleted by rule, behind a signed cut",
            checked.begins_after
        ))?;
    }
    if checked.not_sealed > 0 {
        say(format_args!(
            "{} rows after that are not sealed yet",
            checked.not_sealed
        ))?;
    }
    if checked.heads.is_empty() {
        say("no file of heads: rows that were cut off at the end cannot be told")?;
    }
    for (file, heads) in &checked.heads {
        say(format_args!(
            "{}: its {heads} heads are those of the log",
            file.display()
        ))?;
    }
    Ok(())
}
