//! A PostgreSQL server of the stage's own: real, private, gone afterwards, and it can be killed and started again.

use crate::{Network, StageError, pause, until};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::Duration;

/// The variable that names the folder with PostgreSQL's programs, where they are not in a usual place.
const PROGRAMS: &str = "VIGIE_POSTGRES_PROGRAMS";

/// How long it may take to start, to recover after a kill, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Free memory on its file system below which a server is put on disk.
const MEMORY_LEAST_BYTES: u64 = 4 << 30;

/// Holds the server: it ends with the test's process, however that ends, and takes its folder along unless told otherwise.
const HOLDER: &str = r#"folder=$1; shift
"$@" >>"$folder/log" 2>&1 </dev/null &
server=$!
echo "$server"
read -r word
case "$word" in wait) ;; *) kill -QUIT "$server" 2>/dev/null ;; esac
wait "$server"
case "$word" in keep|wait) ;; *) rm -rf "$folder" ;; esac
"#;

/// The password of the one role there is, with every character that an address must write otherwise.
const PASSWORD: &str = "à l'abri @ 100 %/:?#";

/// Every database is some hundreds of files: fewer are quicker to copy.
const ONLY_VIGIE: &[u8] =
    b"UPDATE pg_database SET datistemplate = false, datallowconn = true WHERE datname = 'template0'
DROP DATABASE template0
DROP DATABASE postgres
CREATE DATABASE vigie
";

/// Whether the server waits for the disk before it says that something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// As in a shop.
    Waited,
    /// It does not: what it kept outlives its own death, but not that of the machine. Enough for most tests, and quicker.
    NotWaited,
}

/// A running server, with one role `vigie` that may do everything, and a database `vigie`.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    owner: Owner,
    folder: PathBuf,
    port: u16,
    disk: Disk,
    place: Place,
    held: Option<Held>,
}

/// Where it listens.
#[derive(Clone, Debug)]
struct Place {
    namespace: Option<String>,
    address: Ipv4Addr,
}

#[derive(Debug)]
struct Held {
    holder: Child,
    word: ChildStdin,
    server: Pid,
}

/// Who the server runs as: PostgreSQL refuses to be root.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Myself,
    Other { uid: u32, gid: u32 },
}

impl Postgres {
    /// Makes a new server in a temporary folder and starts it.
    pub fn start(disk: Disk) -> Result<Self, StageError> {
        let place = Place {
            namespace: None,
            address: Ipv4Addr::LOCALHOST,
        };
        Self::start_at(disk, place)
    }

    /// Starts one on the server's side of a network, where it trusts whoever reaches it.
    pub fn start_behind(disk: Disk, network: &Network) -> Result<Self, StageError> {
        let place = Place {
            namespace: Some(network.server_side().name().to_owned()),
            address: network.server_address(),
        };
        Self::start_at(disk, place)
    }

