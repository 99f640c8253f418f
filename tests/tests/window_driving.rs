//! A window can be driven on the stage, also behind a network; tried on the small browser that comes with the webview.

#![expect(
    clippy::expect_used,
    reason = "a test machine without the browser is not set up"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;
use vigie_tests::{Network, Stage, Window};

const SECOND: Duration = Duration::from_secs(1);
const PAGE: &str = "data:text/html,<input data-testid=name value=old><button data-testid=say onclick=\"said.textContent=\
                    'Bonjour '+document.querySelector('input').value\">ok</button><p data-testid=said id=said></p>\
                    <p data-testid=hidden hidden>x</p>";

fn browser() -> PathBuf {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/libexec",
        "/usr/lib",
    ];
    let candidates = folders.map(|folder| Path::new(folder).join("webkit2gtk-4.1/MiniBrowser"));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .expect("the webview's own browser is installed with it")
}

#[tokio::test]
async fn a_window_is_read_pressed_and_typed_into() {
    let stage = Stage::start().unwrap();
    let window = Window::open(&stage, stage.launch(browser()).arg("--automation"))
        .await
        .unwrap();
    window.driver().goto(PAGE).await.unwrap();

    window.fill("name", "Zoé").await.unwrap();
    window.press("say").await.unwrap();
    let said = window
        .wait_text("said", "hello", 5 * SECOND, |text| text.starts_with("Bonjour"))
        .await
        .unwrap();

    assert_eq!(said, "Bonjour Zoé");
    assert_eq!(window.value("name").await.unwrap().as_deref(), Some("Zoé"));
    assert!(window.shown("hidden").await.unwrap().is_none());
    assert!(window.shown("nowhere").await.unwrap().is_none());
    let picture = stage.folder().join("window.png");
    window.picture(&picture).await.unwrap();
    assert!(picture.metadata().unwrap().len() > 500);
    window.close().await.unwrap();
    assert_eq!(stage.processes_named("MiniBrowser"), Vec::<u32>::new());
}

#[tokio::test]
async fn a_window_behind_a_cut_network_is_still_driven_and_a_killed_one_is_gone() {
    let stage = Stage::start().unwrap();
    let network = Network::build().unwrap();
    let launch = stage.launch(browser()).arg("--automation");
    let window = Window::open_behind(&stage, launch.clone(), &network)
        .await
        .unwrap();
    network.cut_silently().unwrap();
    window.driver().goto(PAGE).await.unwrap();
    window.wait_for("say", 5 * SECOND).await.unwrap();

    window.kill(&stage).unwrap();
    let again = Window::open_behind(&stage, launch, &network).await.unwrap();

    again.driver().goto(PAGE).await.unwrap();
    again.wait_for("say", 5 * SECOND).await.unwrap();
    let too_late = again.wait_for("nowhere", SECOND).await.unwrap_err().to_string();
    assert!(
        too_late.contains("on the screen: name say said hidden"),
        "{too_late}"
    );
}
