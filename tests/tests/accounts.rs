//! Accounts in the real window: a session closed by somebody else, another organisation, a password given by somebody.

#![expect(clippy::unwrap_used, reason = "a test fails at the spot")]

use std::time::Duration;
use vigie_tests::{
    Binaries, Bounds, Database, Lifetimes, Screen, ServerPlan, ServerProcess, Stage, Stopwatch, Transport,
    Window, pause,
};

const SOON: Duration = Duration::from_secs(15);
const PASSWORD: &str = "quatre mots bien longs";
/// The server's access tokens live for 15 minutes: whatever is told within this was not learned by renewing one.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A server with a cashier, an administrator and something to sell.
struct Shop {
    stage: Stage,
    server: ServerProcess,
}

impl Shop {
    fn open() -> Self {
        let stage = Stage::start().unwrap();
        let plan = ServerPlan {
            transport: Transport::Https,
            lifetimes: Lifetimes::default(),
            database: Database::Own,
            bounds: Bounds::Usual,
        };
        let server = ServerProcess::start(&stage, &Binaries::find().unwrap().server, plan).unwrap();
        server.add_operator("camille", PASSWORD).unwrap();
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
        Self { stage, server }
    }

    /// Starts the app on this stage and chooses this shop's server.
    async fn window(&self, stage: &Stage) -> Window {
        let app = stage.launch(Binaries::find().unwrap().app);
        let window = Window::open(stage, app).await.unwrap();
        let authority = self.server.authority().display().to_string();
        window
            .choose_server(self.server.url(), Some(&authority))
            .await
            .unwrap();
        window
    }

    async fn window_of(&self, stage: &Stage, username: &str) -> Window {
        let window = self.window(stage).await;
        window.sign_in(username, PASSWORD).await.unwrap();
        window.wait_for("category-0", SOON).await.unwrap();
        window
    }
}

async fn until_screen(
    window: &Window,
    what: &str,
    limit: Duration,
    wanted: impl Fn(&Screen) -> bool,
) -> Screen {
    let watch = Stopwatch::start();
    loop {
        let screen = window.screen().await.unwrap();
        if wanted(&screen) {
            return screen;
        }
        assert!(watch.elapsed() < limit, "{what} did not happen: {screen:?}");
        pause(Duration::from_millis(25));
    }
}

/// Presses the one of these elements whose text holds this.
async fn press_that_of(window: &Window, testid: &str, within: &str, text: &str) {
    window.wait_for(testid, SOON).await.unwrap();
    let script = format!(
        "const all = [...document.querySelectorAll('[data-testid=\"{within}\"]')];
         const found = all.find((each) => each.innerText.includes('{text}'));
         const it = found?.matches('[data-testid=\"{testid}\"]') ? found : found?.querySelector('[data-testid=\"{testid}\"]');
         it?.click();
         return it !== undefined && it !== null;"
    );
    assert_eq!(
        window.script(&script).await.unwrap(),
        true,
        "no {testid} of {text}"
    );
}

async fn give_the_password_again(window: &Window) {
    window.fill("reauthenticate-password", PASSWORD).await.unwrap();
    window.press("reauthenticate-submit").await.unwrap();
}

async fn sign_out(window: &Window) {
    window.press("menu").await.unwrap();
    window.press("signout").await.unwrap();
    window.wait_for("screen-signin", SOON).await.unwrap();
}

#[tokio::test]
async fn a_session_closed_by_an_administrator_is_told_at_once_and_its_work_is_kept() {
    let shop = Shop::open();
    let till = shop.window_of(&shop.stage, "camille").await;
    till.press("category-0").await.unwrap();
    till.press("category-0").await.unwrap();
    till.press("note-open").await.unwrap();
    till.fill("note", "revient à 17 h").await.unwrap();
    let before = till.screen().await.unwrap();
    let office_stage = Stage::start().unwrap();
    let office = shop.window_of(&office_stage, "dominique").await;
    office.press("nav-administration").await.unwrap();
    press_that_of(&office, "live-end", "live-row", "camille").await;
    office.press("live-confirm-yes").await.unwrap();

    let watch = Stopwatch::start();
    give_the_password_again(&office).await;
    let told = until_screen(&till, "the banner of a closed session", AT_ONCE, |screen| {
        screen.banner.as_deref() == Some("ended")
    })
    .await;
    let after = watch.elapsed();

    assert!(after < AT_ONCE, "told after {after:?}");
    let sentence = told.banner_text.unwrap();
    assert!(sentence.contains("fermée par un responsable"), "{sentence}");
    assert!(sentence.contains("Votre travail est conservé."), "{sentence}");
    office.wait_for("toast", SOON).await.unwrap();
    assert_eq!(shop.server.sessions_of("camille").unwrap(), Vec::<String>::new());
    assert_eq!(shop.server.audited("session.revoked").unwrap(), 1);

    till.fill("relogin-password", PASSWORD).await.unwrap();
    till.press("relogin-submit").await.unwrap();
    let again = until_screen(&till, "the till as it was", SOON, Screen::is_untroubled_till).await;
    assert_eq!(again.ticket(), before.ticket());
    assert_eq!(again.note.as_deref(), Some("revient à 17 h"));
    office.close().await.unwrap();
    till.close().await.unwrap();
}

