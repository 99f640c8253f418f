//! What the transport says of networks and servers that fail, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response};
use keeper::transport::{CertificateFault, TransportSetup};
use keeper::{HttpTransport, InProcessTransport, Limits, Transport, TransportFault, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use url::Url;

const SHORT: Limits = Limits {
    total: Duration::from_millis(700),
    body_bytes: 1_000,
};

fn request(path: &str) -> Request<Bytes> {
    Request::builder().uri(path).body(Bytes::new()).unwrap()
}

fn transport(origin: &str) -> HttpTransport {
    HttpTransport::new(&Url::parse(origin).unwrap(), &Trust::System, "test").unwrap()
}

async fn ask(origin: &str) -> Result<Response<Bytes>, TransportFault> {
    transport(origin).send(request("/"), SHORT).await
}

/// A listener that answers each connection with these bytes and closes it.
async fn says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4_096]).await;
            let _ = socket.write_all(bytes).await;
        }
    });
    origin
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        ask(&format!("http://{address}")).await.unwrap_err(),
        TransportFault::Refused
    );
    assert_eq!(
        ask(&format!("https://{address}")).await.unwrap_err(),
        TransportFault::Refused
    );
}

#[tokio::test]
async fn an_unknown_name_is_told_apart() {
    let fault = ask("https://no-such-host.invalid").await.unwrap_err();
    assert!(
        matches!(&fault, TransportFault::UnknownHost(name) if name == "no-such-host.invalid")
            || fault == TransportFault::Offline && keeper::link::link() == keeper::link::Link::Down,
        "{fault:?}"
    );
}

#[tokio::test]
async fn silence_is_offline_within_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Instant::now();
    assert_eq!(
        ask(&format!("http://{address}")).await.unwrap_err(),
        TransportFault::Offline
    );
    assert!(
        begun.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn cut_garbled_and_oversized_answers_are_told_apart() {
    let cases: [(&[u8], TransportFault); 6] = [
        (b"", TransportFault::Reset),
        (b"HTTP/1.1 200 OK\r\nContent-Le", TransportFault::Reset),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"access",
            TransportFault::Reset,
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", TransportFault::Malformed),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nx",
            TransportFault::TooLarge,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            TransportFault::Reset,
        ),
    ];
    for (bytes, expected) in cases {
        let origin = says(bytes).await;
        assert_eq!(
            ask(&origin).await.unwrap_err(),
            expected,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_at_the_limit() {
    let router = Router::new().route(
        "/",
        get(|| async {
            axum::body::Body::from_stream(futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 400]))
            }))
        }),
    );
    let origin = serve(router).await;
    assert_eq!(ask(&origin).await.unwrap_err(), TransportFault::TooLarge);
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    origin
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let followed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&followed);
    let router = Router::new()
        .route(
            "/",
            post(|| async { axum::response::Redirect::temporary("/elsewhere") }),
        )
        .route(
            "/elsewhere",
            post(move || async move { count.fetch_add(1, Ordering::SeqCst).to_string() }),
        );
    let origin = serve(router).await;
    let mut call = request("/");
    *call.method_mut() = http::Method::POST;
    *call.body_mut() = Bytes::from_static(b"a token");
    assert_eq!(transport(&origin).send(call, SHORT).await.unwrap().status(), 307);
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn paths_and_queries_arrive_as_they_were_and_stay_below_the_origin() {
    let router = Router::new().fallback(|uri: http::Uri| async move { uri.to_string() });
    let origin = serve(router).await;
    for path in ["/v1/a", "/v1/a?b=c%20d&e", "/", "//evil.example/x"] {
        let answer = transport(&origin).send(request(path), SHORT).await;
        assert_eq!(answer.unwrap().body().as_ref(), path.as_bytes(), "{path}");
    }
}

#[tokio::test]
async fn after_a_silent_cut_the_next_call_opens_a_new_connection() {
    let connections = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connections);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                // The first connection answers once and then swallows everything, as a dropped route does.
                let mut answered = 0;
                loop {
                    if socket.read(&mut [0; 4_096]).await.unwrap_or(0) == 0 {
                        return;
                    }
                    if nth > 0 || answered == 0 {
                        let _ = socket
                            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                            .await;
                    }
                    answered += 1;
                }
            });
        }
    });
    let transport = transport(&origin);
    assert!(transport.send(request("/"), SHORT).await.is_ok());
    assert_eq!(
        transport.send(request("/"), SHORT).await.unwrap_err(),
        TransportFault::Offline
    );
    let begun = Instant::now();
    assert!(transport.send(request("/"), SHORT).await.is_ok());
    assert!(
        begun.elapsed() < Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    fn write(&self, folder: &Path) -> Trust {
        let path = folder.join("ca.pem");
        std::fs::write(&path, self.issuer.pem()).unwrap();
        Trust::CaFile(path)
    }

    /// A server over TLS with a certificate for these names, changed as wished.
    async fn serve(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Url {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut socket) = acceptor.accept(socket).await else {
                        return;
                    };
                    let _ = socket.read(&mut [0; 4_096]).await;
                    let _ = socket
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .await;
                    let _ = socket.shutdown().await;
                });
            }
        });
        Url::parse(&format!("https://127.0.0.1:{port}")).unwrap()
    }
}

