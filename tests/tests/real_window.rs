//! The app in its real window, on a desktop of its own: first start, wrong input, absent keychain, second start.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::time::Duration;
use vigie_tests::{
    Binaries, Bounds, Database, KeychainAtStart, Launch, Lifetimes, Screen, ServerPlan, ServerProcess, Stage,
    StageOptions, Stopwatch, Transport, Window, pause, until,
};

const SOON: Duration = Duration::from_secs(15);
const PASSWORD: &str = "quatre mots bien longs";

fn app(stage: &Stage) -> Launch {
    stage.launch(Binaries::find().unwrap().app)
}

async fn until_screen(window: &Window, what: &str, wanted: impl Fn(&Screen) -> bool) -> Screen {
    let watch = Stopwatch::start();
    loop {
        let screen = window.screen().await.unwrap();
        if wanted(&screen) {
            return screen;
        }
        assert!(watch.elapsed() < SOON, "{what} did not happen: {screen:?}");
        pause(Duration::from_millis(25));
    }
}

async fn create_first_operator(window: &Window) {
    window
        .fill("first-organization", "Ressourcerie du Port")
        .await
        .unwrap();
    window
        .fill("first-display-name", "Camille Le Goff")
        .await
        .unwrap();
    window.fill("first-username", "camille").await.unwrap();
    window.fill("first-password", PASSWORD).await.unwrap();
    window.press("first-submit").await.unwrap();
    window.wait_for("screen-till", SOON).await.unwrap();
}

/// The TCP ports on which processes of the stage listen.
fn listening(stage: &Stage, program: &str) -> Vec<String> {
    let mut sockets = Vec::new();
    for pid in stage.processes_named(program) {
        for descriptor in std::fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let target = std::fs::read_link(descriptor.path())
                .unwrap_or_default()
                .display()
                .to_string();
            sockets.extend(
                target
                    .strip_prefix("socket:[")
                    .and_then(|rest| rest.strip_suffix(']'))
                    .map(str::to_owned),
            );
        }
    }
    const LISTEN: &str = "0A";
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    rows.filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let ours = *columns.get(3)? == LISTEN
            && sockets
                .iter()
                .any(|socket| columns.get(9) == Some(&socket.as_str()));
        ours.then(|| columns.get(1).copied().unwrap_or_default().to_owned())
    })
    .collect()
}

#[tokio::test]
async fn the_first_operator_of_a_device_is_made_on_it_and_stays_signed_in() {
    let stage = Stage::start().unwrap();
    let window = Window::open(&stage, app(&stage)).await.unwrap();

    create_first_operator(&window).await;
    until_screen(&window, "the till without a banner", Screen::is_untroubled_till).await;
    let keychain = stage
        .keychain()
        .search(("service", "org.vigie.desktop"))
        .unwrap()
        .len();
    window.kill(&stage).unwrap();
    let again = Window::open(&stage, app(&stage)).await.unwrap();

    until_screen(&again, "the till with no typing", Screen::is_untroubled_till).await;
    assert!(keychain >= 1, "nothing of the app is in the keychain");
    again.close().await.unwrap();
}

#[test]
fn the_server_inside_the_app_opens_no_port() {
    let stage = Stage::start().unwrap();
    let app = app(&stage).start().unwrap();
    until("the first paint", SOON, || {
        Ok(app.said().contains("first paint").then_some(()))
    })
    .unwrap();
    until("the database of the server inside", SOON, || {
        let folder = stage.data_dir().join("vigie/server");
        Ok(std::fs::read_dir(folder)
            .is_ok_and(|mut files| files.next().is_some())
            .then_some(()))
    })
    .unwrap();

    assert_eq!(listening(&stage, "vigie"), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_password_is_told_in_a_sentence_and_the_right_one_opens_the_till() {
    let stage = Stage::start().unwrap();
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
    server.add_operator("camille", PASSWORD).unwrap();
    let window = Window::open(&stage, app(&stage)).await.unwrap();
    window
        .choose_server(server.url(), Some(&server.authority().display().to_string()))
        .await
        .unwrap();

    window.sign_in("camille", "un autre mot de passe").await.unwrap();
    let sentence = window
        .wait_text("signin-error", "why", SOON, |text| !text.is_empty())
        .await
        .unwrap();
    window.sign_in("camille", PASSWORD).await.unwrap();

    window.wait_for("screen-till", SOON).await.unwrap();
    assert!(sentence.contains("mot de passe"), "{sentence}");
    window.close().await.unwrap();
}

#[tokio::test]
async fn each_server_that_will_not_do_is_told_apart() {
    let stage = Stage::start().unwrap();
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let portal = format!("http://{}", stranger.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for caller in stranger.incoming() {
            let Ok(mut caller) = caller else { return };
            let _ = caller.read(&mut [0; 2048]);
            let page = "<html>Bienvenue sur le WiFi</html>";
            let _ = write!(
                caller,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
        }
    });
    let window = Window::open(&stage, app(&stage)).await.unwrap();
    window.press("first-elsewhere").await.unwrap();
    window.wait_for("screen-signin", SOON).await.unwrap();
    if window.shown("server-url").await.unwrap().is_none() {
        window.press("server-open").await.unwrap();
        window.press("server-remote").await.unwrap();
    }

    let mut sentences = Vec::new();
    let cases = [
        "http://192.0.2.7".to_owned(),
        format!("https://{closed}"),
        portal,
        server.url().to_owned(),
        "pas une adresse".to_owned(),
    ];
    for case in &cases {
        window.fill("server-url", case).await.unwrap();
        window.press("server-test").await.unwrap();
        let before = sentences.last().cloned().unwrap_or_default();
        let said = window.wait_text("server-test-outcome", "the outcome", SOON, |text| {
            !text.is_empty() && text != before
        });
        sentences.push(said.await.unwrap());
    }

    let mut different = sentences.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), cases.len(), "{cases:?} → {sentences:?}");
    assert!(
        sentences
            .iter()
            .all(|sentence| !sentence.contains("answers") && sentence.len() > 20),
        "{sentences:?}"
    );
    window.close().await.unwrap();
}

