//! The real server as a process of its own, with its own certificate authority, on the server's side of a network.

use crate::{Launch, Network, Running, Stage, StageError, Stopwatch, pause, until};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// How clients reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// https, with a certificate of the server's own authority.
    Https,
    /// Plain http; the server takes it on a loopback address only.
    Http,
    /// Plain http from a proxy at this address.
    Proxied(IpAddr),
}

/// Lives that are shorter than an organisation's settings allow, in seconds; nothing means as in the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of an access token.
    pub access_token_seconds: Option<u32>,
    /// A desk's idle time.
    pub idle_seconds: Option<u32>,
    /// Of a session.
    pub session_seconds: Option<u32>,
}

/// Where a server keeps its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Database {
    /// In a file of its own.
    #[default]
    Own,
    /// In a PostgreSQL database, by its address without a password; several servers may share it.
    Postgres(String),
}

/// How a server is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPlan {
    /// How clients reach it.
    pub transport: Transport,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Where its data is.
    pub database: Database,
    /// Whether it takes as many calls as it can, for tests that make thousands.
    pub bounds: Bounds,
}

/// Whether a server keeps callers to its usual limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounds {
    /// As by default.
    #[default]
    Usual,
    /// So wide that no test meets them.
    Wide,
}

/// A call as the server's log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When, as the log writes it (RFC 3339).
    pub at: chrono::DateTime<chrono::Utc>,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The status.
    pub status: u16,
}

/// A sale as it stands in the server's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldTicket {
    /// The sum in cents.
    pub total_cents: u32,
    /// The note.
    pub note: String,
    /// How many lines it has.
    pub lines: u32,
    /// The short name of the organisation it was sold for.
    pub organization: String,
}

/// A server with its files. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    program: Launch,
    running: Option<Running>,
    folder: PathBuf,
    keys: PathBuf,
    url: String,
    public_url: String,
    address: SocketAddr,
    plan: ServerPlan,
    runs: u32,
}

/// Limits that no test meets.
const WIDE: &str = "\n[limits]\nlogins_per_minute_per_account_and_address = 1000000\n\
    logins_per_minute_per_account = 1000000\nlogins_per_minute_per_address = 1000000\n\
    refreshes_per_minute_per_session = 1000000\nrefresh_burst_per_session = 1000000\n\
    refused_refreshes_per_minute_per_address = 1000000\nconnections_per_address = 1000\n";

impl ServerProcess {
    /// Sets a server up on this computer's own network and starts it.
    pub fn start(stage: &Stage, binary: &Path, plan: ServerPlan) -> Result<Self, StageError> {
        Self::set_up(stage, stage.launch(binary), free_address()?, plan)
    }

    /// Starts one more server of the same site: over the same database, with the same keys, at an address of its own.
    pub fn beside(&self, stage: &Stage) -> Result<Self, StageError> {
        let plan = self.plan.clone();
        let keys = self.keys.clone();
        let address = match self.address.ip() {
            ip if ip.is_loopback() => free_address()?,
            ip => SocketAddr::new(ip, self.address.port() + 1),
        };
        let site = Some((keys, self.public_url.clone()));
        let mut server = Self::written(stage, self.program.clone(), address, plan, site)?;
        server.serve()?;
        Ok(server)
    }

    /// Sets a server up on the server's side of a network and starts it.
    pub fn start_behind(
        stage: &Stage,
        binary: &Path,
        network: &Network,
        plan: ServerPlan,
    ) -> Result<Self, StageError> {
        let address = SocketAddr::from((network.server_address(), 8443));
        Self::set_up(
            stage,
            stage.launch(binary).inside(network.server_side()),
            address,
            plan,
        )
    }

    /// Sets a server up on the client's side of a network, where the test reaches it by a link that no cut touches.
    pub fn start_before(
        stage: &Stage,
        binary: &Path,
        network: &Network,
        plan: ServerPlan,
    ) -> Result<Self, StageError> {
        let address = SocketAddr::from((network.control_address(), 8443));
        Self::set_up(
            stage,
            stage.launch(binary).inside(network.client_side()),
            address,
            plan,
        )
    }

