//! Reading the current access token from many threads at once.

use std::hint::black_box;
use std::sync::Barrier;

use keeper::Keeper;
use vigie_tests::Stopwatch;

use crate::answering::AnsweringServer;
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::Scale;
use crate::report::Report;
use crate::signed_in::sign_in;
use crate::statistics::{median, quantile};

const THREADS: usize = 32;
/// Reads between two looks at the clock. A look costs about as much as a read, so it must not be taken at each; yet few
/// enough that a slow read still shows.
const READS_IN_A_BATCH: u32 = 16;
const WARM_UP_BATCHES: usize = 1_000;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let batches = scale.pick(20_000, 2_000);
    let server = AnsweringServer::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .doing("starting a runtime")?;
    let signed_in = runtime.block_on(sign_in(&server))?;
    let mut samples = read_by_all(&signed_in.keeper, batches)?;
    let empty = clock_alone(batches);
    runtime.block_on(signed_in.keeper.shutdown());

    report.say(format!(
        "token-read: {THREADS} threads, {batches} batches each; a sample is a batch of {READS_IN_A_BATCH} reads between \
         two looks at the clock, divided by {READS_IN_A_BATCH}; the clock's share is not taken off"
    ));
    report.figure("token_read_clock_share_median", median(&empty), "ns", None);
    report.figure("token_read_p50", quantile(&mut samples, 0.5), "ns", None);
    report.figure(
        "token_read_p99",
        quantile(&mut samples, 0.99),
        "ns",
        Some(Target::Below(200.0)),
    );
    report.figure("token_read_p999", quantile(&mut samples, 0.999), "ns", None);
    Ok(())
}

fn read_by_all(keeper: &Keeper, batches: usize) -> Result<Vec<f64>, Failure> {
    let start = Barrier::new(THREADS);
    let samples: Vec<Option<Vec<f64>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| read_by_one(keeper, &start, batches)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok().flatten())
            .collect()
    });
    let mut all = Vec::with_capacity(THREADS * batches);
    for samples in samples {
        all.extend(samples.ok_or_else(|| Failure::found("reading the token", "there was none"))?);
    }
    Ok(all)
}

/// The time of each batch divided by its reads, in nanoseconds; nothing where a read found no token.
fn read_by_one(keeper: &Keeper, start: &Barrier, batches: usize) -> Option<Vec<f64>> {
    let mut samples = Vec::with_capacity(batches);
    let mut found = true;
    start.wait();
    for batch in 0..WARM_UP_BATCHES + batches {
        let watch = Stopwatch::start();
        for _ in 0..READS_IN_A_BATCH {
            found &= black_box(keeper.access()).is_some();
        }
        let taken = watch.elapsed();
        if batch >= WARM_UP_BATCHES {
            samples.push(taken.as_nanos() as f64 / f64::from(READS_IN_A_BATCH));
        }
    }
    found.then_some(samples)
}

fn clock_alone(batches: usize) -> Vec<f64> {
    (0..batches)
        .map(|_| {
            let watch = Stopwatch::start();
            black_box(watch.elapsed()).as_nanos() as f64 / f64::from(READS_IN_A_BATCH)
        })
        .collect()
}
