//! What a letter says, in French and in English: the server does not know which of them its reader speaks.

use std::fmt::Write as _;

use chrono::DateTime;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use store::NoticeKind;

use super::Letter;

struct Words {
    french: &'static str,
    english: &'static str,
}

const fn subject(kind: NoticeKind) -> Words {
    match kind {
        NoticeKind::NewDevice => Words {
            french: "Connexion depuis un nouvel appareil",
            english: "Sign-in from a new device",
        },
        NoticeKind::NewNetwork => Words {
            french: "Connexion depuis un nouveau réseau",
            english: "Sign-in from a new network",
        },
        NoticeKind::DeviceLimit => Words {
            french: "Une session a été fermée : trop d’appareils",
            english: "A session was closed: too many devices",
        },
        NoticeKind::PasswordChanged => Words {
            french: "Votre mot de passe a été changé",
            english: "Your password was changed",
        },
        NoticeKind::ProofRefused => Words {
            french: "Une copie de votre session a été refusée",
            english: "A copy of your session was refused",
        },
        NoticeKind::Impersonated => Words {
            french: "Un administrateur agit en votre nom",
            english: "An administrator acts as you",
        },
        NoticeKind::ImpersonationStarted => Words {
            french: "Un administrateur agit au nom de quelqu'un",
            english: "An administrator acts as somebody else",
        },
    }
}

/// A letter ready to be sent.
///
/// # Errors
/// Where the library cannot put it together.
pub(super) fn message(
    letter: &Letter,
    username: &str,
    from: Mailbox,
    to: Mailbox,
) -> Result<Message, lettre::error::Error> {
    let words = subject(letter.kind);
    Message::builder()
        .from(from)
        .to(to)
        .subject(format!("Vigie — {} / {}", words.french, words.english))
        .header(ContentType::TEXT_PLAIN)
        .body(text(letter, username, &words))
}

fn text(letter: &Letter, username: &str, words: &Words) -> String {
    let at = DateTime::from_timestamp_millis(letter.at).unwrap_or_default();
    let at = at.format("%Y-%m-%d %H:%M UTC");
    let detail = &letter.detail;
    let mut text = format!("{}.\n\nCompte : {username}\nDate : {at}\n", words.french);
    rows(
        &mut text,
        &[
            ("Appareil :", &detail.device_name),
            ("Adresse :", &detail.ip_address),
            ("Programme :", &detail.user_agent),
        ],
    );
    text.push_str(
        "\nSi ce n’est pas vous, changez votre mot de passe et fermez vos autres sessions.\n\n* * *\n\n",
    );
    let _ = write!(text, "{}.\n\nAccount: {username}\nDate: {at}\n", words.english);
    rows(
        &mut text,
        &[
            ("Device:", &detail.device_name),
            ("Address:", &detail.ip_address),
            ("Program:", &detail.user_agent),
        ],
    );
    text.push_str("\nIf this was not you, change your password and close your other sessions.\n");
    text
}

fn rows(text: &mut String, rows: &[(&str, &String)]) {
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "{label} {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use store::{NoticeDetail, NoticeKind};
    use uuid::Uuid;

    use super::{message, subject, text};
    use crate::mail::Letter;

    fn letter(kind: NoticeKind) -> Letter {
        Letter {
            user_id: Uuid::nil(),
            at: 1_790_000_000_000,
            kind,
            detail: NoticeDetail {
                device_name: "Caisse 1".to_owned(),
                ip_address: "192.0.2.7".to_owned(),
                user_agent: String::new(),
            },
        }
    }

    #[test]
    fn a_letter_says_what_when_and_where_in_both_languages() {
        insta::assert_snapshot!(text(
            &letter(NoticeKind::NewDevice),
            "camille",
            &subject(NoticeKind::NewDevice)
        ));
    }

    #[test]
    fn every_kind_has_words_of_its_own() {
        let subjects: BTreeSet<_> = NoticeKind::ALL.map(|kind| subject(kind).english).into();
        assert_eq!(subjects.len(), NoticeKind::ALL.len());
    }

    #[test]
    fn a_devices_name_cannot_add_a_header() {
        let mut letter = letter(NoticeKind::NewDevice);
        letter.detail.device_name = "x\r\nBcc: eve@evil.example".to_owned();
        let address = || "Vigie <vigie@example.org>".parse().unwrap();
        let sent = message(&letter, "camille", address(), address())
            .unwrap()
            .formatted();
        let sent = String::from_utf8(sent).unwrap();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("bcc"), "{head}");
    }
}
