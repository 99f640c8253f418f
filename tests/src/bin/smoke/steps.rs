//! Steps: one line each, a picture each, the end at the first that fails.

use std::path::{Path, PathBuf};
use vigie_tests::{Stage, StageError, Stopwatch};

/// Why the smoke test ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The stage or the product did not do its part.
    Stage(StageError),
    /// It did, but not as it must.
    NotAsExpected(String),
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self::Stage(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stage(error) => error.fmt(formatter),
            Self::NotAsExpected(what) => formatter.write_str(what),
        }
    }
}

/// An error unless `is_so`.
pub(crate) fn must(is_so: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    if is_so {
        Ok(())
    } else {
        Err(Failure::NotAsExpected(what()))
    }
}

/// Counts the steps and keeps a picture of each.
#[derive(Debug)]
pub(crate) struct Steps {
    pictures: PathBuf,
    number: u32,
    watch: Stopwatch,
}

impl Steps {
    pub(crate) fn new(pictures: &Path) -> Result<Self, Failure> {
        if pictures.exists() {
            std::fs::remove_dir_all(pictures).map_err(|source| file("emptying", pictures, source))?;
        }
        std::fs::create_dir_all(pictures).map_err(|source| file("making", pictures, source))?;
        Ok(Self {
            pictures: pictures.to_owned(),
            number: 0,
            watch: Stopwatch::start(),
        })
    }

    /// A step is done: says so with its figure, and takes a picture.
    pub(crate) fn done(&mut self, stage: &Stage, name: &str, figure: &str) -> Result<(), Failure> {
        self.number += 1;
        let at = self.watch.elapsed().as_secs_f64();
        println!("{:>2}  {at:>6.1} s  {name}: {figure}", self.number);
        let file: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        Ok(stage.picture(&self.pictures.join(format!("{:02}-{file}.png", self.number)))?)
    }

    /// Keeps what helps to understand a failure: a picture and every log.
    pub(crate) fn keep_evidence(&self, stage: &Stage) {
        let _ = stage.picture(&self.pictures.join("failure.png"));
        for log in std::fs::read_dir(stage.logs()).into_iter().flatten().flatten() {
            let _ = std::fs::copy(log.path(), self.pictures.join(log.file_name()));
        }
        let mut folders = vec![stage.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path
                    .extension()
                    .is_some_and(|kind| kind == "log" || kind == "jsonl")
                {
                    let _ = std::fs::copy(&path, self.pictures.join(entry.file_name()));
                }
            }
        }
    }
}

fn file(what: &'static str, path: &Path, source: std::io::Error) -> Failure {
    StageError::File {
        what,
        path: path.to_owned(),
        source,
    }
    .into()
}
