//! From which addresses impersonations are begun and renewed.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use protocol::ErrorCode;
use protocol::impersonation::NETWORKS_MOST;

use crate::client::Client;
use crate::failure::Failure;

/// The networks as they are kept: each in its one form, none twice.
///
/// # Errors
/// A value out of its range.
pub(super) fn networks(texts: &[String]) -> Result<Vec<String>, Failure> {
    let field = "allowed_networks";
    if texts.len() > NETWORKS_MOST {
        return Err(Failure::invalid(field, format!("at most {NETWORKS_MOST}")));
    }
    let mut kept = Vec::new();
    for text in texts {
        let network = parse(text).ok_or_else(|| {
            Failure::invalid(
                field,
                "each a network such as 192.0.2.0/24 or 2001:db8::/32, or an address",
            )
        })?;
        let text = network.to_string();
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    Ok(kept)
}

fn parse(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let address = |address: IpAddr| IpNet::from(address.to_canonical());
    let network = text
        .parse::<IpNet>()
        .ok()
        .or_else(|| text.parse().ok().map(address))?;
    Some(network.trunc())
}

/// Lets those pass whose address is in one of the networks; where none is named, everybody.
///
/// # Errors
/// [`ErrorCode::AddressNotAllowed`]
pub(super) fn allowed(networks: &[String], client: &Client) -> Result<(), Failure> {
    // A call without a peer comes from this machine itself.
    let address = client.address().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let holds = |text: &String| parse(text).is_some_and(|network| network.contains(&address));
    if networks.is_empty() || networks.iter().any(holds) {
        Ok(())
    } else {
        Err(Failure::new(ErrorCode::AddressNotAllowed))
    }
}

#[cfg(test)]
mod tests {
    use super::networks;

    fn kept(texts: &[&str]) -> Option<Vec<String>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        networks(&texts).ok()
    }

    #[test]
    fn a_network_is_kept_in_its_one_form_and_once() {
        assert_eq!(
            kept(&["192.0.2.77/24", " 192.0.2.0/24", "10.0.0.1", "2001:DB8::1/32"]),
            Some(vec![
                "192.0.2.0/24".to_owned(),
                "10.0.0.1/32".to_owned(),
                "2001:db8::/32".to_owned()
            ])
        );
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "192.0.2.0/33", "office", "192.0.2"] {
            assert_eq!(kept(&[text]), None, "{text}");
        }
        assert_eq!(kept(&["10.0.0.1"; 65]), None);
    }
}
