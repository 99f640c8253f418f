//! Security notices by mail: they leave beside the calls, are tried again, and never hold up or fail a call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use protocol::alert::MailProtection;
use serde_json::json;
use server::ServerOptions;
use server::background::Background;
use server::certificates::make;
use server::clock::{Clock as _, SystemClock};
use server::config::TlsFiles;
use server::mail::MailOptions;
use server::tls::server_config;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::device::Device;
use crate::house::{House, PASSWORD, SignedIn, request};

const WITHIN: Duration = Duration::from_secs(20);

/// A letter as the mail server got it.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) credentials: Option<String>,
    from: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

/// A mail server: it turns the first `refusals` letters away for a while, and takes those after them.
pub(crate) struct PostOffice {
    pub(crate) port: u16,
    pub(crate) got: mpsc::UnboundedReceiver<Got>,
}

impl PostOffice {
    pub(crate) async fn open(refusals: usize, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, got) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut left = refusals;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate hangs up in the middle.
                let Some(tls) = &tls else {
                    serve(stream, &mut left, &sender).await;
                    continue;
                };
                if let Ok(stream) = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await {
                    serve(stream, &mut left, &sender).await;
                }
            }
        });
        Self { port, got }
    }

    pub(crate) async fn next(&mut self) -> Got {
        let got = tokio::time::timeout(WITHIN, self.got.recv()).await;
        got.unwrap_or_else(|_| panic!("no letter came")).unwrap()
    }
}

/// RFC 5321, as far as one client needs it; `None` where the client hangs up.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    refusals: &mut usize,
    sender: &mpsc::UnboundedSender<Got>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post office\r\n").await.ok()?;
    let mut got = Got {
        credentials: None,
        from: String::new(),
        to: String::new(),
        text: String::new(),
    };
    loop {
        let line = line(&mut stream).await?;
        let answer = if line.starts_with("EHLO ") {
            "250-post office\r\n250 AUTH PLAIN"
        } else if let Some(secret) = line.strip_prefix("AUTH PLAIN ") {
            let secret = STANDARD.decode(secret).unwrap();
            got.credentials = Some(String::from_utf8(secret).unwrap().replace('\0', " "));
            "235 welcome"
        } else if let Some(from) = line.strip_prefix("MAIL FROM:") {
            got.from = from.to_owned();
            if *refusals > 0 {
                *refusals -= 1;
                "451 come back later"
            } else {
                "250 fine"
            }
        } else if let Some(to) = line.strip_prefix("RCPT TO:") {
            got.to = to.to_owned();
            "250 fine"
        } else if line == "DATA" {
            stream.write_all(b"354 go on\r\n").await.ok()?;
            loop {
                let row = self::line(&mut stream).await?;
                if row == "." {
                    break;
                }
                got.text.push_str(&row);
                got.text.push('\n');
            }
            "250 taken"
        } else if line == "QUIT" {
            stream.write_all(b"221 bye\r\n").await.ok()?;
            return Some(());
        } else {
            "250 fine"
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        if answer == "250 taken" {
            let letter = std::mem::replace(
                &mut got,
                Got {
                    credentials: None,
                    from: String::new(),
                    to: String::new(),
                    text: String::new(),
                },
            );
            sender.send(letter).ok()?;
        }
    }
}

async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

pub(crate) fn options(port: u16) -> MailOptions {
    MailOptions {
        host: "localhost".to_owned(),
        port,
        security: MailProtection::None,
        ca_file: None,
        from: "Vigie <vigie@example.org>".parse().unwrap(),
        to: Some("office@example.org".parse().unwrap()),
        credentials: None,
    }
}

async fn house(mail: MailOptions) -> House {
    House::with(ServerOptions {
        mail: Some(mail),
        ..ServerOptions::default()
    })
    .await
}

