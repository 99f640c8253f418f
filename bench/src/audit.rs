//! What it costs to write deeds down: requests that change something, with their rows in the sealed audit log and with a
//! database that leaves those rows out, in turn.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use vigie_tests::{Disk, Postgres, Stopwatch};

use crate::connection::{Connection, Form, runtime_of_clients};
use crate::failure::{Doing as _, Failure};
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh_clients::{LOGIN_PATH, Load};
use crate::refresh_server::{Engine, PASSWORD, Prepared, RefreshServer, Watched};
use crate::report::Report;
use crate::statistics::{median, quantile, ratio_of_medians};

const WARM_UP: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 16;
const ADMIN: &str = "dominique";

/// The server may not leave a row out, so its database does, unasked: there is no setting for it.
const LEFT_OUT_OF_SQLITE: &str = "CREATE TRIGGER audit_log_left_out BEFORE INSERT ON audit_log
    BEGIN SELECT RAISE(IGNORE); END;";
const LEFT_OUT_OF_POSTGRES: &str =
    "CREATE FUNCTION left_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER a_left_out BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION left_out();";

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let folder = folder_on_disk()?;
    let written = Prepared::new(&folder.path().join("sqlite-on"), Engine::Sqlite)?;
    written.add_admin(ADMIN)?;
    let left_out = written.copy_to(&written.beside("off"))?;
    rusqlite::Connection::open(left_out.database())
        .and_then(|database| database.execute_batch(LEFT_OUT_OF_SQLITE))
        .doing("leaving audit rows out of SQLite")?;
    let (on, off) = (written.serve(&Watched::No)?, left_out.serve(&Watched::No)?);
    cost("sqlite", &[&on], &[&off], scale, report)?;
    drop((on, off));

    let database = Postgres::start(Disk::Waited).doing("starting PostgreSQL")?;
    database.create_database("quiet").doing("making a database")?;
    let two = |name: &str, database: String| -> Result<[Prepared; 2], Failure> {
        let first = Prepared::new(&folder.path().join(name), Engine::Postgres { url: database })?;
        first.add_admin(ADMIN)?;
        let second = first.copy_to(&first.beside("second"))?;
        Ok([first, second])
    };
    let written = two("postgres-on", database.url("vigie"))?;
    let left_out = two("postgres-off", database.url("quiet"))?;
    database
        .sql("quiet", LEFT_OUT_OF_POSTGRES)
        .doing("leaving audit rows out of PostgreSQL")?;
    let serve = |both: &[Prepared; 2]| -> Result<[RefreshServer; 2], Failure> {
        let [first, second] = both;
        Ok([first.serve(&Watched::No)?, second.serve(&Watched::No)?])
    };
    let ([a, b], [c, d]) = (serve(&written)?, serve(&left_out)?);
    cost("postgres", &[&a, &b], &[&c, &d], scale, report)
}

fn cost(
    engine: &str,
    on: &[&RefreshServer],
    off: &[&RefreshServer],
    scale: Scale,
    report: &mut Report,
) -> Result<(), Failure> {
    let rounds = scale.pick(15, 3);
    let lasts = scale.pick(Duration::from_secs(3), Duration::from_secs(1));
    report.say(format!(
        "audit: {AT_ONCE} administrators change prices at once at {} on {engine}; {rounds} rounds of {} s with each change in \
         the sealed audit log and of as long without, in turn",
        if on.len() == 1 { "one process" } else { "two processes" },
        lasts.as_secs()
    ));
    let (mut on, mut off) = (Office::open(on)?, Office::open(off)?);
    on.change_for(WARM_UP)?;
    off.change_for(WARM_UP)?;
    let (mut rates, mut p99s) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (mut with, mut without) = if round % 2 == 0 {
            let with = on.change_for(lasts)?;
            (with, off.change_for(lasts)?)
        } else {
            let without = off.change_for(lasts)?;
            (on.change_for(lasts)?, without)
        };
        rates.push((with.per_second(), without.per_second()));
        p99s.push((
            quantile(&mut with.latencies_us, 0.99),
            quantile(&mut without.latencies_us, 0.99),
        ));
    }
    let (with, without): (Vec<f64>, Vec<f64>) = rates.iter().copied().unzip();
    let name = |what: &str| format!("audit_{engine}_{what}");
    report.figure(name("changes_written"), median(&with), "per_s", None);
    report.figure(name("changes_left_out"), median(&without), "per_s", None);
    let rate = ratio_of_medians(&rates);
    report.figure(name("rate_ratio"), rate.ratio, "ratio", None);
    report.figure(name("rate_ratio_lower"), rate.lower, "ratio", None);
    report.figure(name("p99_ratio"), ratio_of_medians(&p99s).ratio, "ratio", None);
    Ok(())
}

