//! The words of notifications and of the tray; everything else is said on the screen.

use keeper_core::{Banner, EndReason, EndWarning, ImpersonationEnd, Notice, Trouble};

use protocol::notice::NoticeKind;

use crate::surfaces::ImpersonationNotice;
use crate::view::{Language, Phase, SecurityNotice, SessionView};

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeWords {
    /// What happened.
    pub title: &'static str,
    /// What is safe, what to do.
    pub body: String,
    /// What a click does.
    pub open: &'static str,
}

/// The words of a notice.
pub fn notice_words(notice: Notice, language: Language) -> NoticeWords {
    let (title, body) = match language {
        Language::Fr => french(notice),
        Language::En => english(notice),
    };
    NoticeWords {
        title,
        body,
        open: open(language),
    }
}

/// The words of what happened to the operator's account. The screen says the rest.
pub fn security_words(notice: &SecurityNotice, language: Language) -> NoticeWords {
    let known = notice.device_name.as_deref().or(notice.application.as_deref());
    let (title, body) = match language {
        Language::Fr => (
            "Sécurité de votre compte",
            french_security(notice.kind, known.unwrap_or("appareil inconnu")),
        ),
        Language::En => (
            "Your account's security",
            english_security(notice.kind, known.unwrap_or("unknown device")),
        ),
    };
    NoticeWords {
        title,
        body,
        open: open(language),
    }
}

/// The words of how it stands with acting as this user.
pub fn impersonation_words(notice: ImpersonationNotice, user_name: &str, language: Language) -> NoticeWords {
    let (title, body) = match (language, notice) {
        (Language::Fr, ImpersonationNotice::EndNear { warning }) => (
            match warning {
                EndWarning::FifteenMinutes => "« Voir comme » se termine dans 15 minutes",
                EndWarning::TwoMinutes => "« Voir comme » se termine dans 2 minutes",
            },
            format!("Vous agissez en tant que {user_name}. Ensuite, vous redevenez vous-même."),
        ),
        (Language::En, ImpersonationNotice::EndNear { warning }) => (
            match warning {
                EndWarning::FifteenMinutes => "“View as” ends in 15 minutes",
                EndWarning::TwoMinutes => "“View as” ends in 2 minutes",
            },
            format!("You act as {user_name}. Afterwards you are yourself again."),
        ),
        (Language::Fr, ImpersonationNotice::Over { how }) => (
            "« Voir comme » est terminé",
            format!("Vous n'agissez plus en tant que {user_name}. {}", french_end(how)),
        ),
        (Language::En, ImpersonationNotice::Over { how }) => (
            "“View as” is over",
            format!("You no longer act as {user_name}. {}", english_end(how)),
        ),
    };
    NoticeWords {
        title,
        body,
        open: open(language),
    }
}

const fn french_end(how: ImpersonationEnd) -> &'static str {
    match how {
        ImpersonationEnd::Stopped => "Vous y avez mis fin.",
        ImpersonationEnd::Forced => "Quelqu'un d'autre de l'administration générale y a mis fin.",
        ImpersonationEnd::Expired => "Le temps prévu est écoulé.",
        ImpersonationEnd::Ended => "Une session ou un compte dont cela dépendait s'est terminé.",
    }
}

const fn english_end(how: ImpersonationEnd) -> &'static str {
    match how {
        ImpersonationEnd::Stopped => "You stopped it.",
        ImpersonationEnd::Forced => "Another general administrator stopped it.",
        ImpersonationEnd::Expired => "Its time was over.",
        ImpersonationEnd::Ended => "A session or an account that it hung on has ended.",
    }
}

fn french_security(kind: NoticeKind, device: &str) -> String {
    match kind {
        NoticeKind::NewDevice => {
            format!("Première connexion depuis « {device} ». Si ce n'était pas vous, ouvrez Vigie.")
        }
        NoticeKind::NewNetwork => format!(
            "Première connexion depuis un nouveau réseau (« {device} »). Si ce n'était pas vous, ouvrez Vigie."
        ),
        NoticeKind::DeviceLimit => {
            format!("Trop d'appareils connectés : la session de « {device} » a été fermée.")
        }
        NoticeKind::PasswordChanged => format!(
            "Votre mot de passe a été changé depuis « {device} ». Si ce n'était pas vous, prévenez un responsable."
        ),
        NoticeKind::ProofRefused => format!(
            "Un autre appareil (« {device} ») a tenté d'utiliser votre session. Il a été refusé ; votre session tient bon."
        ),
        NoticeKind::Impersonated => {
            format!(
                "Un administrateur agit en votre nom depuis « {device} ». Chaque action est inscrite au journal."
            )
        }
        NoticeKind::ImpersonationStarted => {
            format!(
                "Un administrateur agit au nom de quelqu'un depuis « {device} ». Ouvrez Vigie pour voir qui et pourquoi."
            )
        }
    }
}

