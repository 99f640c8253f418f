//! The stage: one isolated desktop for one test, gone without a trace afterwards.

use crate::bus::{Activation, Bus};
use crate::display::{Display, ScreenSize};
use crate::keychain::{Keychain, KeychainAtStart};
use crate::notices::Notices;
use crate::{Launch, Running, StageError, pause};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that every process of a stage carries, so that none is missed at the end.
const MARK: &str = "VIGIE_STAGE";

/// Where the stage keeps its home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In a temporary place, removed at the end.
    Temporary,
    /// In a folder that stays: the next stage on it finds everything as it was.
    Kept(PathBuf),
}

/// How a stage is set.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// The size of the screen.
    pub screen: ScreenSize,
    /// The keychain at the start.
    pub keychain: KeychainAtStart,
    /// Whether the bus starts services by itself.
    pub activation: Activation,
    /// Where the home directory is.
    pub home: Home,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self {
            screen: ScreenSize::DESKTOP,
            keychain: KeychainAtStart::Unlocked,
            activation: Activation::Off,
            home: Home::Temporary,
        }
    }
}

/// One isolated desktop: screen, window manager, session bus, keychain, notices and directories of its own.
///
/// Everything started on it carries a mark and is killed when it is dropped, also when the test panics. After a panic
/// its logs and a last picture are kept under `out/failed/`.
#[derive(Debug)]
pub struct Stage {
    notices: Notices,
    keychain: Keychain,
    _bus: Bus,
    display: Display,
    _leader: Running,
    mark: String,
    group: i32,
    environment: BTreeMap<OsString, OsString>,
    home: PathBuf,
    logs: PathBuf,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Sets a stage as usual: a laptop's screen, an open keychain.
    pub fn start() -> Result<Self, StageError> {
        Self::set(StageOptions::default())
    }

    /// Sets a stage.
    pub fn set(options: StageOptions) -> Result<Self, StageError> {
        let temp = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("vigie-")
            .tempdir()
            .map_err(StageError::file("making the stage's folder", temp))?;
        let home = match &options.home {
            Home::Temporary => folder.path().join("home"),
            Home::Kept(kept) => {
                std::path::absolute(kept).map_err(StageError::file("finding the home", kept))?
            }
        };
        let logs = folder.path().join("logs");
        let runtime = folder.path().join("run");
        let mark = folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut environment = environment(&home, &runtime, &mark);
        for private in [&home, &runtime, &logs] {
            make_private(private)?;
        }
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
        ] {
            make_private(Path::new(
                environment
                    .get(OsStr::new(name))
                    .map_or(OsStr::new(""), OsString::as_os_str),
            ))?;
        }

        let leader = Launch::new("sleep", &environment, Some(0), &logs)
            .arg("infinity")
            .start()?;
        let group = i32::try_from(leader.pid()).unwrap_or_default();
        let launch = |program: &str, environment: &BTreeMap<OsString, OsString>| {
            Launch::new(program, environment, Some(group), &logs)
        };

        let mut display = Display::start(launch("Xvfb", &environment), options.screen)?;
        environment.insert("DISPLAY".into(), display.name().into());
        let bus = Bus::start(launch("dbus-daemon", &environment), &runtime, options.activation)?;
        environment.insert("DBUS_SESSION_BUS_ADDRESS".into(), bus.address().into());
        display.manage_windows(launch("openbox", &environment), &launch("xdotool", &environment))?;

