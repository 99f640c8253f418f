//! Memory of all processes with the first screen shown, the app against a browser in kiosk mode.

use std::time::Duration;

use vigie_tests::pause;

use crate::contender::Contender;
use crate::desktop::{Desktop, Shown};
use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::Scale;
use crate::report::Report;
use crate::statistics::{median, ratio_of_medians};

/// Both have finished what they do after the first screen, and have begun to give memory back.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(5, 1);
    report.say(format!(
        "memory: PSS (smaps_rollup) summed over all processes of each, {} s after the first screen, {rounds} rounds in \
         turn",
        SETTLED_AFTER.as_secs()
    ));
    let desktop = Desktop::set_up()?;
    let mut measured = Vec::new();
    let (mut vigie_processes, mut chromium_processes) = (0, 0);
    for _ in 0..rounds {
        let (vigie, count) = settled(&desktop, Contender::Vigie)?;
        vigie_processes = count;
        let (chromium, count) = settled(&desktop, Contender::Chromium)?;
        chromium_processes = count;
        measured.push((vigie, chromium));
    }
    let (vigie, chromium): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
    let estimate = ratio_of_medians(&measured);
    report.figure("memory_vigie_median", median(&vigie), "MiB", None);
    report.figure(
        "memory_vigie_processes",
        f64::from(vigie_processes),
        "processes",
        None,
    );
    report.figure("memory_chromium_median", median(&chromium), "MiB", None);
    report.figure(
        "memory_chromium_processes",
        f64::from(chromium_processes),
        "processes",
        None,
    );
    report.figure("memory_ratio", estimate.ratio, "ratio", Some(Target::AtMost(0.7)));
    Ok(())
}

fn settled(desktop: &Desktop, contender: Contender) -> Result<(f64, u32), Failure> {
    let shown = desktop.show(contender)?;
    pause(SETTLED_AFTER);
    let measured = proportional_mib(&shown);
    desktop.end(shown)?;
    measured
}

/// The sum over all processes, in MiB, and how many there are.
fn proportional_mib(shown: &Shown) -> Result<(f64, u32), Failure> {
    let (mut kib, mut processes) = (0_u64, 0);
    for pid in shown.processes() {
        let Ok(rollup) = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else {
            continue;
        };
        kib += proportional_kib(&rollup).unwrap_or_default();
        processes += 1;
    }
    if kib == 0 {
        return Err(Failure::found(
            "measuring memory",
            "no process may be looked into",
        ))
        .doing("reading smaps_rollup");
    }
    Ok((kib as f64 / 1024.0, processes))
}

/// The proportional size in KiB that `smaps_rollup` tells.
pub(crate) fn proportional_kib(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::proportional_kib;

    #[test]
    fn the_proportional_size_is_read_and_none_of_its_parts() {
        let rollup = "5566-7788 ---p 0 0:0 0 [rollup]\nRss:  9000 kB\nPss:    1234 kB\nPss_Dirty:  77 kB\n";
        assert_eq!(proportional_kib(rollup), Some(1_234));
        assert_eq!(proportional_kib("Rss: 1 kB\n"), None);
    }
}
