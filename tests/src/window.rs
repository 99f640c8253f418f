//! The real window, driven as an operator drives it: by what is on the screen.

use crate::{Launch, Namespace, Network, Running, Stage, StageError, Stopwatch, until};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thirtyfour::error::WebDriverError;
use thirtyfour::{By, Capabilities, WebDriver, WebElement};

/// An element that has not moved for this long stands still.
const STILL: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(20);
/// The longest that typed keys are looked for in their field.
const HELD_BACK: Duration = Duration::from_millis(500);
const READY: Duration = Duration::from_secs(10);

/// One run of the app with its window. Dropping it ends the driver; the app ends with the stage, or by `kill` and `close`.
#[derive(Debug)]
pub struct Window {
    driver: WebDriver,
    server: Running,
    app: PathBuf,
}

impl Window {
    /// Starts the app on this computer's own network.
    pub async fn open(stage: &Stage, app: Launch) -> Result<Self, StageError> {
        Self::start(stage, app, None, Ipv4Addr::LOCALHOST.into(), free_port()?).await
    }

    /// Starts the app on the client's side of a network that can be cut.
    pub async fn open_behind(stage: &Stage, app: Launch, network: &Network) -> Result<Self, StageError> {
        let address = network.control_address().into();
        Self::start(stage, app, Some(network.client_side()), address, 4444).await
    }

