//! `cargo xtask bench`: measurements on release builds, as figures and as a file.

use crate::cargo::{SMOKE_FEATURES, build_all};
use crate::failure::Failure;
use crate::packages::Need;
use crate::place::{Place, Profile};
use crate::test::with_programs;
use crate::{interface, program, setup};
use clap::Args;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which measurements; all of them when none is named
    names: Vec<String>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
}

/// `cargo xtask bench`.
pub(crate) fn bench(place: &Place, options: &Options) -> Result<(), Failure> {
    setup::system(&[Need::Build, Need::Run, Need::Desktop, Need::Test])?;
    interface::build(place)?;
    program::run(&mut build_all(place, Profile::Release, SMOKE_FEATURES))?;
    let path = place.built(Profile::Release, "bench");
    let mut bench = Command::new(&path);
    bench.args(&options.names).stdout(Stdio::piped());
    let started = with_programs(place, &mut bench, Profile::Release).spawn();
    let mut running = started.map_err(|source| Failure::NotStarted {
        program: path.display().to_string(),
        source,
    })?;
    let mut figures = Vec::new();
    if let Some(output) = running.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.map_err(Failure::file("reading from", &path))?;
            println!("{line}");
            figures.extend(figure(&line));
        }
    }
    let status = running.wait().map_err(Failure::file("waiting for", &path))?;
    let out = place.out();
    std::fs::create_dir_all(&out).map_err(Failure::file("making", &out))?;
    let file = out.join("bench.json");
    std::fs::write(&file, json(&figures)).map_err(Failure::file("writing", &file))?;
    println!("{} figures in {}", figures.len(), file.display());
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Ended {
            command: program::line(&bench),
            status: status.to_string(),
        })
    }
}

/// Reads `name value unit`; any other line is for people only.
fn figure(line: &str) -> Option<Figure> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, value, unit] = words.as_slice() else {
        return None;
    };
    Some(Figure {
        name: (*name).to_owned(),
        value: value.parse().ok()?,
        unit: (*unit).to_owned(),
    })
}

fn json(figures: &[Figure]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let rows: Vec<String> = figures
        .iter()
        .filter(|figure| figure.value.is_finite())
        .map(|figure| {
            let (name, unit) = (quoted(&figure.name), quoted(&figure.unit));
            format!(
                "  {{\"name\": {name}, \"value\": {}, \"unit\": {unit}}}",
                figure.value
            )
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::{figure, json};

    #[test]
    fn only_lines_with_a_name_a_number_and_a_unit_are_figures() {
        let lines = [
            "keeper_over_bare 1.011 ratio",
            "measuring the keeper",
            "memory many MiB",
            "",
        ];
        let figures: Vec<_> = lines.into_iter().filter_map(figure).collect();
        assert_eq!(
            json(&figures),
            "[\n  {\"name\": \"keeper_over_bare\", \"value\": 1.011, \"unit\": \"ratio\"}\n]\n"
        );
    }
}
