//! Sign-ins against the bare work of their password hashes, and what a flood of them does to refreshes.

use std::path::Path;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use tokio::task::JoinSet;
use vigie_tests::Stopwatch;

use crate::connection::{Connection, Form, runtime_of_clients};
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh_clients::{LOGIN_PATH, Load, Pace, RefreshClients, login};
use crate::refresh_server::{Engine, PASSWORD, Prepared, RefreshServer, USER, Watched};
use crate::report::Report;
use crate::statistics::{median, quantile, ratio_of_medians};

/// Sign-ins under way at once: they fill the server's workers and wait in its line.
const FLOOD: usize = 16;
/// Tills that refresh meanwhile, and how long each waits after an answer: far less than the server can do.
const TILLS: usize = 10;
const TILL_WAITS: Duration = Duration::from_millis(40);

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(7, 2);
    let lasts = Duration::from_millis(scale.pick(5_000, 2_500));
    let folder = folder_on_disk()?;
    let prepared = Prepared::new(&folder.path().join("server"), Engine::Sqlite)?;
    let hash = stored_hash(&prepared.database())?;
    let server = prepared.serve(&Watched::No)?;
    let workers = workers();
    report.say(format!(
        "server: sign-ins, {FLOOD} at once, against the same hashes on {workers} threads of this program; {TILLS} tills refresh \
         {TILL_WAITS:?} after each answer, without and with those sign-ins; {rounds} rounds of {lasts:?} of each in turn"
    ));
    against_ceiling(&server, &hash, workers, rounds, lasts, report)?;
    during_flood(&server, rounds, lasts, report)
}

fn against_ceiling(
    server: &RefreshServer,
    hash: &str,
    workers: usize,
    rounds: usize,
    lasts: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..rounds {
        if round % 2 == 0 {
            let signed_in = Flood::start(server)?.end_after(lasts)?;
            measured.push((signed_in, hashes(hash, workers, lasts)?));
        } else {
            let hashed = hashes(hash, workers, lasts)?;
            measured.push((Flood::start(server)?.end_after(lasts)?, hashed));
        }
    }
    let (logins, ceiling): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
    let estimate = ratio_of_medians(&measured);
    report.figure("server_logins_rate", median(&logins), "per_s", None);
    report.figure("server_hashes_rate", median(&ceiling), "per_s", None);
    report.figure(
        "server_logins_by_hashes",
        estimate.ratio,
        "ratio",
        Some(Target::AtLeast(0.9)),
    );
    report.figure("server_logins_by_hashes_lower", estimate.lower, "ratio", None);
    Ok(())
}

fn during_flood(
    server: &RefreshServer,
    rounds: usize,
    lasts: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut tills = RefreshClients::sign_in(server, TILLS)?;
    let mut refresh = |lasts| tills.load(TILLS, Pace::After(TILL_WAITS), lasts);
    refresh(Duration::from_millis(300))?;
    let (mut calm, mut flooded) = (Vec::new(), Vec::new());
    let mut logins = Vec::new();
    for _ in 0..rounds {
        calm.extend(refresh(lasts)?.latencies_us);
        let flood = Flood::start(server)?;
        let load: Load = refresh(lasts)?;
        logins.push(flood.end_after(Duration::ZERO)?);
        flooded.extend(load.latencies_us);
    }
    report.figure(
        "server_refresh_calm_p50",
        quantile(&mut calm, 0.5) / 1e3,
        "ms",
        None,
    );
    report.figure(
        "server_refresh_calm_p99",
        quantile(&mut calm, 0.99) / 1e3,
        "ms",
        None,
    );
    report.figure("server_flood_rate", median(&logins), "per_s", None);
    report.figure(
        "server_refresh_flooded_p50",
        quantile(&mut flooded, 0.5) / 1e3,
        "ms",
        None,
    );
    report.figure(
        "server_refresh_flooded_p99",
        quantile(&mut flooded, 0.99) / 1e3,
        "ms",
        None,
    );
    report.figure(
        "server_refresh_p99_flooded_by_calm",
        quantile(&mut flooded, 0.99) / quantile(&mut calm, 0.99),
        "ratio",
        Some(Target::AtMost(2.0)),
    );
    Ok(())
}