fn english_security(kind: NoticeKind, device: &str) -> String {
    match kind {
        NoticeKind::NewDevice => {
            format!("First sign-in from “{device}”. If it was not you, open Vigie.")
        }
        NoticeKind::NewNetwork => {
            format!("First sign-in from a new network (“{device}”). If it was not you, open Vigie.")
        }
        NoticeKind::DeviceLimit => {
            format!("Too many devices are signed in: the session of “{device}” was closed.")
        }
        NoticeKind::PasswordChanged => {
            format!("Your password was changed from “{device}”. If it was not you, tell a manager.")
        }
        NoticeKind::ProofRefused => format!(
            "Another device (“{device}”) tried to use your session. It was turned away; your session holds."
        ),
        NoticeKind::Impersonated => {
            format!("An administrator acts as you from “{device}”. Everything done is written in the log.")
        }
        NoticeKind::ImpersonationStarted => {
            format!("An administrator acts as somebody else from “{device}”. Open Vigie to see who and why.")
        }
    }
}

/// What opens the window.
pub const fn open(language: Language) -> &'static str {
    match language {
        Language::Fr => "Ouvrir Vigie",
        Language::En => "Open Vigie",
    }
}

/// What ends the app.
pub const fn quit(language: Language) -> &'static str {
    match language {
        Language::Fr => "Quitter",
        Language::En => "Quit",
    }
}

fn french(notice: Notice) -> (&'static str, String) {
    match notice {
        Notice::ConnectionLost { trouble } => (
            match trouble {
                Trouble::Offline => "Connexion perdue",
                Trouble::ServerDown
                | Trouble::NotTheServer
                | Trouble::Certificate
                | Trouble::RateLimited
                | Trouble::Malformed => "Le serveur ne répond pas correctement",
            },
            "Vous pouvez continuer : votre travail est enregistré sur cet appareil. Vigie réessaie toute seule."
                .to_owned(),
        ),
        Notice::ConnectionBack => ("Connexion rétablie", "Ce qui attendait part maintenant.".to_owned()),
        Notice::EndNear => (
            "Votre session va bientôt s'arrêter",
            "Ouvrez Vigie pour continuer. Votre travail est conservé.".to_owned(),
        ),
        Notice::SessionClosed { reason } => (
            "Votre session a été fermée",
            format!("{} Votre travail est conservé : reconnectez-vous pour continuer.", french_reason(reason)),
        ),
    }
}

fn english(notice: Notice) -> (&'static str, String) {
    match notice {
        Notice::ConnectionLost { trouble } => (
            match trouble {
                Trouble::Offline => "Connection lost",
                Trouble::ServerDown
                | Trouble::NotTheServer
                | Trouble::Certificate
                | Trouble::RateLimited
                | Trouble::Malformed => "The server does not answer as it should",
            },
            "You can go on: your work is saved on this device. Vigie tries again by itself.".to_owned(),
        ),
        Notice::ConnectionBack => (
            "Connection restored",
            "What was waiting is being sent.".to_owned(),
        ),
        Notice::EndNear => (
            "Your session is about to end",
            "Open Vigie to go on. Your work is kept.".to_owned(),
        ),
        Notice::SessionClosed { reason } => (
            "Your session was closed",
            format!(
                "{} Your work is kept: sign in again to go on.",
                english_reason(reason)
            ),
        ),
    }
}

const fn french_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Revoked => "Elle a été fermée depuis un autre appareil ou par un responsable.",
        EndReason::Disabled => "Le compte a été désactivé.",
        EndReason::Reused => "Elle a été utilisée ailleurs ; par sécurité, elle est fermée.",
        EndReason::Expired => "Elle a atteint sa durée maximale.",
        EndReason::Idle => "Elle s'est arrêtée faute d'activité.",
        EndReason::Invalid | EndReason::Outdated | EndReason::AnswerLost => {
            "Le serveur ne la reconnaît plus."
        }
        EndReason::SignedOut => "Vous vous êtes déconnecté.",
        EndReason::Displaced => "Vous avez ouvert une session sur un autre appareil, un de trop.",
        EndReason::PasswordChanged => "Le mot de passe a été changé.",
        EndReason::KeyLost => "La clé de cet appareil a disparu de son trousseau.",
    }
}