    fn start_at(disk: Disk, place: Place) -> Result<Self, StageError> {
        let programs = programs()?;
        let owner = Owner::find()?;
        let folder = folder(owner, disk)?;
        let template = template(&programs, owner)?;
        let mut server = Self {
            programs,
            owner,
            port: 0,
            disk,
            place,
            held: None,
            folder,
        };
        let copy = ["-a", &text(&template), &text(&server.folder.join("data"))].map(str::to_owned);
        done("cp", Command::new("cp").args(copy).output())?;
        if server.place.namespace.is_some() {
            let path = server.folder.join("data/pg_hba.conf");
            std::fs::OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| file.write_all(b"host all all 10.213.0.0/16 trust\n"))
                .map_err(StageError::file("saying whom PostgreSQL trusts", &path))?;
        }
        let mut tries = 0;
        loop {
            server.port = free_port()?;
            match server.start_again() {
                Ok(()) => break,
                Err(error) if tries == 2 => return Err(error),
                Err(_) => tries += 1,
            }
        }
        Ok(server)
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), where it was.
    pub fn start_again(&mut self) -> Result<(), StageError> {
        drop(self.held.take());
        let server = format!("{}/postgres", self.programs.display());
        let disk = match self.disk {
            Disk::Waited => "on",
            Disk::NotWaited => "off",
        };
        let mut holder = Command::new("sh");
        holder.args(["-c", HOLDER, "sh", &text(&self.folder)]);
        if let Some(namespace) = &self.place.namespace {
            holder.args(["ip", "netns", "exec", namespace]);
        }
        holder.args(self.owner.becoming());
        holder.args([&server, "-D", &text(&self.folder.join("data"))]);
        for setting in [
            format!("port={}", self.port),
            format!("unix_socket_directories={}", self.folder.display()),
            format!("fsync={disk}"),
            format!("full_page_writes={disk}"),
            format!("listen_addresses={}", self.place.address),
            "max_connections=300".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "dynamic_shared_memory_type=mmap".to_owned(),
            "log_line_prefix=%m [%p] %d ".to_owned(),
        ] {
            holder.args(["-c", &setting]);
        }
        let until_up = crate::Stopwatch::start();
        loop {
            self.held = Some(Held::start(&mut holder)?);
            match self.wait_until_up() {
                // What a killed server leaves of itself in memory goes a moment after it.
                Err(_) if self.log().contains("is still in use") && until_up.elapsed() < PATIENCE => {
                    drop(self.held.take());
                    pause(Duration::from_millis(100));
                }
                outcome => return outcome,
            }
        }
    }

    fn wait_until_up(&mut self) -> Result<(), StageError> {
        let asked = format!("{}/pg_isready", self.programs.display());
        let (folder, port) = (text(&self.folder), self.port.to_string());
        until("PostgreSQL answering", PATIENCE, || {
            let ended = match self.held.as_ref() {
                Some(held) => !Path::new(&format!("/proc/{}", held.server.as_raw_nonzero())).exists(),
                None => true,
            };
            if ended {
                return Err(StageError::Unexpected {
                    program: "postgres",
                    answer: last_lines(&self.log()),
                });
            }
            let answer = Command::new(&asked)
                .args(["-q", "-h", &folder, "-p", &port])
                .output();
            Ok(answer
                .map_err(not_started("pg_isready"))?
                .status
                .success()
                .then_some(()))
        })
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.held
            .as_ref()
            .map(|held| held.server.as_raw_nonzero().get().unsigned_abs())
    }

    /// Kills it and every process it has started, at once and without a word (SIGKILL).
    pub fn kill(&mut self) -> Result<(), StageError> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let server = held.server.as_raw_nonzero();
        let children =
            std::fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        let children = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw));
        for pid in std::iter::once(held.server).chain(children) {
            let _ = kill_process(pid, Signal::KILL);
        }
        held.end("wait")
    }

    /// Ends it as its administrator does, breaking off what is under way, and keeps what it has.
    pub fn stop(&mut self) -> Result<(), StageError> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        kill_process(held.server, Signal::INT).map_err(|errno| StageError::File {
            what: "ending PostgreSQL",
            path: self.folder.clone(),
            source: errno.into(),
        })?;
        held.end("wait")
    }

    /// Stops every one of its processes where it is, as a machine that hangs: connections stay open and say nothing.
    pub fn freeze(&self) -> Result<(), StageError> {
        self.signal_all(Signal::STOP)
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) -> Result<(), StageError> {
        self.signal_all(Signal::CONT)
    }

    fn signal_all(&self, signal: Signal) -> Result<(), StageError> {
        let Some(held) = &self.held else { return Ok(()) };
        let server = held.server.as_raw_nonzero();
        let path = PathBuf::from(format!("/proc/{server}/task/{server}/children"));
        let children =
            std::fs::read_to_string(&path).map_err(StageError::file("asking for processes", &path))?;
        let children = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw));
        for pid in std::iter::once(held.server).chain(children) {
            let _ = kill_process(pid, signal);
        }
        Ok(())
    }

    /// The address of a database there, through the socket in its folder, which asks for no password.
    pub fn url(&self, database: &str) -> String {
        let folder = text(&self.folder).replace('/', "%2F");
        format!("postgres://vigie@{folder}:{}/{database}", self.port)
    }

    /// The address of a database there, by its port on loopback and with the password.
    pub fn url_by_port(&self, database: &str) -> String {
        let encoded: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("postgres://vigie:{encoded}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same address without the password.
    pub fn url_without_password(&self, database: &str) -> String {
        format!("postgres://vigie@{}:{}/{database}", self.place.address, self.port)
    }

    /// The role's password.
    pub const fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Its port on loopback.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), StageError> {
        self.sql("vigie", &format!("CREATE DATABASE \"{name}\""))
            .map(drop)
    }

    /// Has it do something by SQL, and gives what it answers: a line for each row, columns parted by `|`.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, StageError> {
        let psql = format!("{}/psql", self.programs.display());
        let asked = Command::new(psql)
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "vigie",
                "-d",
                database,
            ])
            .args([
                "-h",
                &text(&self.folder),
                "-p",
                &self.port.to_string(),
                "-c",
                statements,
            ])
            .output();
        Ok(done("psql", asked)?.trim_end().to_owned())
    }

    /// One of PostgreSQL's own programs, of the version that runs here.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            let _ = kill_process(held.server, Signal::CONT);
            let _ = held.end("end");
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Held {
    fn start(command: &mut Command) -> Result<Self, StageError> {
        use std::io::BufRead as _;
        let mut holder = command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(not_started("sh"))?;
        let unexpected = |answer: &str| StageError::Unexpected {
            program: "sh",
            answer: answer.to_owned(),
        };
        let word = holder.stdin.take().ok_or_else(|| unexpected("no input"))?;
        let output = holder.stdout.take().ok_or_else(|| unexpected("no output"))?;
        let mut line = String::new();
        std::io::BufReader::new(output)
            .read_line(&mut line)
            .map_err(not_started("sh"))?;
        let server = line
            .trim()
            .parse()
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| unexpected(&line))?;
        Ok(Self { holder, word, server })
    }

    /// Says the word to the holder and waits until the server and it have ended.
    fn end(mut self, word: &str) -> Result<(), StageError> {
        let _ = writeln!(self.word, "{word}");
        drop(self.word);
        self.holder.wait().map(drop).map_err(not_started("sh"))
    }
}

