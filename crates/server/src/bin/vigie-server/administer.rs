//! Commands about organisations, their places and what they sell, and about live sessions.

use protocol::sale::Category as ListedCategory;
use server::config::Config;
use server::control::Reach;
use server::control::wire::{
    AddCategory, AddOrganization, AddSite, AddTill, Done, Ended, ListedOrganization, ListedSession,
    ListedSite, ListedTill,
};

use crate::Failed;
use crate::arguments::{Category, Organization, Session, Site, Till};
use crate::table::{print, say};

pub(crate) async fn organization(config: &Config, command: Organization) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let done = match command {
        Organization::Add { name, slug } => {
            let slug = slug.unwrap_or_else(|| slug_of(&name));
            reach
                .post(
                    "/organizations",
                    &AddOrganization {
                        slug: slug.clone(),
                        name,
                    },
                )
                .await
                .map(|Done {}| say(format_args!("organization `{slug}` added")))
        }
        Organization::List => reach
            .get::<Vec<ListedOrganization>>("/organizations")
            .await
            .map(|all| {
                let rows = all.into_iter().map(|o| [o.slug, o.name]).collect::<Vec<_>>();
                print(["SHORT NAME", "NAME"], &rows)
            }),
    };
    reach.close().await;
    Ok(done??)
}

pub(crate) async fn site(config: &Config, command: Site) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let done = match command {
        Site::Add { name, of } => {
            let said = format!("site `{name}` added");
            reach
                .post(
                    "/sites",
                    &AddSite {
                        organization: of.organization,
                        name,
                    },
                )
                .await
                .map(|Done {}| say(said))
        }
        Site::List(of) => reach
            .get::<Vec<ListedSite>>(&path("/sites", of.organization))
            .await
            .map(|sites| {
                let rows = sites.into_iter().map(|site| [site.name]).collect::<Vec<_>>();
                print(["NAME"], &rows)
            }),
    };
    reach.close().await;
    Ok(done??)
}

pub(crate) async fn till(config: &Config, command: Till) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let done = match command {
        Till::Add { name, site, of } => {
            let said = format!("till `{name}` added");
            let till = AddTill {
                organization: of.organization,
                site,
                name,
            };
            reach.post("/tills", &till).await.map(|Done {}| say(said))
        }
        Till::List(of) => reach
            .get::<Vec<ListedTill>>(&path("/tills", of.organization))
            .await
            .map(|tills| {
                let row = |till: ListedTill| [till.name, till.site, till.state.to_string()];
                let rows = tills.into_iter().map(row).collect::<Vec<_>>();
                print(["TILL", "SITE", "STATE"], &rows)
            }),
    };
    reach.close().await;
    Ok(done??)
}

pub(crate) async fn category(config: &Config, command: Category) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let done = match command {
        Category::Add(new) => {
            let said = format!("category `{}` is on the tills", new.name);
            let category = AddCategory {
                organization: new.of.organization,
                name: new.name,
                price_cents: new.price_cents,
                shortcut: new.shortcut,
                position: new.position,
            };
            reach
                .post("/categories", &category)
                .await
                .map(|Done {}| say(said))
        }
        Category::List(of) => {
            let path = path("/categories", of.organization);
            reach.get::<Vec<ListedCategory>>(&path).await.map(|categories| {
                let price = |cents: u32| format!("{}.{:02}", cents / 100, cents % 100);
                let row = |category: ListedCategory| {
                    [
                        category.position.to_string(),
                        category.name,
                        category.price_cents.map(price).unwrap_or_default(),
                        category.shortcut.unwrap_or_default(),
                    ]
                };
                let rows = categories.into_iter().map(row).collect::<Vec<_>>();
                print(["POSITION", "NAME", "PRICE", "KEY"], &rows)
            })
        }
    };
    reach.close().await;
    Ok(done??)
}

pub(crate) async fn session(config: &Config, command: Session) -> Result<(), Failed> {
    let reach = reach(config).await?;
    let done = match command {
        Session::List(of) => reach
            .get::<Vec<ListedSession>>(&path("/sessions", of.organization))
            .await
            .map(|sessions| {
                let row = |session: ListedSession| {
                    [
                        session.session_id.to_string(),
                        session.username,
                        session.organization,
                        session.device_name,
                        session.ip_address,
                        session.last_used_at,
                    ]
                };
                let rows = sessions.into_iter().map(row).collect::<Vec<_>>();
                print(
                    [
                        "SESSION",
                        "USER",
                        "ORGANIZATION",
                        "DEVICE",
                        "ADDRESS",
                        "LAST USED",
                    ],
                    &rows,
                )
            }),
        Session::Revoke { id } => reach
            .post(&format!("/sessions/{id}/revoke"), &Done {})
            .await
            .map(|Ended { .. }| say(format_args!("session {id} is closed"))),
    };
    reach.close().await;
    Ok(done??)
}

pub(crate) async fn reach(config: &Config) -> Result<Reach, Failed> {
    Ok(Reach::find(&config.database, &config.control_socket).await?)
}

/// A short name from a name: what is no letter or digit becomes a hyphen, accents fall away where they are known.
pub(crate) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        let plain = match c {
            'à' | 'â' | 'ä' => 'a',
            'ç' => 'c',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            other => other,
        };
        if plain.is_ascii_alphanumeric() {
            slug.push(plain);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "organization".to_owned()
    } else {
        slug.chars().take(64).collect()
    }
}

pub(crate) fn path(list: &str, organization: Option<String>) -> String {
    organization.map_or_else(
        || list.to_owned(),
        |slug| format!("{list}?organization={}", encoded(&slug)),
    )
}

pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::{encoded, slug_of};

    #[test]
    fn a_short_name_comes_from_the_name() {
        assert_eq!(slug_of("Ressourcerie du Port"), "ressourcerie-du-port");
        assert_eq!(slug_of("  L'Étape, à Sète "), "l-etape-a-sete");
        assert_eq!(slug_of("日本"), "organization");
    }

    #[test]
    fn a_name_survives_its_way_in_a_path() {
        assert_eq!(encoded("jean claude/é"), "jean%20claude%2F%C3%A9");
    }
}
