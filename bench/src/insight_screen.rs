//! How soon a month of figures is on the screen of the real window, and how evenly that screen scrolls.

use std::time::Duration;

use vigie_tests::{Binaries, ScreenSize, Stage, StageOptions, Stopwatch, Window, pause};

use crate::failure::{Doing as _, Failure};
use crate::figure::Target;
use crate::measurement::out;
use crate::refresh::runtime;
use crate::refresh_server::{PASSWORD, RefreshServer};
use crate::report::Report;
use crate::statistics::{median, quantile};

const SOON: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
const TURNS: usize = 7;
/// A frame of a screen that shows thirty in a second.
const FRAME_MS: f64 = 1_000.0 / 30.0;

/// Presses what is named and notes when the figures stand there, at the frame after the one that painted them.
const FIGURES: &str = "
    const began = performance.now();
    const started = arguments_started;
    window.vigieTook = null;
    let waited = started;
    const look = () => {
        const tiles = document.querySelector('.tiles');
        const busy = tiles?.getAttribute('aria-busy') === 'true';
        waited ||= busy;
        if (!waited || busy || !document.querySelector('[data-testid=\"rate-of\"]')) return;
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => { window.vigieTook = performance.now() - began; }));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    document.querySelector('[data-testid=\"pressed\"]').click();
";

/// Scrolls by 24 pixels a frame, down and up again, and notes how long each frame took.
const SCROLLING: &str = "
    let box = document.querySelector('[data-testid=\"verdict\"]');
    while (box && (box.scrollHeight <= box.clientHeight + 8 || getComputedStyle(box).overflowY === 'visible'))
        box = box.parentElement;
    box ??= document.scrollingElement;
    window.vigieFrames = null;
    const frames = [];
    let last = null, step = 24, moved = 0;
    const frame = (now) => {
        if (last !== null) frames.push(now - last);
        last = now;
        const before = box.scrollTop;
        box.scrollTop += step;
        if (box.scrollTop === before) step = -step; else moved += 1;
        if (frames.length < 300) requestAnimationFrame(frame);
        else window.vigieFrames = { frames, moved };
    };
    requestAnimationFrame(frame);
";

/// Shows the figures of this server to its administrator.
pub(crate) fn measure(server: &RefreshServer, admin: &str, report: &mut Report) -> Result<(), Failure> {
    let options = StageOptions {
        screen: ScreenSize::TABLET,
        ..StageOptions::default()
    };
    let stage = Stage::set(options).doing("setting a desktop up")?;
    let app = Binaries::find().doing("finding the app")?.app;
    runtime()?.block_on(async {
        let window = Window::open(&stage, stage.launch(app))
            .await
            .doing("opening the app")?;
        let url = format!("http://{}", server.address());
        window
            .choose_server(&url, None)
            .await
            .doing("choosing the server")?;
        window.sign_in(admin, PASSWORD).await.doing("signing in")?;
        window
            .wait_for("nav-administration", SOON)
            .await
            .doing("signing in")?;
        window
            .press("nav-administration")
            .await
            .doing("opening the administration")?;
        window
            .wait_for("tab-insight", SOON)
            .await
            .doing("opening the administration")?;

        let opened_ms = figures(&window, "tab-insight", true).await?;
        let mut month_ms = Vec::with_capacity(TURNS);
        for turn in 0..TURNS {
            if turn > 0 {
                figures(&window, "range-1h", false).await?;
            }
            month_ms.push(figures(&window, "range-30d", false).await?);
        }
        let first_ms = opened_ms + month_ms.first().copied().unwrap_or(0.0);
        report.figure("insight_screen_opened", opened_ms, "ms", None);
        report.figure("insight_screen_30d", median(&month_ms), "ms", None);
        report.figure(
            "insight_screen_first_figures_30d",
            first_ms,
            "ms",
            Some(Target::Below(1_000.0)),
        );
        let picture = out().join("bench-insight.png");
        window.picture(&picture).await.doing("taking a picture")?;
        scrolling(&window, report).await?;
        window.close().await.doing("closing the app")
    })
}

async fn figures(window: &Window, pressed: &str, is_first: bool) -> Result<f64, Failure> {
    let script = FIGURES
        .replace("arguments_started", if is_first { "true" } else { "false" })
        .replace("pressed", pressed);
    window.script(&script).await.doing("pressing for figures")?;
    let took = noted(window, "vigieTook").await?;
    took.as_f64()
        .ok_or_else(|| Failure::found("waiting for figures", took.to_string()))
}

async fn scrolling(window: &Window, report: &mut Report) -> Result<(), Failure> {
    window.script(SCROLLING).await.doing("scrolling")?;
    let noted = noted(window, "vigieFrames").await?;
    if noted["moved"].as_u64().unwrap_or(0) == 0 {
        return Err(Failure::found("scrolling", "the page does not scroll"));
    }
    let frames = noted["frames"].as_array().into_iter().flatten();
    let mut frames_ms: Vec<f64> = frames.filter_map(serde_json::Value::as_f64).collect();
    report.figure(
        "insight_screen_frame_p50",
        quantile(&mut frames_ms, 0.5),
        "ms",
        None,
    );
    report.figure(
        "insight_screen_frame_p95",
        quantile(&mut frames_ms, 0.95),
        "ms",
        Some(Target::AtMost(FRAME_MS)),
    );
    Ok(())
}

/// What the page has put under this name, once it is there.
async fn noted(window: &Window, name: &str) -> Result<serde_json::Value, Failure> {
    let watch = Stopwatch::start();
    loop {
        let value = window
            .script(&format!("return window.{name}"))
            .await
            .doing("reading what the page noted")?;
        if !value.is_null() {
            return Ok(value);
        }
        if watch.elapsed() > SOON {
            return Err(Failure::found("waiting for the page", "it noted nothing"));
        }
        pause(LOOK);
    }
}
