//! The programs of others that measurements compare the server to, installed from their registries into the target folder.

use crate::failure::Failure;
use crate::node::Node;
use crate::packages::Need;
use crate::place::Place;
use crate::{program, setup};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs them unless they are there, and gives their folder.
pub(crate) fn install(place: &Place, node: &Node) -> Result<PathBuf, Failure> {
    setup::system(&[Need::Bench])?;
    let sources = place.root().join("bench/peers");
    let folder = place.peers();
    let oidc_provider = Peer::new(&sources, &folder, "oidc-provider");
    oidc_provider.bring(&["package.json", "package-lock.json"], |peer| {
        program::run(node.npm(peer).args(["ci", "--no-audit", "--no-fund"]))
    })?;
    // Beside its packages, where Node.js looks for them.
    oidc_provider.copy("peer.mjs")?;
    let django_oauth_toolkit = Peer::new(&sources, &folder, "django-oauth-toolkit");
    django_oauth_toolkit.bring(&["requirements.txt"], |peer| {
        program::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(peer.join("venv")),
        )?;
        let mut pip = Command::new(peer.join("venv/bin/pip"));
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ]);
        program::run(pip.arg(peer.join("requirements.txt")))
    })?;
    Ok(folder)
}

struct Peer {
    source: PathBuf,
    installed: PathBuf,
}

impl Peer {
    fn new(sources: &Path, folder: &Path, name: &str) -> Self {
        Self {
            source: sources.join(name),
            installed: folder.join(name),
        }
    }

    /// Copies these lists of packages and installs by them, where they changed since they were last installed by.
    fn bring(
        &self,
        lists: &[&str],
        install: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut wanted = String::new();
        for list in lists {
            let path = self.source.join(list);
            wanted += &std::fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
        }
        let stamp = self.installed.join("installed");
        if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
            return Ok(());
        }
        println!(
            "installing {}, which the server is compared to",
            self.source.display()
        );
        std::fs::create_dir_all(&self.installed).map_err(Failure::file("making", &self.installed))?;
        for list in lists {
            self.copy(list)?;
        }
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
    use super::Peer;
    use std::cell::Cell;

    #[test]
    fn packages_are_installed_once_for_each_state_of_their_list() {
        let root = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        let (sources, folder) = (root.join("sources"), root.join("installed"));
        std::fs::create_dir_all(sources.join("a")).unwrap();
        let list = sources.join("a/list");
        let peer = Peer::new(&sources, &folder, "a");
        let installs = Cell::new(0);
        let bring = || {
            peer.bring(&["list"], |there| {
                assert!(there.join("list").is_file());
                installs.set(installs.get() + 1);
                Ok(())
            })
        };
        for (text, expected) in [("one", 1), ("one", 1), ("two", 2)] {
            std::fs::write(&list, text).unwrap();
            bring().unwrap();
            assert_eq!(installs.get(), expected, "{text}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
