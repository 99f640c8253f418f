//! What a shop of second-hand goods sells: the first tiles of an organisation made on a device, each priced at the till.

use protocol::sale::Category;
use store::StoreError;
use uuid::Uuid;

use crate::client::AuditParticulars as _;
use crate::first_operator::by_program;
use crate::ids::new_id;
use crate::server::Server;

/// Name and shortcut.
const GOODS: [(&str, &str); 12] = [
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

/// Puts them into an organisation that sells nothing yet.
pub(crate) async fn add_starter_goods(server: &Server, organization_id: Uuid) -> Result<(), StoreError> {
    let store = server.store();
    if !store.categories(organization_id).await?.is_empty() {
        return Ok(());
    }
    for (position, (name, shortcut)) in (0_u32..).zip(GOODS) {
        let id = new_id(server.now());
        let category = Category {
            id,
            name: name.to_owned(),
            price_cents: None,
            shortcut: Some(shortcut.to_owned()),
            position,
        };
        let audit = by_program(server, "category.put")
            .organization(organization_id)
            .target("category", id);
        store.put_category(organization_id, category, audit).await?;
    }
    Ok(())
}
