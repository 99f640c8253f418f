//! Whether the machine has a network link at all, and when that changes.

use std::path::Path;

/// The link of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Some interface other than loopback is up.
    Up,
    /// None is.
    Down,
    /// This system does not say.
    Unknown,
}

/// The link as it is now.
pub fn link() -> Link {
    link_in(Path::new("/sys/class/net"))
}

fn link_in(folder: &Path) -> Link {
    let Ok(interfaces) = std::fs::read_dir(folder) else {
        return Link::Unknown;
    };
    let up = interfaces.flatten().any(|interface| {
        let path = interface.path();
        interface.file_name() != "lo"
            && (reads(&path.join("carrier"), "1") || reads(&path.join("operstate"), "up"))
    });
    if up { Link::Up } else { Link::Down }
}

fn reads(path: &Path, expected: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.trim() == expected)
}

/// Reports changes of the link.
#[derive(Debug)]
pub(crate) struct LinkWatch {
    last: Link,
}

impl LinkWatch {
    pub(crate) fn new() -> Self {
        Self { last: link() }
    }

    /// Whether the link is up now, if that has changed since the last call.
    pub(crate) fn changed(&mut self) -> Option<bool> {
        let now = link();
        if now == self.last {
            return None;
        }
        self.last = now;
        match now {
            Link::Up => Some(true),
            Link::Down => Some(false),
            Link::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, link_in};

    #[test]
    fn one_interface_with_a_carrier_is_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let interface = |name: &str, carrier: &str, state: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("carrier"), carrier).unwrap();
            std::fs::write(path.join("operstate"), state).unwrap();
        };
        interface("lo", "1\n", "unknown\n");
        assert_eq!(link_in(folder.path()), Link::Down);
        interface("eth0", "0\n", "down\n");
        assert_eq!(link_in(folder.path()), Link::Down);
        interface("eth0", "1\n", "up\n");
        assert_eq!(link_in(folder.path()), Link::Up);
        assert_eq!(link_in(&folder.path().join("none")), Link::Unknown);
    }
}
