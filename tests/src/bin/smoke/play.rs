//! The play itself, scene by scene.

use crate::act::{
    OPERATOR, PASSWORD, SOON, add_lines, sign_in, start_recorder, stop_recorder, take_cash, until_screen,
    write_note,
};
use crate::leaks;
use crate::steps::{Failure, Steps, must};
use std::path::Path;
use std::time::Duration;
use vigie_tests::{
    Binaries, Bounds, Database, Launch, Lifetimes, Network, Screen, ServerPlan, ServerProcess, Stage,
    Stopwatch, Transport, Window, pause, until,
};

/// Life of an access token in this play.
const TOKEN_LIFE: Duration = Duration::from_secs(10);
/// How long the operator works while tokens come and go.
const WORK: Duration = Duration::from_secs(60);
/// What the cut may take to be seen, and what the return may take to be whole.
const BANNER_WITHIN: Duration = Duration::from_secs(3);
const HEALTHY_WITHIN: Duration = Duration::from_secs(5);

/// Everything on the stage.
struct Set {
    stage: Stage,
    network: Network,
    server: ServerProcess,
    app: Launch,
}

/// Plays it all.
pub(crate) async fn play(pictures: &Path) -> Result<(), Failure> {
    let mut steps = Steps::new(pictures)?;
    let set = set_up(&mut steps)?;
    let result = scenes(&set, &mut steps).await;
    if result.is_err() {
        steps.keep_evidence(&set.stage);
    }
    result
}

fn set_up(steps: &mut Steps) -> Result<Set, Failure> {
    let binaries = Binaries::find()?;
    let network = Network::build()?;
    let stage = Stage::start()?;
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes: Lifetimes {
            access_token_seconds: Some(10),
            ..Lifetimes::default()
        },
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start_behind(&stage, &binaries.server, &network, plan)?;
    server.add_operator(OPERATOR, PASSWORD)?;
    for (name, cents) in [
        ("Vaisselle", 100),
        ("Livres", 150),
        ("Textile", 300),
        ("Petit meuble", 2_500),
    ] {
        server.add_category(name, cents)?;
    }
    let app = stage.launch(&binaries.app);
    steps.done(
        &stage,
        "stage",
        &format!("keyring, notices, network, {}", server.url()),
    )?;
    Ok(Set {
        stage,
        network,
        server,
        app,
    })
}

async fn scenes(set: &Set, steps: &mut Steps) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let window = Window::open_behind(&set.stage, set.app.clone(), &set.network).await?;
    window.wait_for("screen-first", Duration::from_secs(20)).await?;
    steps.done(
        &set.stage,
        "start",
        &format!("first screen after {} ms", watch.elapsed().as_millis()),
    )?;

    let watch = Stopwatch::start();
    sign_in(
        &window,
        set.server.url(),
        &set.server.authority().display().to_string(),
    )
    .await?;
    until_screen(
        &window,
        "the till without any banner",
        SOON,
        Screen::is_untroubled_till,
    )
    .await?;
    steps.done(
        &set.stage,
        "sign in",
        &format!(
            "till after {} ms, chosen server, own CA",
            watch.elapsed().as_millis()
        ),
    )?;

    let mut tokens = vec![leaks::refresh_token(&set.stage)?];
    steps.done(&set.stage, "keychain", "one entry, one refresh token")?;

    canary(set, &mut tokens, steps, "canary")?;
    work(set, &window, &mut tokens, steps).await?;
    let before_the_cut = set.server.sales()?.len();
    let told_before = set.stage.notices().arrived()?.len();
    cut(set, &window, steps).await?;
    back(set, &window, before_the_cut, told_before, steps).await?;

    let before = window.screen().await?;
    must(before.lines.len() == 2, || {
        format!("the open ticket has {} lines instead of two", before.lines.len())
    })?;
    window.kill(&set.stage)?;
    let watch = Stopwatch::start();
    let window = Window::open_behind(&set.stage, set.app.clone(), &set.network).await?;
    let same = |screen: &Screen| screen.is_untroubled_till() && screen.ticket() == before.ticket();
    until_screen(
        &window,
        "the till with the same ticket and no typing",
        Duration::from_secs(10),
        same,
    )
    .await?;
    let took = watch.elapsed().as_millis();
    steps.done(
        &set.stage,
        "killed and started again",
        &format!("signed in, same ticket after {took} ms"),
    )?;

    let window = revoked(set, window, &before, steps).await?;
    canary(set, &mut tokens, steps, "canary at the end")?;
    window.close().await?;
    Ok(())
}

/// The refresh token is in the keychain alone.
fn canary(set: &Set, tokens: &mut Vec<String>, steps: &mut Steps, name: &str) -> Result<(), Failure> {
    leaks::prove_the_search(&set.stage)?;
    let now = leaks::refresh_token(&set.stage)?;
    let memory = leaks::in_web_memory(&set.stage, &now)?;
    if !tokens.contains(&now) {
        tokens.push(now);
    }
    let files = leaks::in_files(&set.stage, tokens)?;
    let figure = format!(
        "{} tokens in none of {} files ({} MiB), nor in {} MiB of the web processes' memory",
        tokens.len(),
        files.places,
        leaks::mebibytes(&files),
        leaks::mebibytes(&memory)
    );
    steps.done(&set.stage, name, &figure)
}

