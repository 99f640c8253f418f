//! The interface: its packages when the lock file changed, its build when a source changed.

use crate::failure::Failure;
use crate::node::{Node, node};
use crate::place::Place;
use crate::program;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// What is not a source of the interface, though it lies in its folder.
const NOT_SOURCES: [&str; 3] = ["node_modules", "dist", "coverage"];

/// Installs the interface's packages unless they are there, and gives the Node.js that runs them.
pub(crate) fn install(place: &Place) -> Result<Node, Failure> {
    let node = node(place)?;
    install_in(
        &node,
        &place.interface(),
        &place.own().join("package-lock.json"),
        "the interface's packages",
    )?;
    Ok(node)
}

/// Installs the npm packages of a folder unless the stamp says that they are there.
pub(crate) fn install_in(node: &Node, folder: &Path, stamp: &Path, what: &str) -> Result<(), Failure> {
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).map_err(|_| Failure::NoInterface { path: lock.clone() })?;
    let have = std::fs::read_to_string(stamp).unwrap_or_default();
    // npm writes this file last: a folder that was emptied or never finished has none.
    if have == wanted && folder.join("node_modules/.package-lock.json").is_file() {
        return Ok(());
    }
    println!("installing {what}");
    program::run(node.npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    remember(stamp, &wanted)
}

/// Builds the interface unless it is built from these very sources.
pub(crate) fn build(place: &Place) -> Result<Node, Failure> {
    let node = install(place)?;
    let folder = place.interface();
    let stamp = place.own().join("interface");
    let sources = fingerprint(&folder)?;
    let built = std::fs::read_to_string(&stamp).unwrap_or_default();
    if built == sources && folder.join("dist/index.html").is_file() {
        return Ok(node);
    }
    println!("building the interface");
    program::run(
        node.npm(&folder)
            .args(["run", "--silent", "build", "--", "--logLevel", "warn"]),
    )?;
    remember(&stamp, &sources)?;
    Ok(node)
}

/// Whether the interface has a script of this name.
pub(crate) fn has_script(place: &Place, name: &str) -> bool {
    let package = std::fs::read_to_string(place.interface().join("package.json")).unwrap_or_default();
    package.contains(&format!("\"{name}\":"))
}

fn remember(stamp: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = stamp.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
    }
    std::fs::write(stamp, text).map_err(Failure::file("writing", stamp))
}

/// One line that changes whenever a source of the interface does.
fn fingerprint(folder: &Path) -> Result<String, Failure> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in &files {
        file.strip_prefix(folder).unwrap_or(file).hash(&mut hasher);
        std::fs::read(file)
            .map_err(Failure::file("reading", file))?
            .hash(&mut hasher);
    }
    Ok(format!("{} files, {:016x}", files.len(), hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder)
        .map_err(Failure::file("listing", folder))?
        .flatten()
    {
        let path = entry.path();
        if NOT_SOURCES.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn the_fingerprint_follows_the_sources_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("vigie-fingerprint-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("src/a.ts"), "one").unwrap();
        let first = fingerprint(&folder).unwrap();
        std::fs::write(folder.join("dist/a.js"), "built").unwrap();
        let same = fingerprint(&folder).unwrap();
        std::fs::write(folder.join("src/a.ts"), "two").unwrap();
        let changed = fingerprint(&folder).unwrap();
        std::fs::rename(folder.join("src/a.ts"), folder.join("src/b.ts")).unwrap();
        let renamed = fingerprint(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();

        assert_eq!(first, same);
        assert_ne!(first, changed);
        assert_ne!(changed, renamed);
    }
}