impl Owner {
    fn find() -> Result<Self, StageError> {
        if !geteuid().is_root() {
            return Ok(Self::Myself);
        }
        let path = "/etc/passwd";
        let users =
            std::fs::read_to_string(path).map_err(StageError::file("reading the list of users", path))?;
        let named = |wanted: &str| {
            users.lines().find_map(|line| {
                let mut parts = line.split(':');
                let name = parts.next()?;
                let (uid, gid) = (parts.nth(1)?.parse().ok()?, parts.next()?.parse().ok()?);
                (name == wanted).then_some(Self::Other { uid, gid })
            })
        };
        named("postgres")
            .or_else(|| named("nobody"))
            .ok_or_else(|| StageError::Unexpected {
                program: "passwd",
                answer: "neither a user postgres nor a user nobody".to_owned(),
            })
    }

    /// What to write before a command so that it runs as this user.
    fn becoming(self) -> Vec<String> {
        match self {
            Self::Myself => Vec::new(),
            Self::Other { uid, gid } => vec![
                "setpriv".to_owned(),
                format!("--reuid={uid}"),
                format!("--regid={gid}"),
                "--clear-groups".to_owned(),
            ],
        }
    }
}

fn programs() -> Result<PathBuf, StageError> {
    let named = std::env::var_os(PROGRAMS).map(PathBuf::from);
    let usual = ["/usr/lib/postgresql/15/bin"].map(PathBuf::from);
    let others = std::fs::read_dir("/usr/lib/postgresql").ok();
    let others = others
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> = std::env::split_paths(&on_path).collect();
    named
        .into_iter()
        .chain(usual)
        .chain(others)
        .chain(on_path)
        .find(|folder| {
            ["initdb", "postgres", "pg_isready", "psql"]
                .iter()
                .all(|name| folder.join(name).exists())
        })
        .ok_or(StageError::NotInstalled {
            programs: "PostgreSQL's initdb, postgres, pg_isready and psql",
            package: "postgresql",
            variable: PROGRAMS,
        })
}

