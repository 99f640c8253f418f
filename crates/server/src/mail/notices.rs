//! Sending security notices, again and again where the mail server cannot take them just now.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::letter::message;
use super::{Letter, WayError};
use crate::background::told;
use crate::server::Server;

/// How long after a failure the same letter is tried again; after the last of these it is given up.
const AGAIN_AFTER: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

/// How long letters that wait may take when the server ends.
const END_WITHIN: Duration = Duration::from_secs(3);

/// Sends letters until told to end; then those that wait are tried once more, for a short while.
pub(crate) async fn deliver(
    server: &Server,
    mut letters: mpsc::Receiver<Letter>,
    mut ending: watch::Receiver<bool>,
) {
    loop {
        let letter = tokio::select! {
            biased;
            () = told(&mut ending) => break,
            letter = letters.recv() => letter,
        };
        let Some(letter) = letter else {
            return;
        };
        send(server, &letter, &mut ending).await;
    }
    letters.close();
    let rest = async {
        while let Some(letter) = letters.recv().await {
            attempt(server, &letter).await;
        }
    };
    if tokio::time::timeout(END_WITHIN, rest).await.is_err() {
        tracing::error!("security notices are not sent by mail: the server ends");
    }
}

async fn send(server: &Server, letter: &Letter, ending: &mut watch::Receiver<bool>) {
    for pause in AGAIN_AFTER {
        match attempt(server, letter).await {
            Attempt::Done => return,
            Attempt::Again => {}
        }
        tokio::select! {
            biased;
            () = told(ending) => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    if attempt(server, letter).await == Attempt::Again {
        tracing::error!(user = %letter.user_id, kind = letter.kind.as_str(), "a security notice is not sent by mail");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// It is sent, or never will be.
    Done,
    /// It may be sent another time.
    Again,
}

async fn attempt(server: &Server, letter: &Letter) -> Attempt {
    let post = match server.outbox.way().post(server.store.as_ref()).await {
        Ok(Some(post)) => post,
        Ok(None) => return Attempt::Done,
        Err(WayError::Store(error)) => {
            tracing::warn!(cause = %error, "where security notices are sent is not known yet");
            return Attempt::Again;
        }
        Err(error @ (WayError::Password(_) | WayError::Mail(_) | WayError::Address)) => {
            tracing::error!(cause = %error, user = %letter.user_id, "a security notice is not sent by mail");
            return Attempt::Done;
        }
    };
    let user = match server.store.user(letter.user_id).await {
        Ok(Some(user)) => user,
        Ok(None) => return Attempt::Done,
        Err(error) => {
            tracing::warn!(cause = %error, "whom a security notice is for is not known yet");
            return Attempt::Again;
        }
    };
    let Some(to) = post.recipient(&user.username) else {
        tracing::debug!(user = %user.id, "no mail address to send a security notice to");
        return Attempt::Done;
    };
    let message = match message(letter, &user.username, post.from(), to) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(cause = %error, user = %user.id, "a security notice cannot be written");
            return Attempt::Done;
        }
    };
    match post.send(message).await {
        Ok(()) => {
            tracing::info!(user = %user.id, kind = letter.kind.as_str(), "security notice sent by mail");
            Attempt::Done
        }
        Err(error) if error.is_permanent() => {
            tracing::error!(cause = %error, user = %user.id, "a security notice is refused by the mail server");
            Attempt::Done
        }
        Err(error) => {
            tracing::warn!(cause = %error, user = %user.id, "a security notice is not sent by mail yet");
            Attempt::Again
        }
    }
}
