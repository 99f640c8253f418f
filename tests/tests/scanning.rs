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

    let mut sold = 0;
    for layout in ["us", "fr"] {
        stage.launch("setxkbmap").args([layout]).run().unwrap();
        pause(Duration::from_millis(500));
        window.press("search").await.unwrap();
        // A person types on this layout: `vi`, and stays at it.
        stage.xdotool(["key", "--delay", "120", "v", "i"]).unwrap();
        for turn in 0..SCANS_OF_EACH_LAYOUT {
            scan(&stage, code, [2, 5, 12, 20][turn % 4]);
            sold += 1;
            until_pieces(&window, sold).await;
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
