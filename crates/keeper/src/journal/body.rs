//! The form in which a journal stands in its file.

use keeper_core::{AttemptId, EndReason, Fingerprint, Head, Intent, Journal, SetAside};
use serde::{Deserialize, Serialize};

use crate::slot::hex;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct JournalBody {
    #[serde(default)]
    head: Option<HeadBody>,
    intent: Option<IntentBody>,
    set_aside: Option<SetAsideBody>,
}

#[derive(Serialize, Deserialize)]
struct HeadBody {
    generation: u32,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct IntentBody {
    generation: u32,
    fingerprint: String,
    attempt: String,
}

#[derive(Serialize, Deserialize)]
struct SetAsideBody {
    fingerprint: String,
    reason: EndReason,
}

impl JournalBody {
    pub(super) fn of(journal: &Journal) -> Self {
        Self {
            head: journal.head.map(|head| HeadBody {
                generation: head.generation,
                fingerprint: hex(head.fingerprint.as_bytes()),
            }),
            intent: journal.intent.map(|intent| IntentBody {
                generation: intent.generation,
                fingerprint: hex(intent.fingerprint.as_bytes()),
                attempt: hex(intent.attempt.as_bytes()),
            }),
            set_aside: journal.set_aside.map(|aside| SetAsideBody {
                fingerprint: hex(aside.fingerprint.as_bytes()),
                reason: aside.reason,
            }),
        }
    }

    pub(super) fn into_journal(self) -> Option<Journal> {
        let head = match self.head {
            None => None,
            Some(body) => Some(Head {
                generation: body.generation,
                fingerprint: Fingerprint::from_bytes(sixteen(&body.fingerprint)?),
            }),
        };
        let intent = match self.intent {
            None => None,
            Some(body) => Some(Intent {
                generation: body.generation,
                fingerprint: Fingerprint::from_bytes(sixteen(&body.fingerprint)?),
                attempt: AttemptId::from_bytes(sixteen(&body.attempt)?),
            }),
        };
        let set_aside = match self.set_aside {
            None => None,
            Some(body) => Some(SetAside {
                fingerprint: Fingerprint::from_bytes(sixteen(&body.fingerprint)?),
                reason: body.reason,
            }),
        };
        Some(Journal {
            head,
            intent,
            set_aside,
        })
    }
}

fn sixteen(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
