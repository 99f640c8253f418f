//! Who refreshes side by side: the server on its engines, the server that does not wait for its disk, and the peers.

use std::path::Path;
use std::time::Duration;

use strum::{EnumIter, IntoEnumIterator as _};
use vigie_tests::{Disk, Postgres};

use super::no_sync;
use super::peers::{Peer, django_oauth_toolkit, oidc_provider};
use crate::failure::{Doing as _, Failure};
use crate::refresh_clients::{Dialect, Load, Pace, RefreshClients};
use crate::refresh_server::{Engine, Prepared, RefreshServer, Watched};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Contender {
    /// The server on SQLite, as it is handed out.
    Sqlite,
    /// The server on PostgreSQL, which waits for the disk.
    Postgres,
    /// The server on SQLite with its syncs left out.
    SqliteUnsynced,
    /// oidc-provider in memory.
    OidcProvider,
    /// django-oauth-toolkit on SQLite.
    DjangoOauthToolkit,
}

/// All of them, running, with the clients of each.
pub(crate) struct Contenders {
    running: Vec<Running>,
}

struct Running {
    contender: Contender,
    clients: RefreshClients,
    _program: Program,
}

#[expect(dead_code, reason = "held for as long as it is to run")]
enum Program {
    Server(RefreshServer),
    /// The server ends before its database.
    ServerOn(RefreshServer, Postgres),
    Peer(Peer),
}

impl Contenders {
    /// Starts them all, with so many sessions each.
    pub(crate) fn start(folder: &Path, sessions: usize) -> Result<Self, Failure> {
        let running = Contender::iter()
            .map(|contender| Running::start(contender, &folder.join(contender.to_string()), sessions))
            .collect::<Result<_, _>>()?;
        Ok(Self { running })
    }

    /// Lets one of them after the other refresh with so many clients, in the other order in every second round.
    pub(crate) fn take_turns(
        &mut self,
        round: usize,
        at_once: usize,
        lasts: Duration,
    ) -> Result<Vec<(Contender, Load)>, Failure> {
        if round % 2 == 1 {
            self.running.reverse();
        }
        let turn = |running: &mut Running| {
            let load = running.clients.load(at_once, Pace::AtOnce, lasts)?;
            Ok((running.contender, load))
        };
        let loads = self.running.iter_mut().map(turn).collect();
        if round % 2 == 1 {
            self.running.reverse();
        }
        loads
    }
}

impl Running {
    fn start(contender: Contender, folder: &Path, sessions: usize) -> Result<Self, Failure> {
        let (clients, program) = match contender {
            Contender::Sqlite => of_server(RefreshServer::start(folder, &Watched::No)?, sessions)?,
            Contender::SqliteUnsynced => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::found("making the server's folder", error.to_string()))?;
                let library = no_sync::build(folder)?;
                let server = RefreshServer::start(folder, &Watched::LeftOut(library))?;
                of_server(server, sessions)?
            }
            Contender::Postgres => {
                let database = Postgres::start(Disk::Waited).doing("starting PostgreSQL")?;
                let url = database.url("vigie");
                let prepared = Prepared::new(folder, Engine::Postgres { url })?;
                let server = prepared.serve(&Watched::No)?;
                let clients = RefreshClients::sign_in(&server, sessions)?;
                (clients, Program::ServerOn(server, database))
            }
            Contender::OidcProvider => of_peer(oidc_provider(sessions)?)?,
            Contender::DjangoOauthToolkit => of_peer(django_oauth_toolkit(folder, sessions)?)?,
        };
        Ok(Self {
            contender,
            clients,
            _program: program,
        })
    }
}

fn of_server(server: RefreshServer, sessions: usize) -> Result<(RefreshClients, Program), Failure> {
    let clients = RefreshClients::sign_in(&server, sessions)?;
    Ok((clients, Program::Server(server)))
}

fn of_peer(mut peer: Peer) -> Result<(RefreshClients, Program), Failure> {
    let tokens = std::mem::take(&mut peer.refresh_tokens);
    let clients = RefreshClients::with_tokens(peer.address, Dialect::Oauth, tokens)?;
    Ok((clients, Program::Peer(peer)))
}
