//! What the operator sees at one moment, read in one look.

use crate::{StageError, Window};
use serde::Deserialize;

/// The frame, the banner and the ticket, as they stand in the page. Nothing is read that is not shown or announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Screen {
    /// The screens that are shown, by name: `signin`, `till`, `tickets` …
    pub screens: Vec<String>,
    /// The banner's state, `hidden` when there is nothing to say.
    pub banner: Option<String>,
    /// The banner's severity.
    pub severity: Option<String>,
    /// The banner's sentence.
    pub banner_text: Option<String>,
    /// The part of it that moves with the time.
    pub countdown: Option<String>,
    /// What the last press on the banner came to.
    pub feedback: Option<String>,
    /// The state of the connection's mark.
    pub pill: Option<String>,
    /// How many sales wait, as shown.
    pub waiting: Option<String>,
    /// The ticket's sum.
    pub total: Option<String>,
    /// The ticket's note.
    pub note: Option<String>,
    /// The ticket's lines, each as its text.
    pub lines: Vec<String>,
    /// Whether the dialog for signing in again is open.
    pub signing_in_again: bool,
    /// The element that has the focus, by its `data-testid`.
    pub focus: Option<String>,
}

impl Screen {
    /// What makes up the ticket: its lines, its sum, its note.
    pub fn ticket(&self) -> (&[String], Option<&str>, Option<&str>) {
        (&self.lines, self.total.as_deref(), self.note.as_deref())
    }

    /// Whether the till is in front of a signed-in operator, without any banner.
    pub fn is_untroubled_till(&self) -> bool {
        self.screens == ["till"] && self.banner.as_deref() == Some("hidden") && !self.signing_in_again
    }
}

const LOOK: &str = r#"
    const find = (id) => document.querySelector(`[data-testid="${id}"]`);
    const text = (id) => find(id)?.innerText?.trim().replace(/\s+/g, ' ') ?? null;
    return {
        screens: [...document.querySelectorAll('[data-testid^="screen-"]')].map((e) => e.dataset.testid.slice(7)),
        banner: find('banner')?.dataset.state ?? null,
        severity: find('banner')?.dataset.severity ?? null,
        banner_text: text('banner-text'),
        countdown: text('banner-countdown'),
        feedback: text('banner-feedback'),
        pill: find('pill')?.dataset.state ?? null,
        waiting: text('waiting-count'),
        total: text('total'),
        note: find('note')?.value ?? null,
        lines: [...document.querySelectorAll('[data-testid="lines"] button')].map((e) => e.innerText.trim().replace(/\s+/g, ' ')),
        signing_in_again: find('relogin-dialog') !== null,
        focus: document.activeElement?.dataset?.testid ?? null,
    };
"#;

impl Window {
    /// Reads the screen.
    pub async fn screen(&self) -> Result<Screen, StageError> {
        let seen = self.script(LOOK).await?;
        serde_json::from_value(seen).map_err(|error| StageError::Unexpected {
            program: "the page",
            answer: error.to_string(),
        })
    }
}
