//! Connections that read beside the writer, each used by one caller at a time.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;
use store::StoreError;

use crate::fault::{Fault, from_sqlite};
use crate::{Options, connection};

/// A fixed number of reading connections; none is left after [`Readers::close`].
#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Option<Connection>>>,
    next: AtomicUsize,
}

impl Readers {
    /// Opens `options.readers` connections, at least one.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let connections = (0..options.readers.max(1))
            .map(|_| connection::reading(path, options).map(|connection| Mutex::new(Some(connection))))
            .collect::<rusqlite::Result<_>>()
            .map_err(|error| from_sqlite(&error))?;
        Ok(Self {
            connections,
            next: AtomicUsize::new(0),
        })
    }

    /// Reads on the caller's thread: for look-ups by primary key, which take some microseconds and would take longer to
    /// hand to another thread. Where every connection is taken, it is handed over all the same.
    pub(crate) async fn look_up<T, R>(self: &Arc<Self>, read: R) -> Result<T, StoreError>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let read = match self.free() {
            Some(guard) => return on(&guard, read),
            None => read,
        };
        self.read(read).await
    }

    /// Reads on a thread that may block.
    pub(crate) async fn read<T, R>(self: &Arc<Self>, read: R) -> Result<T, StoreError>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let guard = readers.free().unwrap_or_else(|| readers.wait());
            on(&guard, read)
        })
        .await
        .map_err(|error| StoreError::Failed(format!("a read was cut short: {error}")))?
    }

    /// Lets go of every connection, each once its present reader is through.
    pub(crate) fn close(&self) {
        for connection in &self.connections {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    fn start(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len()
    }

    fn free(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        let (before, from) = self.connections.split_at(self.start());
        from.iter()
            .chain(before)
            .find_map(|connection| match connection.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            })
    }

    fn wait(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connections[self.start()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn on<T>(
    connection: &Option<Connection>,
    read: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, StoreError> {
    let connection = connection
        .as_ref()
        .ok_or_else(|| StoreError::Unavailable("the store is closed".to_owned()))?;
    read(connection).map_err(StoreError::from)
}