        let dbus_send = launch("dbus-send", &environment);
        let secret_tool =
            launch("sh", &environment).args(["-c", "exec secret-tool \"$@\" 2>&1", "secret-tool"]);
        let mut keychain = Keychain::new(
            launch("gnome-keyring-daemon", &environment),
            secret_tool,
            dbus_send.clone(),
            &runtime,
        );
        match options.keychain {
            KeychainAtStart::Unlocked => keychain.start()?,
            KeychainAtStart::Locked => {
                keychain.start()?;
                keychain.lock()?;
            }
            KeychainAtStart::Absent => {}
        }
        let notices = Notices::start(
            launch("dunst", &environment),
            launch("dunstctl", &environment),
            &dbus_send,
            &folder.path().join("notices"),
        )?;
        Ok(Self {
            notices,
            keychain,
            _bus: bus,
            display,
            _leader: leader,
            mark,
            group,
            environment,
            home,
            logs,
            folder,
        })
    }

    /// A program about to be started on this stage.
    pub fn launch(&self, program: impl AsRef<OsStr>) -> Launch {
        Launch::new(program, &self.environment, Some(self.group), &self.logs)
    }

    /// Sets an environment variable for everything launched from now on.
    pub fn set_env(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment.insert(name.into(), value.as_ref().to_owned());
    }

    /// The value of one of the stage's environment variables, as a path.
    pub fn place(&self, variable: &str) -> PathBuf {
        self.environment
            .get(OsStr::new(variable))
            .map(PathBuf::from)
            .unwrap_or_default()
    }

    /// The home directory; the XDG directories lie in it.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// `XDG_CONFIG_HOME`.
    pub fn config_dir(&self) -> PathBuf {
        self.place("XDG_CONFIG_HOME")
    }

    /// `XDG_DATA_HOME`.
    pub fn data_dir(&self) -> PathBuf {
        self.place("XDG_DATA_HOME")
    }

    /// The stage's own folder: home (unless kept), runtime directory, logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the outputs of the programs go.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// The screen.
    pub fn display(&self) -> &Display {
        &self.display
    }

    /// The keychain.
    pub fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// The keychain, to start or end its daemon.
    pub fn keychain_mut(&mut self) -> &mut Keychain {
        &mut self.keychain
    }

    /// The notices.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// The notices, to end their daemon.
    pub fn notices_mut(&mut self) -> &mut Notices {
        &mut self.notices
    }

    /// Takes a picture of the whole screen as a PNG file.
    pub fn picture(&self, path: &Path) -> Result<(), StageError> {
        Display::picture(self.launch("import"), path)
    }

    /// Types and moves as a person would: the arguments are those of `xdotool`.
    pub fn xdotool<I: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Result<String, StageError> {
        self.launch("xdotool").args(arguments).run()
    }

    /// Every process of this stage, with the path of its program.
    pub fn processes(&self) -> Vec<(u32, PathBuf)> {
        marked(&self.mark)
    }

    /// The processes of this stage whose program has this file name.
    pub fn processes_named(&self, name: &str) -> Vec<u32> {
        let mut named: Vec<u32> = self
            .processes()
            .into_iter()
            .filter(|(_, program)| program.file_name() == Some(OsStr::new(name)))
            .map(|(pid, _)| pid)
            .collect();
        named.sort_unstable();
        named
    }

    fn keep_evidence(&self) {
        let test = std::thread::current().name().unwrap_or("main").replace("::", "-");
        let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../out/failed")
            .join(test)
            .join(&self.mark);
        if std::fs::create_dir_all(&kept).is_err() {
            return;
        }
        let _ = self.picture(&kept.join("screen.png"));
        for log in std::fs::read_dir(&self.logs).into_iter().flatten().flatten() {
            let _ = std::fs::copy(log.path(), kept.join(log.file_name()));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_evidence();
        }
        for _ in 0..200 {
            let left = marked(&self.mark);
            if left.is_empty() {
                return;
            }
            for (pid, _) in left {
                if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            pause(Duration::from_millis(10));
        }
    }
}

fn environment(home: &Path, runtime: &Path, mark: &str) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| {
        environment.insert(name.into(), value);
    };
    set(MARK, mark.into());
    set(
        "PATH",
        std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into()),
    );
    for inherited in ["USER", "LOGNAME"] {
        set(
            inherited,
            std::env::var_os(inherited).unwrap_or_else(|| "operator".into()),
        );
    }
    set("HOME", home.into());
    set("XDG_CONFIG_HOME", home.join(".config").into());
    set("XDG_DATA_HOME", home.join(".local/share").into());
    set("XDG_STATE_HOME", home.join(".local/state").into());
    set("XDG_CACHE_HOME", home.join(".cache").into());
    set("XDG_RUNTIME_DIR", runtime.into());
    set("XDG_SESSION_TYPE", "x11".into());
    set("GDK_BACKEND", "x11".into());
    set("GSETTINGS_BACKEND", "memory".into());
    set("LANG", "C.UTF-8".into());
    set("NO_AT_BRIDGE", "1".into());
    set("TZ", "UTC".into());
    environment
}

fn make_private(path: &Path) -> Result<(), StageError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(StageError::file("making a private folder", path))
}

/// Every live process whose environment carries the mark.
fn marked(mark: &str) -> Vec<(u32, PathBuf)> {
    let wanted = format!("{MARK}={mark}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else {
            continue;
        };
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
        {
            found.push((
                pid,
                std::fs::read_link(entry.path().join("exe")).unwrap_or_default(),
            ));
        }
    }
    found
}
