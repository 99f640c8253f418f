//! The programs of others that measurements compare the server to, installed from their registries under target/.

use crate::failure::Failure;
use crate::node::Node;
use crate::place::Place;
use crate::{program, python};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where they are.
#[derive(Debug)]
pub(crate) struct Peers {
    oidc_provider: PathBuf,
    django_oauth_toolkit: PathBuf,
}

impl Peers {
    /// Installs them unless they are there.
    pub(crate) fn install(place: &Place, node: &Node) -> Result<Self, Failure> {
        let sources = place.root().join("bench/peers");
        let oidc_provider = NodePeer {
            source: sources.join("oidc-provider"),
            installed: place.root().join("target/peers/oidc-provider"),
        };
        oidc_provider.bring(|folder| {
            println!("Installing what oidc-provider needs into {}.", folder.display());
            program::run(node.npm(folder).args(["ci", "--no-audit", "--no-fund"]))
        })?;
        let requirements = sources.join("django-oauth-toolkit/requirements.txt");
        Ok(Self {
            oidc_provider: oidc_provider.installed,
            django_oauth_toolkit: python::environment(place, "django-oauth-toolkit", &requirements)?,
        })
    }

    /// Tells the measurements where they are.
    pub(crate) fn at_hand_of(&self, bench: &mut Command) {
        bench
            .env("VIGIE_BENCH_OIDC_PROVIDER", &self.oidc_provider)
            .env("VIGIE_BENCH_DJANGO_OAUTH_TOOLKIT", &self.django_oauth_toolkit);
    }
}

/// A program for Node.js, which looks for packages beside the program itself.
struct NodePeer {
    source: PathBuf,
    installed: PathBuf,
}

impl NodePeer {
    /// Copies it, and installs its packages where their list changed since they were last installed.
    fn bring(&self, install: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.installed).map_err(Failure::file("making", &self.installed))?;
        self.copy("peer.mjs")?;
        let list = self.source.join("package-lock.json");
        let wanted = std::fs::read_to_string(&list).map_err(Failure::file("reading", &list))?;
        let stamp = self.installed.join("installed");
        if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
            return Ok(());
        }
        self.copy("package.json")?;
        self.copy("package-lock.json")?;
        install(&self.installed)?;
        std::fs::write(&stamp, wanted).map_err(Failure::file("writing", &stamp))
    }

    fn copy(&self, name: &str) -> Result<(), Failure> {
        let to = self.installed.join(name);
        let copied = std::fs::copy(self.source.join(name), &to);
        copied.map(drop).map_err(Failure::file("writing", &to))
    }
}

#[cfg(test)]
mod tests {
    use super::NodePeer;
    use std::cell::Cell;

    #[test]
    fn packages_are_installed_once_for_each_state_of_their_list() {
        let root = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        let peer = NodePeer {
            source: root.join("source"),
            installed: root.join("installed"),
        };
        std::fs::create_dir_all(&peer.source).unwrap();
        for name in ["peer.mjs", "package.json"] {
            std::fs::write(peer.source.join(name), "any").unwrap();
        }
        let installs = Cell::new(0);
        for (list, expected) in [("one", 1), ("one", 1), ("two", 2)] {
            std::fs::write(peer.source.join("package-lock.json"), list).unwrap();
            let install = |there: &std::path::Path| {
                assert!(there.join("package-lock.json").is_file());
                installs.set(installs.get() + 1);
                Ok(())
            };
            peer.bring(install).unwrap();
            assert_eq!(installs.get(), expected, "{list}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