#[tokio::test]
async fn without_a_keychain_the_session_works_with_a_banner_that_leaves_when_the_keychain_comes() {
    let options = StageOptions {
        keychain: KeychainAtStart::Absent,
        ..StageOptions::default()
    };
    let mut stage = Stage::set(options).unwrap();
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
    server.add_operator("camille", PASSWORD).unwrap();
    let window = Window::open(&stage, app(&stage)).await.unwrap();
    window
        .choose_server(server.url(), Some(&server.authority().display().to_string()))
        .await
        .unwrap();

    window.sign_in("camille", PASSWORD).await.unwrap();
    window.wait_for("screen-till", SOON).await.unwrap();
    let troubled = |screen: &Screen| screen.banner.as_deref() == Some("keychain_unavailable");
    let without = until_screen(&window, "the keychain's banner", troubled).await;
    stage.keychain_mut().start().unwrap();
    window.press("banner-retry").await.unwrap();

    until_screen(&window, "the banner leaving", Screen::is_untroubled_till).await;
    assert_eq!(without.severity.as_deref(), Some("warning"));
    let entries = stage.keychain().search(("service", "org.vigie.desktop")).unwrap();
    let sessions: Vec<_> = entries
        .iter()
        .filter(|entry| entry.secret.contains("refresh_token"))
        .collect();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    window.close().await.unwrap();
}

#[tokio::test]
async fn a_second_start_ends_at_once_and_leaves_the_first_alone() {
    let stage = Stage::start().unwrap();
    let window = Window::open(&stage, app(&stage)).await.unwrap();
    window.wait_for("screen-first", SOON).await.unwrap();
    let first = window.app_pid(&stage).unwrap();

    let mut second = app(&stage).log_as("second").start().unwrap();
    let Some(status) = second.wait(Duration::from_secs(10)) else {
        panic!("the second start still runs")
    };

    assert!(status.success(), "{status}: {}", second.said());
    assert_eq!(stage.processes_named("vigie"), [first]);
    window.wait_for("screen-first", SOON).await.unwrap();
    window.close().await.unwrap();
}

#[tokio::test]
async fn a_parked_ticket_outlives_a_kill_and_is_taken_up_as_it_was() {
    let stage = Stage::start().unwrap();
    let window = Window::open(&stage, app(&stage)).await.unwrap();
    create_first_operator(&window).await;
    window.press("category-0").await.unwrap();
    window.fill("line-price", "3,50").await.unwrap();
    window.press("line-done").await.unwrap();
    let ticket = until_screen(&window, "a line", |screen| screen.lines.len() == 1).await;
    window.press("park").await.unwrap();
    window.fill("park-name", "Mme Petit").await.unwrap();
    window.press("park-submit").await.unwrap();
    window.wait_for("parked-open", SOON).await.unwrap();
    window.kill(&stage).unwrap();

    let again = Window::open(&stage, app(&stage)).await.unwrap();
    let empty = until_screen(&again, "the till with no typing", Screen::is_untroubled_till).await;
    assert_eq!(empty.lines, Vec::<String>::new());
    again.wait_for("parked-open", SOON).await.unwrap();
    again.press("parked-open").await.unwrap();
    again
        .wait_text("parked-ticket", "its name", SOON, |text| {
            text.contains("Mme Petit")
        })
        .await
        .unwrap();
    again.press("parked-take").await.unwrap();
    let back = until_screen(&again, "the line again", |screen| screen.lines.len() == 1).await;
    assert_eq!(back.ticket(), ticket.ticket());
    again.wait_gone("parked-open", SOON).await.unwrap();
    again.close().await.unwrap();
}
