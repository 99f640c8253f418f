//! The lines for people and the file for machines.

#![expect(clippy::print_stdout, reason = "figures are what this program is asked for")]

use std::path::Path;

use serde_json::json;

use crate::failure::{Doing as _, Failure};
use crate::figure::{Figure, Target, Verdict};

/// The figures so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Takes a figure and prints it as `name value unit`, with its promise beside it.
    pub(crate) fn figure(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        target: Option<Target>,
    ) {
        let figure = Figure {
            name: name.into(),
            value,
            unit,
            target,
        };
        let line = format!("{} {} {unit}", figure.name, rounded(value));
        match (figure.target, figure.verdict()) {
            (Some(target), Some(verdict)) => println!("{line:<54} promised {target}: {verdict}"),
            (Some(_), None) | (None, _) => println!("{line}"),
        }
        self.figures.push(figure);
    }

    /// Tells people how a figure comes about.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        println!("# {}", text.as_ref());
    }

    /// The names of the figures that miss what was promised.
    pub(crate) fn missed(&self) -> Vec<&str> {
        let missed = |figure: &&Figure| figure.verdict() == Some(Verdict::Missed);
        self.figures
            .iter()
            .filter(missed)
            .map(|figure| figure.name.as_str())
            .collect()
    }

    /// Writes all figures to a JSON file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let rows: Vec<_> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "name": figure.name,
                    "value": figure.value,
                    "unit": figure.unit,
                    "promised": figure.target.map(|target| target.to_string()),
                    "met": figure.verdict().map(|verdict| verdict == Verdict::Met),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&rows).doing("writing the figures down")?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).doing("making the folder for the figures")?;
        }
        std::fs::write(path, text + "\n").doing("writing the file of figures")?;
        println!("# {} figures in {}", self.figures.len(), path.display());
        Ok(())
    }
}

/// Four digits that matter, and whole numbers as they are.
fn rounded(value: f64) -> String {
    if value.fract().abs() < f64::EPSILON || value.abs() >= 10_000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, rounded};
    use crate::figure::Target;

    #[test]
    fn numbers_are_as_long_as_they_are_true() {
        assert_eq!(rounded(1.0), "1");
        assert_eq!(rounded(1.012_345), "1.0123");
        assert_eq!(rounded(123.456), "123.5");
        assert_eq!(rounded(123_456.7), "123457");
    }

    #[test]
    fn a_miss_is_named_and_written_down() {
        let mut report = Report::default();
        report.figure("good", 1.0, "ratio", Some(Target::AtMost(1.02)));
        report.figure("bad", 1.1, "ratio", Some(Target::AtMost(1.02)));
        report.figure("free", 9.0, "ms", None);
        assert_eq!(report.missed(), ["bad"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/bench.json");
        report.write(&path).unwrap();
        let rows: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(rows[1]["met"], false);
        assert_eq!(rows[1]["promised"], "<= 1.02");
        assert!(rows[2]["met"].is_null());
    }
}