    /// A server with its configuration, not yet started.
    fn written(
        stage: &Stage,
        program: Launch,
        address: SocketAddr,
        plan: ServerPlan,
        site: Option<(PathBuf, String)>,
    ) -> Result<Self, StageError> {
        let folder = stage.folder().join(format!("server-{}", address.port()));
        std::fs::create_dir_all(&folder).map_err(StageError::file("making the server's folder", &folder))?;
        let scheme = match plan.transport {
            Transport::Https => "https",
            Transport::Http | Transport::Proxied(_) => "http",
        };
        let url = format!("{scheme}://{address}");
        let (keys, public_url) = site.unwrap_or_else(|| (folder.join("keys/keys.json"), url.clone()));
        let server = Self {
            program,
            running: None,
            keys,
            folder,
            url,
            public_url,
            address,
            plan,
            runs: 0,
        };
        let configuration = server.folder.join("vigie-server.toml");
        std::fs::write(&configuration, server.configuration()).map_err(StageError::file(
            "writing the server's configuration",
            &configuration,
        ))?;
        Ok(server)
    }

    fn set_up(
        stage: &Stage,
        program: Launch,
        address: SocketAddr,
        plan: ServerPlan,
    ) -> Result<Self, StageError> {
        let mut server = Self::written(stage, program, address, plan, None)?;
        let mut init = vec![
            "init".to_owned(),
            "--organization-name".to_owned(),
            "Ressourcerie du Port".to_owned(),
            "--site".to_owned(),
            "Quai Nord".to_owned(),
        ];
        if plan_is_https(&server.plan) {
            init.push("--self-signed-ca".to_owned());
            init.push(server.folder.join("tls").display().to_string());
            init.push("--name".to_owned());
            init.push(address.ip().to_string());
        }
        server.command(&init, b"")?;
        server.serve()?;
        Ok(server)
    }

    fn configuration(&self) -> String {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let database = match &self.plan.database {
            Database::Own => at("data/vigie.db"),
            Database::Postgres(url) => url.clone(),
        };
        let mut text = format!(
            "listen = \"{}\"\npublic_url = \"{}\"\ndatabase = \"{database}\"\nkeys_file = \"{}\"\ncontrol_socket = \"{}\"\n\n\
             [log]\nformat = \"json\"\nfilter = \"server=debug,info\"\n\n[audit]\nheads_file = \"{}\"\n",
            self.address,
            self.public_url,
            self.keys.display(),
            at("control.sock"),
            at("audit-heads.jsonl"),
        );
        if self.plan.bounds == Bounds::Wide {
            text.push_str(WIDE);
        }
        if plan_is_https(&self.plan) {
            let (cert, key) = (at("tls/server.pem"), at("tls/server.key"));
            text.push_str(&format!("\n[tls]\ncert = \"{cert}\"\nkey = \"{key}\"\n"));
        }
        if let Transport::Proxied(proxy) = self.plan.transport {
            text = format!("trusted_proxies = [\"{proxy}\"]\n{text}");
        }
        let lifetimes = [
            ("access_token_seconds", self.plan.lifetimes.access_token_seconds),
            ("idle_seconds", self.plan.lifetimes.idle_seconds),
            ("session_seconds", self.plan.lifetimes.session_seconds),
        ];
        if lifetimes.iter().any(|(_, seconds)| seconds.is_some()) {
            text.push_str("\n[testing]\n");
        }
        for (key, seconds) in lifetimes {
            if let Some(seconds) = seconds {
                text.push_str(&format!("{key} = {seconds}\n"));
            }
        }
        text
    }

    /// Starts it after [`stop`](Self::stop) or [`kill`](Self::kill), and waits until it takes connections.
    pub fn serve(&mut self) -> Result<(), StageError> {
        self.runs += 1;
        let config = self.folder.join("vigie-server.toml");
        let name = format!("server-{}-{}", self.address.port(), self.runs);
        let launch = self
            .program
            .clone()
            .args(["serve", "--config"])
            .arg(config)
            .log_as(&name);
        let mut running = launch.start()?;
        let watch = Stopwatch::start();
        while !running.said().contains("\"serving\"") {
            if !running.is_running() || watch.elapsed() > Duration::from_secs(20) {
                return Err(StageError::Unexpected {
                    program: "vigie-server",
                    answer: running.said(),
                });
            }
            pause(Duration::from_millis(20));
        }
        self.running = Some(running);
        Ok(())
    }

