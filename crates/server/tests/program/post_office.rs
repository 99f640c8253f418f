//! A mail server that takes every letter (RFC 5321, as far as one client needs it).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

pub(crate) struct PostOffice {
    pub(crate) port: u16,
    letters: Receiver<Letter>,
}

/// A letter as it came.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) text: String,
}

impl PostOffice {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, letters) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &sender));
            }
        });
        Self { port, letters }
    }

    /// The next letter, if one comes within this time.
    pub(crate) fn next(&self, within: Duration) -> Option<Letter> {
        self.letters.recv_timeout(within).ok()
    }
}

fn serve(stream: TcpStream, sender: &Sender<Letter>) -> Option<()> {
    let mut answers = stream.try_clone().ok()?;
    let mut say = move |line: &str| answers.write_all(format!("{line}\r\n").as_bytes()).ok();
    let mut lines = BufReader::new(stream).lines();
    say("220 post office")?;
    let mut to = String::new();
    while let Some(Ok(line)) = lines.next() {
        if let Some(recipient) = line.strip_prefix("RCPT TO:") {
            to = recipient.to_owned();
        }
        if line == "DATA" {
            say("354 go on")?;
            let rows = lines.by_ref().map_while(Result::ok).take_while(|row| row != ".");
            let text = rows.collect::<Vec<_>>().join("\n");
            sender
                .send(Letter {
                    to: std::mem::take(&mut to),
                    text,
                })
                .ok()?;
        }
        say(if line == "QUIT" { "221 bye" } else { "250 fine" })?;
    }
    Some(())
}
