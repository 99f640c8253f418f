//! Which database is configured: a file, or a PostgreSQL server by its address. A password stands neither in the
//! configuration file nor on the command line: it comes from a file of its own, or with the whole address from the
//! environment.

use std::path::{Path, PathBuf};

use figment::Figment;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use store_postgres::{Address, AddressError, Options};

use super::complaint::{ConfigError, bad_value, origin_of};
use super::defaults;
use super::settled::{path_or, positive};
use crate::database::Database;

/// The variable that may hold the whole address of the database, with its password; it goes over the file.
pub const DATABASE_VARIABLE: &str = "VIGIE_DATABASE_URL";

const ADDRESS: &str = "an address such as postgres://vigie@db.example.org/vigie";

/// The database as it is written down: by its place alone, or with more about it.
#[derive(Debug)]
pub(super) enum WrittenDatabase {
    Place(String),
    Parts(WrittenParts),
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenParts {
    path: Option<PathBuf>,
    url: Option<String>,
    password_file: Option<PathBuf>,
    connections: Option<u32>,
}

impl<'de> Deserialize<'de> for WrittenDatabase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = WrittenDatabase;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("path string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(WrittenDatabase::Place(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
                WrittenParts::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(WrittenDatabase::Parts)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A database that a command names: `sqlite:PATH`, or `postgres:` with an address behind it. The password comes from the
/// file, or from the environment as the whole address ([`DATABASE_VARIABLE`]) of the same database.
///
/// # Errors
/// [`ConfigError::BadValue`] where it is neither, or where the address has a password in it: others can read it there.
pub fn named(option: &str, text: &str, password_file: Option<&Path>) -> Result<Database, ConfigError> {
    let whole = std::env::var(DATABASE_VARIABLE).ok();
    named_with(option, text, password_file, whole.as_deref())
}

fn named_with(
    option: &str,
    text: &str,
    password_file: Option<&Path>,
    whole: Option<&str>,
) -> Result<Database, ConfigError> {
    let refuse = |value: String, expected: &str| ConfigError::BadValue {
        key: option.to_owned(),
        value,
        origin: "on the command line".to_owned(),
        expected: expected.to_owned(),
    };
    if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
        return Ok(Database::Sqlite(path.into()));
    }
    let Some(rest) = text.strip_prefix("postgres:") else {
        return Err(refuse(
            text.split(':').next().unwrap_or_default().to_owned(),
            "sqlite:PATH, or an address such as postgres://vigie@db.example.org/vigie",
        ));
    };
    let text = if rest.starts_with("//") { text } else { rest };
    let mut address: Address = text
        .parse()
        .map_err(|error: AddressError| refuse(error.to_string(), ADDRESS))?;
    if address.has_password() {
        return Err(refuse(
            "an address with a password".to_owned(),
            "one without: others can read it on the command line. The password belongs into a file for \
             --password-file, or with the whole address into VIGIE_DATABASE_URL",
        ));
    }
    if let Some(whole) = whole {
        let whole = from_environment(whole)?;
        if whole.to_string() == address.to_string() {
            address = whole;
        }
    }
    if let Some(file) = password_file {
        address = address.with_password(&password(&Figment::new(), file)?);
    }
    Ok(Database::Postgres {
        address: Box::new(address),
        options: Options::default(),
    })
}

/// What is given, checked.
pub(super) fn settle(figment: &Figment, written: Option<&WrittenDatabase>) -> Result<Database, ConfigError> {
    let whole = std::env::var(DATABASE_VARIABLE).ok();
    settle_with(figment, written, whole.as_deref())
}

fn settle_with(
    figment: &Figment,
    written: Option<&WrittenDatabase>,
    whole: Option<&str>,
) -> Result<Database, ConfigError> {
    let by_place;
    let parts = match written {
        None => &WrittenParts::default(),
        Some(WrittenDatabase::Parts(parts)) => parts,
        Some(WrittenDatabase::Place(place)) => {
            by_place = if place.contains("://") {
                WrittenParts {
                    url: Some(place.clone()),
                    ..WrittenParts::default()
                }
            } else {
                WrittenParts {
                    path: Some(place.into()),
                    ..WrittenParts::default()
                }
            };
            &by_place
        }
    };
    if let (Some(_), Some(_)) = (&parts.url, &parts.path) {
        return Err(bad_value(
            figment,
            "database.path",
            "either a path or a url, not both",
        ));
    }
    let address = match (whole, &parts.url) {
        (Some(text), _) => Some(from_environment(text)?),
        (None, Some(text)) => Some(from_configuration(figment, written, text)?),
        (None, None) => None,
    };
    let Some(mut address) = address else {
        let path = path_or(parts.path.clone(), defaults::database(), "database")?;
        return Ok(Database::Sqlite(path));
    };
    if let Some(file) = &parts.password_file {
        address = address.with_password(&password(figment, file)?);
    }
    let connections = positive(figment, "database.connections", parts.connections)?;
    let defaults = Options::default();
    Ok(Database::Postgres {
        address: Box::new(address),
        options: Options {
            connections: connections.map_or(defaults.connections, std::num::NonZeroU32::get),
            ..defaults
        },
    })
}

fn from_environment(text: &str) -> Result<Address, ConfigError> {
    text.parse().map_err(|error: AddressError| ConfigError::BadValue {
        key: "database".to_owned(),
        value: error.to_string(),
        origin: format!("from {DATABASE_VARIABLE}"),
        expected: ADDRESS.to_owned(),
    })
}

/// The value itself is not shown: a password may stand in it.
fn from_configuration(
    figment: &Figment,
    written: Option<&WrittenDatabase>,
    text: &str,
) -> Result<Address, ConfigError> {
    let key = match written {
        Some(WrittenDatabase::Parts(_)) => "database.url",
        Some(WrittenDatabase::Place(_)) | None => "database",
    };
    let refuse = |value: String, expected: String| ConfigError::BadValue {
        key: key.to_owned(),
        value,
        origin: origin_of(figment, key),
        expected,
    };
    let address: Address = text
        .parse()
        .map_err(|error: AddressError| refuse(error.to_string(), ADDRESS.to_owned()))?;
    if address.has_password() {
        return Err(refuse(
            "an address with a password".to_owned(),
            format!(
                "one without: the password belongs into the file that `database.password_file` names, or with the \
                 whole address into {DATABASE_VARIABLE}"
            ),
        ));
    }
    Ok(address)
}

fn password(figment: &Figment, file: &Path) -> Result<zeroize::Zeroizing<String>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: file.to_owned(),
        source,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).map_err(unreadable)?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(bad_value(
                figment,
                "database.password_file",
                "a file that not everybody may read: `chmod o= FILE`",
            ));
        }
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(file).map_err(unreadable)?);
    let password = zeroize::Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.is_empty() {
        return Err(bad_value(
            figment,
            "database.password_file",
            "a file with the password in it",
        ));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format as _, Toml};

    use super::{Database, WrittenDatabase, named_with, settle_with};
    use crate::config::ConfigError;

    #[derive(serde::Deserialize)]
    struct File {
        database: Option<WrittenDatabase>,
    }

    fn settled(text: &str, whole: Option<&str>) -> Result<Database, ConfigError> {
        let figment = Figment::from(Toml::string(text));
        let file: File = figment.extract().unwrap();
        settle_with(&figment, file.database.as_ref(), whole)
    }

    #[test]
    fn a_path_is_a_file_and_an_address_a_server() {
        let file = settled("database = \"/srv/vigie.db\"", None).unwrap();
        assert_eq!(file.to_string(), "/srv/vigie.db");
        let server = settled("database = \"postgres://vigie@db/vigie\"", None).unwrap();
        assert_eq!(server.to_string(), "postgres://vigie@db:5432/vigie");
        let table = settled(
            "[database]\nurl = \"postgres://vigie@db/vigie\"\nconnections = 7",
            None,
        )
        .unwrap();
        assert!(matches!(table, Database::Postgres { options, .. } if options.connections == 7));
    }

    #[test]
    fn the_environment_goes_over_the_file_and_its_password_is_never_shown() {
        let whole = Some("postgres://vigie:hush%2Fhush@db:6543/other?sslmode=require");
        let found = settled("database = \"postgres://vigie@db/vigie\"", whole).unwrap();
        assert_eq!(found.to_string(), "postgres://vigie@db:6543/other");
        assert!(!format!("{found:?}").contains("hush"), "{found:?}");
    }

    #[test]
    fn a_password_in_the_file_is_refused_and_not_repeated() {
        for text in [
            "database = \"postgres://vigie:hush@db/vigie\"",
            "[database]\nurl = \"postgres://vigie@db/vigie?password=hush\"",
            "[database]\nurl = \"postgres://vigie:hush@db:none/vigie\"",
            "[database]\nurl = \"mysql://vigie:hush@db/vigie\"",
        ] {
            let error = settled(text, None).unwrap_err().to_string();
            assert!(
                error.contains("config_bad_value") && !error.contains("hush"),
                "{text}: {error}"
            );
        }
        let error = settled("", Some("postgres://vigie:hush@db:none/vigie"))
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn a_command_names_a_database_without_a_password() {
        let named = |text| named_with("--to", text, None, Some("postgres://vigie:hush@db/vigie"));
        let file = named("sqlite:/srv/vigie.db").unwrap();
        assert_eq!(file.to_string(), "/srv/vigie.db");
        for (text, known) in [
            ("postgres://vigie@db/vigie", true),
            ("postgres:postgres://vigie@db/vigie", true),
            ("postgres://vigie@db/other", false),
        ] {
            let Database::Postgres { address, .. } = named(text).unwrap() else {
                panic!("it is a server")
            };
            assert_eq!(address.has_password(), known, "{text}");
        }
        for text in [
            "postgres://vigie:hush@db/vigie",
            "mysql://vigie:hush@db/vigie",
            "sqlite:",
        ] {
            let error = named(text).unwrap_err().to_string();
            assert!(
                error.contains("--to") && !error.contains("hush"),
                "{text}: {error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_comes_from_a_file_that_others_cannot_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hush\n").unwrap();
        let text = format!(
            "[database]\nurl = \"postgres://vigie@db/vigie\"\npassword_file = \"{}\"",
            file.display()
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(settled(&text, None).is_err());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let Database::Postgres { address, .. } = settled(&text, None).unwrap() else {
            panic!("it is a server")
        };
        assert!(address.has_password());
    }
}
