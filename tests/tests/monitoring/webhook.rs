//! A webhook: it takes what is posted to it, and keeps the bodies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

/// A listener on a port of its own. It ends with the test.
pub(crate) struct Webhook {
    pub(crate) port: u16,
    bodies: Receiver<Value>,
}

impl Webhook {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, bodies) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if let Some(body) = taken(&stream.unwrap())
                    && sender.send(body).is_err()
                {
                    return;
                }
            }
        });
        Self { port, bodies }
    }

    /// What was posted since the last time, oldest first.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.bodies.try_iter().collect()
    }
}

fn taken(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    (&mut &*stream)
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .ok()?;
    serde_json::from_slice(&body).ok()
}
