//! Clients that send too slowly, too much or on too many connections: each is turned away, and the others are served.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::place::{Place, Running};

fn serve(limits: &[(&str, &str)]) -> (Place, Running) {
    let (place, _) = Place::initialised();
    let names: Vec<_> = limits
        .iter()
        .map(|(name, value)| (format!("VIGIE_SERVER_LIMITS__{}", name.to_uppercase()), *value))
        .collect();
    let environment: Vec<_> = names
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    let server = place.serve_with(&[], &environment);
    (place, server)
}

async fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://"))
        .await
        .unwrap()
}

/// What the server sends until it closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let within = Duration::from_secs(10);
    let read = tokio::time::timeout(within, stream.read_to_string(&mut text)).await;
    // A reset is a close as well.
    let _ = read.unwrap_or_else(|_| panic!("the connection stays open: {text}"));
    text
}

async fn is_served(server: &Running) {
    let answer = reqwest::Client::new()
        .get(format!("{}/healthz", server.url))
        .timeout(Duration::from_secs(5))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_trickle_in_are_cut_off_and_nobody_else_waits() {
    let (_place, server) = serve(&[("header_timeout_seconds", "2")]);
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(&server).await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-a")
            .await
            .unwrap();
        slow.push(stream);
    }
    is_served(&server).await;
    for mut stream in slow {
        // One more byte wins no time.
        let _ = stream.write_all(b"a").await;
        let text = rest(stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408 "), "{text}");
    }
    server.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (_place, server) = serve(&[("call_timeout_seconds", "1")]);
    let mut stream = connect(&server).await;
    stream
        .write_all(
            b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"username\"",
        )
        .await
        .unwrap();
    let text = rest(stream).await;
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    assert!(
        text.contains("retry-after: 1\r\n") && text.contains("\"timeout\""),
        "{text}"
    );
    is_served(&server).await;
    server.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_too_large_or_have_too_many_fields_are_refused() {
    let (_place, server) = serve(&[("header_bytes", "16384"), ("header_count", "20")]);
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    let many = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x-a: a\r\n".repeat(20)
    );
    for head in [long, many] {
        let mut stream = connect(&server).await;
        let _ = stream.write_all(head.as_bytes()).await;
        let text = rest(stream).await;
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    }
    let fits = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}\r\n",
        "x-a: a\r\n".repeat(18)
    );
    let mut stream = connect(&server).await;
    stream.write_all(fits.as_bytes()).await.unwrap();
    let text = rest(stream).await;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    server.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_holds_no_more_connections_than_its_share() {
    let (_place, server) = serve(&[("connections_per_address", "3")]);
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&server).await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0_u8; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        held.push(stream);
    }
    let mut beyond = connect(&server).await;
    let _ = beyond
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    assert_eq!(rest(beyond).await, "");
    held.clear();
    for _ in 0..100 {
        let mut stream = connect(&server).await;
        let _ = stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await;
        if rest(stream).await.starts_with("HTTP/1.1 200 ") {
            server.end();
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the places of closed connections do not come back");
}