/// In memory where the disk is not waited for anyway and there is room.
fn folder(owner: Owner, disk: Disk) -> Result<PathBuf, StageError> {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    let at = if disk == Disk::NotWaited && room > MEMORY_LEAST_BYTES {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("vigie-postgres-")
        .tempdir_in(&at)
        .map_err(StageError::file("making a folder for PostgreSQL", at))?
        .keep();
    give(&folder, owner)?;
    Ok(folder)
}

fn give(folder: &Path, owner: Owner) -> Result<(), StageError> {
    if let Owner::Other { uid, gid } = owner {
        std::os::unix::fs::chown(folder, Some(uid), Some(gid))
            .map_err(StageError::file("giving a folder to PostgreSQL", folder))?;
    }
    Ok(())
}

/// A data folder as `initdb` makes it, made once and copied by every server: that takes a tenth of the time.
fn template(programs: &Path, owner: Owner) -> Result<PathBuf, StageError> {
    let version = done(
        "postgres",
        Command::new(programs.join("postgres")).arg("-V").output(),
    )?;
    let version = version.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
    let uid = match owner {
        Owner::Myself => geteuid().as_raw(),
        Owner::Other { uid, .. } => uid,
    };
    let built =
        std::env::current_exe().map_err(StageError::file("asking for this program's place", "self"))?;
    let beside = built.parent().unwrap_or(Path::new(".")).join("postgres");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&beside)
        .map_err(StageError::file("making a folder for PostgreSQL", &beside))?;
    let template = beside.join(format!("{version}-of-{uid}"));
    let lock = beside.join("lock");
    let lock = File::create(&lock).map_err(StageError::file("opening a lock", &lock))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|errno| StageError::File {
        what: "waiting for a lock",
        path: beside.clone(),
        source: errno.into(),
    })?;
    let whole = template.join("PG_VERSION").exists()
        && std::fs::metadata(&template).is_ok_and(|found| found.uid() == uid);
    if !whole {
        let made = folder(owner, Disk::NotWaited)?;
        let outcome = initialise(programs, owner, &made).and_then(|()| {
            let part = beside.join("part");
            let _ = std::fs::remove_dir_all(&part);
            let _ = std::fs::remove_dir_all(&template);
            done(
                "cp",
                Command::new("cp")
                    .arg("-a")
                    .args([&made.join("data"), &part])
                    .output(),
            )?;
            std::fs::rename(&part, &template).map_err(StageError::file("keeping a data folder", &template))
        });
        let _ = std::fs::remove_dir_all(&made);
        outcome?;
    }
    Ok(template)
}

fn initialise(programs: &Path, owner: Owner, folder: &Path) -> Result<(), StageError> {
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD).map_err(StageError::file("writing a password", &password))?;
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644))
        .map_err(StageError::file("writing a password", &password))?;
    let initdb = text(&programs.join("initdb"));
    let mut line = owner.becoming();
    line.extend([initdb, "-D".to_owned(), text(&folder.join("data"))]);
    line.extend(
        [
            "--username=vigie",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--wal-segsize=1",
        ]
        .map(str::to_owned),
    );
    line.push(format!("--pwfile={}", password.display()));
    let (program, arguments) = line.split_first().ok_or(StageError::Unexpected {
        program: "initdb",
        answer: String::new(),
    })?;
    done(
        "initdb",
        Command::new(program).args(arguments).current_dir(folder).output(),
    )?;
    let single = format!("{}/postgres", programs.display());
    let mut line = owner.becoming();
    line.extend([single, "--single".to_owned(), "-D".to_owned()]);
    line.extend([text(&folder.join("data")), "template1".to_owned()]);
    let (program, arguments) = line.split_first().ok_or(StageError::Unexpected {
        program: "postgres",
        answer: String::new(),
    })?;
    let mut alone = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_started("postgres"))?;
    if let Some(mut input) = alone.stdin.take() {
        input.write_all(ONLY_VIGIE).map_err(not_started("postgres"))?;
    }
    done("postgres", alone.wait_with_output()).map(drop)
}

fn free_port() -> Result<u16, StageError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(StageError::file("looking for a free port", "127.0.0.1"))
}

fn done(program: &'static str, outcome: std::io::Result<Output>) -> Result<String, StageError> {
    let output = outcome.map_err(not_started(program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(StageError::Ended {
        command: program.to_owned(),
        status: output.status.to_string(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn not_started(program: &str) -> impl FnOnce(std::io::Error) -> StageError {
    let program = program.to_owned();
    move |source| StageError::NotStarted { program, source }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
