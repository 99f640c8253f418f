//! Passwords: hashed with argon2id in a bounded pool, the same work whether the user exists or not.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::password_hash::{self, PasswordHasher as _};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use protocol::{ErrorCode, Secret};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};

use crate::failure::Failure;
use crate::password_rules::Weakness;
use crate::password_threads::{PasswordThreads, Scratch};

/// Memory of one hash in KiB (OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The shortest password that may be chosen, in characters (ASVS 6.2.1).
pub const SHORTEST: usize = 8;

/// The longest password taken, in bytes.
pub const LONGEST_BYTES: usize = 1_024;

/// A password's characters that nobody confuses when reading them aloud.
const ONE_TIME_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why no hash was made or checked.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("server_busy: too many password checks are waiting")]
    Busy,
    /// A password that may not be chosen.
    #[error(
        "password_length: a password has {SHORTEST} characters or more, and at most {LONGEST_BYTES} bytes"
    )]
    Length,
    /// A password that is too easy to guess.
    #[error(transparent)]
    Weak(#[from] Weakness),
    /// A fault of the library or of a stored hash.
    #[error("password_hash: {0}")]
    Hash(#[from] password_hash::Error),
    /// A stored hash is none.
    #[error("password_hash: a stored hash is not in PHC form")]
    NotPhc,
    /// There are no threads to work on.
    #[error("password_threads: {0}")]
    Threads(std::io::Error),
    /// The pool is gone: the program is ending.
    #[error("password_pool: the program is ending")]
    Ending,
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy | PasswordError::Ending => Self::new(ErrorCode::ServerBusy).because(&error),
            PasswordError::Length => Self::invalid("password", error.to_string()),
            PasswordError::Weak(weakness) => weakness.into(),
            PasswordError::Hash(_) | PasswordError::NotPhc | PasswordError::Threads(_) => {
                Self::internal(&error)
            }
        }
    }
}

/// Whether a password is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is.
    Right,
    /// It is not, or there is nothing to compare it with.
    Wrong,
}

/// The pool: threads of its own, which share no queue with anything else that the server does.
#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    threads: Arc<PasswordThreads>,
    places: Arc<Semaphore>,
    nobody: Arc<str>,
}

impl Passwords {
    /// A pool of so many workers, with so many places to wait beyond them.
    ///
    /// # Errors
    /// [`PasswordError::Hash`] where the library refuses its own parameters, [`PasswordError::Threads`] where the system
    /// gives no thread.
    pub fn new(workers: usize, queue: usize) -> Result<Self, PasswordError> {
        let params =
            Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| password_hash::Error::Crypto)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash_with(&argon, "nobody")?;
        let workers = workers.max(1);
        Ok(Self {
            argon,
            threads: Arc::new(PasswordThreads::start(workers).map_err(PasswordError::Threads)?),
            places: Arc::new(Semaphore::new(workers.saturating_add(queue))),
            nobody: nobody.into(),
        })
    }

    /// Hashes a new password, in PHC form.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn hash(&self, password: &Secret) -> Result<String, PasswordError> {
        let text = password.expose();
        if text.chars().count() < SHORTEST || text.len() > LONGEST_BYTES {
            return Err(PasswordError::Length);
        }
        let argon = self.argon.clone();
        let password = password.clone();
        self.work(move |_| hash_with(&argon, password.expose())).await
    }

    /// Checks a password against a stored hash; against nobody's where there is none, which takes as long.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn check(&self, password: &Secret, stored: Option<&str>) -> Result<Match, PasswordError> {
        let exists = stored.is_some();
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let password = password.clone();
        let found = self
            .work(move |scratch| compare(password.expose(), &stored, scratch))
            .await?;
        Ok(if exists { found } else { Match::Wrong })
    }

    async fn work<T, F>(&self, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Scratch) -> Result<T, PasswordError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let (answer, answered) = oneshot::channel();
        // The place goes along: a caller that hangs up before its turn gives it back unworked, a later one when it is done.
        self.threads.give(move |scratch| {
            let _held = place;
            if !answer.is_closed() {
                let _ = answer.send(work(scratch));
            }
        });
        answered.await.map_err(|_| PasswordError::Ending)?
    }
}

