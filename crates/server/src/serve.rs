//! Serving over the network until told to end; then no new connection, what is under way finishes, and the store is closed.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use store::{Store, StoreError};
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::background::Background;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::connections::CountedConnections;
use crate::control::{self, ControlSocketError};
use crate::key_file::{KeyFileError, check_place};
use crate::keys::{Keys, KeysError};
use crate::monitoring;
use crate::options::ServerOptions;
use crate::server::{Server, SetupError};
use crate::tls::{TlsError, server_config};

/// How often a silent HTTP/2 connection is asked whether it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// No keys.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The keys in the environment are none.
    #[error("{0} (in the environment)")]
    KeysVariable(KeysError),
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be put together.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Another program has the port.
    #[error(
        "port_in_use: {listen} is taken by another program; stop that one or set `listen` to another port"
    )]
    PortInUse {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot_listen: {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The socket for commands cannot be made.
    #[error(transparent)]
    Control(#[from] ControlSocketError),
    /// The demonstration's data cannot be made.
    #[cfg(feature = "demo")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// The system gives no signals, or a socket breaks.
    #[error("serving_failed: {0}")]
    Io(#[from] io::Error),
}

/// The keys: from the environment where they are there, else from the key file.
///
/// # Errors
/// See [`ServeError`].
pub fn keys(config: &Config) -> Result<Keys, ServeError> {
    if let Ok(text) = std::env::var(crate::config::KEYS_VARIABLE) {
        let text = zeroize::Zeroizing::new(text);
        return Keys::from_bytes(text.as_bytes()).map_err(ServeError::KeysVariable);
    }
    if let Some(file) = config.database.file() {
        check_place(&config.keys_file, file)?;
    }
    Ok(Keys::load(&config.keys_file)?)
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(config: Config) -> Result<(), ServeError> {
    serve_with(config, Seed::Nothing).await
}

/// What the database is filled with before the first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// It stays as it is.
    Nothing,
    /// The accounts and categories of the demonstration.
    #[cfg(feature = "demo")]
    Demo,
}

/// As [`serve`], over a database that is filled first.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve_with(config: Config, seed: Seed) -> Result<(), ServeError> {
    let ends = Ends::listen()?;
    let keys = keys(&config)?;
    let tls = config.tls.as_ref().map(server_config).transpose()?;
    let listeners = Listeners {
        clients: bind(config.listen)?,
        monitoring: config.monitoring_listen.map(bind).transpose()?,
    };
    let store = config.database.open().await?;
    match seed {
        Seed::Nothing => {}
        #[cfg(feature = "demo")]
        Seed::Demo => crate::demo::seed(store.as_ref()).await?,
    }
    let result = serve_over(&config, keys, tls, listeners, Arc::clone(&store), ends).await;
    store.close().await;
    tracing::info!("ended");
    result
}

async fn serve_over(
    config: &Config,
    keys: Keys,
    tls: Option<Arc<rustls::ServerConfig>>,
    listeners: Listeners,
    store: Arc<dyn Store>,
    ends: Ends,
) -> Result<(), ServeError> {
    let server = Server::new(store, keys, Arc::new(SystemClock::new()), config.server.clone())?;
    if config.server.testing.any() {
        tracing::warn!(overrides = ?config.server.testing, "lifetimes for tests are in force");
    }
    let commands = control::Commands::of(&server);
    let control = control::listen(&config.control_socket, control::router(commands))?;
    let address = listeners.clients.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    announce(&format!("vigie-server listens on {scheme}://{address}"))?;
    tracing::info!(%address, scheme, database = %config.database, "serving");

    let (handle, figures) = (Handle::new(), Handle::new());
    let background = Background::start(&server);
    let handles = [handle.clone(), figures.clone()];
    let draining = tokio::spawn(drain(ends, server.clone(), handles, config.drain));
    let monitoring = listeners
        .monitoring
        .map(|listener| serve_figures(listener, tls.clone(), figures.clone(), server.clone()))
        .transpose()?;
    let served = serve_on(
        listeners.clients,
        tls,
        handle,
        &config.server,
        crate::router(server),
    )
    .await;
    draining.abort();
    figures.graceful_shutdown(Some(config.drain));
    if let Some(monitoring) = monitoring
        && monitoring.await.is_err()
    {
        tracing::error!("the listener for figures broke down");
    }
    control.close().await;
    background.stop().await;
    Ok(served?)
}

/// What the server listens on.
struct Listeners {
    clients: TcpListener,
    monitoring: Option<TcpListener>,
}

/// Gives figures on a listener of their own: with TLS, except on this machine.
fn serve_figures(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    handle: Handle<SocketAddr>,
    server: Server,
) -> Result<JoinHandle<()>, ServeError> {
    let address = listener.local_addr()?;
    let tls = tls.filter(|_| !address.ip().to_canonical().is_loopback());
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(%address, scheme, "giving figures");
    Ok(tokio::spawn(async move {
        let options = server.options.clone();
        let router = monitoring::listener::router(server);
        if let Err(error) = serve_on(listener, tls, handle, &options, router).await {
            tracing::error!(%address, cause = %error, "figures are not given any more");
        }
    }))
}

fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    let listener = TcpListener::bind(listen).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ServeError::PortInUse { listen }
        } else {
            ServeError::Listen { listen, source }
        }
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn serve_on(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    handle: Handle<SocketAddr>,
    options: &ServerOptions,
    router: Router,
) -> io::Result<()> {
    let limits = &options.limits;
    let connections =
        CountedConnections::new(limits.connections_per_address, options.trusted_proxies.clone());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.header_count)
        .max_buf_size(limits.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    match tls {
        Some(tls) => {
            server
                .acceptor(RustlsAcceptor::new(RustlsConfig::from_config(tls)).acceptor(connections))
                .serve(service)
                .await
        }
        None => server.acceptor(connections).serve(service).await,
    }
}

async fn drain(mut ends: Ends, server: Server, handles: [Handle<SocketAddr>; 2], within: Duration) {
    let signal = ends.next().await;
    tracing::info!(
        signal,
        "ending: no new connections, {} under way",
        handles[0].connection_count()
    );
    server.end_event_streams();
    for handle in handles {
        handle.graceful_shutdown(Some(within));
    }
}

/// One line on standard output for whoever started the server, also when logs go elsewhere.
fn announce(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// The signals that end the server, listened for before anything is opened.
#[cfg(unix)]
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ends {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Ends;

#[cfg(not(unix))]
impl Ends {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}
