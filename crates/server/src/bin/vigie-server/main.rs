//! `vigie-server`: serves, sets itself up, and is administered from the command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

mod administer;
mod arguments;
mod audit;
mod check;
mod impersonation;
mod init;
mod logging;
mod migrate;
mod restore;
mod table;
mod users;

use arguments::{Arguments, Command};

/// A failed command: what is told on standard error, and the code the program ends with.
struct Failed {
    sentence: String,
    exit: u8,
}

/// Ends with this when the configuration or the command line is at fault.
const EXIT_CONFIGURATION: u8 = 2;

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            sentence: error.to_string(),
            exit: 1,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            let _ = writeln!(std::io::stderr().lock(), "vigie-server: {}", failed.sentence);
            ExitCode::from(failed.exit)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failed> {
    let config = arguments.settings.load().map_err(|error| Failed {
        sentence: error.to_string(),
        exit: EXIT_CONFIGURATION,
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Serve(how) => {
                logging::start(&config);
                Ok(server::serve::serve_with(config, how.seed()).await?)
            }
            Command::Init(how) => init::init(&config, how).await,
            Command::Check => check::check(&config).await,
            Command::Backup(how) => restore::backup(&config, &how).await,
            Command::Restore(how) => restore::restore(&config, &how).await,
            Command::Migrate(how) => migrate::migrate(&how).await,
            Command::Audit(command) => audit::audit(&config, command).await,
            Command::Impersonation(command) => impersonation::impersonation(&config, command).await,
            Command::User(command) => users::user(&config, command).await,
            Command::Session(command) => administer::session(&config, command).await,
            Command::Organization(command) => administer::organization(&config, command).await,
            Command::Site(command) => administer::site(&config, command).await,
            Command::Till(command) => administer::till(&config, command).await,
            Command::Category(command) => administer::category(&config, command).await,
        }
    })
}
