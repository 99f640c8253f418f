//! What an operator does at the till, and what is looked at while she does it.

use crate::steps::{Failure, must};
use std::time::Duration;
use vigie_tests::{Screen, StageError, Stopwatch, Window, pause};

/// The operator of the smoke test.
pub(crate) const OPERATOR: &str = "camille";
/// Her password.
pub(crate) const PASSWORD: &str = "quatre mots bien longs";

/// How long an ordinary reaction of the window may take.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Chooses the server on the sign-in screen, tries it, and signs in.
pub(crate) async fn sign_in(window: &Window, url: &str, authority: &str) -> Result<(), Failure> {
    window.press("first-elsewhere").await?;
    window.wait_for("screen-signin", SOON).await?;
    if window.shown("server-url").await?.is_none() {
        window.press("server-open").await?;
        window.press("server-remote").await?;
    }
    window.fill("server-url", url).await?;
    window.fill("server-ca", authority).await?;
    window.press("server-test").await?;
    let outcome = window
        .wait_text("server-test-outcome", "the outcome", SOON, |text| {
            !text.is_empty()
        })
        .await?;
    window.fill("signin-username", OPERATOR).await?;
    window.fill("signin-password", PASSWORD).await?;
    window.press("signin-submit").await?;
    let arrived = window.wait_for("screen-till", Duration::from_secs(10)).await;
    let refused = window.text("signin-error").await.ok().flatten();
    arrived.map_err(|error| {
        Failure::NotAsExpected(format!(
            "{error}; the test said {outcome:?}, the sign-in {refused:?}"
        ))
    })?;
    Ok(())
}

/// Adds lines to the ticket: one press on each category.
pub(crate) async fn add_lines(window: &Window, categories: &[usize]) -> Result<(), Failure> {
    for category in categories {
        window.press(&format!("category-{category}")).await?;
    }
    Ok(())
}

/// Writes the ticket's note.
pub(crate) async fn write_note(window: &Window, note: &str) -> Result<(), Failure> {
    if window.shown("note").await?.is_none() {
        window.press("note-open").await?;
    }
    Ok(window.fill("note", note).await?)
}

/// Takes the exact sum in cash and finishes the ticket.
pub(crate) async fn take_cash(window: &Window) -> Result<(), Failure> {
    window.press("pay").await?;
    window.press("pay-cash").await?;
    window.press("pay-exact").await?;
    window.press("pay-confirm").await?;
    window.wait_gone("pay-sheet", SOON).await?;
    let after = window.screen().await?;
    must(after.lines.is_empty(), || {
        format!("the ticket is still there after paying: {after:?}")
    })
}

/// Waits until the screen is as wanted, and says how long that took.
pub(crate) async fn until_screen(
    window: &Window,
    what: &str,
    limit: Duration,
    wanted: impl Fn(&Screen) -> bool,
) -> Result<(Screen, Duration), Failure> {
    let watch = Stopwatch::start();
    loop {
        let screen = window.screen().await?;
        if wanted(&screen) {
            return Ok((screen, watch.elapsed()));
        }
        if watch.elapsed() > limit {
            let last = format!("; the screen: {screen:?}");
            return Err(StageError::TooLate {
                what: what.to_owned(),
                waited: limit,
                last,
            }
            .into());
        }
        pause(Duration::from_millis(20));
    }
}

/// Lets the page itself note every change of what the operator sees, ten times a second.
pub(crate) async fn start_recorder(window: &Window) -> Result<(), Failure> {
    window
        .script(
            r#"window.seenBySmoke = [];
            let last = '';
            window.smokeRecorder = setInterval(() => {
                const banner = document.querySelector('[data-testid=banner]')?.dataset.state ?? 'none';
                const screens = [...document.querySelectorAll('[data-testid^="screen-"]')].map((e) => e.dataset.testid);
                const problems = document.querySelectorAll('[data-testid=signin-error],[data-testid=relogin-dialog],[data-testid=app-fault],[data-testid=work-fault]').length;
                const now = `${banner} ${screens.join(' ')} ${problems}`;
                if (now !== last) window.seenBySmoke.push(now);
                last = now;
            }, 100);"#,
        )
        .await?;
    Ok(())
}

/// What the recorder noted, each different sight once, in order.
pub(crate) async fn stop_recorder(window: &Window) -> Result<Vec<String>, Failure> {
    let seen = window
        .script("clearInterval(window.smokeRecorder); return window.seenBySmoke;")
        .await?;
    let seen = seen
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|sight| sight.as_str().map(str::to_owned));
    Ok(seen.collect())
}
