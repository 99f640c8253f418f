//! Acting as somebody else: beginning, working in memory only, warnings ahead of the end, and being oneself again.

use std::time::Duration;

use http::Method;
use keeper::{Impersonation, ImpersonationError};
use keeper_core::{ImpersonationCourse, ImpersonationEnd, SessionPhase};
use protocol::auth::Me;
use protocol::impersonation::StartImpersonationRequest;
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::request::{Reply, WorkRequest};
use crate::api;
use crate::surfaces::ImpersonationNotice;
use crate::view::impersonation::{ImpersonationOverView, ImpersonationView};
use crate::view::{AppView, Categories, OperatorView, TicketDraft, TicketKeeping, UiError, UiErrorCode};
use crate::work::sale::{on_day, sale_of, ticket_id};

/// How long closing the app waits for the server to hear that it was stopped.
const STOPPED_BEFORE_CLOSING: Duration = Duration::from_secs(2);

/// The impersonation that the operator works under.
pub(super) struct UnderWay {
    pub(super) impersonation: Impersonation,
    course: ImpersonationCourse,
    me: Me,
    reason: String,
}

/// What [`Event::ImpersonationBegun`] brings.
#[derive(Debug)]
pub(crate) struct BegunImpersonation {
    pub(crate) impersonation: Held,
    pub(crate) me: Me,
    pub(crate) reason: String,
}

/// A handle on an impersonation, without a word of it in a log.
pub(crate) struct Held(pub(crate) Impersonation);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Impersonation")
    }
}

impl Controller {
    pub(super) fn start_impersonation(&mut self, request: StartImpersonationRequest, reply: Reply<AppView>) {
        let Some(keeper) = self.session.keeper.clone() else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        if self.session.under_way.is_some() {
            return drop(reply.send(Err(UiErrorCode::AlreadyImpersonating.into())));
        }
        let epoch = self.session.epoch;
        self.beside(async move {
            let result = match keeper.impersonate(&request).await {
                Ok(impersonation) => begun(impersonation, request.reason).await,
                Err(error) => {
                    tracing::info!(code = error.code(), "no impersonation begins");
                    Err(error.into())
                }
            };
            Event::ImpersonationBegun {
                epoch,
                result: Box::new(result),
                reply,
            }
        });
    }

