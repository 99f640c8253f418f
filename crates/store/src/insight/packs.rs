//! Packs of single events: those of one organisation and one minute out of one batch, as one row. A row for each event
//! would cost a server under load about a tenth of its refreshes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use protocol::auth::DeviceKind;
use serde::Serialize;
use uuid::Uuid;
use uuid::fmt::Simple;

use super::{Keeping, MINUTE_MS, SessionEvent};
use crate::{Millis, StoreError};

/// Single events that are kept together. Both engines have a view `session_events` that shows each as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPack {
    /// The organisation, if known.
    pub organization_id: Option<Uuid>,
    /// The minute in which they happened, since 1970.
    pub minute: i64,
    /// How many they are, from 1.
    pub events: u32,
    /// A JSON array with an array for each event: the moment, kind, outcome, reason, user, site and session (32 hexadecimal
    /// digits each), address, network, the device's name and kind, the kind of program, latency in microseconds, duration in
    /// seconds; `null` for what is not known.
    pub body: String,
}

/// One event in the body of a pack; a tuple is an array in JSON.
#[derive(Serialize)]
struct Packed<'a>(
    Millis,
    &'static str,
    &'static str,
    &'static str,
    Option<Simple>,
    Option<Simple>,
    Option<Simple>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<DeviceKind>,
    &'static str,
    Option<u32>,
    Option<u32>,
);

impl<'a> From<&'a SessionEvent> for Packed<'a> {
    fn from(event: &'a SessionEvent) -> Self {
        Self(
            event.at,
            event.kind.as_str(),
            event.outcome.as_str(),
            event.reason,
            event.user_id.map(Uuid::simple),
            event.site_id.map(Uuid::simple),
            event.session_id.map(Uuid::simple),
            text(&event.ip_address),
            text(&event.network),
            text(&event.device_name),
            event.device_kind,
            event.client_kind.as_str(),
            event.latency_us,
            event.duration_seconds,
        )
    }
}

/// The events that are kept by themselves, packed.
///
/// # Errors
/// [`StoreError::Failed`] where one cannot be written as JSON.
pub fn packs(events: &[SessionEvent]) -> Result<Vec<EventPack>, StoreError> {
    let mut together: BTreeMap<(Option<Uuid>, i64), Vec<Packed<'_>>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.keeping == Keeping::Row) {
        let place = (event.organization_id, event.at.div_euclid(MINUTE_MS));
        together.entry(place).or_default().push(event.into());
    }
    together
        .into_iter()
        .map(|((organization_id, minute), events)| {
            Ok(EventPack {
                organization_id,
                minute,
                events: u32::try_from(events.len()).unwrap_or(u32::MAX),
                body: serde_json::to_string(&events)
                    .map_err(|error| StoreError::Failed(error.to_string()))?,
            })
        })
        .collect()
}

/// As every engine can read it back: PostgreSQL makes no text of U+0000.
fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use protocol::auth::DeviceKind;
    use uuid::Uuid;

    use super::{EventPack, packs};
    use crate::insight::{ClientKind, EventKind, EventOutcome, Keeping, SessionEvent};

    fn event(organization: u128, at: i64) -> SessionEvent {
        SessionEvent {
            at,
            kind: EventKind::Refresh,
            outcome: EventOutcome::Failure,
            reason: "session_idle",
            user_id: Some(Uuid::from_u128(1)),
            organization_id: Some(Uuid::from_u128(organization)),
            site_id: None,
            session_id: None,
            ip_address: "192.0.2.7".to_owned(),
            network: "192.0.2.0/24".to_owned(),
            device_name: "Caisse \"1\"\0".to_owned(),
            device_kind: Some(DeviceKind::Till),
            client_kind: ClientKind::App,
            latency_us: Some(1_500),
            duration_seconds: None,
            keeping: Keeping::Row,
        }
    }

    #[test]
    fn a_pack_holds_all_of_each_of_its_events() {
        let body = format!(
            r#"[[60001,"refresh","failure","session_idle","{:032x}",null,null,"192.0.2.7","192.0.2.0/24","Caisse \"1\"�","till","app",1500,null]]"#,
            1
        );
        assert_eq!(
            packs(&[event(2, 60_001)]).unwrap(),
            [EventPack {
                organization_id: Some(Uuid::from_u128(2)),
                minute: 1,
                events: 1,
                body
            }]
        );
    }

    #[test]
    fn there_is_one_for_each_organisation_and_minute_and_none_of_what_only_counts() {
        let events = [
            event(2, 60_000),
            event(3, 60_001),
            event(2, 119_999),
            event(2, 120_000),
            SessionEvent {
                keeping: Keeping::SumsAlone,
                ..event(4, 0)
            },
        ];
        let found: Vec<_> = packs(&events)
            .unwrap()
            .into_iter()
            .map(|pack| (pack.organization_id.unwrap().as_u128(), pack.minute, pack.events))
            .collect();
        assert_eq!(found, [(2, 1, 2), (2, 2, 1), (3, 1, 1)]);
    }
}