const fn english_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Revoked => "It was closed from another device or by a manager.",
        EndReason::Disabled => "The account was disabled.",
        EndReason::Reused => "It was used elsewhere; to be safe, it is closed.",
        EndReason::Expired => "It reached its full length.",
        EndReason::Idle => "It ended for lack of activity.",
        EndReason::Invalid | EndReason::Outdated | EndReason::AnswerLost => "The server no longer knows it.",
        EndReason::SignedOut => "You signed out.",
        EndReason::Displaced => "You signed in on another device, one too many.",
        EndReason::PasswordChanged => "The password was changed.",
        EndReason::KeyLost => "This device's key is gone from its keychain.",
    }
}

/// What the tray says of the session.
pub fn tooltip(session: &SessionView, language: Language) -> &'static str {
    let pick = |french, english| match language {
        Language::Fr => french,
        Language::En => english,
    };
    match session.banner {
        Banner::Offline => pick("Vigie : connexion perdue", "Vigie: connection lost"),
        Banner::ServerDown { .. } => pick(
            "Vigie : le serveur ne répond pas correctement",
            "Vigie: the server does not answer as it should",
        ),
        Banner::IdleEndNear | Banner::AbsoluteEndNear => pick(
            "Vigie : la session va bientôt s'arrêter",
            "Vigie: the session is about to end",
        ),
        Banner::Ended { .. } => pick("Vigie : session fermée", "Vigie: session closed"),
        Banner::KeychainUnavailable { .. } => {
            pick("Vigie : trousseau indisponible", "Vigie: keychain unavailable")
        }
        Banner::ClockSuspect { .. } => pick("Vigie : heure à vérifier", "Vigie: check the clock"),
        Banner::Misconfigured { .. } => pick("Vigie : configuration refusée", "Vigie: configuration refused"),
        Banner::Hidden | Banner::Refreshing => match session.phase {
            Phase::Starting => "Vigie",
            Phase::SignedIn => pick("Vigie : connecté", "Vigie: signed in"),
            Phase::SignedOut | Phase::Ended => pick("Vigie : déconnecté", "Vigie: signed out"),
        },
    }
}

#[cfg(test)]
mod tests {
    use keeper_core::{EndReason, Notice, Trouble};

    use protocol::notice::NoticeKind;
    use strum::IntoEnumIterator as _;

    use super::{notice_words, security_words};
    use crate::view::{Language, Millis, SecurityNotice};

    #[test]
    fn words_of_every_notice() {
        let reasons = [
            EndReason::Revoked,
            EndReason::Disabled,
            EndReason::Reused,
            EndReason::Expired,
            EndReason::Idle,
            EndReason::Invalid,
            EndReason::Outdated,
            EndReason::AnswerLost,
            EndReason::SignedOut,
            EndReason::Displaced,
            EndReason::PasswordChanged,
            EndReason::KeyLost,
        ];
        let notices = [
            Notice::ConnectionLost {
                trouble: Trouble::Offline,
            },
            Notice::ConnectionLost {
                trouble: Trouble::ServerDown,
            },
            Notice::ConnectionBack,
            Notice::EndNear,
        ]
        .into_iter()
        .chain(reasons.map(|reason| Notice::SessionClosed { reason }));
        let table: Vec<String> = notices
            .flat_map(|notice| {
                [Language::Fr, Language::En].map(|language| {
                    let words = notice_words(notice, language);
                    format!("{language:?} | {} | {} | {}", words.title, words.body, words.open)
                })
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn words_of_every_security_notice() {
        let notice = |kind, device_name: Option<&str>| SecurityNotice {
            id: "1".to_owned(),
            kind,
            at_ms: Millis::from_epoch_ms(0),
            device_name: device_name.map(str::to_owned),
            ip_address: None,
            application: None,
        };
        let table: Vec<String> = NoticeKind::iter()
            .map(|kind| notice(kind, Some("Caisse 2")))
            .chain([notice(NoticeKind::NewDevice, None)])
            .flat_map(|notice| {
                [Language::Fr, Language::En].map(|language| {
                    let words = security_words(&notice, language);
                    format!("{language:?} | {} | {} | {}", words.title, words.body, words.open)
                })
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }
}