pub(crate) async fn a_thief_comes(house: &House) {
    crate::proof::steal(house, &Device::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_copied_token_is_written_to() {
    let mut office = PostOffice::open(0, None).await;
    let house = house(MailOptions {
        credentials: Some(("vigie".to_owned(), "mail-canary".to_owned().into())),
        ..options(office.port)
    })
    .await;
    let background = Background::start(&house.server);
    a_thief_comes(&house).await;
    let letter = office.next().await;
    assert_eq!(letter.credentials.as_deref(), Some(" vigie mail-canary"));
    assert!(letter.from.starts_with("<vigie@example.org>"), "{letter:?}");
    assert!(letter.to.starts_with("<office@example.org>"), "{letter:?}");
    assert!(
        letter.text.contains("camille") && letter.text.contains("192.0.2.7"),
        "{letter:?}"
    );
    assert!(
        !letter.text.contains("canary") && !letter.text.contains("vr1_"),
        "{letter:?}"
    );
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_turned_away_for_a_while_is_tried_again() {
    let mut office = PostOffice::open(1, None).await;
    let house = house(options(office.port)).await;
    let background = Background::start(&house.server);
    a_thief_comes(&house).await;
    assert!(office.next().await.text.contains("camille"));
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_wait_are_sent_before_the_server_ends() {
    let mut office = PostOffice::open(0, None).await;
    let house = house(options(office.port)).await;
    a_thief_comes(&house).await;
    Background::start(&house.server).stop().await;
    assert!(office.next().await.text.contains("camille"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_away_holds_up_no_call_and_not_the_end() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let house = house(options(nobody)).await;
    let background = Background::start(&house.server);
    a_thief_comes(&house).await;
    let camille = house.sign_in("camille", "till").await;
    house.refresh(&camille.refresh, 1).await.fine();
    let ended = tokio::time::timeout(Duration::from_secs(5), background.stop()).await;
    assert!(ended.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_must_show_a_certificate_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let now = chrono::DateTime::from_timestamp_millis(SystemClock::new().wall_ms()).unwrap();
    let made = make(folder.path(), &["localhost".to_owned()], now).unwrap();
    let files = TlsFiles {
        cert: made.server.clone(),
        key: made.server_key.clone(),
    };
    let mut office = PostOffice::open(0, Some(server_config(&files).unwrap())).await;
    let tls = MailOptions {
        security: MailProtection::Tls,
        ..options(office.port)
    };

    let distrusting = house(tls.clone()).await;
    a_thief_comes(&distrusting).await;
    Background::start(&distrusting.server).stop().await;
    assert!(office.got.try_recv().is_err());

    let trusting = house(MailOptions {
        ca_file: Some(made.authority.clone()),
        ..tls
    })
    .await;
    let background = Background::start(&trusting.server);
    a_thief_comes(&trusting).await;
    assert!(office.next().await.text.contains("camille"));
    background.stop().await;
}

/// All letters that wait, in no particular order.
async fn letters(house: &House, office: &mut PostOffice) -> Vec<Got> {
    Background::start(&house.server).stop().await;
    let mut all = Vec::new();
    while let Ok(letter) = office.got.try_recv() {
        all.push(letter);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_from_an_unseen_device_or_network_is_written_about() {
    let mut office = PostOffice::open(0, None).await;
    let house = house(options(office.port)).await;
    house.sign_in("camille", "till").await;
    house.sign_in("camille", "till").await;
    let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "Une autre" });
    let mut login = request(Method::POST, "/v1/auth/login", None, Some(body));
    let peer: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    login.extensions_mut().insert(ConnectInfo(peer));
    house.send(login).await.fine();
    let letters = letters(&house, &mut office).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    for subject in ["Sign-in from a new device.", "Sign-in from a new network."] {
        assert!(
            letters.iter().any(|letter| letter.text.contains(subject)),
            "{letters:?}"
        );
    }
    for letter in letters {
        assert!(letter.to.starts_with("<office@example.org>"), "{letter:?}");
        assert!(
            letter.text.contains("Account: camille")
                && letter.text.contains("Une autre")
                && letter.text.contains("192.0.2.7"),
            "{letter:?}"
        );
        assert!(!letter.text.contains(PASSWORD), "{letter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_session_that_made_room_is_written_to() {
    let mut office = PostOffice::open(0, None).await;
    let house = house(options(office.port)).await;
    let dominique = house.sign_in("dominique", "desk").await;
    let settings = json!({
        "token_expiration_minutes": 15, "activity_threshold_minutes": 15, "idle_timeout_minutes": 480,
        "session_max_hours": 720, "device_limit": 1
    });
    let path = "/v1/admin/settings/session";
    house
        .ask(Method::PUT, path, &dominique.access, Some(settings))
        .await
        .fine();
    let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "La premiere" });
    house.login(body).await.fine();
    let body = json!({ "username": "camille", "password": PASSWORD, "device_name": "La seconde" });
    house.login(body).await.fine();
    let letters = letters(&house, &mut office).await;
    let about_room: Vec<_> = letters
        .iter()
        .filter(|letter| letter.text.contains("A session was closed: too many devices."))
        .collect();
    assert_eq!(about_room.len(), 1, "{letters:?}");
    assert!(
        about_room[0].text.contains("La premiere") && !about_room[0].text.contains("La seconde"),
        "{letters:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_and_a_reset_one_are_written_about() {
    let mut office = PostOffice::open(0, None).await;
    let house = house(options(office.port)).await;
    let new_password = "quatre mouettes ivres";
    let SignedIn { access, user_id, .. } = house.sign_in("camille", "desk").await;
    let body = json!({ "current_password": PASSWORD, "new_password": new_password });
    house.post("/v1/auth/password", &access, body).await.fine();
    let dominique = house.sign_in("dominique", "desk").await;
    house.confirm(&dominique).await;
    let path = format!("/v1/admin/users/{user_id}/password");
    let reset = house.post(&path, &dominique.access, json!({})).await.fine();
    let once = reset["one_time_password"].as_str().unwrap();
    let letters = letters(&house, &mut office).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    for letter in &letters {
        assert!(
            letter.text.contains("Your password was changed.") && letter.text.contains("Account: camille"),
            "{letter:?}"
        );
        assert!(
            !letter.text.contains(new_password) && !letter.text.contains(once),
            "{letter:?}"
        );
    }
    // What the administrator's device is called and where it stands is not told.
    assert_eq!(
        letters
            .iter()
            .filter(|letter| letter.text.contains("Device: Caisse 1"))
            .count(),
        1
    );
    let login =
        json!({ "username": "camille", "password": once, "device_name": "Caisse 1", "device_kind": "desk" });
    let camille = house.login(login).await.fine();
    let access = camille["access_token"].as_str().unwrap();
    let body = json!({ "current_password": once, "new_password": "cinq mouettes ivres" });
    house.post("/v1/auth/password", access, body).await.fine();
    let told = house.get("/v1/auth/notices", access).await.fine();
    assert_eq!(told["notices"].as_array().unwrap().len(), 2, "{told}");
}
