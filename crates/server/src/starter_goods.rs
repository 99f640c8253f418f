//! What a shop of second-hand goods sells: the first tiles of a new organisation, each priced at the till.

use protocol::administration::GoodsLanguage;
use protocol::sale::Category;
use store::{Millis, StoreError};
use uuid::Uuid;

use crate::client::AuditParticulars as _;
use crate::first_operator::by_program;
use crate::ids::new_id;
use crate::server::Server;

/// Name and shortcut.
const FRENCH: [(&str, &str); 12] = [
    ("Vaisselle", "v"),
    ("Livres", "l"),
    ("Textile", "t"),
    ("Meubles", "m"),
    ("Jouets", "j"),
    ("Électroménager", "e"),
    ("Vélos", "c"),
    ("Luminaires", "u"),
    ("Disques", "d"),
    ("Bibelots", "b"),
    ("Outillage", "o"),
    ("Linge de maison", "h"),
];

/// Name and shortcut, in the same order.
const ENGLISH: [(&str, &str); 12] = [
    ("Crockery", "k"),
    ("Books", "b"),
    ("Clothes", "c"),
    ("Furniture", "f"),
    ("Toys", "t"),
    ("Appliances", "a"),
    ("Bicycles", "y"),
    ("Lamps", "l"),
    ("Records", "r"),
    ("Ornaments", "o"),
    ("Tools", "s"),
    ("Household linen", "h"),
];

/// The first categories in this language.
pub(crate) fn starter_goods(language: GoodsLanguage, now: Millis) -> Vec<Category> {
    let goods = match language {
        GoodsLanguage::Fr => FRENCH,
        GoodsLanguage::En => ENGLISH,
    };
    (0_u32..)
        .zip(goods)
        .map(|(position, (name, shortcut))| Category {
            id: new_id(now),
            name: name.to_owned(),
            price_cents: None,
            shortcut: Some(shortcut.to_owned()),
            position,
            barcodes: Vec::new(),
        })
        .collect()
}

/// Puts the French ones into an organisation made on a device, where it sells nothing yet.
pub(crate) async fn add_starter_goods(server: &Server, organization_id: Uuid) -> Result<(), StoreError> {
    let first = starter_goods(GoodsLanguage::Fr, server.now());
    let audit = by_program(server, "categories.started").organization(organization_id);
    server
        .store()
        .start_categories(organization_id, first, audit)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use protocol::administration::GoodsLanguage;

    use super::starter_goods;

    #[test]
    fn each_has_a_name_and_a_key_of_its_own_in_both_languages() {
        for language in [GoodsLanguage::Fr, GoodsLanguage::En] {
            let goods = starter_goods(language, 1_700_000_000_000);
            let names: HashSet<_> = goods.iter().map(|one| &one.name).collect();
            let keys: HashSet<_> = goods.iter().filter_map(|one| one.shortcut.as_ref()).collect();
            let ids: HashSet<_> = goods.iter().map(|one| one.id).collect();
            assert_eq!((names.len(), keys.len(), ids.len()), (12, 12, 12), "{language:?}");
        }
    }
}
