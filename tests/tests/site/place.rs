//! The site itself: PostgreSQL, two servers, an operator and an administrator whose passwords are quick to check.

use crate::client::Client;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use vigie_tests::{
    Binaries, Bounds, Database, Disk, Lifetimes, Postgres, ServerPlan, ServerProcess, Stage, Transport,
};

/// The operator's and the administrator's.
const PASSWORD: &str = "quatre mots bien longs";

/// Two servers and their database.
pub(crate) struct Site {
    pub(crate) postgres: Postgres,
    pub(crate) servers: [ServerProcess; 2],
    _stage: Stage,
}

impl Site {
    pub(crate) fn open(disk: Disk) -> Self {
        let stage = Stage::start().unwrap();
        let postgres = Postgres::start(disk).unwrap();
        let plan = ServerPlan {
            transport: Transport::Http,
            lifetimes: Lifetimes::default(),
            database: Database::Postgres(postgres.url("vigie")),
            bounds: Bounds::Wide,
        };
        let binary = Binaries::find().unwrap().server;
        let first = ServerProcess::start(&stage, &binary, plan).unwrap();
        let second = first.beside(&stage, &binary).unwrap();
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

/// The parameters are part of a hash: these tests sign in thousands of times and are not about argon2.
fn quick_hash() -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
