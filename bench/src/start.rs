//! From exec to something to read on the screen, the app against a browser in kiosk mode.

use crate::contender::Contender;
use crate::desktop::Desktop;
use crate::failure::Failure;
use crate::figure::Target;
use crate::measurement::Scale;
use crate::report::Report;
use crate::statistics::{median, ratio_of_medians};

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let rounds = scale.pick(15, 3);
    report.say(format!(
        "start: {rounds} starts of each in turn after one that is not counted, on one virtual screen; the end is the same \
         for both: text in the middle of the screen"
    ));
    let desktop = Desktop::set_up()?;
    for contender in [Contender::Vigie, Contender::Chromium] {
        let shown = desktop.show(contender)?;
        desktop.picture(contender)?;
        desktop.end(shown)?;
    }
    let (mut measured, mut says_painted) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (mut vigie_ms, mut chromium_ms) = (0.0, 0.0);
        let order = if round % 2 == 0 {
            [Contender::Vigie, Contender::Chromium]
        } else {
            [Contender::Chromium, Contender::Vigie]
        };
        for contender in order {
            let shown = desktop.show(contender)?;
            let ms = shown.first_screen.as_secs_f64() * 1e3;
            match contender {
                Contender::Vigie => {
                    vigie_ms = ms;
                    says_painted.extend(shown.says_painted.map(|painted| painted.as_secs_f64() * 1e3));
                }
                Contender::Chromium => chromium_ms = ms,
            }
            desktop.end(shown)?;
        }
        measured.push((vigie_ms, chromium_ms));
    }
    let (vigie, chromium): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
    let estimate = ratio_of_medians(&measured);
    report.figure("start_vigie_median", median(&vigie), "ms", None);
    if !says_painted.is_empty() {
        report.figure(
            "start_vigie_says_first_paint_median",
            median(&says_painted),
            "ms",
            None,
        );
    }
    report.figure("start_chromium_median", median(&chromium), "ms", None);
    report.figure("start_ratio", estimate.ratio, "ratio", Some(Target::Below(1.0)));
    report.figure("start_ratio_upper", estimate.upper, "ratio", None);
    Ok(())
}