#[tokio::test]
async fn one_press_changes_the_organisation_and_goods_ticket_and_sales_follow() {
    let shop = Shop::open();
    let there = ["--organization", "gare"];
    for command in [
        &["organization", "add", "Recyclerie de la Gare", "--slug", "gare"][..],
        &[&["site", "add", "Halle Sud"][..], &there].concat(),
        &[&["category", "add", "Bois", "--price-cents", "500"][..], &there].concat(),
        &[
            &[
                "user",
                "join",
                "camille",
                "--role",
                "manager",
                "--site",
                "Halle Sud",
            ][..],
            &there,
        ]
        .concat(),
    ] {
        shop.server.command(command, b"").unwrap();
    }
    let till = shop.window_of(&shop.stage, "camille").await;
    till.press("category-0").await.unwrap();
    let at_home = until_screen(&till, "a line", SOON, |screen| screen.lines.len() == 1).await;
    let change_to = async |name: &str| {
        till.press("organization").await.unwrap();
        press_that_of(&till, "organization-item", "organization-item", name).await;
        let watch = Stopwatch::start();
        let read = "return document.querySelector('[data-testid=organization]').innerText";
        while !till.script(read).await.unwrap().as_str().unwrap().contains(name) {
            assert!(watch.elapsed() < SOON, "the organisation is not {name}");
            pause(Duration::from_millis(25));
        }
    };

    change_to("Recyclerie de la Gare").await;
    till.wait_text("category-0", "its goods", SOON, |text| text.contains("Bois"))
        .await
        .unwrap();
    assert_eq!(shop.server.audited("session.organization_switched").unwrap(), 1);
    let there = until_screen(&till, "its own ticket", SOON, |screen| screen.lines.is_empty()).await;
    assert_eq!(there.banner.as_deref(), Some("hidden"));
    for step in ["category-0", "pay", "pay-cash", "pay-exact", "pay-confirm"] {
        till.press(step).await.unwrap();
    }
    till.wait_gone("pay-sheet", SOON).await.unwrap();
    until_screen(&till, "the sale leaving", SOON, |screen| screen.waiting.is_none()).await;
    change_to("Ressourcerie du Port").await;
    let back = until_screen(&till, "the ticket left there", SOON, |screen| {
        screen.lines.len() == 1
    })
    .await;

    assert_eq!(back.ticket(), at_home.ticket());
    till.wait_text("category-0", "the goods at home", SOON, |text| {
        text.contains("Livres")
    })
    .await
    .unwrap();
    let sales = shop.server.sales().unwrap();
    let sold: Vec<(&str, u32)> = sales
        .iter()
        .map(|sale| (sale.organization.as_str(), sale.total_cents))
        .collect();
    assert_eq!(sold, [("gare", 500)]);
    assert_eq!(shop.server.audited("session.organization_switched").unwrap(), 2);
    assert_eq!(shop.server.sessions_of("camille").unwrap().len(), 1);
    till.close().await.unwrap();
}

#[tokio::test]
async fn a_password_given_by_an_administrator_is_good_for_choosing_the_own() {
    let shop = Shop::open();
    let window = shop.window_of(&shop.stage, "dominique").await;
    window.press("nav-administration").await.unwrap();
    window.press("tab-people").await.unwrap();
    press_that_of(&window, "person-open", "person-row", "camille").await;
    window.press("person-reset").await.unwrap();
    window.press("person-confirm-yes").await.unwrap();
    give_the_password_again(&window).await;
    window.wait_for("one-time-password", SOON).await.unwrap();
    let given = window.value("one-time-password").await.unwrap().unwrap();
    window.press("one-time-done").await.unwrap();
    window.press("person-close").await.unwrap();
    sign_out(&window).await;

    window.sign_in("camille", &given).await.unwrap();
    window.wait_for("password-dialog", SOON).await.unwrap();
    let escape = "document.querySelector('[data-testid=password-dialog]')
        .dispatchEvent(new Event('cancel', { cancelable: true }))";
    window.script(escape).await.unwrap();
    assert!(
        window.shown("password-dialog").await.unwrap().is_some(),
        "there is a way past it"
    );
    assert!(window.shown("password-cancel").await.unwrap().is_none());
    window.fill("password-current", &given).await.unwrap();
    let own = "trois petits chats gris";
    window.fill("password-fresh", own).await.unwrap();
    window.fill("password-again", own).await.unwrap();
    window.press("password-submit").await.unwrap();
    window.wait_gone("password-dialog", SOON).await.unwrap();
    window.wait_for("category-0", SOON).await.unwrap();
    until_screen(&window, "the till", SOON, Screen::is_untroubled_till).await;

    sign_out(&window).await;
    for spent in [PASSWORD, &given] {
        window.sign_in("camille", spent).await.unwrap();
        window.wait_for("signin-error", SOON).await.unwrap();
    }
    window.sign_in("camille", own).await.unwrap();
    window.wait_for("category-0", SOON).await.unwrap();
    window.close().await.unwrap();
}
