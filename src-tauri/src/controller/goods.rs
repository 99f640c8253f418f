//! The till's goods: from the server, or as they were last time.

use keeper_core::{Connection, SessionPhase};
use protocol::sale::CategoryList;

use super::Controller;
use super::request::Reply;
use super::work::refuse;
use crate::api;
use crate::view::Categories;
use crate::work::{Journal, JournalFault, Owner};

impl Controller {
    /// The goods: from the server, or as they were last time while it cannot be asked.
    pub(super) fn categories(&self, reply: Reply<Categories>) {
        if let Some(on) = &self.session.under_way {
            return self.categories_as_another(&on.impersonation, reply);
        }
        let (Some(keeper), Some(slot)) = (self.session.keeper.clone(), self.session.slot()) else {
            return refuse(reply);
        };
        let lost = matches!(self.session.snapshot.connection, Connection::Lost { .. })
            || self.session.snapshot.phase == SessionPhase::Ended;
        let (desk, now_ms) = (self.work.desk.clone(), self.clock.wall_ms());
        let known = self.session.organization_id();
        let owner = move |journal: &mut Journal| -> Result<Owner, JournalFault> {
            let organization_id = match known {
                Some(id) => Some(id),
                None => journal.place(slot.as_str(), now_ms)?,
            };
            Ok(Owner::new(slot.clone(), organization_id))
        };
        tokio::spawn(async move {
            let kept = || {
                let owner = owner.clone();
                let reading = desk.run(move |journal| {
                    let owner = owner(journal)?;
                    journal.goods(owner.as_str(), now_ms)
                });
                async move { reading.await.ok().flatten() }
            };
            if lost && let Some(categories) = kept().await {
                return reply.send(Ok(Categories {
                    categories,
                    from_cache: true,
                }));
            }
            let answer =
                api::call::<CategoryList>(&keeper.client(), http::Method::GET, "/v1/categories").await;
            reply.send(match answer {
                Ok(CategoryList { categories }) => {
                    let goods = categories.clone();
                    let owner = owner.clone();
                    let keeping = desk.run(move |journal| {
                        let owner = owner(journal)?;
                        journal.keep_goods(owner.as_str(), &goods, now_ms)
                    });
                    if let Err(fault) = keeping.await {
                        tracing::warn!(%fault, "the goods cannot be kept for when the server is away");
                    }
                    Ok(Categories {
                        categories,
                        from_cache: false,
                    })
                }
                Err(error) => match kept().await {
                    Some(categories) => Ok(Categories {
                        categories,
                        from_cache: true,
                    }),
                    None => Err(error),
                },
            })
        });
    }
}
