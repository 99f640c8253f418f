//! The site that is watched: servers, the scrape token, and calls to them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use vigie_tests::{Binaries, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, Stage, Transport};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "quatre mots bien longs";

/// The scrape token.
pub(crate) const TOKEN: &str = "4f1c2d3b5a697887a6b5c4d3e2f1001122334455";

/// Where a server gives its figures.
pub(crate) const METRICS: &str = "/v1/monitoring/sessions/metrics/prometheus";

pub(crate) fn ops() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops")
}

pub(crate) fn free_port() -> u16 {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// A file of `ops/` with every place in it put elsewhere; each of them must be there.
pub(crate) fn put(from: &str, to: &Path, places: &[(&str, String)]) {
    let mut text = std::fs::read_to_string(ops().join(from)).unwrap();
    for (there, here) in places {
        assert!(text.contains(there), "{from} does not say {there}");
        text = text.replace(there, here);
    }
    std::fs::write(to, text).unwrap();
}

/// A stage on which every server takes the scrape token.
pub(crate) fn stage() -> Stage {
    let mut stage = Stage::start().unwrap();
    let token = token_file(&stage);
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    stage.set_env("VIGIE_SERVER_MONITORING__SCRAPE_TOKEN_FILE", &token);
    stage
}

pub(crate) fn token_file(stage: &Stage) -> PathBuf {
    stage.folder().join("scrape-token")
}

/// A server that believes what this test says about where calls come from, with an operator `camille` at a site and a
/// super admin `alix`.
pub(crate) fn server(stage: &Stage, database: Database) -> ServerProcess {
    let plan = ServerPlan {
        transport: Transport::Proxied(std::net::Ipv4Addr::LOCALHOST.into()),
        lifetimes: Lifetimes::default(),
        database,
        bounds: Bounds::Wide,
    };
    let server = ServerProcess::start(stage, &Binaries::find().unwrap().server, plan).unwrap();
    server.add_operator("camille", PASSWORD).unwrap();
    server.add_operator("alix", PASSWORD).unwrap();
    server.command(["user", "promote", "alix"], b"").unwrap();
    server
}

/// The parameters are part of a hash: these tests sign in often and are not about argon2.
pub(crate) fn quick_hash() -> String {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
