//! A mail server that takes every letter, as far as Alertmanager needs one (RFC 5321).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A mail server on a port of its own. It ends with the test.
pub(crate) struct PostOffice {
    pub(crate) port: u16,
    letters: Receiver<String>,
}

impl PostOffice {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, letters) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender) = (stream.unwrap(), sender.clone());
                std::thread::spawn(move || serve(&stream, &sender));
            }
        });
        Self { port, letters }
    }

    /// The letters that came since the last time, oldest first: heads and texts.
    pub(crate) fn letters(&self) -> Vec<String> {
        self.letters.try_iter().collect()
    }
}

/// One connection; `None` where the client hangs up.
fn serve(stream: &TcpStream, sender: &Sender<String>) -> Option<()> {
    let say = |text: &str| (&mut &*stream).write_all(text.as_bytes()).ok();
    say("220 post office\r\n")?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    loop {
        let line = lines.next()?;
        if line.starts_with("EHLO") {
            say("250-post office\r\n250 8BITMIME\r\n")?;
        } else if line == "DATA" {
            say("354 go on\r\n")?;
            let letter: Vec<String> = lines.by_ref().take_while(|row| row != ".").collect();
            sender.send(letter.join("\n")).ok()?;
            say("250 taken\r\n")?;
        } else if line == "QUIT" {
            return say("221 bye\r\n");
        } else {
            say("250 fine\r\n")?;
        }
    }
}
