//! The socket for commands: only the server's own user may open it.

use std::io;
use std::path::{Path, PathBuf};

use axum::Router;
use thiserror::Error;

/// Why there is no socket for commands.
#[derive(Debug, Error)]
#[error("control_socket: {}: {source}", path.display())]
pub struct ControlSocketError {
    path: PathBuf,
    source: io::Error,
}

/// A socket that is being served.
pub struct ControlSocket {
    #[cfg_attr(not(unix), expect(dead_code, reason = "only unix sockets lie on disk"))]
    path: PathBuf,
    #[cfg(unix)]
    serving: tokio::task::JoinHandle<io::Result<()>>,
    #[cfg(unix)]
    end: tokio::sync::oneshot::Sender<()>,
}

/// Serves commands on a socket at `path`. A socket that an earlier run left there is replaced, unless another server still
/// answers on it: two on one PostgreSQL need a socket each.
///
/// # Errors
/// [`ControlSocketError`]
#[cfg(unix)]
pub fn listen(path: &Path, router: Router) -> Result<ControlSocket, ControlSocketError> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    let failed = |source| ControlSocketError {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        crate::private_files::create_dir(folder).map_err(failed)?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(failed(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server answers there; set `control_socket` to another path for this one",
        )));
    }
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(path).map_err(failed)?;
    }
    let listener = tokio::net::UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(async {
                let _ = ended.await;
            })
            .await
    });
    Ok(ControlSocket {
        path: path.to_owned(),
        serving,
        end,
    })
}

/// There is no such socket on this system: commands need the server stopped.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn listen(path: &Path, _: Router) -> Result<ControlSocket, ControlSocketError> {
    Ok(ControlSocket {
        path: path.to_owned(),
    })
}

impl ControlSocket {
    /// Takes no more commands, finishes those under way, and removes the socket.
    #[cfg(unix)]
    pub async fn close(self) {
        let _ = self.end.send(());
        let within = std::time::Duration::from_secs(2);
        if tokio::time::timeout(within, self.serving).await.is_err() {
            tracing::warn!("a command was cut off");
        }
        let _ = std::fs::remove_file(&self.path);
    }

    /// Nothing to close.
    #[cfg(not(unix))]
    pub async fn close(self) {}
}
