//! The device's settings in a file a person may edit: a bad value costs that value only, never the start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use protocol::auth::DeviceKind;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::view::{DeviceSettings, Language, ScreenKeyboard, ServerView, Theme, UiError, UiErrorCode};

const KEYS: [&str; 7] = [
    "language",
    "theme",
    "server",
    "ca_file",
    "device_name",
    "device_kind",
    "screen_keyboard",
];
const DEVICE_NAME_MOST: usize = 64;

/// The settings file.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
}

/// What was read: always usable settings, and what was wrong with the file, if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSettings {
    /// The settings; a default where the file's value is no good.
    pub settings: DeviceSettings,
    /// The first thing that is wrong, with the key at fault.
    pub fault: Option<UiError>,
}

/// The settings of a device that has none yet. Its name is its host name.
pub fn defaults(host_name: &str) -> DeviceSettings {
    DeviceSettings {
        language: Language::default(),
        theme: Theme::default(),
        server: ServerView::ThisDevice,
        ca_file: None,
        device_name: host_name.chars().take(DEVICE_NAME_MOST).collect(),
        device_kind: DeviceKind::default(),
        screen_keyboard: ScreenKeyboard::default(),
    }
}

/// What the machine calls itself.
pub fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(windows)]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.trim().is_empty() {
        "Vigie".to_owned()
    } else {
        name
    }
}

impl SettingsFile {
    /// The file at this path, whether it exists or not.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads it. A file that is no TOML, or cannot be read, gives the defaults and a fault that names the file.
    pub fn read(&self, defaults: DeviceSettings) -> ReadSettings {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return ReadSettings {
                    settings: defaults,
                    fault: None,
                };
            }
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the settings cannot be read; the defaults hold");
                let fault = UiError::from(UiErrorCode::DiskFailed).about("settings.toml");
                return ReadSettings {
                    settings: defaults,
                    fault: Some(fault),
                };
            }
        };
        match text.parse::<Table>() {
            Ok(table) => from_table(&table, defaults),
            Err(error) => {
                tracing::warn!(file = %self.path.display(), error = error.message(), "the settings are no TOML; the defaults hold");
                let fault = UiError::from(UiErrorCode::ValidationFailed).about("settings.toml");
                ReadSettings {
                    settings: defaults,
                    fault: Some(fault),
                }
            }
        }
    }

    /// Writes the settings so that a power cut leaves the old file or the new one. Keys this version does not know
    /// stay; a file that is no TOML is kept beside it under `settings.toml.unreadable`.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, settings: &DeviceSettings) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut table = match fs::read_to_string(&self.path) {
            Ok(text) => match text.parse::<Table>() {
                Ok(table) => table,
                Err(_) => {
                    fs::copy(&self.path, self.path.with_extension("toml.unreadable"))?;
                    Table::new()
                }
            },
            Err(_) => Table::new(),
        };
        let fresh = Table::try_from(settings).map_err(io::Error::other)?;
        for key in KEYS {
            table.remove(key);
        }
        table.extend(fresh);
        let text = toml::to_string_pretty(&table).map_err(io::Error::other)?;
        replace(&self.path, folder, text.as_bytes())
    }
}

/// Writes a file so that a power cut leaves the old one or the new one.
///
/// # Errors
/// The disk's.
pub(crate) fn replace(path: &Path, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("toml.new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn from_table(table: &Table, defaults: DeviceSettings) -> ReadSettings {
    let mut faults = Vec::new();
    let mut settings = DeviceSettings {
        language: value_of(table, "language", defaults.language, &mut faults),
        theme: value_of(table, "theme", defaults.theme, &mut faults),
        server: value_of(table, "server", defaults.server, &mut faults),
        ca_file: value_of(table, "ca_file", defaults.ca_file, &mut faults),
        device_name: value_of(table, "device_name", defaults.device_name.clone(), &mut faults),
        device_kind: value_of(table, "device_kind", defaults.device_kind, &mut faults),
        screen_keyboard: value_of(table, "screen_keyboard", defaults.screen_keyboard, &mut faults),
    };
    if let Err(key) = check(&settings) {
        faults.push(key.to_owned());
        settings.device_name = defaults.device_name;
    }
    faults.extend(table.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned());
    for key in &faults {
        tracing::warn!(
            key,
            "a setting is unknown or has a value that does not fit; its default holds"
        );
    }
    let fault = faults
        .into_iter()
        .next()
        .map(|key| UiError::from(UiErrorCode::ValidationFailed).about(key));
    ReadSettings { settings, fault }
}

/// Says which setting has a value out of its range.
///
/// # Errors
/// The setting's key.
pub fn check(settings: &DeviceSettings) -> Result<(), &'static str> {
    let name = settings.device_name.trim();
    if name.is_empty() || name.chars().count() > DEVICE_NAME_MOST {
        Err("device_name")
    } else {
        Ok(())
    }
}

