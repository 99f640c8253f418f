//! The letter on impersonations that lasted for an hour: one table of them all, as text and as HTML.

use chrono_tz::Tz;
use html_escape::encode_text;
use lettre::Message;
use lettre::message::{Mailbox, MultiPart};
use protocol::alert::AlertLanguage;
use store::{LongImpersonation, Millis, Party};
use uuid::Uuid;

use crate::mail::wording::{AutoSubmitted, language_code, length, one_line, time};

/// The columns of the table.
const COLUMNS: usize = 9;

/// The place of the one that holds most.
const REASON: usize = 3;

/// A letter's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LongLetter {
    language: AlertLanguage,
    title: String,
    advice: &'static str,
    columns: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
    closing: &'static str,
}

impl LongLetter {
    /// On these, as they stand now.
    pub(super) fn on(long: &[LongImpersonation], language: AlertLanguage, zone: Tz, now: Millis) -> Self {
        let many = long.len();
        let (title, advice, columns, closing) = match language {
            AlertLanguage::French => (
                match many {
                    1 => "« Voir comme » : une session a dépassé une heure".to_owned(),
                    many => format!("« Voir comme » : {many} sessions ont dépassé une heure"),
                },
                "Quelqu’un travaille depuis longtemps au nom d’une autre personne. Si la raison ne le justifie plus, \
                 l’administration générale peut l’arrêter tout de suite.",
                [
                    "Administrateur",
                    "Au nom de",
                    "Organisation",
                    "Raison",
                    "Appareil",
                    "Adresse",
                    "Début",
                    "Durée",
                    "Fin",
                ],
                "Chaque session n’est signalée qu’une fois. Vous recevez ce message parce que vous suivez « Voir comme » \
                 sur ce serveur.",
            ),
            AlertLanguage::English => (
                match many {
                    1 => "“View as”: one session has passed an hour".to_owned(),
                    many => format!("“View as”: {many} sessions have passed an hour"),
                },
                "Somebody has worked as somebody else for long. Where the reason does not ask for it any more, a super admin \
                 can stop it at once.",
                [
                    "Administrator",
                    "As",
                    "Organisation",
                    "Reason",
                    "Device",
                    "Address",
                    "Began",
                    "Lasted",
                    "Ends",
                ],
                "Each session is reported once. You receive this letter because you look after “View as” on this server.",
            ),
        };
        let rows = long.iter().map(|one| row(one, language, zone, now)).collect();
        Self {
            language,
            title,
            advice,
            columns,
            rows,
            closing,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.title, self.advice);
        let colon = match self.language {
            AlertLanguage::French => " : ",
            AlertLanguage::English => ": ",
        };
        for row in &self.rows {
            text.push('\n');
            for (label, value) in self.columns.iter().zip(row) {
                text.push_str(&format!("{label}{colon}{value}\n"));
            }
        }
        text.push_str(&format!("\n-- \n{}\n", self.closing));
        text
    }

    fn html(&self) -> String {
        let title = encode_text(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body style=\"font-family: sans-serif; line-height: 1.5; color: #1a2326; background: #ffffff\">\n\
             <h1 style=\"font-size: 1.25em\">{title}</h1>\n<p>{}</p>\n\
             <table cellspacing=\"0\" cellpadding=\"6\" style=\"border-collapse: collapse\">\n<tr>",
            language_code(self.language),
            encode_text(self.advice)
        );
        for column in self.columns {
            html.push_str(&format!(
                "<th scope=\"col\" style=\"text-align: left; border-bottom: 2px solid #1f6f6b\">{column}</th>"
            ));
        }
        html.push_str("</tr>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (number, value) in row.iter().enumerate() {
                let width = if number == REASON { "; min-width: 14em" } else { "" };
                html.push_str(&format!(
                    "<td style=\"vertical-align: top; border-bottom: 1px solid #c9d3d3{width}\">{}</td>",
                    encode_text(value)
                ));
            }
            html.push_str("</tr>\n");
        }
        html.push_str(&format!(
            "</table>\n<p style=\"font-size: 0.85em\">{}</p>\n</body>\n</html>\n",
            encode_text(self.closing)
        ));
        html
    }

    /// The letter, ready to be sent; one that is sent twice has the same `id` twice.
    ///
    /// # Errors
    /// Where the library cannot put it together.
    pub(super) fn message(
        &self,
        from: Mailbox,
        to: Mailbox,
        id: Uuid,
    ) -> Result<Message, lettre::error::Error> {
        let place = from.email.domain().to_owned();
        Message::builder()
            .from(from)
            .to(to)
            .subject(format!("Vigie — {}", self.title))
            .message_id(Some(format!("<{id}@{place}>")))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(self.text(), self.html()))
    }
}

