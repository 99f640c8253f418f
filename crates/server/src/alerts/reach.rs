//! Which addresses a webhook may be called at: public ones, and those that the server's configuration names. Whoever sets a
//! webhook must not make the server call what only the server can reach.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// What is not public, by the registries of special addresses (RFC 6890 and its successors).
const NOT_PUBLIC: [&str; 27] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// The addresses that a webhook may be called at.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    not_public: Vec<IpNet>,
    allowed: Vec<IpNet>,
}

impl Default for Reach {
    fn default() -> Self {
        Self::with(&[])
    }
}

impl Reach {
    /// Public addresses, and these networks.
    pub(crate) fn with(allowed: &[IpNet]) -> Self {
        Self {
            not_public: NOT_PUBLIC.iter().filter_map(|text| text.parse().ok()).collect(),
            allowed: allowed.to_vec(),
        }
    }

    /// Whether this address may be called.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = behind(address);
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        within(&self.allowed) || !within(&self.not_public)
    }

    /// Whether an address that the URL names itself may be called; a name may lead anywhere until it is resolved.
    pub(crate) fn allows_literal(&self, url: &Url) -> bool {
        literal(url).is_none_or(|address| self.allows(address))
    }
}

/// The address that a URL names itself.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), or translated by NAT64 (RFC 6052).
fn behind(address: IpAddr) -> IpAddr {
    const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    let IpAddr::V6(address) = address.to_canonical() else {
        return address.to_canonical();
    };
    if address.segments()[..6] == NAT64 {
        let [.., a, b, c, d] = address.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address.into()
}

#[cfg(test)]
mod tests {
    use super::{NOT_PUBLIC, Reach};

    #[test]
    fn every_network_in_the_list_is_one() {
        assert_eq!(Reach::default().not_public.len(), NOT_PUBLIC.len());
    }

    #[test]
    fn only_public_addresses_are_called() {
        let reach = Reach::default();
        for (address, allowed) in [
            ("1.1.1.1", true),
            ("172.15.255.255", true),
            ("172.32.0.1", true),
            ("2606:4700::1111", true),
            ("64:ff9b::101:101", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:192.168.0.1", false),
            ("::7f00:1", false),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001:0:1::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(reach.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn the_configuration_opens_what_it_names_and_no_more() {
        let reach = Reach::with(&["10.1.0.0/16".parse().unwrap()]);
        assert!(reach.allows("10.1.2.3".parse().unwrap()));
        assert!(reach.allows("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!reach.allows("10.2.0.1".parse().unwrap()));
        assert!(!reach.allows("127.0.0.1".parse().unwrap()));
    }
}
