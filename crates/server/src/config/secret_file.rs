//! Secrets in files that nobody else may read.

use std::path::Path;

use figment::Figment;
use protocol::Secret;
use zeroize::Zeroizing;

use super::complaint::{ConfigError, bad_value};

/// The text of the file that `key` names, without the end of its line.
///
/// # Errors
/// [`ConfigError::Unreadable`], and [`ConfigError::BadValue`] where others may read it too.
pub(super) fn read(figment: &Figment, key: &str, path: &Path) -> Result<Secret, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(bad_value(
                figment,
                key,
                "a file that nobody else may read; run chmod 600 on it",
            ));
        }
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
