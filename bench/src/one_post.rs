//! A thousand callers on one expired token: how many refreshes they cause.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use keeper::AuthorisedClient;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::answering::AnsweringServer;
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::report::Report;
use crate::signed_in::sign_in;

const CALLERS: u32 = 1_000;
/// Callers and server share this process, with a socket each, and pooled connections of the round before.
const SOCKETS: u64 = 8 * CALLERS as u64;
/// Long enough for every caller to come to wait for it.
const REFRESH_TAKES: Duration = Duration::from_millis(500);
/// More than a token's life.
const LATER_MS: u64 = 2 * 3_600 * 1_000;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    allow_sockets();
    let server = AnsweringServer::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing("starting a runtime")?;
    runtime.block_on(async {
        let signed_in = sign_in(&server).await?;
        let client = signed_in.keeper.client();
        call(&client, 1).await?;
        server.refresh_takes(REFRESH_TAKES);

        report.say(format!(
            "one-post: {CALLERS} callers at once; first the server refuses the token that they all carry, then the \
             clock has passed its end"
        ));
        server.expire(CALLERS);
        call(&client, CALLERS).await?;
        report.figure(
            "one_post_requests_refused",
            f64::from(server.refusals()),
            "requests",
            None,
        );
        report.figure("one_post_refused_token", f64::from(server.refreshes()), "posts", Some(Target::Exactly(1.0)));

        let before = server.refreshes();
        signed_in.clock.advance_ms(LATER_MS);
        call(&client, CALLERS).await?;
        let posts = f64::from(server.refreshes() - before);
        report.figure("one_post_dead_token", posts, "posts", Some(Target::Exactly(1.0)));
        signed_in.keeper.shutdown().await;
        Ok(())
    })
}

/// So many callers at once, all of whom must be served.
async fn call(client: &AuthorisedClient, callers: u32) -> Result<(), Failure> {
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        let client = client.clone();
        calls.spawn(async move {
            let request = Request::get("/v1/auth/me")
                .body(Bytes::new())
                .doing("making a request")?;
            client
                .send(request)
                .await
                .doing("calling with a token that has run out")
        });
    }
    while let Some(call) = calls.join_next().await {
        let response = call.doing("calling")??;
        if response.status() != StatusCode::OK {
            return Err(Failure::found(
                "calling",
                format!("answered with {}", response.status()),
            ));
        }
    }
    Ok(())
}

fn allow_sockets() {
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits.maximum.map_or(SOCKETS, |most| most.min(SOCKETS));
    if limits.current.is_some_and(|current| current < wanted) {
        // Where it is not allowed, a caller fails with a reason.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: limits.maximum,
            },
        );
    }
}
