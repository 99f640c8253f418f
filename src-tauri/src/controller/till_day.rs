//! Which till this device is, and which day its sales name. What changes a day goes to the server at once or not at all.

use keeper_core::{Connection, SessionPhase};
use protocol::till_day::{CounterTill, CounterTillList};
use uuid::Uuid;

use super::Controller;
use super::event::Event;
use super::request::{Reply, Request, TillPlace, TillRequest};
use crate::api;
use crate::till_choice::DayInForce;
use crate::view::till_day::TillBoard;
use crate::view::{UiError, UiErrorCode};

impl Controller {
    pub(super) fn till_asked(&mut self, request: TillRequest) {
        match request {
            TillRequest::Place(reply) => self.till_place(reply),
            TillRequest::Seen {
                place,
                tills,
                choose,
                reply,
            } => drop(reply.send(self.tills_seen(&place, tills, choose))),
            TillRequest::DayIs {
                place,
                till_id,
                day_id,
                reply,
            } => {
                self.day_is(&place, till_id, day_id, place.last_sale);
                let _ = reply.send(Ok(()));
            }
            TillRequest::Unsent { place, day_id, reply } => self.unsent_on(&place, day_id, reply),
        }
    }

    /// The day that a sale made here in this organisation names.
    pub(super) fn day_in_force(&self, organization_id: Option<Uuid>) -> Option<Uuid> {
        let day = self.tills.day(&self.settings.server, organization_id?)?;
        Some(day.id)
    }

    fn till_place(&self, reply: Reply<TillPlace>) {
        let place = match self.where_tills_are() {
            Ok(organization_id) => organization_id,
            Err(code) => return drop(reply.send(Err(code.into()))),
        };
        let server = self.settings.server.clone();
        let now_ms = self.clock.wall_ms();
        let asking = self.work.desk.run(move |journal| journal.last_sale(now_ms));
        tokio::spawn(async move {
            let last_sale = asking.await.map_err(UiError::from);
            reply.send(last_sale.map(|last_sale| TillPlace {
                server,
                organization_id: place,
                last_sale,
            }))
        });
    }

    /// The organisation whose tills can be asked for just now, or what stands in the way.
    fn where_tills_are(&self) -> Result<Uuid, UiErrorCode> {
        if self.session.under_way.is_some() {
            return Err(UiErrorCode::ForbiddenWhileImpersonating);
        }
        if self.session.snapshot.phase != SessionPhase::SignedIn {
            return Err(UiErrorCode::SessionOver);
        }
        if matches!(self.session.snapshot.connection, Connection::Lost { .. }) {
            return Err(UiErrorCode::Offline);
        }
        let owner = self.work.owner();
        let known = owner.and_then(|owner| owner.organization_id());
        known.ok_or(UiErrorCode::ServerBusy)
    }

    fn is_here(&self, place: &TillPlace) -> bool {
        let owner = self.work.owner();
        self.settings.server == place.server
            && owner.and_then(|owner| owner.organization_id()) == Some(place.organization_id)
    }

    fn tills_seen(
        &mut self,
        place: &TillPlace,
        tills: Vec<CounterTill>,
        choose: Option<Uuid>,
    ) -> Result<TillBoard, UiError> {
        if !self.is_here(place) {
            return Err(UiErrorCode::OrganizationMismatch.into());
        }
        if let Some(till_id) = choose {
            if !tills.iter().any(|till| till.till_id == till_id) {
                return Err(UiErrorCode::TillNotFound.into());
            }
            let choosing = self.tills.choose(&place.server, place.organization_id, till_id);
            warn_of(choosing);
        }
        let chosen = self.tills.till(&place.server, place.organization_id);
        let till = tills.iter().find(|till| Some(till.till_id) == chosen);
        if let Some(till_id) = chosen {
            let day_id = till.and_then(|till| till.day.as_ref()).map(|day| day.id);
            // It may have been open before, and sales of it be here.
            self.day_is(place, till_id, day_id, 0);
        }
        let chosen = till.map(|till| till.till_id.to_string());
        Ok(TillBoard { tills, chosen })
    }

    fn day_is(&mut self, place: &TillPlace, till_id: Uuid, day_id: Option<Uuid>, after_sale: i64) {
        if self.tills.till(&place.server, place.organization_id) != Some(till_id) {
            return;
        }
        let day = day_id.map(|id| DayInForce { id, after_sale });
        let keeping = self.tills.day_is(&place.server, place.organization_id, day);
        warn_of(keeping);
    }

    fn unsent_on(&self, place: &TillPlace, day_id: Uuid, reply: Reply<u32>) {
        let day = self.tills.day(&place.server, place.organization_id);
        // Sales are sealed: on another day than the one in force any of them may be.
        let after = day.filter(|day| day.id == day_id).map_or(0, |day| day.after_sale);
        let (organization_id, now_ms) = (place.organization_id, self.clock.wall_ms());
        let counting = self
            .work
            .desk
            .run(move |journal| journal.sales_after(organization_id, after, now_ms));
        tokio::spawn(async move { reply.send(counting.await.map_err(UiError::from)) });
    }

    /// Asks the server again which day is open, where this device is a till: somebody else may have closed it.
    pub(super) fn look_at_till(&self) {
        let Ok(organization_id) = self.where_tills_are() else {
            return;
        };
        let Some(keeper) = &self.session.keeper else {
            return;
        };
        if self.tills.till(&self.settings.server, organization_id).is_none() {
            return;
        }
        let (client, events) = (keeper.client(), self.events.clone());
        let server = self.settings.server.clone();
        tokio::spawn(async move {
            let place = TillPlace {
                server,
                organization_id,
                last_sale: 0,
            };
            match api::call::<CounterTillList>(&client, http::Method::GET, "/v1/tills").await {
                Ok(CounterTillList { tills }) => {
                    let (reply, _) = tokio::sync::oneshot::channel();
                    let _ = events.send(Event::Asked(Request::Till(TillRequest::Seen {
                        place,
                        tills,
                        choose: None,
                        reply,
                    })));
                }
                Err(error) => tracing::debug!(code = %error.code, "the till's day was not told"),
            }
        });
    }
}

fn warn_of(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "which till this is, or its day, is known until the app ends only");
    }
}