    /// Where clients reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate authority to be given to clients.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("tls/ca.pem")
    }

    /// Its folder: configuration, keys, database, certificates.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Running::pid)
    }

    /// Asks it to end (SIGTERM).
    pub fn stop(&mut self) -> Result<Option<ExitStatus>, StageError> {
        self.running.as_mut().map(Running::stop).transpose()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) -> Result<Option<ExitStatus>, StageError> {
        self.running.as_mut().map(Running::kill).transpose()
    }

    /// Runs one of its commands, as an administrator does on the server's machine, and gives what it prints.
    pub fn command<I: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
        typed: &[u8],
    ) -> Result<String, StageError> {
        let config = self.folder.join("vigie-server.toml");
        let arguments: Vec<String> = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_owned())
            .collect();
        self.program
            .clone()
            .args(arguments)
            .arg("--config")
            .arg(config)
            .run_typing(typed)
    }

    /// Adds an operator of the first site.
    pub fn add_operator(&self, username: &str, password: &str) -> Result<(), StageError> {
        let add = ["user", "add", username, "--site", "Quai Nord", "--password-stdin"];
        self.command(add, format!("{password}\n").as_bytes()).map(|_| ())
    }

    /// Adds a category with a price.
    pub fn add_category(&self, name: &str, price_cents: u32) -> Result<(), StageError> {
        self.command(
            ["category", "add", name, "--price-cents", &price_cents.to_string()],
            b"",
        )
        .map(|_| ())
    }

    /// The ids of the live sessions of an operator.
    pub fn sessions_of(&self, username: &str) -> Result<Vec<String>, StageError> {
        let listed = self.command(["session", "list"], b"")?;
        let rows = listed
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        Ok(rows
            .filter(|row| row.get(1).is_some_and(|name| *name == username))
            .filter_map(|row| row.first().map(|id| (*id).to_owned()))
            .collect())
    }

    /// Closes a session.
    pub fn revoke(&self, session: &str) -> Result<(), StageError> {
        self.command(["session", "revoke", session], b"").map(|_| ())
    }

    /// Everything the present run has answered, oldest first, from its log.
    pub fn answered(&self) -> Result<Vec<Answered>, StageError> {
        let said = self.running.as_ref().map(Running::said).unwrap_or_default();
        Ok(said.lines().filter_map(answered).collect())
    }

    /// The calls to a path, such as `/v1/auth/refresh`.
    pub fn calls(&self, path: &str) -> Result<Vec<Answered>, StageError> {
        Ok(self
            .answered()?
            .into_iter()
            .filter(|call| call.path == path)
            .collect())
    }

    /// Waits until it has answered a call that is wanted.
    pub fn wait_for_call(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Answered) -> bool,
    ) -> Result<Answered, StageError> {
        until(what, limit, || Ok(self.answered()?.into_iter().find(&wanted)))
    }

    fn database(&self) -> Result<rusqlite::Connection, StageError> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        rusqlite::Connection::open_with_flags(self.folder.join("data/vigie.db"), flags).map_err(unexpected)
    }

    /// How many times its audit tells of this action, such as `session.organization_switched`.
    pub fn audited(&self, action: &str) -> Result<u32, StageError> {
        let count = "SELECT count(*) FROM audit_log WHERE action = ?1";
        self.database()?
            .query_row(count, [action], |row| row.get(0))
            .map_err(unexpected)
    }

    /// Every sale in its database, in the order in which they came.
    pub fn sales(&self) -> Result<Vec<SoldTicket>, StageError> {
        let database = self.database()?;
        let select = "SELECT total_cents, note, (SELECT count(*) FROM sale_lines WHERE sale_id = sales.id), \
                      (SELECT slug FROM organizations WHERE id = sales.organization_id) \
                      FROM sales ORDER BY received_at, rowid";
        let mut query = database.prepare(select).map_err(unexpected)?;
        let rows = query.query_map([], |row| {
            Ok(SoldTicket {
                total_cents: row.get(0)?,
                note: row.get(1)?,
                lines: row.get(2)?,
                organization: row.get(3)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(unexpected)
    }

    /// Whether its port takes connections, seen from where the test runs.
    pub fn is_reachable(&self) -> bool {
        TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok()
    }
}

fn unexpected(error: rusqlite::Error) -> StageError {
    StageError::Unexpected {
        program: "vigie.db",
        answer: error.to_string(),
    }
}

fn free_address() -> Result<SocketAddr, StageError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(StageError::file("finding a free port on", "127.0.0.1"))
}

fn plan_is_https(plan: &ServerPlan) -> bool {
    plan.transport == Transport::Https
}

/// Reads one line of the server's log, if it tells of an answered call.
fn answered(line: &str) -> Option<Answered> {
    #[derive(Deserialize)]
    struct Line {
        timestamp: chrono::DateTime<chrono::Utc>,
        fields: Fields,
        span: Span,
    }
    #[derive(Deserialize)]
    struct Fields {
        message: String,
        status: u16,
    }
    #[derive(Deserialize)]
    struct Span {
        method: String,
        path: String,
    }
    let line: Line = serde_json::from_str(line).ok()?;
    (line.fields.message == "answered").then_some(Answered {
        at: line.timestamp,
        method: line.span.method,
        path: line.span.path,
        status: line.fields.status,
    })
}
