//! A barcode scanner at the real window: raw key presses, a few milliseconds apart, on the layouts `us` and `fr`.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::time::Duration;
use vigie_tests::{
    Binaries, Bounds, Database, Lifetimes, ServerPlan, ServerProcess, Stage, Stopwatch, Transport, Window,
    pause,
};

const SOON: Duration = Duration::from_secs(15);
const PASSWORD: &str = "quatre mots bien longs";
/// X11's keycodes of the digits 0 to 9 above the letters, wherever the layout puts them, and of Enter.
const DIGITS: [&str; 10] = ["19", "10", "11", "12", "13", "14", "15", "16", "17", "18"];
const ENTER: &str = "36";
const SCANS_OF_EACH_LAYOUT: usize = 50;
/// A key of a scan that came later than this after the one before was held up. The decoder takes up to 50 ms.
const HELD_UP_MS: f64 = 30.0;
const TRIES: usize = 20;

/// Presses the keys of a code as a scanner does, so many milliseconds apart.
fn scan(stage: &Stage, code: &str, apart_ms: u32) {
    let apart = apart_ms.to_string();
    let mut arguments = vec!["key", "--delay", &apart];
    let digits = code
        .bytes()
        .filter_map(|byte| DIGITS.get(usize::from(byte - b'0')));
    arguments.extend(digits.copied());
    arguments.push(ENTER);
    stage.xdotool(arguments).unwrap();
}

/// The pieces on the ticket's only line; 0 where there is none.
async fn pieces(window: &Window) -> u64 {
    let script = "const line = document.querySelector('[data-testid=line-0]');
        if (!line) return 0;
        if (document.querySelector('[data-testid=line-1]')) return -1;
        return Number(/(\\d+)\\s*×/.exec(line.textContent)?.[1] ?? 1)";
    window.script(script).await.unwrap().as_u64().unwrap()
}

async fn until_pieces(window: &Window, wanted: u64) {
    let watch = Stopwatch::start();
    loop {
        let found = pieces(window).await;
        if found == wanted {
            return;
        }
        assert!(watch.elapsed() < SOON, "{found} pieces instead of {wanted}");
        pause(Duration::from_millis(10));
    }
}

/// From now on the window notes when keys are released, by the display's clock; presses are the decoder's to swallow.
async fn note_keys(window: &Window) {
    let script = "window.keys = [];
        addEventListener('keyup', (event) => window.keys.push(event.timeStamp), true);
        return true";
    window.script(script).await.unwrap();
}

/// The longest that a key of the last `keys` came after the one before, in milliseconds, once all have come.
async fn longest_pause_ms(window: &Window, keys: usize) -> f64 {
    let watch = Stopwatch::start();
    while window.script("return window.keys.length").await.unwrap() != serde_json::json!(keys) {
        assert!(watch.elapsed() < SOON, "not all keys of a scan arrived");
        pause(Duration::from_millis(10));
    }
    let script = "return Math.max(...window.keys.slice(1).map((at, n) => at - window.keys[n]))";
    window.script(script).await.unwrap().as_f64().unwrap()
}

/// Scans while `typed` stands in the search field, until a piece more is on the ticket. Keys that a busy machine held up
/// are no scanner's: then it is done once more.
async fn scan_a_piece(stage: &Stage, window: &Window, code: &str, apart_ms: u32, typed: &str) {
    let before = pieces(window).await;
    for _ in 0..TRIES {
        window
            .script("window.keys.length = 0; return true")
            .await
            .unwrap();
        scan(stage, code, apart_ms);
        let longest_ms = longest_pause_ms(window, code.len() + 1).await;
        if longest_ms < HELD_UP_MS {
            return until_pieces(window, before + 1).await;
        }
        pause(Duration::from_millis(500));
        if pieces(window).await == before + 1 {
            return;
        }
        stage
            .xdotool(["key", "--delay", "120", "ctrl+a", "BackSpace"])
            .unwrap();
        for letter in typed.chars() {
            stage
                .xdotool(["key", "--delay", "120", &letter.to_string()])
                .unwrap();
        }
    }
}

#[tokio::test]
async fn every_scan_adds_a_piece_on_both_layouts_and_the_field_keeps_what_was_typed() {
    let stage = Stage::start().unwrap();
    let plan = ServerPlan {
        transport: Transport::Https,
        lifetimes: Lifetimes::default(),
        database: Database::Own,
        bounds: Bounds::Usual,
    };
    let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
    let add = [
        "user",
        "add",
        "dominique",
        "--role",
        "admin",
        "--site",
        "Quai Nord",
        "--password-stdin",
    ];
    server.command(add, format!("{PASSWORD}\n").as_bytes()).unwrap();
    server.add_category("Livres", 150).unwrap();
    let app = stage.launch(Binaries::find().unwrap().app);
    let window = Window::open(&stage, app).await.unwrap();
    let authority = server.authority().display().to_string();
    window
        .choose_server(server.url(), Some(&authority))
        .await
        .unwrap();
    window.sign_in("dominique", PASSWORD).await.unwrap();
    window.wait_for("category-0", SOON).await.unwrap();

    // An unknown code is told, and an administrator assigns it.
    let code = "3760123450018";
    window.press("search").await.unwrap();
    scan(&stage, code, 5);
    window
        .wait_text("toast", "the unknown code", SOON, |text| text.contains(code))
        .await
        .unwrap();
    assert_eq!(pieces(&window).await, 0);
    window.press("toast-undo").await.unwrap();
    window.wait_for("give-category", SOON).await.unwrap();
    let choose = "const list = document.querySelector('[data-testid=give-category]');
        if (list.options.length < 2) return false;
        list.selectedIndex = 1;
        list.dispatchEvent(new Event('change', { bubbles: true }));
        return true";
    let watch = Stopwatch::start();
    while window.script(choose).await.unwrap() != serde_json::json!(true) {
        assert!(watch.elapsed() < SOON, "no category is offered");
    }
    window.press("give-save").await.unwrap();
    window.wait_gone("give-barcode", SOON).await.unwrap();

    note_keys(&window).await;
    let mut sold = 0;
    for layout in ["us", "fr"] {
        stage.launch("setxkbmap").args([layout]).run().unwrap();
        pause(Duration::from_millis(500));
        window.press("search").await.unwrap();
        // A person types on this layout: `vi`, and stays at it.
        stage.xdotool(["key", "--delay", "120", "v", "i"]).unwrap();
        for turn in 0..SCANS_OF_EACH_LAYOUT {
            scan_a_piece(&stage, &window, code, [2, 5, 12, 20][turn % 4], "vi").await;
            sold += 1;
            let typed = window.value("search").await.unwrap();
            assert!(
                typed.as_deref() == Some("vi"),
                "after scan {turn} on {layout} the field holds {typed:?}"
            );
        }
        stage
            .xdotool(["key", "--delay", "120", "ctrl+a", "BackSpace"])
            .unwrap();
    }

    // What she typed before a scan is undone as she typed it: nothing of the scan stands in between.
    window.press("note-open").await.unwrap();
    stage.xdotool(["key", "--delay", "120", "o", "k"]).unwrap();
    scan(&stage, code, 5);
    until_pieces(&window, sold + 1).await;
    assert_eq!(window.value("note").await.unwrap().as_deref(), Some("ok"));
    stage.xdotool(["key", "--delay", "120", "ctrl+z"]).unwrap();
    pause(Duration::from_millis(300));
    let undone = window.value("note").await.unwrap();
    assert!(
        undone.as_deref().is_some_and(|text| "ok".starts_with(text)),
        "undone it holds {undone:?}"
    );
    window.close().await.unwrap();
}
