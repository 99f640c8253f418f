//! Where a call comes from: the client's address, its program and the request's id.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, header};
use ipnet::IpNet;
use protocol::audit::AuditResult;
use store::{AuditEntry, Millis, Origin};
use uuid::Uuid;

use crate::audit::texts;
use crate::failure::Failure;
use crate::ids::new_id;

/// The header that carries the request's id both ways.
pub(crate) const REQUEST_ID: &str = "x-request-id";

const USER_AGENT_MOST: usize = 256;

/// Where one call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Client(Arc<Particulars>);

#[derive(Debug)]
struct Particulars {
    request_id: String,
    address: Option<IpAddr>,
    origin: Origin,
}

impl Client {
    pub(crate) fn of(
        parts: &http::Extensions,
        headers: &HeaderMap,
        trusted_proxies: &[IpNet],
        now: Millis,
    ) -> Self {
        let peer = parts
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let address = peer.map(|peer| client_address(peer, headers, trusted_proxies));
        let user_agent = headers.get(header::USER_AGENT).map_or_else(String::new, |value| {
            String::from_utf8_lossy(value.as_bytes())
                .chars()
                .filter(|c| !c.is_control())
                .take(USER_AGENT_MOST)
                .collect()
        });
        let request_id = headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|id| is_request_id(id))
            .map_or_else(|| new_id(now).simple().to_string(), str::to_owned);
        // Without a peer the call came in process or over the server's own socket.
        let ip_address = address.map_or_else(|| "local".to_owned(), |address| address.to_string());
        Self(Arc::new(Particulars {
            request_id,
            address,
            origin: Origin {
                ip_address,
                user_agent,
            },
        }))
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    pub(crate) fn origin(&self) -> Origin {
        self.0.origin.clone()
    }

    /// An audit entry of this call, still without who and what.
    pub(crate) fn audit(&self, action: &'static str, now: Millis) -> AuditEntry {
        AuditEntry {
            ip_address: self.0.origin.ip_address.clone(),
            user_agent: self.0.origin.user_agent.clone(),
            request_id: self.0.request_id.clone(),
            ..AuditEntry::of(action, now)
        }
    }
}

fn is_request_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The nearest address that is no trusted proxy, read from the right: what stands further left is the client's own claim.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let mut nearest = peer;
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    for hop in hops.iter().rev() {
        let hop = hop.trim();
        let Ok(address) = hop
            .parse::<IpAddr>()
            .or_else(|_| hop.parse::<SocketAddr>().map(|a| a.ip()))
        else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !is_trusted(&nearest) {
            return nearest;
        }
    }
    nearest
}

/// For audit entries: who did what to what.
pub(crate) trait AuditParticulars: Sized {
    fn organization(self, organization_id: Uuid) -> Self;
    fn actor(self, user_id: Uuid) -> Self;
    fn session(self, session_id: Uuid) -> Self;
    fn target(self, kind: &str, id: impl std::fmt::Display) -> Self;
    fn detail(self, detail: serde_json::Value) -> Self;
    /// As whom somebody acts.
    fn impersonated(self, user_id: Uuid) -> Self;
    /// Why, in the words of whoever does it.
    fn reason(self, reason: Option<&str>) -> Self;
    /// What was asked for is refused.
    fn denied(self) -> Self;
    /// What stood in fields and what stands there now, of those that differ.
    fn changed(self, before: &serde_json::Value, after: &serde_json::Value) -> Self;
}

impl AuditParticulars for AuditEntry {
    fn organization(self, organization_id: Uuid) -> Self {
        Self {
            organization_id: Some(organization_id),
            ..self
        }
    }

    fn actor(self, user_id: Uuid) -> Self {
        Self {
            actor_user_id: Some(user_id),
            ..self
        }
    }

    fn session(self, session_id: Uuid) -> Self {
        Self {
            session_id: Some(session_id),
            ..self
        }
    }

    fn target(self, kind: &str, id: impl std::fmt::Display) -> Self {
        Self {
            target: Some(format!("{kind}:{id}")),
            ..self
        }
    }

    fn detail(self, detail: serde_json::Value) -> Self {
        Self { detail, ..self }
    }

    fn impersonated(self, user_id: Uuid) -> Self {
        Self {
            impersonated_user_id: Some(user_id),
            ..self
        }
    }

    fn reason(self, reason: Option<&str>) -> Self {
        Self {
            reason: reason.map(str::to_owned),
            ..self
        }
    }

    fn denied(self) -> Self {
        Self {
            result: AuditResult::Denied,
            ..self
        }
    }

    fn changed(self, before: &serde_json::Value, after: &serde_json::Value) -> Self {
        let (mut before, mut after) = (texts(before), texts(after));
        let same: Vec<String> = before
            .iter()
            .filter(|(name, value)| after.get(*name) == Some(value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in same {
            before.remove(&name);
            after.remove(&name);
        }
        Self {
            before,
            after,
            ..self
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Failure::internal(&"no envelope around this route"))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use ipnet::IpNet;

    use super::{client_address, is_request_id};

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(
            address("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn a_trusted_proxy_is_believed_for_the_nearest_hop_only() {
        assert_eq!(
            address("10.0.0.1", &["1.2.3.4, 198.51.100.1"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(
            address(
                "10.0.0.1",
                &["1.2.3.4", "198.51.100.1, 10.0.0.2"],
                &["10.0.0.0/8"]
            ),
            "198.51.100.1"
        );
    }

    #[test]
    fn nonsense_in_the_header_ends_the_walk() {
        assert_eq!(
            address("10.0.0.1", &["1.2.3.4, unknown"], &["10.0.0.0/8"]),
            "10.0.0.1"
        );
        assert_eq!(address("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn a_request_id_cannot_break_a_log_line() {
        assert!(is_request_id("0190-abc_DEF"));
        for id in ["", "a b", "a\nb", "é", &"a".repeat(65)] {
            assert!(!is_request_id(id), "{id:?}");
        }
    }
}
