//! What a letter on an alert says, as text and as HTML, in French or in English.

use chrono_tz::Tz;
use lettre::Message;
use lettre::message::{Mailbox, MultiPart};
use protocol::alert::{AlertKind, AlertLanguage};
use store::{AlertRow, Occasion};
use uuid::Uuid;

use crate::mail::wording::{AutoSubmitted, language_code, one_line, time};

/// What a letter is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) organization: &'a str,
    pub(super) alert: &'a AlertRow,
    pub(super) occasion: Occasion,
    pub(super) language: AlertLanguage,
    /// The zone of its times.
    pub(super) zone: Tz,
}

/// A letter's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    subject: String,
    title: String,
    sentences: Vec<String>,
    rows: Vec<(&'static str, String)>,
    closing: &'static str,
    language: AlertLanguage,
}

/// The words on an alert.
pub(super) fn on(about: About<'_>) -> Written {
    let alert = about.alert;
    let english = about.language == AlertLanguage::English;
    let pick = |french: &'static str, english_words: &'static str| {
        if english { english_words } else { french }
    };
    let title = title(alert.kind, english);
    let state = match about.occasion {
        Occasion::Began => pick("Alerte", "Alert"),
        Occasion::Lasts => pick("Alerte toujours en cours", "Alert still on"),
        Occasion::Ended => pick("Fin d’alerte", "Alert over"),
    };
    let subject = alert.subject.as_deref().map(one_line);
    let about_whom = subject
        .as_ref()
        .map_or_else(String::new, |subject| format!(" ({subject})"));
    let colon = pick(" : ", ": ");
    let mut rows = vec![(pick("Organisation", "Organisation"), one_line(about.organization))];
    if let Some(subject) = subject {
        let label = match alert.kind {
            AlertKind::LoginFailuresOfAccount => pick("Compte", "Account"),
            AlertKind::LoginFailuresOfNetwork => pick("Réseau", "Network"),
            AlertKind::RefreshFailures | AlertKind::NoRefresh => pick("Objet", "Subject"),
        };
        rows.push((label, subject));
    }
    rows.push((pick("Au plus fort", "At its worst"), counted(alert, english)));
    rows.push((
        pick("Début", "Began"),
        time(alert.began_at, about.zone, about.language),
    ));
    if let Some(ended_at) = alert.ended_at {
        rows.push((pick("Fin", "Ended"), time(ended_at, about.zone, about.language)));
    }
    let sentences = match about.occasion {
        Occasion::Began | Occasion::Lasts => meaning(alert.kind, english),
        Occasion::Ended => over(alert.kind, english),
    };
    Written {
        subject: format!("Vigie — {state}{colon}{title}{about_whom}"),
        title: format!("{state}{colon}{title}"),
        sentences: sentences.iter().map(|sentence| (*sentence).to_owned()).collect(),
        rows,
        closing: pick(
            "Vous recevez ce message parce que votre adresse figure dans les réglages de surveillance de Vigie.",
            "You receive this letter because your address is in the monitoring settings of Vigie.",
        ),
        language: about.language,
    }
}

/// The words of a letter that only tries the way.
pub(super) fn trial(organization: &str, language: AlertLanguage) -> Written {
    let (title, sentence, label, closing) = match language {
        AlertLanguage::French => (
            "Essai des alertes",
            "Ce message est un essai : les alertes de Vigie arrivent bien à cette adresse.",
            "Organisation",
            "Il n’y a rien à faire.",
        ),
        AlertLanguage::English => (
            "Alerts tried out",
            "This letter is a try: alerts of Vigie do arrive at this address.",
            "Organisation",
            "There is nothing to do.",
        ),
    };
    Written {
        subject: format!("Vigie — {title}"),
        title: title.to_owned(),
        sentences: vec![sentence.to_owned()],
        rows: vec![(label, one_line(organization))],
        closing,
        language,
    }
}

const fn title(kind: AlertKind, english: bool) -> &'static str {
    match (kind, english) {
        (AlertKind::RefreshFailures, false) => "des sessions ne se prolongent plus",
        (AlertKind::RefreshFailures, true) => "sessions fail to be renewed",
        (AlertKind::LoginFailuresOfAccount, false) => "connexions refusées pour un compte",
        (AlertKind::LoginFailuresOfAccount, true) => "sign-ins denied for one account",
        (AlertKind::LoginFailuresOfNetwork, false) => "connexions refusées depuis un réseau",
        (AlertKind::LoginFailuresOfNetwork, true) => "sign-ins denied from one network",
        (AlertKind::NoRefresh, false) => "aucune session ne se prolonge pendant l’ouverture",
        (AlertKind::NoRefresh, true) => "no session is renewed during opening hours",
    }
}

