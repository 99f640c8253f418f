//! Files for the user, put where the user looks for them; one that is there already is never written over.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Local};
use keeper::Clock;

use crate::view::{UiError, UiErrorCode};

/// So many files of one name are numbered.
const NUMBERED_MOST: u32 = 10_000;

/// The folder for files that the user asked for.
pub struct Downloads {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Downloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Downloads").field(&self.folder).finish()
    }
}

impl Downloads {
    /// Files go into `folder`, which is made when the first one comes.
    pub fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock }
    }

    /// Saves `content` under `name`, with today's date and, where that is taken, a number; says where.
    ///
    /// # Errors
    /// A code for what the disk says.
    pub async fn save(
        &self,
        name: &str,
        extension: &'static str,
        content: Bytes,
    ) -> Result<PathBuf, UiError> {
        let today = DateTime::from_timestamp_millis(self.clock.wall_ms())
            .map(|now| now.with_timezone(&Local).format("-%Y-%m-%d").to_string())
            .unwrap_or_default();
        let (folder, stem) = (self.folder.clone(), format!("{name}{today}"));
        let saved = tokio::task::spawn_blocking(move || write(&folder, &stem, extension, &content)).await;
        match saved {
            Ok(Ok(path)) => Ok(path),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file cannot be saved among the downloads");
                Err(code_of(&error).into())
            }
            Err(_) => Err(UiErrorCode::Internal.into()),
        }
    }
}

fn write(folder: &Path, stem: &str, extension: &str, content: &[u8]) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1..=NUMBERED_MOST {
        let name = match number {
            1 => format!("{stem}.{extension}"),
            number => format!("{stem} ({number}).{extension}"),
        };
        let path = folder.join(name);
        let mut file = match std::fs::File::create_new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        if let Err(error) = file.write_all(content).and_then(|()| file.sync_all()) {
            drop(file);
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        return Ok(path);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the list of I/O errors is open")]
fn code_of(error: &io::Error) -> UiErrorCode {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => UiErrorCode::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => UiErrorCode::DiskReadOnly,
        _ => UiErrorCode::DiskFailed,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use keeper::Clock;
    use keeper_core::Moment;

    use super::Downloads;
    use crate::view::UiErrorCode;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Moment {
            Moment::from_ms(0)
        }
        fn awake(&self) -> Moment {
            Moment::from_ms(0)
        }
        fn wall_ms(&self) -> i64 {
            1_767_357_000_000
        }
        fn boot_id(&self) -> String {
            String::new()
        }
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_never_written_over() {
        let root = tempfile::tempdir().unwrap();
        let downloads = Downloads::new(root.path().join("downloads"), Arc::new(Noon));

        let mut names = Vec::new();
        for content in ["a", "b", "c"] {
            let path = downloads
                .save("figures", "csv", Bytes::from(content))
                .await
                .unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }

        assert_eq!(
            names,
            [
                "figures-2026-01-02.csv",
                "figures-2026-01-02 (2).csv",
                "figures-2026-01-02 (3).csv"
            ]
        );
        let first = root.path().join("downloads").join(&names[0]);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "a");
    }

    #[tokio::test]
    async fn what_the_disk_says_comes_as_a_code() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("downloads");
        std::fs::write(&file, "not a folder").unwrap();
        let downloads = Downloads::new(file, Arc::new(Noon));

        let error = downloads.save("figures", "csv", Bytes::new()).await.unwrap_err();

        assert_eq!(error.code, UiErrorCode::DiskFailed);
    }
}
