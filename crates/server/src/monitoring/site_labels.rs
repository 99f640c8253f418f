//! The label of each site: the first so many by their names, all others together, so that series stay few.

use std::collections::HashMap;

use store::PlacedSite;
use uuid::Uuid;

/// What sites beyond the first are called together.
const OTHER: &str = "other";

/// What stands for no site.
const NONE: &str = "none";

/// The labels of sites. A site's own has a slash in it, so it is never one of the two words.
#[derive(Debug, Default)]
pub(super) struct SiteLabels {
    own: HashMap<Uuid, String>,
}

impl SiteLabels {
    /// How many sites have a label of their own.
    pub(super) const MOST: u32 = 100;

    /// Labels for these, as `organisation's slug/site's name`.
    pub(super) fn of(sites: Vec<PlacedSite>) -> Self {
        let named = |site: PlacedSite| (site.id, format!("{}/{}", site.organization_slug, site.name));
        Self {
            own: sites.into_iter().map(named).collect(),
        }
    }

    /// The label of a site, or of none.
    pub(super) fn label(&self, site_id: Option<Uuid>) -> &str {
        site_id.map_or(NONE, |id| self.own.get(&id).map_or(OTHER, String::as_str))
    }

    /// Every label that there is.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.own.values().map(String::as_str).chain([OTHER, NONE])
    }
}

#[cfg(test)]
mod tests {
    use store::PlacedSite;
    use uuid::Uuid;

    use super::SiteLabels;

    #[test]
    fn a_site_has_its_own_label_and_the_rest_share_two() {
        let site = PlacedSite {
            id: Uuid::from_u128(1),
            organization_slug: "port".to_owned(),
            name: "Quai \"Nord\"".to_owned(),
        };
        let labels = SiteLabels::of(vec![site]);
        assert_eq!(labels.label(Some(Uuid::from_u128(1))), "port/Quai \"Nord\"");
        assert_eq!(labels.label(Some(Uuid::from_u128(2))), "other");
        assert_eq!(labels.label(None), "none");
        assert_eq!(labels.all().count(), 3);
    }
}