const fn meaning(kind: AlertKind, english: bool) -> [&'static str; 2] {
    match (kind, english) {
        (AlertKind::RefreshFailures, false) => [
            "Trop de prolongations de session échouent : des caisses peuvent demander une nouvelle connexion. Le travail en cours y reste conservé.",
            "Ouvrez « Sessions » : les motifs et les sites les plus touchés y sont en tête.",
        ],
        (AlertKind::RefreshFailures, true) => [
            "Too many session refreshes fail: tills may ask to sign in again. Work in progress is kept there.",
            "Open “Sessions”: the reasons and the sites most affected come first there.",
        ],
        (AlertKind::LoginFailuresOfAccount, false) => [
            "Quelqu’un essaie beaucoup de mots de passe pour ce compte, ou son titulaire a oublié le sien.",
            "Demandez à la personne. Si ce n’est pas elle, changez son mot de passe et fermez ses sessions.",
        ],
        (AlertKind::LoginFailuresOfAccount, true) => [
            "Somebody tries many passwords for this account, or its owner has forgotten it.",
            "Ask the person. If it was not them, change their password and close their sessions.",
        ],
        (AlertKind::LoginFailuresOfNetwork, false) => [
            "Beaucoup de connexions sont refusées depuis ce réseau : quelqu’un y essaie peut-être des mots de passe.",
            "Si ce réseau n’est pas à vous, faites-le bloquer devant le serveur.",
        ],
        (AlertKind::LoginFailuresOfNetwork, true) => [
            "Many sign-ins are denied from this network: somebody may be trying passwords there.",
            "If this network is not yours, have it blocked in front of the server.",
        ],
        (AlertKind::NoRefresh, false) => [
            "La boutique est ouverte, et aucune caisse ne s’est manifestée depuis trop longtemps.",
            "Vérifiez la connexion du site : les caisses continuent de vendre hors ligne, leurs ventes attendent d’être envoyées.",
        ],
        (AlertKind::NoRefresh, true) => [
            "The shop is open, and no till was heard of for too long.",
            "Check the site’s connection: tills go on selling offline, and their sales wait to be sent.",
        ],
    }
}

const fn over(kind: AlertKind, english: bool) -> [&'static str; 2] {
    match (kind, english) {
        (AlertKind::NoRefresh, false) => [
            "Des sessions se prolongent de nouveau, ou la boutique est fermée.",
            "Il n’y a plus rien à faire si les caisses répondent.",
        ],
        (AlertKind::NoRefresh, true) => [
            "Sessions are renewed again, or the shop is closed.",
            "There is nothing left to do if the tills answer.",
        ],
        (
            AlertKind::RefreshFailures
            | AlertKind::LoginFailuresOfAccount
            | AlertKind::LoginFailuresOfNetwork,
            false,
        ) => [
            "La limite n’est plus dépassée depuis cinq minutes.",
            "La cause reste visible dans « Sessions ».",
        ],
        (
            AlertKind::RefreshFailures
            | AlertKind::LoginFailuresOfAccount
            | AlertKind::LoginFailuresOfNetwork,
            true,
        ) => [
            "For five minutes the limit has not been exceeded.",
            "What caused it can still be seen in “Sessions”.",
        ],
    }
}

fn counted(alert: &AlertRow, english: bool) -> String {
    let count = alert.worst_count;
    match (alert.kind, alert.worst_of, english) {
        (AlertKind::RefreshFailures, Some(of), false) => format!("{count} échecs sur {of} en 15 minutes"),
        (AlertKind::RefreshFailures, Some(of), true) => format!("{count} of {of} failed within 15 minutes"),
        (AlertKind::NoRefresh, _, false) => format!("{count} minutes sans prolongation"),
        (AlertKind::NoRefresh, _, true) => format!("{count} minutes without a refresh"),
        (_, _, false) => format!("{count} refus en 15 minutes"),
        (_, _, true) => format!("{count} denied within 15 minutes"),
    }
}

