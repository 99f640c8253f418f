//! Memory of the server's process: idle, after work, and with very many sessions.

use std::time::Duration;

use vigie_tests::pause;

use super::seeded::{SeededClients, seed};
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk};
use crate::memory::proportional_kib;
use crate::refresh_clients::RefreshClients;
use crate::refresh_server::{Engine, Prepared, RefreshServer, Watched};
use crate::report::Report;

const SESSIONS: usize = 100_000;
const AT_ONCE: usize = 64;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rests = Duration::from_secs(scale.pick(10, 3));
    let works = Duration::from_secs(scale.pick(10, 2));
    report.say(format!(
        "server: memory is PSS (smaps_rollup) of its one process, {rests:?} after its start and {rests:?} after {AT_ONCE} \
         clients have refreshed for {works:?}, with {SESSIONS} sessions any of them at random"
    ));
    let folder = folder_on_disk()?;
    let prepared = Prepared::new(&folder.path().join("few"), Engine::Sqlite)?;
    {
        let server = prepared.serve(&Watched::No)?;
        pause(rests);
        report.figure(
            "server_memory_idle",
            resident_mib(&server)?,
            "MiB",
            Some(Target::AtMost(30.0)),
        );
        let mut clients = RefreshClients::sign_in(&server, AT_ONCE)?;
        clients.refresh_for(works)?;
        drop(clients);
        pause(rests);
        report.figure("server_memory_after_work", resident_mib(&server)?, "MiB", None);
    }
    let many = prepared.copy_to(&folder.path().join("many"))?;
    let sessions = seed(&many, SESSIONS)?;
    let server = many.serve(&Watched::No)?;
    let mut clients = SeededClients::new(&server, sessions, AT_ONCE)?;
    clients.refresh_for(works)?;
    pause(rests);
    report.figure(
        "server_memory_100000_sessions",
        resident_mib(&server)?,
        "MiB",
        Some(Target::AtMost(64.0)),
    );
    Ok(())
}

fn resident_mib(server: &RefreshServer) -> Result<f64, Failure> {
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", server.pid()))
        .doing("reading smaps_rollup")?;
    let kib = proportional_kib(&rollup)
        .ok_or_else(|| Failure::found("reading smaps_rollup", "it has no line for PSS"))?;
    Ok(kib as f64 / 1024.0)
}