    async fn start(
        stage: &Stage,
        app: Launch,
        side: Option<&Namespace>,
        address: IpAddr,
        port: u16,
    ) -> Result<Self, StageError> {
        let mut launch = app
            .clone()
            .instead("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .arg(format!("--host={address}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .log_as("app");
        if let Some(side) = side {
            launch = launch.inside(side);
        }
        let server = launch.start()?;
        let socket = SocketAddr::new(address, port);
        until("the window's driver listening", Duration::from_secs(15), || {
            Ok(TcpStream::connect_timeout(&socket, Duration::from_secs(1)).ok())
        })?;
        let arguments: Vec<String> = app
            .arguments()
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let binary = PathBuf::from(app.program());
        let mut capabilities = Capabilities::new();
        let browser = serde_json::json!({ "binary": binary, "args": arguments });
        capabilities
            .set("webkitgtk:browserOptions", browser)
            .map_err(doing("describing the app"))?;
        let driver = WebDriver::builder(format!("http://{socket}"), capabilities)
            .request_timeout(Duration::from_secs(45))
            .connect()
            .await;
        let driver = driver.map_err(doing(&format!(
            "starting the app; it said: {}",
            last(&server.said())
        )))?;
        let window = Self {
            driver,
            server,
            app: binary,
        };
        until(
            "the app appearing among the processes",
            Duration::from_secs(5),
            || Ok(window.app_processes(stage).first().copied()),
        )?;
        Ok(window)
    }

    /// The driver itself, for what is not offered here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// What app and driver wrote to their outputs.
    pub fn said(&self) -> String {
        self.server.said()
    }

    /// The app's own process.
    pub fn app_pid(&self, stage: &Stage) -> Result<u32, StageError> {
        let missing = || StageError::Unexpected {
            program: "vigie",
            answer: "it does not run".to_owned(),
        };
        self.app_processes(stage).first().copied().ok_or_else(missing)
    }

    fn app_processes(&self, stage: &Stage) -> Vec<u32> {
        let name = self
            .app
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        stage.processes_named(&name)
    }

    /// Kills the app as a power cut does (SIGKILL), and waits until it and its web process are gone.
    pub fn kill(mut self, stage: &Stage) -> Result<(), StageError> {
        self.app_pid(stage)?;
        for pid in self.app_processes(stage) {
            kill(pid);
        }
        until("the killed app leaving", Duration::from_secs(5), || {
            let gone =
                self.app_processes(stage).is_empty() && stage.processes_named("WebKitWebProcess").is_empty();
            Ok(gone.then_some(()))
        })?;
        self.server.kill().map(|_| ())
    }

    /// Closes the window in the driver's way and ends the driver.
    pub async fn close(mut self) -> Result<(), StageError> {
        let closed = self
            .driver
            .clone()
            .quit()
            .await
            .map_err(doing("closing the window"));
        self.server.stop()?;
        closed
    }

    /// The element with this `data-testid`, if it is there and to be seen.
    pub async fn shown(&self, testid: &str) -> Result<Option<WebElement>, StageError> {
        let found = self.driver.find(By::Testid(testid)).await;
        let element = match found {
            Ok(element) => element,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(doing(&format!("looking for {testid}"))(error)),
        };
        match element.is_displayed().await {
            Ok(true) => Ok(Some(element)),
            Ok(false) => Ok(None),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(doing(&format!("looking at {testid}"))(error)),
        }
    }

    /// Waits until the element can be seen.
    pub async fn wait_for(&self, testid: &str, limit: Duration) -> Result<WebElement, StageError> {
        let watch = Stopwatch::start();
        loop {
            if let Some(element) = self.shown(testid).await? {
                return Ok(element);
            }
            self.too_late(&format!("{testid} appearing"), &watch, limit)
                .await?;
        }
    }

    /// Waits until the element cannot be seen any more.
    pub async fn wait_gone(&self, testid: &str, limit: Duration) -> Result<(), StageError> {
        let watch = Stopwatch::start();
        while self.shown(testid).await?.is_some() {
            self.too_late(&format!("{testid} disappearing"), &watch, limit)
                .await?;
        }
        Ok(())
    }

    /// Waits until the text of the element is as wanted, and gives it.
    pub async fn wait_text(
        &self,
        testid: &str,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, StageError> {
        let watch = Stopwatch::start();
        loop {
            let text = self.text(testid).await?;
            if text.as_deref().is_some_and(&wanted) {
                return Ok(text.unwrap_or_default());
            }
            self.too_late(
                &format!("{testid} saying {what} (it says {text:?})"),
                &watch,
                limit,
            )
            .await?;
        }
    }

    async fn too_late(&self, what: &str, watch: &Stopwatch, limit: Duration) -> Result<(), StageError> {
        if watch.elapsed() >= limit {
            let shown = self.testids().await.unwrap_or_default().join(" ");
            let last = format!("; on the screen: {shown}");
            return Err(StageError::TooLate {
                what: what.to_owned(),
                waited: limit,
                last,
            });
        }
        tokio::time::sleep(LOOK).await;
        Ok(())
    }

    /// The text of the element, or nothing where it is not to be seen.
    pub async fn text(&self, testid: &str) -> Result<Option<String>, StageError> {
        let Some(element) = self.shown(testid).await? else {
            return Ok(None);
        };
        match element.text().await {
            Ok(text) => Ok(Some(text)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(doing(&format!("reading {testid}"))(error)),
        }
    }

    /// An attribute of the element, or nothing where it is not to be seen.
    pub async fn attribute(&self, testid: &str, name: &str) -> Result<Option<String>, StageError> {
        let Some(element) = self.shown(testid).await? else {
            return Ok(None);
        };
        match element.attr(name).await {
            Ok(value) => Ok(value),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(doing(&format!("reading {name} of {testid}"))(error)),
        }
    }

    /// What stands in a field.
    pub async fn value(&self, testid: &str) -> Result<Option<String>, StageError> {
        let Some(element) = self.shown(testid).await? else {
            return Ok(None);
        };
        element
            .value()
            .await
            .map_err(doing(&format!("reading the field {testid}")))
    }

    /// Presses the element, waiting up to ten seconds for it to take a press. What still moves is waited for, since the
    /// press would land where it was.
    pub async fn press(&self, testid: &str) -> Result<(), StageError> {
        let watch = Stopwatch::start();
        loop {
            let element = self.wait_for(testid, READY).await?;
            self.settle(testid, &watch).await?;
            match element.click().await {
                Ok(()) => return Ok(()),
                Err(error) if is_not_ready(&error) && watch.elapsed() < READY => {
                    tokio::time::sleep(LOOK).await
                }
                Err(error) => return Err(doing(&format!("pressing {testid}"))(error)),
            }
        }
    }

    /// Waits until the element is where it was a moment ago, or the time for a press is over.
    async fn settle(&self, testid: &str, watch: &Stopwatch) -> Result<(), StageError> {
        let script = format!(
            "const found = document.querySelector('[data-testid=\"{testid}\"]');
            const place = found && found.getBoundingClientRect();
            return place && [place.x, place.y, place.width, place.height];"
        );
        let mut before = self.script(&script).await?;
        while watch.elapsed() < READY {
            tokio::time::sleep(STILL).await;
            let now = self.script(&script).await?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// Types into the element after emptying it, waiting up to ten seconds for it to take input.
    pub async fn fill(&self, testid: &str, text: &str) -> Result<(), StageError> {
        let watch = Stopwatch::start();
        loop {
            let element = self.wait_for(testid, READY).await?;
            match element.clear().await {
                Ok(()) => {
                    let typing = format!("typing into {testid}");
                    element.send_keys(text).await.map_err(doing(&typing))?;
                    // Keys as fast as a scanner's wait for a moment before they stand in the field.
                    let typed = Stopwatch::start();
                    while typed.elapsed() < HELD_BACK && self.value(testid).await?.as_deref() != Some(text) {
                        tokio::time::sleep(LOOK).await;
                    }
                    return Ok(());
                }
                Err(error) if is_not_ready(&error) && watch.elapsed() < READY => {
                    tokio::time::sleep(LOOK).await
                }
                Err(error) => return Err(doing(&format!("emptying {testid}"))(error)),
            }
        }
    }

    /// Runs a script in the page and gives what it returns.
    pub async fn script(&self, script: &str) -> Result<serde_json::Value, StageError> {
        let result = self
            .driver
            .execute(script, Vec::new())
            .await
            .map_err(doing("running a script"))?;
        Ok(result.json().clone())
    }

    /// Every `data-testid` in the page.
    pub async fn testids(&self) -> Result<Vec<String>, StageError> {
        let script = "return [...document.querySelectorAll('[data-testid]')].map(e => e.dataset.testid)";
        let found = self.script(script).await?;
        Ok(found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|testid| testid.as_str().map(str::to_owned))
            .collect())
    }

    /// Takes a picture of what the window shows.
    pub async fn picture(&self, path: &Path) -> Result<(), StageError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(StageError::file("making a folder for a picture", folder))?;
        }
        self.driver
            .screenshot(path)
            .await
            .map_err(doing("taking a picture"))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The client would wait for an answer that its server, killed next, cannot give.
        let _ = self.driver.clone().leak();
        let _ = self.server.kill();
    }
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

fn doing(what: &str) -> impl FnOnce(WebDriverError) -> StageError {
    let doing = what.to_owned();
    move |source| StageError::Window {
        doing,
        source: Box::new(source),
    }
}

/// Whether the driver says that the element is not there, or not there any more.
fn is_absence(error: &WebDriverError) -> bool {
    let said = format!("{error:?}");
    said.contains("NoSuchElement") || said.contains("StaleElementReference")
}

/// Whether the driver says that the element is there and takes no input at this moment, as while it moves in.
fn is_not_ready(error: &WebDriverError) -> bool {
    let said = format!("{error:?}");
    is_absence(error)
        || [
            "ElementNotInteractable",
            "ElementClickIntercepted",
            "InvalidElementState",
        ]
        .iter()
        .any(|state| said.contains(state))
}

fn free_port() -> Result<u16, StageError> {
    let failed = StageError::file("finding a free port on", "127.0.0.1");
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(failed)
}

fn last(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines
        .get(lines.len().saturating_sub(8)..)
        .unwrap_or_default()
        .join(" | ")
}
