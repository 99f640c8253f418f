//! Durable refreshes over HTTP against the same grouped writes without HTTP, and how many syncs each refresh takes.

use std::time::Duration;

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh_clients::RefreshClients;
use crate::refresh_server::{RefreshServer, Watched};
use crate::report::Report;
use crate::statistics::{median, ratio_of_medians};
use crate::store_rotations::StoreRotations;

/// Sessions that refresh at once, each as soon as its last answer is there.
pub(crate) const AT_ONCE: usize = 64;
const WARM_UP: Duration = Duration::from_millis(500);

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(11, 3);
    let lasts = scale.pick(Duration::from_secs(3), Duration::from_secs(1));
    report.say(format!(
        "refresh: {AT_ONCE} sessions refresh at once; {rounds} rounds of {} s over HTTP and {} s of the store's own \
         rotations in turn; clients, server and database share this machine",
        lasts.as_secs(),
        lasts.as_secs()
    ));
    let measured = in_turn(rounds, lasts)?;
    let (over_http, without): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
    let estimate = ratio_of_medians(&measured);
    report.figure("refresh_over_http_median", median(&over_http), "per_s", None);
    report.figure("refresh_without_http_median", median(&without), "per_s", None);
    report.figure(
        "refresh_ratio",
        estimate.ratio,
        "ratio",
        Some(Target::AtLeast(0.6)),
    );
    report.figure("refresh_ratio_lower", estimate.lower, "ratio", None);
    syncs(lasts, report)
}

fn in_turn(rounds: usize, lasts: Duration) -> Result<Vec<(f64, f64)>, Failure> {
    let folder = folder_on_disk()?;
    let server = RefreshServer::start(&folder.path().join("server"), &Watched::No)?;
    let mut clients = RefreshClients::sign_in(&server, AT_ONCE)?;
    let store = StoreRotations::open(&folder.path().join("store"), AT_ONCE)?;
    clients.refresh_for(WARM_UP)?;
    store.rotate_for(WARM_UP)?;
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..rounds {
        if round % 2 == 0 {
            let over_http = clients.refresh_for(lasts)?;
            measured.push((over_http, store.rotate_for(lasts)?));
        } else {
            let without = store.rotate_for(lasts)?;
            measured.push((clients.refresh_for(lasts)?, without));
        }
    }
    Ok(measured)
}

/// In a run of its own, since watching system calls slows the server down.
fn syncs(lasts: Duration, report: &mut Report) -> Result<(), Failure> {
    let folder = folder_on_disk()?;
    let server = RefreshServer::start(&folder.path().join("server"), &Watched::Syncs)?;
    let mut clients = RefreshClients::sign_in(&server, AT_ONCE)?;
    clients.refresh_for(WARM_UP)?;
    let before = server.syncs()?;
    let refreshes = clients.refresh_for(lasts)? * lasts.as_secs_f64();
    let syncs = server.syncs()? - before;
    if syncs == 0 {
        return Err(Failure::found("counting syncs", "none was seen"));
    }
    report.figure(
        "refresh_syncs_each",
        syncs as f64 / refreshes,
        "syncs",
        Some(Target::AtMost(0.125)),
    );
    Ok(())
}

/// One runtime for either contender, of the kind that the server has.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing("starting a runtime")
}