fn row(one: &LongImpersonation, language: AlertLanguage, zone: Tz, now: Millis) -> [String; COLUMNS] {
    let it = &one.impersonation;
    let at = |at| time(at, zone, language);
    let (until, end) = match (one.ended_at(now), language) {
        (None, _) => (now, at(it.expires_at)),
        (Some(ended), AlertLanguage::French) => (ended, format!("terminé le {}", at(ended))),
        (Some(ended), AlertLanguage::English) => (ended, format!("over since {}", at(ended))),
    };
    [
        name(&it.impersonator),
        name(&it.user),
        one_line(&it.organization_name),
        one_line(&it.reason),
        one_line(&it.device_name),
        one_line(&it.origin.ip_address),
        at(it.started_at),
        length(until.saturating_sub(it.started_at)),
        end,
    ]
}

fn name(party: &Party) -> String {
    one_line(&format!("{} ({})", party.display_name, party.username))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use protocol::alert::AlertLanguage;
    use store::{LiveImpersonation, LongImpersonation, Origin, Party};
    use strum::IntoEnumIterator as _;
    use uuid::Uuid;

    use super::LongLetter;

    const BEGAN: i64 = 1_795_250_000_000;
    const HOUR: i64 = 60 * 60 * 1_000;

    fn long(reason: &str, revoked_at: Option<i64>) -> LongImpersonation {
        let party = |number, name: &str| Party {
            user_id: Uuid::from_u128(number),
            username: name.to_lowercase(),
            display_name: name.to_owned(),
        };
        LongImpersonation {
            impersonation: LiveImpersonation {
                session_id: Uuid::from_u128(3),
                impersonator: party(1, "Alix"),
                user: party(2, "Camille"),
                organization_id: Uuid::from_u128(4),
                organization_name: "Maison du port".to_owned(),
                reason: reason.to_owned(),
                device_name: "Bureau".to_owned(),
                origin: Origin {
                    ip_address: "192.0.2.7".to_owned(),
                    user_agent: String::new(),
                },
                started_at: BEGAN,
                expires_at: BEGAN + 2 * HOUR,
            },
            revoked_at,
        }
    }

    fn letter(language: AlertLanguage, long: &[LongImpersonation]) -> LongLetter {
        LongLetter::on(long, language, Tz::Europe__Paris, BEGAN + HOUR + 6 * 60_000)
    }

    #[test]
    fn a_letter_reads_well_in_both_languages() {
        let mut all = String::new();
        for language in AlertLanguage::iter() {
            let one = [long("une vente qui ne part pas", None)];
            let two = [
                one[0].clone(),
                long("a till that stands still", Some(BEGAN + HOUR + 60_000)),
            ];
            for these in [&one[..], &two[..]] {
                all.push_str(&letter(language, these).text());
                all.push('\n');
            }
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn what_somebody_wrote_adds_no_header_and_no_markup() {
        let nasty = "x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script> & é";
        let mut one = long(nasty, None);
        one.impersonation.device_name = nasty.to_owned();
        one.impersonation.organization_name = nasty.to_owned();
        one.impersonation.user.display_name = nasty.to_owned();
        let letter = letter(AlertLanguage::French, &[one]);
        let mailbox = |text: &str| text.parse().unwrap();
        let message = letter
            .message(
                mailbox("Vigie <vigie@example.org>"),
                mailbox("a@example.org"),
                Uuid::from_u128(7),
            )
            .unwrap();
        let sent = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("bcc"), "{head}");
        let html = letter.html();
        assert!(
            !html.contains("<script") && html.contains("&lt;script&gt;alert(1)"),
            "{html}"
        );
        assert!(!letter.text().contains('\r'), "{}", letter.text());
    }
}
