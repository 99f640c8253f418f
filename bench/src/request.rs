//! An authorised request through the keeper against the same request by bare reqwest, in interleaved pairs.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use keeper::AuthorisedClient;
use vigie_tests::Stopwatch;

use crate::answering::AnsweringServer;
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::Scale;
use crate::report::Report;
use crate::signed_in::{USER_AGENT, sign_in};
use crate::statistics::{mean, median, quantile, ratio_of_sums};

const PATH: &str = "/v1/auth/me";
const WARM_UP_PAIRS: usize = 2_000;
const PAIRS_IN_A_BLOCK: usize = 500;
/// Pairs in which either request took longer than this share of all were interrupted by another program.
const UNDISTURBED: f64 = 0.99;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let pairs = scale.pick(100_000, 5_000);
    let server = AnsweringServer::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing("starting a runtime")?;
    let (keeper_ns, bare_ns) = runtime.block_on(in_turn(&server, pairs))?;

    let all = ratio_of_sums(&blocks(&keeper_ns, &bare_ns));
    let (calm_keeper, calm_bare) = undisturbed(&keeper_ns, &bare_ns);
    let calm = ratio_of_sums(&blocks(&calm_keeper, &calm_bare));
    report.say(format!(
        "request: {pairs} pairs in turn on one connection each, GET {PATH}; bounds by bootstrap over blocks of \
         {PAIRS_IN_A_BLOCK}; undisturbed: without the slowest 1 % of either"
    ));
    report.figure("request_keeper_median", median(&keeper_ns) / 1e3, "us", None);
    report.figure("request_bare_median", median(&bare_ns) / 1e3, "us", None);
    report.figure(
        "request_added_mean",
        (mean(&calm_keeper) - mean(&calm_bare)) / 1e3,
        "us",
        None,
    );
    report.figure(
        "request_ratio_of_medians",
        median(&keeper_ns) / median(&bare_ns),
        "ratio",
        None,
    );
    report.figure("request_ratio_undisturbed", calm.ratio, "ratio", None);
    report.figure(
        "request_ratio_undisturbed_upper",
        calm.upper,
        "ratio",
        Some(Target::AtMost(1.02)),
    );
    report.figure("request_ratio_all", all.ratio, "ratio", None);
    report.figure(
        "request_ratio_all_upper",
        all.upper,
        "ratio",
        Some(Target::Below(1.05)),
    );
    Ok(())
}

/// Sends pairs of requests, the one and the other way first in turn (A B, B A, …), and gives the times in nanoseconds.
async fn in_turn(server: &AnsweringServer, pairs: usize) -> Result<(Vec<f64>, Vec<f64>), Failure> {
    let signed_in = sign_in(server).await?;
    let client = signed_in.keeper.client();
    let bare = Bare::new(server, &signed_in.keeper)?;
    for _ in 0..WARM_UP_PAIRS {
        bare.send().await?;
        through_keeper(&client).await?;
    }
    let (mut keeper_ns, mut bare_ns) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for pair in 0..pairs {
        if pair % 2 == 0 {
            bare_ns.push(bare.timed().await?);
            keeper_ns.push(timed_through_keeper(&client).await?);
        } else {
            keeper_ns.push(timed_through_keeper(&client).await?);
            bare_ns.push(bare.timed().await?);
        }
    }
    signed_in.keeper.shutdown().await;
    Ok((keeper_ns, bare_ns))
}

async fn timed_through_keeper(client: &AuthorisedClient) -> Result<f64, Failure> {
    let watch = Stopwatch::start();
    through_keeper(client).await?;
    Ok(watch.elapsed().as_nanos() as f64)
}

async fn through_keeper(client: &AuthorisedClient) -> Result<Bytes, Failure> {
    let request = Request::get(PATH).body(Bytes::new()).doing("making a request")?;
    let response = client.send(request).await.doing("sending through the keeper")?;
    good(response.status())?;
    Ok(response.into_body())
}

/// What a program does that has the token at hand and cares for nothing else.
struct Bare {
    client: reqwest::Client,
    address: String,
    bearer: HeaderValue,
}

impl Bare {
    fn new(server: &AnsweringServer, keeper: &keeper::Keeper) -> Result<Self, Failure> {
        let access = keeper
            .access()
            .ok_or_else(|| Failure::found("taking the token", "there is none"))?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", access.token.expose()))
            .doing("putting the token in a header")?;
        bearer.set_sensitive(true);
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .build()
            .doing("making a bare client")?;
        Ok(Self {
            client,
            address: server.origin() + PATH,
            bearer,
        })
    }

    async fn timed(&self) -> Result<f64, Failure> {
        let watch = Stopwatch::start();
        self.send().await?;
        Ok(watch.elapsed().as_nanos() as f64)
    }

    async fn send(&self) -> Result<Bytes, Failure> {
        let request = self
            .client
            .get(&self.address)
            .header(AUTHORIZATION, self.bearer.clone());
        let response = request.send().await.doing("sending by bare reqwest")?;
        good(response.status())?;
        response.bytes().await.doing("sending by bare reqwest")
    }
}

fn good(status: StatusCode) -> Result<(), Failure> {
    if status == StatusCode::OK {
        Ok(())
    } else {
        Err(Failure::found(
            "sending a request",
            format!("answered with {status}"),
        ))
    }
}

fn blocks(keeper_ns: &[f64], bare_ns: &[f64]) -> Vec<(f64, f64)> {
    keeper_ns
        .chunks(PAIRS_IN_A_BLOCK)
        .zip(bare_ns.chunks(PAIRS_IN_A_BLOCK))
        .map(|(keeper, bare)| (keeper.iter().sum(), bare.iter().sum()))
        .collect()
}

/// The pairs of which neither request is among the slowest of its kind.
fn undisturbed(keeper_ns: &[f64], bare_ns: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let keeper_most = quantile(&mut keeper_ns.to_vec(), UNDISTURBED);
    let bare_most = quantile(&mut bare_ns.to_vec(), UNDISTURBED);
    keeper_ns
        .iter()
        .zip(bare_ns)
        .filter(|(keeper, bare)| **keeper <= keeper_most && **bare <= bare_most)
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::{blocks, undisturbed};

    #[test]
    fn a_disturbed_pair_is_left_out_whole() {
        let mut keeper = vec![2.0; 1_000];
        let mut bare = vec![1.0; 1_000];
        keeper[3] = 900.0;
        bare[7] = 900.0;
        let (calm_keeper, calm_bare) = undisturbed(&keeper, &bare);
        assert_eq!((calm_keeper.len(), calm_bare.len()), (998, 998));
        assert!(calm_keeper.iter().all(|ns| *ns == 2.0) && calm_bare.iter().all(|ns| *ns == 1.0));
    }

    #[test]
    fn blocks_hold_the_sums_of_both() {
        let sums = blocks(&[2.0; 750], &[1.0; 750]);
        assert_eq!(sums, [(1_000.0, 500.0), (500.0, 250.0)]);
    }
}
