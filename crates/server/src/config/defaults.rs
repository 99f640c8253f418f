//! Where things are when nobody says: the platform's own directories.

use std::path::PathBuf;

use directories::ProjectDirs;

fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("org", "Vigie", "vigie-server")
}

/// The configuration file that is read when none is named, if it exists.
pub fn default_config_file() -> Option<PathBuf> {
    folders().map(|folders| folders.config_dir().join("vigie-server.toml"))
}

pub(super) fn database() -> Option<PathBuf> {
    folders().map(|folders| folders.data_dir().join("data").join("vigie.db"))
}

pub(super) fn keys_file() -> Option<PathBuf> {
    folders().map(|folders| folders.config_dir().join("keys").join("keys.json"))
}