fn value_of<T: DeserializeOwned>(table: &Table, key: &str, default: T, faults: &mut Vec<String>) -> T {
    let Some(value) = table.get(key) else {
        return default;
    };
    value.clone().try_into().unwrap_or_else(|_| {
        faults.push(key.to_owned());
        default
    })
}

#[cfg(test)]
mod tests {
    use super::{SettingsFile, defaults};
    use crate::view::{DeviceSettings, Language, ScreenKeyboard, ServerView, Theme, UiErrorCode};

    fn with_text(text: &str) -> (tempfile::TempDir, SettingsFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        (folder, SettingsFile::new(path))
    }

    #[test]
    fn a_device_without_a_file_has_the_defaults_and_its_host_name() {
        let folder = tempfile::tempdir().unwrap();
        let read = SettingsFile::new(folder.path().join("none/settings.toml")).read(defaults("caisse-2"));
        assert_eq!(read.fault, None);
        assert_eq!(read.settings.device_name, "caisse-2");
        assert_eq!(read.settings.server, ServerView::ThisDevice);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::new(folder.path().join("deep/settings.toml"));
        let settings = DeviceSettings {
            language: Language::En,
            theme: Theme::Contrast,
            screen_keyboard: ScreenKeyboard::Azerty,
            server: ServerView::Remote {
                url: "https://vigie.example".to_owned(),
            },
            ca_file: Some("/etc/ca.pem".to_owned()),
            ..defaults("caisse")
        };
        file.write(&settings).unwrap();
        assert_eq!(file.read(defaults("other")).settings, settings);
    }

    #[test]
    fn a_bad_value_costs_that_value_only_and_is_named() {
        let (_folder, file) = with_text("language = \"en\"\ntheme = \"pink\"\n");
        let read = file.read(defaults("caisse"));
        assert_eq!(read.settings.language, Language::En);
        assert_eq!(read.settings.theme, Theme::System);
        let fault = read.fault.unwrap();
        assert_eq!(
            (fault.code, fault.subject.as_deref()),
            (UiErrorCode::ValidationFailed, Some("theme"))
        );
    }

    #[test]
    fn an_unknown_key_is_named_and_survives_a_change() {
        let (folder, file) = with_text("langage = \"en\"\n");
        let read = file.read(defaults("caisse"));
        assert_eq!(read.fault.unwrap().subject.as_deref(), Some("langage"));
        file.write(&read.settings).unwrap();
        assert!(
            std::fs::read_to_string(folder.path().join("settings.toml"))
                .unwrap()
                .contains("langage")
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_kept_beside_the_new_one() {
        let (folder, file) = with_text("][");
        let read = file.read(defaults("caisse"));
        assert_eq!(read.fault.unwrap().subject.as_deref(), Some("settings.toml"));
        file.write(&read.settings).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.path().join("settings.toml.unreadable")).unwrap(),
            "]["
        );
        assert_eq!(file.read(defaults("x")).settings, read.settings);
    }

    #[test]
    fn an_empty_device_name_falls_back_to_the_host_name() {
        let (_folder, file) = with_text("device_name = \"  \"\n");
        let read = file.read(defaults("caisse"));
        assert_eq!(read.settings.device_name, "caisse");
        assert_eq!(read.fault.unwrap().subject.as_deref(), Some("device_name"));
    }
}