/// Administrators with a connection and a category each, spread over the processes of one server.
struct Office {
    runtime: Runtime,
    desks: Vec<Desk>,
}

struct Desk {
    connection: Connection,
    bearer: String,
    path: String,
    price_cents: u32,
}

impl Office {
    fn open(servers: &[&RefreshServer]) -> Result<Self, Failure> {
        let runtime = runtime_of_clients()?;
        let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address()).collect();
        let desks = runtime.block_on(async {
            let mut desks = Vec::with_capacity(AT_ONCE);
            for (n, address) in addresses.iter().cycle().take(AT_ONCE).enumerate() {
                desks.push(Desk::open(*address, n).await?);
            }
            Ok::<_, Failure>(desks)
        })?;
        Ok(Self { runtime, desks })
    }

    /// Lets everybody change for this long; every change must succeed.
    fn change_for(&mut self, lasts: Duration) -> Result<Load, Failure> {
        let desks = std::mem::take(&mut self.desks);
        let kept = &mut self.desks;
        self.runtime.block_on(async {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for desk in desks {
                running.spawn(desk.change_until(watch, lasts));
            }
            let mut load = Load::default();
            while let Some(ended) = running.join_next().await {
                let (desk, latencies_us) = ended.doing("changing prices")??;
                kept.push(desk);
                load.latencies_us.extend(latencies_us);
            }
            load.seconds = watch.elapsed().as_secs_f64();
            Ok(load)
        })
    }
}

impl Desk {
    async fn open(address: SocketAddr, n: usize) -> Result<Self, Failure> {
        let mut connection = Connection::to(address);
        let login = json!({ "username": ADMIN, "password": PASSWORD, "device_name": "bench" });
        let answer = connection.post(LOGIN_PATH, Form::Json, login.to_string()).await?;
        let text = |answer: &[u8], field: &str| -> Result<String, Failure> {
            let answer: Value = serde_json::from_slice(answer).doing("reading an answer")?;
            let found = answer.get(field).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| Failure::found("reading an answer", format!("no {field}")))
        };
        let bearer = format!("Bearer {}", text(&answer, "access_token")?);
        let new = json!({ "name": format!("Rayon {n}"), "price_cents": 100 });
        let made = connection
            .call(Method::POST, "/v1/admin/categories", &bearer, new.to_string())
            .await?;
        Ok(Self {
            connection,
            bearer,
            path: format!("/v1/admin/categories/{}", text(&made, "category_id")?),
            price_cents: 100,
        })
    }

    async fn change_until(mut self, watch: Stopwatch, lasts: Duration) -> Result<(Self, Vec<f64>), Failure> {
        let mut latencies_us = Vec::with_capacity(1_024);
        while watch.elapsed() < lasts {
            self.price_cents = self.price_cents % 10_000 + 1;
            let body = json!({ "price_cents": self.price_cents }).to_string();
            let asked = Stopwatch::start();
            self.connection
                .call(Method::PATCH, &self.path, &self.bearer, body)
                .await?;
            latencies_us.push(asked.elapsed().as_secs_f64() * 1e6);
        }
        Ok((self, latencies_us))
    }
}
