//! What a month's report says, in French and in English.

use chrono_tz::Tz;
use protocol::alert::AlertLanguage;

use super::figures::{Coverage, Ending, Figures};
use super::month::Month;
use crate::mail::wording::{length, time};

/// The fixed words of a report.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) language: AlertLanguage,
    /// What all of this is called on screen.
    pub(super) feature: &'static str,
    pub(super) none: &'static str,
    pub(super) count: &'static str,
    pub(super) total: &'static str,
    pub(super) median: &'static str,
    pub(super) longest: &'static str,
    pub(super) over_an_hour: &'static str,
    pub(super) endings: &'static str,
    pub(super) administrators: &'static str,
    pub(super) organizations: &'static str,
    pub(super) by_day: &'static str,
    pub(super) by_hour: &'static str,
    pub(super) ending: &'static str,
    pub(super) administrator: &'static str,
    pub(super) organization: &'static str,
    pub(super) times: &'static str,
    pub(super) lasted: &'static str,
    pub(super) day: &'static str,
    pub(super) hour: &'static str,
    pub(super) source: &'static str,
    pub(super) closing: &'static str,
    pub(super) page: &'static str,
}

const FRENCH: Words = Words {
    language: AlertLanguage::French,
    feature: "Voir comme",
    none: "Personne n’a travaillé au nom de quelqu’un d’autre pendant ce mois.",
    count: "Nombre",
    total: "Durée en tout",
    median: "Durée médiane",
    longest: "La plus longue",
    over_an_hour: "Une heure et plus",
    endings: "Comment elles ont fini",
    administrators: "Les administrateurs qui en ont fait le plus",
    organizations: "Par organisation",
    by_day: "Par jour du mois",
    by_hour: "Par heure de la journée",
    ending: "Fin",
    administrator: "Administrateur",
    organization: "Organisation",
    times: "Nombre",
    lasted: "Durée",
    day: "Jour",
    hour: "Heure",
    source: "Ces chiffres viennent du journal d’audit. Une session compte au moment où elle commence.",
    closing: "Vous recevez ce rapport le premier de chaque mois parce que vous suivez « Voir comme » sur ce serveur.",
    page: "Page",
};

const ENGLISH: Words = Words {
    language: AlertLanguage::English,
    feature: "View as",
    none: "Nobody worked as somebody else in this month.",
    count: "Number",
    total: "Total time",
    median: "Median time",
    longest: "The longest",
    over_an_hour: "An hour and more",
    endings: "How they ended",
    administrators: "The administrators with most of them",
    organizations: "By organisation",
    by_day: "By day of the month",
    by_hour: "By hour of the day",
    ending: "End",
    administrator: "Administrator",
    organization: "Organisation",
    times: "Number",
    lasted: "Time",
    day: "Day",
    hour: "Hour",
    source: "These figures come from the audit log. A session counts at the moment it begins.",
    closing: "You receive this report on the first of each month because you look after “View as” on this server.",
    page: "Page",
};

const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The words of a language.
pub(super) const fn words(language: AlertLanguage) -> &'static Words {
    match language {
        AlertLanguage::French => &FRENCH,
        AlertLanguage::English => &ENGLISH,
    }
}

impl Words {
    /// The month, as in `octobre 2026`.
    pub(super) fn month(&self, month: Month) -> String {
        let names = match self.language {
            AlertLanguage::French => FRENCH_MONTHS,
            AlertLanguage::English => ENGLISH_MONTHS,
        };
        let at = usize::try_from(month.number().saturating_sub(1)).unwrap_or(0);
        format!("{} {}", names.get(at).copied().unwrap_or_default(), month.year())
    }

    /// The report's title.
    pub(super) fn title(&self, month: Month) -> String {
        match self.language {
            AlertLanguage::French => format!("« {} » en {}", self.feature, self.month(month)),
            AlertLanguage::English => format!("“{}” in {}", self.feature, self.month(month)),
        }
    }

    /// What is told in one sentence.
    pub(super) fn sentence(&self, figures: &Figures) -> String {
        let (count, total) = (figures.count, length(figures.total_ms));
        match (self.language, count) {
            (_, 0) => self.none.to_owned(),
            (AlertLanguage::French, 1) => format!("« {} » a servi une fois, {total}.", self.feature),
            (AlertLanguage::French, _) => {
                format!("« {} » a servi {count} fois, {total} en tout.", self.feature)
            }
            (AlertLanguage::English, 1) => format!("“{}” was used once, {total}.", self.feature),
            (AlertLanguage::English, _) => {
                format!("“{}” was used {count} times, {total} in all.", self.feature)
            }
        }
    }

    /// What is missing, where something is.
    pub(super) fn coverage(&self, coverage: Coverage, zone: Tz) -> Option<String> {
        let at = |at| time(at, zone, self.language);
        Some(match (coverage, self.language) {
            (Coverage::Whole, _) => return None,
            (Coverage::From(from), AlertLanguage::French) => format!(
                "Incomplet : les lignes du journal d’avant le {} ont été effacées après leur délai de conservation. \
                 Ce qui a commencé avant n’est pas compté.",
                at(from)
            ),
            (Coverage::From(from), AlertLanguage::English) => format!(
                "Incomplete: rows of the log from before {} were deleted when their time was over. What began before is \
                 not counted.",
                at(from)
            ),
            (Coverage::Until(until), AlertLanguage::French) => {
                format!("Le mois n’est pas fini : chiffres jusqu’au {}.", at(until))
            }
            (Coverage::Until(until), AlertLanguage::English) => {
                format!("The month is not over: figures until {}.", at(until))
            }
        })
    }

    /// What stands between a label and its value.
    pub(super) const fn colon(&self) -> &'static str {
        match self.language {
            AlertLanguage::French => " : ",
            AlertLanguage::English => ": ",
        }
    }

    /// How one ended.
    pub(super) const fn ended(&self, ending: Ending) -> &'static str {
        match (ending, self.language) {
            (Ending::Stopped, AlertLanguage::French) => "Arrêtée par l’administrateur lui-même",
            (Ending::Stopped, AlertLanguage::English) => "Stopped by the administrator in person",
            (Ending::Expired, AlertLanguage::French) => "Arrivée à son terme",
            (Ending::Expired, AlertLanguage::English) => "Ran out",
            (Ending::WithASession, AlertLanguage::French) => "Finie avec une session",
            (Ending::WithASession, AlertLanguage::English) => "Ended with a session",
            (Ending::Forced, AlertLanguage::French) => "Arrêtée par quelqu’un d’autre",
            (Ending::Forced, AlertLanguage::English) => "Stopped by somebody else",
            (Ending::Lasting, AlertLanguage::French) => "Encore en cours",
            (Ending::Lasting, AlertLanguage::English) => "Still on",
            (Ending::Unknown, AlertLanguage::French) => "Fin inconnue",
            (Ending::Unknown, AlertLanguage::English) => "End not known",
        }
    }
}