/// Sign-ins one after the other from each of many clients, on a thread of their own.
struct Flood {
    stop: tokio::sync::watch::Sender<()>,
    thread: std::thread::JoinHandle<Result<f64, Failure>>,
}

impl Flood {
    fn start(server: &RefreshServer) -> Result<Self, Failure> {
        let address = server.address();
        let runtime = runtime_of_clients()?;
        let (stop, stopped) = tokio::sync::watch::channel(());
        let flood = async move {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for _ in 0..FLOOD {
                let stopped = stopped.clone();
                running.spawn(async move {
                    let mut connection = Connection::to(address);
                    let mut done = 0_u32;
                    while stopped.has_changed().is_ok() {
                        connection.post(LOGIN_PATH, Form::Json, login()).await?;
                        done += 1;
                    }
                    Ok::<_, Failure>(done)
                });
            }
            let mut done = 0;
            while let Some(ended) = running.join_next().await {
                done += ended.doing("signing in")??;
            }
            Ok(f64::from(done) / watch.elapsed().as_secs_f64())
        };
        let thread = std::thread::Builder::new()
            .name("flood".to_owned())
            .spawn(move || runtime.block_on(flood))
            .doing("starting the flood")?;
        Ok(Self { stop, thread })
    }

    /// Gives how many sign-ins were answered in a second.
    fn end_after(self, lasts: Duration) -> Result<f64, Failure> {
        vigie_tests::pause(lasts);
        drop(self.stop);
        self.thread
            .join()
            .map_err(|_| Failure::found("signing in", "the thread of the clients ended by a fault"))?
    }
}

/// How many hashes a second so many threads check, with the parameters that the hash itself names.
fn hashes(hash: &str, threads: usize, lasts: Duration) -> Result<f64, Failure> {
    let watch = Stopwatch::start();
    let counts: Vec<Result<u32, Failure>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| hash_until(hash, watch, lasts)))
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(Failure::found("hashing", "a thread ended by a fault")))
            })
            .collect()
    });
    let done: u32 = counts.into_iter().sum::<Result<_, _>>()?;
    Ok(f64::from(done) / watch.elapsed().as_secs_f64())
}

fn hash_until(hash: &str, watch: Stopwatch, lasts: Duration) -> Result<u32, Failure> {
    let argon = Argon2::default();
    let hash = PasswordHash::new(hash).doing("reading a hash")?;
    let mut done = 0;
    while watch.elapsed() < lasts {
        argon
            .verify_password(PASSWORD.as_bytes(), &hash)
            .doing("checking a password")?;
        done += 1;
    }
    Ok(done)
}

/// The account's hash, as the server has stored it.
fn stored_hash(database: &Path) -> Result<String, Failure> {
    rusqlite::Connection::open(database)
        .and_then(|database| {
            let select = "SELECT password_hash FROM users WHERE username = ?1";
            database.query_row(select, [USER], |row| row.get(0))
        })
        .doing("reading the account's hash")
}

/// As many as the server has by default.
fn workers() -> usize {
    server::options::Limits::default().password_workers
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use argon2::password_hash::PasswordHasher as _;
    use argon2::{Algorithm, Argon2, Params, Version};

    use super::{PASSWORD, hashes};

    fn hash_of(password: &str) -> String {
        let params = Params::new(1_024, 1, 1, None).unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password(password.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn only_the_right_password_counts_as_work() {
        let lasts = Duration::from_millis(20);
        assert!(hashes(&hash_of(PASSWORD), 2, lasts).unwrap() > 0.0);
        assert!(hashes(&hash_of("another password"), 2, lasts).is_err());
    }
}