    pub(super) fn impersonation_begun(
        &mut self,
        epoch: Epoch,
        result: Result<BegunImpersonation, UiError>,
        reply: Reply<AppView>,
    ) {
        let begun = match result {
            Ok(begun) => begun,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let Held(impersonation) = begun.impersonation;
        let is_in_force =
            epoch == self.session.epoch && self.session.snapshot.phase == SessionPhase::SignedIn;
        if !is_in_force || self.session.under_way.is_some() {
            tokio::spawn(async move { impersonation.stop().await });
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        }
        let (mut end, session_id) = (impersonation.end(), impersonation.session_id());
        let events = self.events.clone();
        tokio::spawn(async move {
            if let Ok(how) = end.wait_for(Option::is_some).await
                && let Some(how) = *how
            {
                let _ = events.send(Event::ImpersonationEnded { session_id, how });
            }
        });
        self.session.impersonation_over = None;
        self.session.under_way = Some(UnderWay {
            course: impersonation.course(),
            impersonation,
            me: begun.me,
            reason: begun.reason,
        });
        self.reply_with_view(reply);
    }

    /// Stops this one: the one under way, or another of one's own that was left behind.
    pub(super) fn stop_impersonation(&self, session_id: &str, reply: Reply<AppView>) {
        let Some(keeper) = self.session.keeper.clone() else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let Ok(id) = Uuid::parse_str(session_id) else {
            return drop(reply.send(Err(UiErrorCode::ImpersonationOver.into())));
        };
        let under_way = self.session.under_way.as_ref().map(|on| on.impersonation.clone());
        self.beside(async move {
            let result = match under_way.filter(|on| on.session_id() == id) {
                Some(on) => {
                    on.stop().await;
                    Ok(())
                }
                None => {
                    let path = format!("/v1/impersonations/{id}/stop");
                    api::call_for_nothing(&keeper.client(), Method::POST, &path).await
                }
            };
            Event::ImpersonationStopTold {
                session_id: id,
                result,
                reply,
            }
        });
    }

    pub(super) fn impersonation_stop_told(
        &mut self,
        session_id: Uuid,
        result: Result<(), UiError>,
        reply: Reply<AppView>,
    ) {
        match result {
            Ok(()) => {
                self.impersonation_ended(session_id, ImpersonationEnd::Stopped);
                self.session.impersonations_may_differ();
                self.reply_with_view(reply);
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    pub(super) fn impersonation_ended(&mut self, session_id: Uuid, how: ImpersonationEnd) {
        let is_under_way = |on: &UnderWay| on.impersonation.session_id() == session_id;
        let Some(over) = self.session.under_way.take_if(|on| is_under_way(on)) else {
            return;
        };
        self.session.impersonation_over = Some(ImpersonationOverView {
            session_id: session_id.to_string(),
            user_name: over.me.display_name.clone(),
            why: how,
        });
        if how != ImpersonationEnd::Stopped {
            self.notify_of_impersonation(&ImpersonationNotice::Over { how }, &over.me.display_name);
        }
        self.publish();
    }

    /// The session that it hangs on is not in force any more: no impersonation is.
    pub(super) fn abandon_impersonation(&mut self) {
        if let Some(on) = &self.session.under_way {
            let (impersonation, id) = (on.impersonation.clone(), on.impersonation.session_id());
            impersonation.abandon();
            self.impersonation_ended(id, ImpersonationEnd::Ended);
        }
    }

    pub(super) fn put_impersonation_end_away(&mut self, reply: Reply<AppView>) {
        self.session.impersonation_over = None;
        self.reply_with_view(reply);
    }

    /// Gives the warning that is due, and ends what is over, also after a sleep.
    pub(super) fn look_at_impersonation(&mut self) {
        let now = self.clock.now();
        let Some(on) = &mut self.session.under_way else {
            return;
        };
        on.impersonation.look(now);
        if let Some(warning) = on.course.warn(now) {
            let name = on.me.display_name.clone();
            self.notify_of_impersonation(&ImpersonationNotice::EndNear { warning }, &name);
        }
    }

    /// Something has hinted that an impersonation may be over; the server says whether.
    pub(super) fn check_impersonation(&self) {
        if let Some(on) = &self.session.under_way {
            let impersonation = on.impersonation.clone();
            tokio::spawn(async move { impersonation.check().await });
        }
    }

    fn notify_of_impersonation(&self, notice: &ImpersonationNotice, user_name: &str) {
        if let Some(surfaces) = &self.surfaces {
            surfaces
                .notifier
                .show_impersonation(notice, user_name, self.settings.language);
        }
    }

    pub(super) fn impersonation_view(&self) -> Option<ImpersonationView> {
        let on = self.session.under_way.as_ref()?;
        let own = self.session.snapshot.operator.clone().unwrap_or_default();
        let millis = |moment| self.offset.millis(moment);
        Some(ImpersonationView {
            session_id: on.impersonation.session_id().to_string(),
            impersonator_name: self.session.known().map_or(own, |me| me.display_name.clone()),
            operator: OperatorView {
                must_change_password: false,
                ..OperatorView::of(&on.me)
            },
            reason: on.reason.clone(),
            started_ms: millis(on.course.begun()),
            near_ms: millis(on.course.near()),
            ends_ms: millis(on.course.ends()),
        })
    }

    /// Answers what is asked of the work while the operator acts as somebody else: nothing is kept here or queued, and a sale
    /// is made at once or not at all. Gives back what is to be carried out as always.
    pub(super) fn work_as_another(&mut self, request: WorkRequest) -> Option<WorkRequest> {
        let Some(on) = &self.session.under_way else {
            return self.work_as_oneself(request);
        };
        let forbidden = UiErrorCode::ForbiddenWhileImpersonating;
        match request {
            WorkRequest::Save { reply, .. } | WorkRequest::Put { reply, .. } => {
                let _ = reply.send(Err(forbidden.into()));
            }
            WorkRequest::Current(reply) => drop(reply.send(Ok(None))),
            WorkRequest::Outbox(reply) => drop(reply.send(Ok(Vec::new()))),
            WorkRequest::Parked(reply) => drop(reply.send(Ok(Vec::new()))),
            WorkRequest::Park { reply, .. }
            | WorkRequest::DiscardParked { reply, .. }
            | WorkRequest::Finish {
                keeping: TicketKeeping::Journal,
                reply,
                ..
            } => drop(reply.send(Err(forbidden.into()))),
            WorkRequest::TakeUp { reply, .. } | WorkRequest::Mend { reply, .. } => {
                let _ = reply.send(Err(forbidden.into()));
            }
            WorkRequest::Review { reply, .. } => drop(reply.send(Err(forbidden.into()))),
            WorkRequest::Finish {
                draft,
                keeping: TicketKeeping::Memory,
                reply,
            } => self.sell_as_another(&on.impersonation, &draft, reply),
        }
        None
    }

    /// A ticket that was begun as somebody else is never sold as oneself, however late it comes.
    fn work_as_oneself(&self, request: WorkRequest) -> Option<WorkRequest> {
        match request {
            WorkRequest::Finish {
                keeping: TicketKeeping::Memory,
                reply,
                ..
            } => {
                let _ = reply.send(Err(UiErrorCode::ImpersonationOver.into()));
                None
            }
            request @ (WorkRequest::Save { .. }
            | WorkRequest::Put { .. }
            | WorkRequest::Current(_)
            | WorkRequest::Outbox(_)
            | WorkRequest::Park { .. }
            | WorkRequest::Parked(_)
            | WorkRequest::TakeUp { .. }
            | WorkRequest::DiscardParked { .. }
            | WorkRequest::Review { .. }
            | WorkRequest::Mend { .. }
            | WorkRequest::Finish {
                keeping: TicketKeeping::Journal,
                ..
            }) => Some(request),
        }
    }

    fn sell_as_another(&self, impersonation: &Impersonation, draft: &TicketDraft, reply: Reply<AppView>) {
        let (organization_id, _) = impersonation.organization();
        let now_ms = self.clock.wall_ms();
        let made =
            ticket_id(draft).and_then(|ticket| Ok((ticket, sale_of(draft, Some(organization_id), now_ms)?)));
        let day = self.day_in_force(Some(organization_id));
        let (ticket, sale) = match made {
            Ok((ticket, sale)) => (ticket, on_day(sale, day)),
            Err(error) => return drop(reply.send(Err(error))),
        };
        let client = impersonation.client();
        self.beside(async move {
            Event::SoldAsAnother {
                result: api::sell_at_once(&client, ticket, &sale).await,
                reply,
            }
        });
    }

    pub(super) fn sold_as_another(&self, result: Result<(), UiError>, reply: Reply<AppView>) {
        match result {
            Ok(()) => self.reply_with_view(reply),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// The goods of the organisation that the operator acts in: from the server alone.
    pub(super) fn categories_as_another(&self, impersonation: &Impersonation, reply: Reply<Categories>) {
        let client = impersonation.client();
        tokio::spawn(async move {
            let answer: Result<protocol::sale::CategoryList, _> =
                api::call(&client, Method::GET, "/v1/categories").await;
            reply.send(answer.map(|list| Categories {
                categories: list.categories,
                from_cache: false,
            }))
        });
    }

    /// Stops it before the app ends; a server that cannot be told ends it at its deadline.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let on = self.session.under_way.as_ref().map(|on| on.impersonation.clone());
        async move {
            if let Some(impersonation) = on
                && tokio::time::timeout(STOPPED_BEFORE_CLOSING, impersonation.stop())
                    .await
                    .is_err()
            {
                tracing::warn!("the server was not told that the impersonation was stopped");
            }
        }
    }
}

/// Who the operator is now, by the server's own word. An impersonation of which that cannot be known is stopped.
async fn begun(impersonation: Impersonation, reason: String) -> Result<BegunImpersonation, UiError> {
    match api::call::<Me>(&impersonation.client(), Method::GET, "/v1/auth/me").await {
        Ok(me) => Ok(BegunImpersonation {
            impersonation: Held(impersonation),
            me,
            reason: reason.trim().to_owned(),
        }),
        Err(error) => {
            impersonation.stop().await;
            Err(error)
        }
    }
}

impl From<ImpersonationError> for UiError {
    fn from(error: ImpersonationError) -> Self {
        match error {
            ImpersonationError::Unsupported => UiErrorCode::NotVigie.into(),
            ImpersonationError::NotAsked(error) => error.into(),
            ImpersonationError::Refused { problem } => (*problem).into(),
            ImpersonationError::Over(_) => UiErrorCode::ImpersonationOver.into(),
            ImpersonationError::InDoubt { trouble } => trouble.into(),
        }
    }
}

#[cfg(test)]
mod tests;
