//! From where somebody signs in, as fingerprints: the device by its name, kind and program, the network by its address.

use std::net::IpAddr;

use protocol::auth::DeviceKind;
use sha2::{Digest as _, Sha256};
use store::Place;

use crate::client::Client;
use crate::user_agent::application;

/// The place of a sign-in. A newer version of the same program is the same device; an address of the same IPv4 /24 or
/// IPv6 /48, as providers hand them out anew, is the same network.
pub(crate) fn place(client: &Client, device_name: &str, device_kind: DeviceKind) -> Place {
    let program = application(&client.origin().user_agent).unwrap_or_default();
    let program = program
        .rsplit_once(' ')
        .map_or(program.as_str(), |(name, _)| name);
    let kind = match device_kind {
        DeviceKind::Till => "till",
        DeviceKind::Desk => "desk",
    };
    Place {
        device: fingerprint(&["device", kind, &device_name.trim().to_lowercase(), program]),
        network: fingerprint(&["network", &network(client.address())]),
    }
}

fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// Each part with its length before it, so that no two lists of parts run together alike.
fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, network};

    #[test]
    fn an_address_handed_out_anew_is_the_same_network() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.9"));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:ffff::1"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        assert_eq!(network(None), "local");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
    }
}
