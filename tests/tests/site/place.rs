//! The site itself: PostgreSQL, two servers, an operator and an administrator whose passwords are quick to check.

use crate::client::Client;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use std::net::Ipv4Addr;
use vigie_tests::{
    Binaries, Bounds, Database, Disk, Lifetimes, Network, Postgres, ServerPlan, ServerProcess, Stage,
    Transport,
};

/// The operator's and the administrator's.
const PASSWORD: &str = "quatre mots bien longs";

/// Two servers and their database.
pub(crate) struct Site {
    pub(crate) postgres: Postgres,
    pub(crate) servers: [ServerProcess; 2],
    /// Between the servers and the database, where there is one.
    pub(crate) network: Option<Network>,
    _stage: Stage,
}

impl Site {
    /// Servers and database on one machine.
    pub(crate) fn open(disk: Disk) -> Self {
        let stage = Stage::start().unwrap();
        let postgres = Postgres::start(disk).unwrap();
        let plan = plan(Transport::Http, postgres.url("vigie"));
        let first = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
        Self::complete(stage, postgres, None, first)
    }

    /// The database on a machine of its own, with a network between it and the servers.
    pub(crate) fn apart(disk: Disk) -> Self {
        let stage = Stage::start().unwrap();
        let network = Network::build().unwrap();
        let postgres = Postgres::start_behind(disk, &network).unwrap();
        let plan = plan(
            Transport::Proxied(Ipv4Addr::LOCALHOST.into()),
            postgres.url_without_password("vigie"),
        );
        let binary = Binaries::find().unwrap().server;
        let first = ServerProcess::start_before(&stage, &binary, &network, plan).unwrap();
        Self::complete(stage, postgres, Some(network), first)
    }

    fn complete(stage: Stage, postgres: Postgres, network: Option<Network>, first: ServerProcess) -> Self {
        let second = first.beside(&stage).unwrap();
        first.add_operator("camille", PASSWORD).unwrap();
        first
            .command(
                ["user", "add", "dominique", "--role", "admin", "--password-stdin"],
                format!("{PASSWORD}\n").as_bytes(),
            )
            .unwrap();
        first.add_category("Vaisselle", 100).unwrap();
        let quick = format!("UPDATE users SET password_hash = '{}'", quick_hash());
        postgres.sql("vigie", &quick).unwrap();
        Self {
            postgres,
            servers: [first, second],
            network,
            _stage: stage,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(PASSWORD)
    }

    pub(crate) fn urls(&self) -> [String; 2] {
        self.servers.each_ref().map(|server| server.url().to_owned())
    }
}

fn plan(transport: Transport, database: String) -> ServerPlan {
    ServerPlan {
        transport,
        lifetimes: Lifetimes::default(),
        database: Database::Postgres(database),
        bounds: Bounds::Wide,
    }
}

/// The parameters are part of a hash: these tests sign in thousands of times and are not about argon2.
fn quick_hash() -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
