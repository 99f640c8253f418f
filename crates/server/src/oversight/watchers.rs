//! Who is told of impersonations: those who stand above all organisations are told of all of them, and an organisation's
//! recipients of alerts and its webhook of those in it. So whoever may end one hears of it, and whoever answers for the
//! people of an organisation does so too, also where the only one above is who acts.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use protocol::alert::{AlertLanguage, MonitoringSettings};
use store::{Channel, LongImpersonation, Matter, NewOversightLetter, Organization, Recipient, StoreError};
use uuid::Uuid;

use super::month::Month;
use crate::mail::{Post, WayError};
use crate::server::Server;

/// How times are written, and in which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) language: AlertLanguage,
    pub(super) zone: Tz,
}

/// Of which organisations somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    All,
    These(BTreeSet<Uuid>),
}

/// Who is told, as it is set at this moment.
#[derive(Debug)]
pub(super) struct Watchers {
    organizations: Vec<(Organization, MonitoringSettings)>,
    /// By address.
    mailed: BTreeMap<String, Scope>,
}

impl Watchers {
    /// Reads who is told.
    ///
    /// # Errors
    /// What is set cannot be read, or cannot be used just now.
    pub(super) async fn now(server: &Server) -> Result<Self, WayError> {
        let organizations = organizations(server).await?;
        let post = server.outbox.way().post(server.store.as_ref()).await?;
        let overseers = server.store.overseers().await?;
        Ok(Self {
            mailed: post.map_or_else(BTreeMap::new, |post| mailed(&organizations, &overseers, &post)),
            organizations,
        })
    }

    /// A letter on these for everybody who is told of one of them.
    pub(super) fn letters_on(&self, long: &[LongImpersonation]) -> Vec<NewOversightLetter> {
        let of = |scope: &Scope| {
            let ids: Vec<_> = long
                .iter()
                .filter(|one| scope.holds(one.impersonation.organization_id))
                .map(|one| one.impersonation.session_id)
                .collect();
            (!ids.is_empty()).then_some(Matter::LongImpersonations { session_ids: ids })
        };
        let mails = self
            .mailed
            .iter()
            .filter_map(|(address, scope)| Some(by_mail(of(scope)?, address)));
        let hooked = self.organizations.iter().filter(|(_, s)| s.webhook_url.is_some());
        let calls = hooked.filter_map(|(organization, _)| {
            let scope = Scope::These(BTreeSet::from([organization.id]));
            Some(NewOversightLetter {
                matter: of(&scope)?,
                recipient: Recipient {
                    channel: Channel::Webhook,
                    address: String::new(),
                },
            })
        });
        mails.chain(calls).collect()
    }

    /// A report on the month for everybody.
    pub(super) fn reports_on(&self, month: Month) -> Vec<NewOversightLetter> {
        self.mailed
            .iter()
            .map(|(address, scope)| {
                let matter = Matter::Month {
                    month: month.to_string(),
                    organization_ids: match scope {
                        Scope::All => None,
                        Scope::These(ids) => Some(ids.iter().copied().collect()),
                    },
                };
                by_mail(matter, address)
            })
            .collect()
    }

    /// How all organisations together are written to.
    pub(super) fn manner(&self) -> Manner {
        manner(self.organizations.iter().map(|(_, settings)| settings))
    }
}

impl Scope {
    fn holds(&self, organization_id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&organization_id),
        }
    }
}

fn by_mail(matter: Matter, address: &str) -> NewOversightLetter {
    NewOversightLetter {
        matter,
        recipient: Recipient {
            channel: Channel::Mail,
            address: address.to_owned(),
        },
    }
}

async fn organizations(server: &Server) -> Result<Vec<(Organization, MonitoringSettings)>, StoreError> {
    let mut all = Vec::new();
    for organization in server.store.organizations().await? {
        let settings = server.store.monitoring_settings(organization.id).await?;
        all.push((organization, settings));
    }
    Ok(all)
}

/// Each address once, however often and with what capitals it is set.
fn mailed(
    organizations: &[(Organization, MonitoringSettings)],
    overseers: &[String],
    post: &Post,
) -> BTreeMap<String, Scope> {
    let mut mailed: BTreeMap<String, Scope> = BTreeMap::new();
    for (organization, settings) in organizations {
        for address in &settings.recipients {
            let scope = mailed
                .entry(address.to_lowercase())
                .or_insert_with(|| Scope::These(BTreeSet::new()));
            if let Scope::These(ids) = scope {
                ids.insert(organization.id);
            }
        }
    }
    for username in overseers {
        if let Some(mailbox) = post.recipient(username) {
            mailed.insert(mailbox.email.to_string().to_lowercase(), Scope::All);
        }
    }
    mailed
}

/// What organisations have set, where they all set the same; else the defaults.
pub(super) fn manner<'a>(settings: impl Iterator<Item = &'a MonitoringSettings> + Clone) -> Manner {
    let usual = MonitoringSettings::default();
    let one = settings.clone().next().unwrap_or(&usual);
    let language = settings.clone().all(|other| other.language == one.language);
    let zone = settings.clone().all(|other| other.time_zone == one.time_zone);
    let zone = if zone { &one.time_zone } else { &usual.time_zone };
    Manner {
        language: if language { one.language } else { usual.language },
        zone: zone.parse().unwrap_or(Tz::Europe__Paris),
    }
}

/// How these organisations, or all where none is named, are written to.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn manner_of(
    store: &dyn store::Store,
    organization_ids: Option<&[Uuid]>,
) -> Result<Manner, StoreError> {
    let ids = match organization_ids {
        Some(ids) => ids.to_vec(),
        None => store
            .organizations()
            .await?
            .into_iter()
            .map(|one| one.id)
            .collect(),
    };
    let mut settings = Vec::new();
    for id in ids {
        settings.push(store.monitoring_settings(id).await?);
    }
    Ok(manner(settings.iter()))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use protocol::alert::{AlertLanguage, MonitoringSettings};

    use super::{Manner, manner};

    #[test]
    fn organisations_that_agree_are_written_to_as_they_set_it() {
        let paris = MonitoringSettings::default();
        let montreal = MonitoringSettings {
            time_zone: "America/Montreal".to_owned(),
            ..MonitoringSettings::default()
        };
        let english = MonitoringSettings {
            language: AlertLanguage::English,
            ..montreal.clone()
        };
        let french = |zone| Manner {
            language: AlertLanguage::French,
            zone,
        };
        for (settings, expected) in [
            (vec![], french(Tz::Europe__Paris)),
            (vec![paris.clone()], french(Tz::Europe__Paris)),
            (
                vec![montreal.clone(), montreal.clone()],
                french(Tz::America__Montreal),
            ),
            (vec![paris, montreal.clone()], french(Tz::Europe__Paris)),
            (vec![montreal, english], french(Tz::America__Montreal)),
        ] {
            assert_eq!(manner(settings.iter()), expected);
        }
    }
}
