//! Keys in a file that only its owner can read, and never in the database's own directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{Keys, KeysError};

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It lies where a copy of the database would carry it along.
    #[error(
        "keys_beside_database: the key file {} lies in the database's directory; \
         keep it elsewhere, so that a copy of the data does not carry the keys",
        path.display()
    )]
    BesideDatabase {
        /// The key file.
        path: PathBuf,
    },
    /// Other users may read it.
    #[error("keys_readable_by_others: {} has mode {mode:03o}; run: chmod 600 {}", path.display(), path.display())]
    ReadableByOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not there.
    #[error("keys_missing: there is no key file at {}; run `vigie-server init`", path.display())]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("keys_file: {}: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it holds is no keys.
    #[error("{source} (in {})", path.display())]
    Keys {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: KeysError,
    },
}

/// Refuses a key file in the database's directory.
///
/// # Errors
/// [`KeyFileError::BesideDatabase`]
pub fn check_place(key_file: &Path, database: &Path) -> Result<(), KeyFileError> {
    let folder = |path: &Path| {
        let parent = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        parent
            .canonicalize()
            .or_else(|_| std::path::absolute(parent))
            .unwrap_or_else(|_| parent.to_owned())
    };
    if folder(key_file) == folder(database) {
        return Err(KeyFileError::BesideDatabase {
            path: key_file.to_owned(),
        });
    }
    Ok(())
}

impl Keys {
    /// Reads a key file.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source: std::io::Error| {
            let path = path.to_owned();
            if source.kind() == std::io::ErrorKind::NotFound {
                KeyFileError::Missing { path }
            } else {
                KeyFileError::Io { path, source }
            }
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyFileError::ReadableByOthers {
                    path: path.to_owned(),
                    mode,
                });
            }
        }
        let bytes = Zeroizing::new(std::fs::read(path).map_err(io)?);
        Self::from_bytes(&bytes).map_err(|source| KeyFileError::Keys {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes a new key file, readable by its owner only; an existing file is never overwritten.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn save_new(&self, path: &Path) -> Result<(), KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            crate::private_files::create_dir(folder).map_err(io)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        file.write_all(&self.to_bytes())
            .and_then(|()| file.sync_all())
            .map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyFileError, check_place};
    use crate::keys::Keys;

    #[test]
    fn a_key_file_beside_the_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            check_place(&folder.path().join("keys.json"), &folder.path().join("vigie.db")).unwrap_err();
        assert!(error.to_string().starts_with("keys_beside_database"), "{error}");
        check_place(
            &folder.path().join("secrets/keys.json"),
            &folder.path().join("vigie.db"),
        )
        .unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_saved_file_is_private_and_a_loosened_one_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/keys.json");
        let keys = Keys::generate().unwrap();
        keys.save_new(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(Keys::load(&path).unwrap() == keys);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Keys::load(&path),
            Err(KeyFileError::ReadableByOthers { mode: 0o640, .. })
        ));
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = Keys::generate().unwrap();
        first.save_new(&path).unwrap();
        assert!(matches!(
            Keys::generate().unwrap().save_new(&path),
            Err(KeyFileError::Io { .. })
        ));
        assert!(Keys::load(&path).unwrap() == first);
    }

    #[test]
    fn a_missing_file_says_what_to_run() {
        let folder = tempfile::tempdir().unwrap();
        let error = Keys::load(&folder.path().join("keys.json"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("vigie-server init"), "{error}");
    }
}
