//! What a refresh costs with a thousand sessions in the database, and with a million.

use std::path::PathBuf;
use std::time::Duration;

use super::growth_plot::{Point, plot};
use super::seeded::{SeededClients, seed};
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk, out, root};
use crate::refresh_server::{Engine, Prepared, RefreshServer, Watched};
use crate::report::Report;
use crate::statistics::median;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const AT_ONCE: usize = 64;
const WARM_UP: Duration = Duration::from_millis(500);

/// A server with so many sessions, and what was measured of it.
struct Grown {
    size: usize,
    server: RefreshServer,
    clients: SeededClients,
    /// Wall time of a refresh among others, in microseconds, by round.
    takes_us: Vec<f64>,
    /// Processor time of the server for a refresh, in microseconds, by round.
    works_us: Vec<f64>,
}

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(9, 3);
    let lasts = Duration::from_millis(scale.pick(3_000, 1_000));
    report.say(format!(
        "server: {AT_ONCE} clients refresh sessions at random out of {SIZES:?} in the database, a server for each size, \
         {rounds} rounds of {lasts:?} of each in turn; the cost is the time divided by the refreshes"
    ));
    let folder = folder_on_disk()?;
    let empty = Prepared::new(&folder.path().join("empty"), Engine::Sqlite)?;
    let mut all = Vec::with_capacity(SIZES.len());
    for size in SIZES {
        let prepared = empty.copy_to(&folder.path().join(size.to_string()))?;
        let sessions = seed(&prepared, size)?;
        let server = prepared.serve(&Watched::No)?;
        let mut clients = SeededClients::new(&server, sessions, AT_ONCE)?;
        clients.refresh_for(WARM_UP)?;
        all.push(Grown {
            size,
            server,
            clients,
            takes_us: Vec::new(),
            works_us: Vec::new(),
        });
    }
    for _ in 0..rounds {
        for grown in &mut all {
            grown.take_a_turn(lasts)?;
        }
        all.reverse();
    }
    all.sort_by_key(|grown| grown.size);
    tell(&all, scale, report)
}

fn tell(all: &[Grown], scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let points: Vec<Point> = all
        .iter()
        .map(|grown| Point {
            sessions: grown.size,
            takes_us: median(&grown.takes_us),
            works_us: median(&grown.works_us),
        })
        .collect();
    for point in &points {
        let name = format!("server_refresh_of_{}", point.sessions);
        report.figure(format!("{name}_cost"), point.takes_us, "us", None);
        report.figure(format!("{name}_processor"), point.works_us, "us", None);
    }
    if let ([first, ..], [.., last]) = (points.as_slice(), points.as_slice()) {
        report.figure(
            "server_refresh_cost_growth",
            last.takes_us / first.takes_us,
            "ratio",
            Some(Target::AtMost(1.25)),
        );
        report.figure(
            "server_refresh_processor_growth",
            last.works_us / first.works_us,
            "ratio",
            None,
        );
    }
    let picture = picture(scale);
    std::fs::write(&picture, plot(&points)).doing("writing the plot")?;
    report.say(format!("server: the plot is in {}", picture.display()));
    Ok(())
}

/// Only figures that count go to the documentation.
fn picture(scale: Scale) -> PathBuf {
    match scale {
        Scale::Full => root().join("docs/images/refresh-cost.svg"),
        Scale::Quick => out().join("refresh-cost.svg"),
    }
}

impl Grown {
    fn take_a_turn(&mut self, lasts: Duration) -> Result<(), Failure> {
        let before = self.worked_us()?;
        let load = self.clients.refresh_for(lasts)?;
        let refreshes = load.latencies_us.len() as f64;
        self.works_us.push((self.worked_us()? - before) / refreshes);
        self.takes_us.push(1e6 / load.per_second());
        Ok(())
    }

    /// The processor time of the server so far.
    fn worked_us(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.pid()))
            .doing("reading the server's times")?;
        let ticks =
            ticks(&stat).ok_or_else(|| Failure::found("reading the server's times", "they are not there"))?;
        Ok(ticks as f64 * 1e6 / rustix::param::clock_ticks_per_second() as f64)
    }
}

/// User and system time out of `/proc/PID/stat`; the program's name may hold anything, and ends with the last bracket.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn both_times_are_read_past_any_name() {
        let stat = "77 (a ) b) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0 4 0 100 200";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("77 (short) S 1"), None);
    }
}
