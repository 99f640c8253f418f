//! `impersonation report`: a month's report as files, with a server running or without one.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::alert::AlertLanguage;
use server::config::Config;
use server::control::wire::{AskReport, MadeReport};

use crate::Failed;
use crate::administer::reach;
use crate::arguments::{Impersonation, ImpersonationReport};
use crate::table::say;

pub(crate) async fn impersonation(config: &Config, command: Impersonation) -> Result<(), Failed> {
    match command {
        Impersonation::Report(how) => report(config, how).await,
    }
}

async fn report(config: &Config, how: ImpersonationReport) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let asked = AskReport {
        month: how.month.to_string(),
        language: how.language.map(AlertLanguage::from),
    };
    let made = reach
        .post::<_, MadeReport>("/impersonations/report", &asked)
        .await;
    reach.close().await;
    let made = made?;
    let pdf = STANDARD.decode(&made.pdf)?;
    std::fs::create_dir_all(&how.output).map_err(|error| refused(&how.output, &error))?;
    for (name, bytes) in [(&made.html_name, made.html.as_bytes()), (&made.pdf_name, &pdf)] {
        let path = how.output.join(name);
        write(&path, bytes).map_err(|error| refused(&path, &error))?;
        say(path.display())?;
    }
    Ok(())
}

/// For its owner only: it holds names.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn refused(path: &Path, error: &std::io::Error) -> Failed {
    Failed {
        sentence: format!("report_not_written: {}: {error}", path.display()),
        exit: 1,
    }
}
