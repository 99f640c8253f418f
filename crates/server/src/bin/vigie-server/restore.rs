//! `backup` and `restore`: a copy of the database, and what becomes of sessions once it is put back.

use server::clock::SystemClock;
use server::config::Config;
use server::database::Database;
use server::restore::SessionsAfter;

use crate::Failed;
use crate::arguments::{Backup, Restore, Sessions};
use crate::table::say;

pub(crate) async fn backup(config: &Config, how: &Backup) -> Result<(), Failed> {
    server::restore::backup(&config.database, &how.file).await?;
    Ok(say(format_args!(
        "backup: {} is written and was read back whole. The keys are not in it: keep a copy of {} elsewhere",
        how.file.display(),
        config.keys_file.display()
    ))?)
}

pub(crate) async fn restore(config: &Config, how: &Restore) -> Result<(), Failed> {
    let after = match how.sessions {
        Sessions::Keep => SessionsAfter::Keep,
        Sessions::End => SessionsAfter::End,
    };
    let clock = SystemClock::new();
    let restored = server::restore::restore(&config.database, how.file.as_deref(), after, &clock).await?;
    if let Some(file) = &how.file {
        say(format_args!(
            "restored: {} from {}",
            config.database,
            file.display()
        ))?;
    }
    if let Some(aside) = &restored.aside {
        say(format_args!(
            "the database that was there is now {}; delete it once all is well",
            aside.display()
        ))?;
    }
    match after {
        SessionsAfter::End => say(format_args!(
            "sessions: {} ended; everybody signs in again",
            restored.sessions
        ))?,
        SessionsAfter::Keep => {
            say(format_args!(
                "sessions: {} go on; those begun after the backup must sign in again",
                restored.sessions
            ))?;
            match (restored.ended_since, &config.database) {
                (Some(ended), _) => say(format_args!(
                    "sessions closed since the backup stay closed ({ended} of them)"
                ))?,
                (None, Database::Sqlite(_) | Database::Postgres { .. }) => say(
                    "warning: sessions closed since the backup cannot be known and live again; close them anew, or use \
                     --sessions end",
                )?,
            }
        }
    }
    Ok(say("start the server when you are ready")?)
}
