//! How and when a session ended that is over, as an event.

use protocol::auth::DeviceKind;
use protocol::insight::EndReason;
use uuid::Uuid;

use super::{ClientKind, EventKind, EventOutcome, Keeping, SessionEvent, network_of};
use crate::{Millis, RevokeReason};

/// What is read of a session whose end is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The organisation it worked in last.
    pub organization_id: Uuid,
    /// The site, if one.
    pub site_id: Option<Uuid>,
    /// What the device is.
    pub device_kind: DeviceKind,
    /// What it is called.
    pub device_name: String,
    /// Where it was last used from.
    pub ip_address: String,
    /// By which program.
    pub user_agent: String,
    /// When it began.
    pub created_at: Millis,
    /// The operator's last real input.
    pub last_input_at: Millis,
    /// Its absolute end.
    pub expires_at: Millis,
    /// Why and when it was ended.
    pub revoked: Option<(Millis, RevokeReason)>,
    /// How long a desk may be left alone, in milliseconds.
    pub idle_timeout_ms: Millis,
}

impl EndedSession {
    /// Its end as an event; `None` where it is not over at `now`.
    pub fn event(self, now: Millis) -> Option<SessionEvent> {
        let (at, reason) = self.end(now)?;
        let lasted_ms = at.saturating_sub(self.created_at).max(0);
        Some(SessionEvent {
            at,
            kind: EventKind::End,
            outcome: EventOutcome::Success,
            reason: reason.as_str(),
            user_id: Some(self.user_id),
            organization_id: Some(self.organization_id),
            site_id: self.site_id,
            session_id: Some(self.id),
            network: network_of(&self.ip_address),
            ip_address: self.ip_address,
            device_name: self.device_name,
            device_kind: Some(self.device_kind),
            client_kind: ClientKind::of(&self.user_agent),
            latency_us: None,
            duration_seconds: Some(u32::try_from(lasted_ms / 1_000).unwrap_or(u32::MAX)),
            keeping: Keeping::Row,
        })
    }

    /// The first thing that ended it.
    fn end(&self, now: Millis) -> Option<(Millis, EndReason)> {
        let idle = match self.device_kind {
            DeviceKind::Till => None,
            DeviceKind::Desk => Some(self.last_input_at.saturating_add(self.idle_timeout_ms)),
        };
        if let Some((at, reason)) = self.revoked {
            return end_reason(reason).map(|reason| (at, reason));
        }
        let ends = idle.map(|at| (at, EndReason::Idle));
        let ends = ends.into_iter().chain([(self.expires_at, EndReason::Expired)]);
        ends.filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at)
    }
}

/// The same reason in figures, which are about people's own sessions: impersonations do not count.
pub const fn end_reason(reason: RevokeReason) -> Option<EndReason> {
    Some(match reason {
        RevokeReason::SignedOut => EndReason::SignedOut,
        RevokeReason::ByOwner => EndReason::ByOwner,
        RevokeReason::ByAdministrator => EndReason::ByAdministrator,
        RevokeReason::AccountDisabled => EndReason::AccountDisabled,
        RevokeReason::RefreshReused => EndReason::RefreshReused,
        RevokeReason::DeviceLimit => EndReason::DeviceLimit,
        RevokeReason::PasswordChanged => EndReason::PasswordChanged,
        RevokeReason::MembershipEnded => EndReason::MembershipEnded,
        RevokeReason::ImpersonationStopped
        | RevokeReason::ImpersonationForced
        | RevokeReason::ImpersonatorEnded => return None,
    })
}

#[cfg(test)]
mod tests {
    use protocol::auth::DeviceKind;
    use uuid::Uuid;

    use super::EndedSession;
    use crate::RevokeReason;

    fn session(device_kind: DeviceKind) -> EndedSession {
        EndedSession {
            id: Uuid::nil(),
            user_id: Uuid::nil(),
            organization_id: Uuid::nil(),
            site_id: None,
            device_kind,
            device_name: "Counter".to_owned(),
            ip_address: "192.0.2.9".to_owned(),
            user_agent: "vigie/1".to_owned(),
            created_at: 1_000,
            last_input_at: 20_000,
            expires_at: 100_000,
            revoked: None,
            idle_timeout_ms: 30_000,
        }
    }

    fn end(session: EndedSession, now: i64) -> Option<(i64, &'static str, Option<u32>)> {
        session
            .event(now)
            .map(|event| (event.at, event.reason, event.duration_seconds))
    }

    #[test]
    fn what_came_first_ended_it() {
        let till = session(DeviceKind::Till);
        let desk = session(DeviceKind::Desk);
        assert_eq!(end(till.clone(), 99_999), None);
        assert_eq!(end(till.clone(), 200_000), Some((100_000, "expired", Some(99))));
        assert_eq!(end(desk.clone(), 49_999), None);
        assert_eq!(end(desk.clone(), 200_000), Some((50_000, "idle", Some(49))));
        let late = EndedSession {
            last_input_at: 90_000,
            ..desk
        };
        assert_eq!(end(late, 200_000), Some((100_000, "expired", Some(99))));
        let closed = EndedSession {
            revoked: Some((30_000, RevokeReason::SignedOut)),
            ..till
        };
        assert_eq!(end(closed, 200_000), Some((30_000, "signed_out", Some(29))));
    }
}