/// A minute of work while tokens live ten seconds.
async fn work(
    set: &Set,
    window: &Window,
    tokens: &mut Vec<String>,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let calls_before = set.server.answered()?.len();
    start_recorder(window).await?;
    let watch = Stopwatch::start();
    let mut sold = 0;
    while watch.elapsed() < WORK {
        add_lines(window, &[0, 2]).await?;
        write_note(window, &format!("travail {sold}")).await?;
        pause(Duration::from_secs(2));
        take_cash(window).await?;
        sold += 1;
        let token = leaks::refresh_token(&set.stage)?;
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    let sights = stop_recorder(window).await?;
    must(sights == ["hidden screen-till 0"], || {
        format!("the operator saw {sights:?} while she worked")
    })?;
    let calls = set.server.answered()?.split_off(calls_before);
    let refused: Vec<_> = calls.iter().filter(|call| call.status >= 400).collect();
    must(refused.is_empty(), || format!("the server refused {refused:?}"))?;
    let refreshes: Vec<_> = calls
        .iter()
        .filter(|call| call.path == "/v1/auth/refresh")
        .collect();
    let gaps: Vec<Duration> = refreshes
        .windows(2)
        .filter_map(|pair| match pair {
            [earlier, later] => (later.at - earlier.at).to_std().ok(),
            _ => None,
        })
        .collect();
    let longest = gaps.iter().max().copied().unwrap_or_default();
    must(refreshes.len() >= 6, || {
        format!("only {} refreshes in a minute", refreshes.len())
    })?;
    must(longest < TOKEN_LIFE, || {
        format!("{longest:?} passed between two refreshes")
    })?;
    let sales = set.server.sales()?.len();
    must(sales == sold, || {
        format!("{sold} tickets were finished and {sales} have arrived")
    })?;
    let figure = format!(
        "{sold} tickets, {} refreshes, longest gap {:.1} s of {} s, no 401",
        refreshes.len(),
        longest.as_secs_f64(),
        TOKEN_LIFE.as_secs()
    );
    steps.done(&set.stage, "a minute of work", &figure)
}

/// Packets vanish: banner, countdown, notice, work goes on, saving and retrying answer.
async fn cut(set: &Set, window: &Window, steps: &mut Steps) -> Result<(), Failure> {
    add_lines(window, &[1, 3]).await?;
    write_note(window, "pendant la coupure").await?;
    let told_before = set.stage.notices().arrived()?.len();
    set.network.cut_silently()?;
    let offline = |screen: &Screen| screen.banner.as_deref() == Some("offline");
    let (screen, took) = until_screen(window, "the banner", Duration::from_secs(10), offline).await?;
    must(took <= BANNER_WITHIN, || {
        format!("the banner came after {took:?}")
    })?;
    let text = screen.banner_text.unwrap_or_default();
    steps.done(
        &set.stage,
        "silent cut",
        &format!("banner after {} ms: {text}", took.as_millis()),
    )?;

    let counts = |screen: &Screen| {
        screen
            .countdown
            .as_deref()
            .is_some_and(|text| text.contains(char::is_numeric))
    };
    let (first, _) = until_screen(window, "a countdown", Duration::from_secs(20), counts).await?;
    let moves = |screen: &Screen| counts(screen) && screen.countdown != first.countdown;
    let (second, _) = until_screen(window, "the countdown moving", Duration::from_secs(20), moves).await?;
    let (from, to) = (
        first.countdown.unwrap_or_default(),
        second.countdown.unwrap_or_default(),
    );
    steps.done(&set.stage, "countdown", &format!("{from} → {to}"))?;

    let watch = Stopwatch::start();
    let saved_at = |screen: &Screen| {
        screen
            .feedback
            .as_deref()
            .is_some_and(|text| text.contains(" à "))
    };
    window.press("banner-save").await?;
    let (screen, _) = until_screen(window, "saving to say when", SOON, saved_at).await?;
    let said = screen.feedback.unwrap_or_default();
    steps.done(
        &set.stage,
        "save",
        &format!("{said}, after {} ms", watch.elapsed().as_millis()),
    )?;

    let watch = Stopwatch::start();
    window.press("banner-retry").await?;
    let answer = |screen: &Screen| {
        screen
            .feedback
            .as_deref()
            .is_some_and(|text| !text.is_empty() && text != said)
    };
    let (screen, _) = until_screen(
        window,
        "retrying to say what came of it",
        Duration::from_secs(12),
        answer,
    )
    .await?;
    let retried = screen.feedback.clone().unwrap_or_default();
    must(offline(&screen), || {
        format!("the banner left while the network is still cut: {screen:?}")
    })?;
    steps.done(
        &set.stage,
        "retry",
        &format!("{retried}, after {} ms", watch.elapsed().as_millis()),
    )?;

    take_cash(window).await?;
    let waits = |screen: &Screen| screen.waiting.as_deref() == Some("1");
    until_screen(window, "one ticket waiting", SOON, waits).await?;
    add_lines(window, &[0, 1]).await?;
    write_note(window, "en cours").await?;
    steps.done(
        &set.stage,
        "work while cut",
        "one ticket waits, the next is begun",
    )?;

    let what = "the notice of the cut";
    let notices = set.stage.notices();
    let told = |notice: &vigie_tests::Notice| notice.summary.contains("Connexion perdue");
    let notice = notices.wait_for(what, Duration::from_secs(15), told)?;
    pause(Duration::from_secs(5));
    let all = notices.arrived()?.split_off(told_before);
    must(all.len() == 1, || {
        format!("{} notices instead of one: {all:?}", all.len())
    })?;
    steps.done(&set.stage, "notice", &format!("one: {}", notice.summary))
}

/// The network is back: healthy, what waited arrives once, and the operator is told once.
async fn back(
    set: &Set,
    window: &Window,
    sales_before: usize,
    told_before: usize,
    steps: &mut Steps,
) -> Result<(), Failure> {
    set.network.restore()?;
    let whole = |screen: &Screen| screen.is_untroubled_till() && screen.waiting.is_none();
    let (_, took) = until_screen(
        window,
        "everything being well again",
        Duration::from_secs(30),
        whole,
    )
    .await?;
    must(took <= HEALTHY_WITHIN, || {
        format!("it took {took:?} until everything was well again")
    })?;
    let told = |notice: &vigie_tests::Notice| notice.summary.contains("Connexion rétablie");
    set.stage
        .notices()
        .wait_for("the notice of the return", SOON, told)?;
    pause(Duration::from_secs(3));
    let all = set.stage.notices().arrived()?.split_off(told_before);
    must(all.len() == 2, || {
        format!("{} notices instead of two, lost and back: {all:?}", all.len())
    })?;
    let arrived = set.server.sales()?.split_off(sales_before);
    let queued: Vec<_> = arrived
        .iter()
        .filter(|sale| sale.note == "pendant la coupure")
        .collect();
    must(arrived.len() == 1 && queued.len() == 1, || {
        format!("instead of the one ticket came {arrived:?}")
    })?;
    must(
        queued
            .iter()
            .all(|sale| sale.total_cents == 2_650 && sale.lines == 2),
        || format!("it came as {queued:?}"),
    )?;
    steps.done(
        &set.stage,
        "link back",
        &format!("healthy after {} ms, the ticket arrived once", took.as_millis()),
    )
}

/// The session is closed on the server: banner, signing in again over the work, the same ticket.
async fn revoked(set: &Set, window: Window, before: &Screen, steps: &mut Steps) -> Result<Window, Failure> {
    let session = only_session(&set.server)?;
    set.server.revoke(&session)?;
    let ended = |screen: &Screen| screen.banner.as_deref() == Some("ended");
    let (screen, took) =
        until_screen(&window, "the banner of the end", Duration::from_secs(15), ended).await?;
    must(screen.ticket() == before.ticket(), || {
        format!("the ticket has changed: {screen:?}")
    })?;
    let text = screen.banner_text.unwrap_or_default();
    steps.done(
        &set.stage,
        "session revoked",
        &format!("banner after {} ms: {text}", took.as_millis()),
    )?;

    let watch = Stopwatch::start();
    if !window.screen().await?.signing_in_again {
        window.press("banner-reconnect").await?;
    }
    window.wait_for("relogin-dialog", SOON).await?;
    let name = window.value("relogin-username").await?;
    must(name.as_deref() == Some(OPERATOR), || {
        format!("the dialog offers the name {name:?}")
    })?;
    window.fill("relogin-password", PASSWORD).await?;
    steps.done(&set.stage, "dialog", "over the work, with the name filled in")?;
    window.press("relogin-submit").await?;
    let same = |screen: &Screen| screen.is_untroubled_till() && screen.ticket() == before.ticket();
    until_screen(
        &window,
        "the till with the same ticket",
        Duration::from_secs(10),
        same,
    )
    .await?;
    let took = watch.elapsed().as_millis();
    steps.done(
        &set.stage,
        "signed in again",
        &format!("same ticket, {took} ms after the banner"),
    )?;
    take_cash(&window).await?;
    let watch = Stopwatch::start();
    until("the finished ticket arriving", SOON, || {
        Ok(set
            .server
            .sales()?
            .iter()
            .any(|sale| sale.note == "en cours")
            .then_some(()))
    })?;
    let took = watch.elapsed();
    steps.done(
        &set.stage,
        "ticket finished",
        &format!("on the server after {} ms", took.as_millis()),
    )?;
    Ok(window)
}

/// The operator's one session, as the server lists it.
fn only_session(server: &ServerProcess) -> Result<String, Failure> {
    let sessions = server.sessions_of(OPERATOR)?;
    match sessions.as_slice() {
        [session] => Ok(session.clone()),
        other => Err(Failure::NotAsExpected(format!(
            "{OPERATOR} has {} sessions instead of one",
            other.len()
        ))),
    }
}
