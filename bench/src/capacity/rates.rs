//! Refreshes in a second and how long they take, side by side at 1, 16 and 64 clients.

use std::time::Duration;

use strum::IntoEnumIterator as _;

use super::contenders::{Contender, Contenders};
use crate::failure::Failure;
use crate::figure::Target;
use crate::measurement::{Scale, folder_on_disk};
use crate::refresh_clients::Load;
use crate::report::Report;
use crate::statistics::{median, quantile, ratio_of_medians};

/// How many clients refresh at once.
const AT_ONCE: [usize; 3] = [1, 16, 64];
const MOST: usize = 64;
const WARM_UP: Duration = Duration::from_millis(300);

/// Rounds of one contender with so many clients.
struct Measured {
    contender: Contender,
    at_once: usize,
    loads: Vec<Load>,
}

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(7, 2);
    let lasts = Duration::from_millis(scale.pick(2_500, 700));
    report.say(format!(
        "server: refreshes of {AT_ONCE:?} clients at once, each with a session of its own; {rounds} rounds of {} ms of each in \
         turn; clients, servers and databases share this machine; the server's limits on sign-ins are raised",
        lasts.as_millis()
    ));
    let measured = in_turn(rounds, lasts)?;
    for one in &measured {
        let name = format!("server_{}_{}", one.contender, one.at_once);
        report.figure(format!("{name}_rate"), median(&one.rates()), "per_s", None);
        report.figure(format!("{name}_p50"), one.latency_ms(0.5), "ms", None);
        report.figure(format!("{name}_p99"), one.latency_ms(0.99), "ms", None);
    }
    for (contender, against, promised) in [
        (Contender::Sqlite, Contender::OidcProvider, 2.0),
        (Contender::Sqlite, Contender::DjangoOauthToolkit, 25.0),
        (Contender::Postgres, Contender::OidcProvider, 2.0),
        (Contender::Postgres, Contender::DjangoOauthToolkit, 25.0),
        (Contender::Sqlite, Contender::SqliteUnsynced, 0.7),
    ] {
        for at_once in AT_ONCE {
            let target = (at_once == MOST).then_some(Target::AtLeast(promised));
            let rounds: Vec<_> = rates_of(&measured, contender, at_once)
                .into_iter()
                .zip(rates_of(&measured, against, at_once))
                .collect();
            let estimate = ratio_of_medians(&rounds);
            let name = format!("server_{contender}_{at_once}_by_{against}");
            report.figure(name.clone(), estimate.ratio, "ratio", target);
            report.figure(format!("{name}_lower"), estimate.lower, "ratio", None);
        }
    }
    Ok(())
}

fn in_turn(rounds: usize, lasts: Duration) -> Result<Vec<Measured>, Failure> {
    let folder = folder_on_disk()?;
    let mut contenders = Contenders::start(folder.path(), MOST)?;
    contenders.take_turns(0, MOST, WARM_UP)?;
    let mut measured: Vec<Measured> = Contender::iter()
        .flat_map(|contender| AT_ONCE.map(|at_once| (contender, at_once)))
        .map(|(contender, at_once)| Measured {
            contender,
            at_once,
            loads: Vec::new(),
        })
        .collect();
    for round in 0..rounds {
        for at_once in AT_ONCE {
            for (contender, load) in contenders.take_turns(round, at_once, lasts)? {
                let own = measured
                    .iter_mut()
                    .filter(|one| one.contender == contender && one.at_once == at_once);
                own.for_each(|one| one.loads.push(load.clone()));
            }
        }
    }
    Ok(measured)
}

impl Measured {
    fn rates(&self) -> Vec<f64> {
        self.loads.iter().map(Load::per_second).collect()
    }

    /// Over all rounds: a round of a slow peer has too few answers for a quantile of its own.
    fn latency_ms(&self, share: f64) -> f64 {
        let mut all: Vec<f64> = self
            .loads
            .iter()
            .flat_map(|load| load.latencies_us.iter().copied())
            .collect();
        quantile(&mut all, share) / 1e3
    }
}

fn rates_of(measured: &[Measured], contender: Contender, at_once: usize) -> Vec<f64> {
    measured
        .iter()
        .filter(|one| one.contender == contender && one.at_once == at_once)
        .flat_map(Measured::rates)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Contender, Measured, rates_of};
    use crate::refresh_clients::Load;

    fn load(answers: usize, seconds: f64) -> Load {
        Load {
            seconds,
            latencies_us: (1..=answers).map(|n| n as f64 * 1e3).collect(),
        }
    }

    #[test]
    fn a_rate_is_of_its_own_round_and_a_latency_of_all() {
        let measured = [
            Measured {
                contender: Contender::Sqlite,
                at_once: 64,
                loads: vec![load(100, 2.0), load(300, 2.0)],
            },
            Measured {
                contender: Contender::Sqlite,
                at_once: 1,
                loads: vec![load(7, 1.0)],
            },
        ];
        assert_eq!(rates_of(&measured, Contender::Sqlite, 64), [50.0, 150.0]);
        assert_eq!(rates_of(&measured, Contender::Sqlite, 1), [7.0]);
        assert_eq!(rates_of(&measured, Contender::OidcProvider, 1), [0.0; 0]);
        assert_eq!(measured[0].latency_ms(1.0), 300.0);
        assert_eq!(measured[0].latency_ms(0.0), 1.0);
    }
}
