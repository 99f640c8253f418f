//! Where the app keeps its files: the platform's folders, each made when it is first written to.

use std::path::{Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

/// The app's folders. Everything the app writes is below one of them, and in the last only what the user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// What must not be lost: the work, the embedded server's database, the keeper's journal.
    pub data: PathBuf,
    /// The settings.
    pub config: PathBuf,
    /// The logs.
    pub log: PathBuf,
    /// Where the user looks for what was saved for them.
    pub downloads: PathBuf,
}

impl Folders {
    /// The platform's folders for this user; `None` where the user has no home.
    pub fn of_platform() -> Option<Self> {
        let dirs = ProjectDirs::from("org", "Vigie", "Vigie")?;
        let data = dirs.data_local_dir().to_owned();
        let user = UserDirs::new()?;
        let downloads = user
            .download_dir()
            .map_or_else(|| user.home_dir().join("Downloads"), Path::to_owned);
        Some(Self {
            downloads,
            log: dirs.state_dir().map_or_else(|| data.join("log"), Path::to_owned),
            config: dirs.config_local_dir().to_owned(),
            data,
        })
    }

    /// All below one folder.
    pub fn below(root: &Path) -> Self {
        Self {
            data: root.join("data"),
            config: root.join("config"),
            log: root.join("log"),
            downloads: root.join("downloads"),
        }
    }

    /// The keeper's journal and locks.
    pub fn keeper(&self) -> PathBuf {
        self.data.join("keeper")
    }

    /// The embedded server's database.
    pub fn embedded_server(&self) -> PathBuf {
        self.data.join("server")
    }

    /// The work journal.
    pub fn work(&self) -> PathBuf {
        self.data.join("work")
    }

    /// What the window's engine writes; nothing of the app's own.
    pub fn webview(&self) -> PathBuf {
        self.data.join("webview")
    }

    /// Which till this device is.
    pub fn tills_file(&self) -> PathBuf {
        self.config.join("tills.toml")
    }

    /// The settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.toml")
    }
}