impl Written {
    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        for sentence in &self.sentences {
            text.push_str(sentence);
            text.push('\n');
        }
        text.push('\n');
        for (label, value) in &self.rows {
            let colon = match self.language {
                AlertLanguage::French => " : ",
                AlertLanguage::English => ": ",
            };
            text.push_str(&format!("{label}{colon}{value}\n"));
        }
        text.push_str(&format!("\n-- \n{}\n", self.closing));
        text
    }

    fn html(&self) -> String {
        let language = language_code(self.language);
        let title = html_escape::encode_text(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body style=\"font-family: sans-serif; line-height: 1.5\">\n<h1 style=\"font-size: 1.25em\">{title}</h1>\n"
        );
        for sentence in &self.sentences {
            html.push_str(&format!("<p>{}</p>\n", html_escape::encode_text(sentence)));
        }
        html.push_str("<table>\n");
        for (label, value) in &self.rows {
            html.push_str(&format!(
                "<tr><th scope=\"row\" style=\"text-align: left; padding-right: 1em\">{label}</th><td>{}</td></tr>\n",
                html_escape::encode_text(value)
            ));
        }
        html.push_str(&format!(
            "</table>\n<p style=\"font-size: 0.85em\">{}</p>\n</body>\n</html>\n",
            html_escape::encode_text(self.closing)
        ));
        html
    }

    /// The letter, ready to be sent. `thread` is the alert that it belongs to: letters on one alert answer each other, and
    /// one that is sent twice has the same `id` twice.
    ///
    /// # Errors
    /// Where the library cannot put it together.
    pub(super) fn message(
        &self,
        from: Mailbox,
        to: Mailbox,
        id: Uuid,
        thread: Option<Uuid>,
    ) -> Result<Message, lettre::error::Error> {
        let place = from.email.domain().to_owned();
        let mut builder = Message::builder()
            .from(from)
            .to(to)
            .subject(&self.subject)
            .message_id(Some(format!("<{id}@{place}>")))
            .header(AutoSubmitted);
        if let Some(thread) = thread {
            builder = builder.references(format!("<{thread}@{place}>"));
        }
        builder.multipart(MultiPart::alternative_plain_html(self.text(), self.html()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono_tz::Tz;
    use protocol::alert::{AlertKind, AlertLanguage, Telling};
    use store::{AlertRow, Occasion};
    use strum::IntoEnumIterator as _;
    use uuid::Uuid;

    use super::{About, Written, on, trial};

    fn alert(kind: AlertKind, subject: Option<&str>) -> AlertRow {
        AlertRow {
            id: Uuid::from_u128(1),
            organization_id: Uuid::from_u128(2),
            kind,
            subject_key: String::new(),
            subject: subject.map(str::to_owned),
            began_at: 1_795_250_000_000,
            stood_at: 1_795_250_000_000,
            ended_at: Some(1_795_253_600_000),
            worst_count: 12,
            worst_of: (kind == AlertKind::RefreshFailures).then_some(150),
            mail: Telling::Waiting,
            webhook: Telling::NotSetUp,
        }
    }

    fn written(alert: &AlertRow, occasion: Occasion, language: AlertLanguage, organization: &str) -> Written {
        on(About {
            organization,
            alert,
            occasion,
            language,
            zone: Tz::Europe__Paris,
        })
    }

    #[test]
    fn every_letter_reads_well() {
        let mut all = String::new();
        for language in AlertLanguage::iter() {
            for kind in AlertKind::iter() {
                let subject = match kind {
                    AlertKind::LoginFailuresOfAccount => Some("camille"),
                    AlertKind::LoginFailuresOfNetwork => Some("192.0.2.0/24"),
                    AlertKind::RefreshFailures | AlertKind::NoRefresh => None,
                };
                for occasion in [Occasion::Began, Occasion::Ended] {
                    let mut alert = alert(kind, subject);
                    if occasion == Occasion::Began {
                        alert.ended_at = None;
                    }
                    let written = written(&alert, occasion, language, "Maison du port");
                    all.push_str(&format!("### {}\n{}\n", written.subject, written.text()));
                }
            }
            let trial = trial("Maison du port", language);
            all.push_str(&format!("### {}\n{}\n", trial.subject, trial.text()));
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn what_is_the_matter_has_words_of_its_own_in_each_language_and_at_each_occasion() {
        let mut subjects = BTreeSet::new();
        for language in AlertLanguage::iter() {
            for kind in AlertKind::iter() {
                for occasion in Occasion::ALL {
                    subjects.insert(written(&alert(kind, None), occasion, language, "M").subject);
                }
            }
        }
        assert_eq!(
            subjects.len(),
            2 * AlertKind::iter().count() * Occasion::ALL.len()
        );
    }

    #[test]
    fn names_add_no_header_and_no_markup() {
        let nasty = "x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script> & \u{202e}é";
        let alert = alert(AlertKind::LoginFailuresOfAccount, Some(nasty));
        let written = written(&alert, Occasion::Began, AlertLanguage::French, nasty);
        let mailbox = |text: &str| text.parse().unwrap();
        let message = written
            .message(
                mailbox("Vigie <vigie@example.org>"),
                mailbox("a@example.org"),
                Uuid::from_u128(7),
                Some(alert.id),
            )
            .unwrap();
        let sent = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head
            .lines()
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name.to_lowercase())
            .collect();
        assert!(!names.contains(&"bcc".to_owned()), "{head}");
        for name in [
            "message-id",
            "references",
            "auto-submitted",
            "subject",
            "mime-version",
        ] {
            assert_eq!(
                names.iter().filter(|one| *one == name).count(),
                1,
                "{name}: {head}"
            );
        }
        assert_eq!(message.envelope().to().len(), 1);
        let html = written.html();
        assert!(
            !html.contains("<script") && html.contains("&lt;script&gt;alert(1)"),
            "{html}"
        );
        assert!(!written.text().contains("\r"), "{}", written.text());
    }
}
