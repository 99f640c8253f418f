//! Name resolution by the operating system, with a fault that can be told from every other one.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The operating system knows no address for the name, or could not ask.
#[derive(Debug, thiserror::Error)]
#[error("the name {name} is not known")]
pub(super) struct NameFault {
    pub(super) name: String,
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<_> = match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(addresses) => addresses.collect(),
                Err(_) => Vec::new(),
            };
            if found.is_empty() {
                return Err(NameFault { name }.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
