//! The calls that the state machine asks for: each is a task of its own whose answer comes back as an input.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use keeper_core::{Answer, CallId, Input, RefreshCall, Span, Trouble};

use super::Shared;
use crate::Limits;
use crate::failpoint;
use crate::profile::{Refusal, Reply};

pub(super) fn refresh(shared: &Arc<Shared>, epoch: u64, call: RefreshCall) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let config = &shared.config;
        let id = call.call;
        let answer = match failpoint::reach("refresh-before-send").await {
            Err(_) => Answer::Transient(Trouble::Offline, None),
            Ok(()) => {
                let mut request = config.profile.refresh_request(&call);
                if let Some(key) = call.key {
                    let (server, clock) = (&config.server, config.clock.as_ref());
                    shared.prover.sign(key, &mut request, server, clock);
                }
                drop(call);
                match config.transport.send(request, Limits::AUTH).await {
                    Ok(response) => {
                        shared.prover.learn(response.headers());
                        config
                            .profile
                            .read_refresh(Reply::of(&response, config.clock.wall_ms()))
                    }
                    Err(fault) => {
                        tracing::info!(%fault, "a refresh got no answer");
                        Answer::Transient(fault.trouble(), None)
                    }
                }
            }
        };
        let answer = match failpoint::reach("refresh-after-answer").await {
            Ok(()) => answer,
            Err(_) => Answer::Transient(Trouble::ServerDown, None),
        };
        shared.send_input(epoch, Input::RefreshAnswered { call: id, answer });
    });
}

pub(super) fn heartbeat(shared: &Arc<Shared>, epoch: u64, call: CallId) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let config = &shared.config;
        let reached = match config
            .transport
            .send(config.profile.heartbeat_request(), Limits::HEARTBEAT)
            .await
        {
            Ok(response) => config
                .profile
                .read_heartbeat(Reply::of(&response, config.clock.wall_ms())),
            Err(fault) => Err(fault.trouble()),
        };
        shared.send_input(epoch, Input::HeartbeatAnswered { call, reached });
    });
}

pub(super) fn ping(shared: &Arc<Shared>, epoch: u64, call: CallId, last_input_age: Span) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let config = &shared.config;
        let Some(handed) = shared.living(shared.now()).filter(|handed| handed.epoch == epoch) else {
            let answer = Err(Trouble::RateLimited);
            shared.send_input(epoch, Input::PingAnswered { call, answer });
            return;
        };
        let report = shared.counts().take(config.clock.now());
        let mut request = config.profile.ping_request(last_input_age, report);
        request.headers_mut().insert(AUTHORIZATION, handed.bearer.clone());
        let answer = match config.transport.send(request, Limits::AUTH).await {
            Ok(response) => {
                shared.prover.learn(response.headers());
                let reply = Reply::of(&response, config.clock.wall_ms());
                let serial = handed.grant.serial;
                match config.profile.read_refusal(reply) {
                    Refusal::None => {}
                    Refusal::Token => shared.send_input(epoch, Input::RequestRefused { serial }),
                    Refusal::Session(reason) => {
                        shared.send_input(epoch, Input::SessionRefused { serial, reason });
                    }
                }
                config.profile.read_ping(reply)
            }
            Err(fault) => Err(fault.trouble()),
        };
        if let (Err(_), Some(report)) = (&answer, report)
            && shared.epoch() == epoch
        {
            shared.counts().give_back(&report);
        }
        shared.send_input(epoch, Input::PingAnswered { call, answer });
    });
}