#[tokio::test]
async fn certificates_are_judged_and_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let trust = ours.write(folder.path());
    let day = |year| rcgen::date_time_ymd(year, 1, 1);
    let sound = ours.serve(&["127.0.0.1"], |_| {}).await;
    let cases = [
        (
            ours.serve(&["other.example"], |_| {}).await,
            CertificateFault::OtherName,
        ),
        (
            theirs.serve(&["127.0.0.1"], |_| {}).await,
            CertificateFault::Untrusted,
        ),
        (
            ours.serve(&["127.0.0.1"], |params| {
                (params.not_before, params.not_after) = (day(2_001), day(2_002));
            })
            .await,
            CertificateFault::Expired,
        ),
        (
            ours.serve(&["127.0.0.1"], |params| {
                (params.not_before, params.not_after) = (day(4_000), day(4_001));
            })
            .await,
            CertificateFault::NotYetValid,
        ),
    ];

    let transport = HttpTransport::new(&sound, &trust, "test").unwrap();
    assert_eq!(
        transport.send(request("/"), Limits::AUTH).await.unwrap().status(),
        200
    );
    for (origin, fault) in cases {
        let transport = HttpTransport::new(&origin, &trust, "test").unwrap();
        let result = transport.send(request("/"), Limits::AUTH).await;
        assert_eq!(result.unwrap_err(), TransportFault::Certificate(fault));
    }
    let system = HttpTransport::new(&sound, &Trust::System, "test").unwrap();
    let result = system.send(request("/"), Limits::AUTH).await;
    assert_eq!(
        result.unwrap_err(),
        TransportFault::Certificate(CertificateFault::Untrusted)
    );
}

#[tokio::test]
async fn https_to_a_server_that_speaks_plain_http_is_no_server() {
    let origin = says(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .replace("http://", "https://");
    assert_eq!(ask(&origin).await.unwrap_err(), TransportFault::Tls);
}

#[test]
fn a_bad_authority_file_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let open = || {
        HttpTransport::new(
            &Url::parse("https://a.example").unwrap(),
            &Trust::CaFile(path.clone()),
            "t",
        )
    };
    assert!(matches!(open(), Err(TransportSetup::CaUnreadable)));
    for text in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(open(), Err(TransportSetup::CaEmpty)), "{text}");
    }
}

#[tokio::test]
async fn the_server_in_this_process_is_called_as_a_function() {
    let router = Router::new()
        .route("/echo", post(|body: Bytes| async move { body }))
        .route(
            "/slow",
            get(|| async { tokio::time::sleep(Duration::from_secs(30)).await }),
        );
    let transport = InProcessTransport::new(router);
    let mut call = request("/echo");
    *call.method_mut() = http::Method::POST;
    *call.body_mut() = Bytes::from_static(b"hello");
    assert_eq!(
        transport.send(call, SHORT).await.unwrap().body().as_ref(),
        b"hello"
    );
    assert_eq!(
        transport.send(request("/none"), SHORT).await.unwrap().status(),
        404
    );
    assert_eq!(
        transport.send(request("/slow"), SHORT).await.unwrap_err(),
        TransportFault::Reset
    );
}

#[test]
fn a_proxy_that_refuses_is_told_apart_and_never_sees_what_is_meant_for_this_machine() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    set("HTTPS_PROXY", &format!("http://{}", proxy.local_addr().unwrap()));
    set("HTTP_PROXY", &format!("http://{}", proxy.local_addr().unwrap()));
    set("NO_PROXY", "");
    proxy.set_nonblocking(true).unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let proxy = TcpListener::from_std(proxy).unwrap();
        let answers: [&[u8]; 2] = [
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        ];
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = proxy.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4_096]).await;
                let nth = counted.fetch_add(1, Ordering::SeqCst) as usize;
                let _ = socket.write_all(answers[nth % 2]).await;
            }
        });
        for _ in 0..2 {
            assert_eq!(
                ask("https://caisse.example").await.unwrap_err(),
                TransportFault::Proxy
            );
        }
        let router = Router::new().route("/", get(|| async { "straight" }));
        assert_eq!(
            ask(&serve(router).await).await.unwrap().body().as_ref(),
            b"straight"
        );
    });
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[expect(
    unsafe_code,
    reason = "nextest runs each test as a process, and this is its first and only thread"
)]
fn set(name: &str, value: &str) {
    // SAFETY: no other thread exists yet.
    unsafe { std::env::set_var(name, value) }
}