/// What the library's own check does, with the parameters that the stored hash names, in memory that is kept.
fn compare(password: &str, stored: &str, scratch: &mut Scratch) -> Result<Match, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError::NotPhc)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(PasswordError::NotPhc);
    };
    let version = stored.version.map(Version::try_from).transpose();
    let argon = Argon2::new(
        Algorithm::try_from(stored.algorithm.as_str())?,
        version
            .map_err(|_| password_hash::Error::Version)?
            .unwrap_or_default(),
        Params::try_from(&stored)?,
    );
    scratch.resize(argon.params().block_count(), Block::default());
    let mut found = vec![0; expected.len()];
    argon
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut found, scratch)
        .map_err(|_| password_hash::Error::Crypto)?;
    // Comparing two outputs takes the same time wherever they differ.
    let found = Output::new(&found).map_err(|_| password_hash::Error::Crypto)?;
    Ok(if found == *expected {
        Match::Right
    } else {
        Match::Wrong
    })
}

fn hash_with(argon: &Argon2<'_>, password: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash = argon.hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// A new one-time password: 20 characters, 100 bits, in groups that are easy to copy by hand.
///
/// # Errors
/// Where the system gives no randomness.
pub fn one_time_password() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    let mut text = String::with_capacity(24);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(ONE_TIME_ALPHABET[usize::from(byte % 32)]));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use protocol::Secret;

    use argon2::{Algorithm, Argon2, Params, Version};

    use super::{Match, PasswordError, Passwords, hash_with, one_time_password};

    #[tokio::test]
    async fn the_right_password_matches_and_another_does_not() {
        let pool = Passwords::new(1, 1).unwrap();
        let hash = pool.hash(&Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(
            pool.check(&Secret::new("correct horse"), Some(&hash))
                .await
                .unwrap(),
            Match::Right
        );
        assert_eq!(
            pool.check(&Secret::new("correct house"), Some(&hash))
                .await
                .unwrap(),
            Match::Wrong
        );
    }

    #[tokio::test]
    async fn a_hash_is_checked_with_the_parameters_that_it_names_whatever_came_before_it() {
        let pool = Passwords::new(1, 1).unwrap();
        let word = Secret::new("correct horse");
        let ours = pool.hash(&word).await.unwrap();
        let small = Params::new(64, 3, 2, Some(16)).unwrap();
        let argon = Argon2::new(Algorithm::Argon2i, Version::V0x10, small);
        let other = hash_with(&argon, word.expose()).unwrap();
        for stored in [&ours, &other, &ours, &other] {
            assert_eq!(pool.check(&word, Some(stored)).await.unwrap(), Match::Right);
            let wrong = pool.check(&Secret::new("correct house"), Some(stored)).await;
            assert_eq!(wrong.unwrap(), Match::Wrong);
        }
        for no_hash in ["", "$argon2id$v=19$m=64,t=1,p=1", "$5$abc"] {
            let refused = pool.check(&word, Some(no_hash)).await;
            assert!(
                matches!(refused, Err(PasswordError::NotPhc | PasswordError::Hash(_))),
                "{no_hash}"
            );
        }
    }

    #[tokio::test]
    async fn nobodys_password_is_never_right() {
        let pool = Passwords::new(1, 1).unwrap();
        assert_eq!(
            pool.check(&Secret::new("nobody"), None).await.unwrap(),
            Match::Wrong
        );
    }

    #[tokio::test]
    async fn beyond_the_queue_the_pool_is_busy_and_recovers() {
        let pool = Passwords::new(1, 1).unwrap();
        let password = Secret::new("correct horse");
        let (a, b, c) = tokio::join!(
            pool.check(&password, None),
            pool.check(&password, None),
            pool.check(&password, None)
        );
        let busy = [&a, &b, &c]
            .iter()
            .filter(|r| matches!(r, Err(PasswordError::Busy)))
            .count();
        assert_eq!(busy, 1, "{a:?} {b:?} {c:?}");
        assert!(pool.check(&password, None).await.is_ok());
    }

    #[tokio::test]
    async fn a_short_password_cannot_be_chosen() {
        let pool = Passwords::new(1, 1).unwrap();
        assert!(matches!(
            pool.hash(&Secret::new("seven77")).await,
            Err(PasswordError::Length)
        ));
        assert!(matches!(
            pool.hash(&Secret::new("x".repeat(1_025))).await,
            Err(PasswordError::Length)
        ));
    }

    #[test]
    fn one_time_passwords_differ_and_are_easy_to_copy() {
        let one = one_time_password().unwrap();
        assert_ne!(one.expose(), one_time_password().unwrap().expose());
        assert_eq!(one.expose().len(), 23);
        assert!(
            one.expose()
                .chars()
                .all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }
}
