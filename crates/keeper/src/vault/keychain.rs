//! The operating system's keychain, on a thread of its own: calling it from asynchronous code can panic, and a locked or
//! frozen one blocks for as long as it likes.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use keeper_core::VaultFault;
use secrecy::SecretSlice;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::store::{PlatformStore, Prompting};
use super::{SERVICE, Vault};

/// How long anybody waits for the keychain.
const DEADLINE: Duration = Duration::from_secs(5);

enum Job {
    Read(
        String,
        oneshot::Sender<Result<Option<SecretSlice<u8>>, VaultFault>>,
    ),
    Write(String, SecretSlice<u8>, oneshot::Sender<Result<(), VaultFault>>),
    Delete(String, oneshot::Sender<Result<(), VaultFault>>),
}

/// The operating system's keychain: the Secret Service, the Windows Credential Manager or Apple's Keychain.
pub struct KeychainVault {
    jobs: mpsc::Sender<Job>,
    deadline: Duration,
    prompting: Arc<Prompting>,
}

impl KeychainVault {
    /// The keychain of the user, with the product's own service name and the deadline of the design.
    ///
    /// # Errors
    /// The operating system's, where the thread cannot be started.
    pub fn new() -> std::io::Result<Self> {
        Self::with(SERVICE, DEADLINE)
    }

    /// The keychain under another service name and with another deadline.
    ///
    /// # Errors
    /// The operating system's, where the thread cannot be started.
    pub fn with(service: &str, deadline: Duration) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let prompting = Arc::new(Prompting::new());
        let store = PlatformStore::new(service.to_owned(), Arc::clone(&prompting));
        thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || work(store, &queue))?;
        Ok(Self {
            jobs,
            deadline,
            prompting,
        })
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, VaultFault>>) -> Job,
    ) -> Result<T, VaultFault> {
        if self.prompting.is_open() {
            return Err(VaultFault::Locked);
        }
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(job(reply)).is_err() {
            return Err(VaultFault::Failed);
        }
        match timeout(self.deadline, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(VaultFault::Failed),
            Err(_) if self.prompting.is_open() => Err(VaultFault::Locked),
            Err(_) => Err(VaultFault::Slow),
        }
    }
}

/// Does one job after the other. A job whose caller has gone is left out, so that a keychain that comes back after
/// minutes does not find old writes waiting.
fn work(mut store: PlatformStore, queue: &mpsc::Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        match job {
            Job::Read(name, reply) if !reply.is_closed() => {
                let _ = reply.send(store.read(&name));
            }
            Job::Write(name, secret, reply) if !reply.is_closed() => {
                let _ = reply.send(store.write(&name, &secret));
            }
            Job::Delete(name, reply) if !reply.is_closed() => {
                let _ = reply.send(store.delete(&name));
            }
            Job::Read(..) | Job::Write(..) | Job::Delete(..) => {}
        }
    }
}

#[async_trait]
impl Vault for KeychainVault {
    async fn secret_read(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        self.ask(|reply| Job::Read(name.to_owned(), reply)).await
    }

    async fn secret_write(&self, name: &str, secret: SecretSlice<u8>) -> Result<(), VaultFault> {
        self.ask(|reply| Job::Write(name.to_owned(), secret, reply)).await
    }

    async fn secret_delete(&self, name: &str) -> Result<(), VaultFault> {
        self.ask(|reply| Job::Delete(name.to_owned(), reply)).await
    }

    fn permit_prompt(&self) {
        self.prompting.allow_one();
    }
}
