//! A network that a test can cut: the client's side, a router in the middle, and the server's side.
//!
//! What is cut is cut on the router, so nothing changes on the client's own link: that is how a network fails in a
//! shop. Needs root, for network namespaces and nftables.

use crate::{StageError, until};
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One network namespace, for starting programs inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Its name, as `ip netns` shows it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Client and server with a router between them, and a way for the test itself to reach the client's side.
#[derive(Debug)]
pub struct Network {
    number: u8,
    client: Namespace,
    router: Namespace,
    server: Namespace,
    _claim: File,
}

impl Network {
    /// Builds one. Its number is claimed with a lock, so any number of tests build theirs side by side, and what a
    /// killed test left under the same number is removed first.
    pub fn build() -> Result<Self, StageError> {
        let (number, claim) = claim()?;
        let namespace = |side: &str| Namespace {
            name: format!("vigie{number}-{side}"),
        };
        let network = Self {
            number,
            client: namespace("client"),
            router: namespace("router"),
            server: namespace("server"),
            _claim: claim,
        };
        network.remove();
        network.lay()?;
        Ok(network)
    }

    /// The client's side.
    pub fn client_side(&self) -> &Namespace {
        &self.client
    }

    /// The server's side.
    pub fn server_side(&self) -> &Namespace {
        &self.server
    }

    /// Where the server is reached from the client's side.
    pub fn server_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 213, self.number, 130)
    }

    /// Where the client is seen from the server's side.
    pub fn client_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 213, self.number, 1)
    }

    /// Where the test itself reaches the client's side, by a link of its own that no cut touches.
    pub fn control_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 214, self.number, 2)
    }

    /// From now on packets vanish on the router, in both directions; the client's link stays up.
    pub fn cut_silently(&self) -> Result<(), StageError> {
        self.rule("drop")
    }

    /// From now on the router refuses and breaks every connection at once, in the server's name.
    pub fn refuse(&self) -> Result<(), StageError> {
        self.rule("meta l4proto tcp reject with tcp reset")
    }

    /// From now on this share of all packets vanishes; 100 and more is a silent cut.
    pub fn lose(&self, percent: u8) -> Result<(), StageError> {
        match percent {
            0..100 => self.rule(&format!(
                "numgen random mod 1000 < {} drop",
                u32::from(percent) * 10
            )),
            100.. => self.cut_silently(),
        }
    }

    /// Takes the client's own link down, as a pulled plug does.
    pub fn link_down(&self) -> Result<(), StageError> {
        self.within(&self.client, &["ip", "link", "set", "up0", "down"])
    }

    /// Everything works again: no rule, link up, routes as before.
    pub fn restore(&self) -> Result<(), StageError> {
        self.within(&self.router, &["nft", "flush", "chain", "inet", "cut", "forward"])?;
        self.within(&self.client, &["ip", "link", "set", "up0", "up"])?;
        let gateway = self.router_on_client_side();
        self.within(
            &self.client,
            &["ip", "route", "replace", "default", "via", &gateway],
        )
    }

    fn router_on_client_side(&self) -> String {
        Ipv4Addr::new(10, 213, self.number, 2).to_string()
    }

    fn rule(&self, verdict: &str) -> Result<(), StageError> {
        self.within(&self.router, &["nft", "flush", "chain", "inet", "cut", "forward"])?;
        let rule = ["nft", "add", "rule", "inet", "cut", "forward", verdict];
        self.within(&self.router, &rule)
    }

    fn lay(&self) -> Result<(), StageError> {
        let number = self.number;
        let (client, router, server) = (self.client.name(), self.router.name(), self.server.name());
        for namespace in [client, router, server] {
            ip(&["netns", "add", namespace])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        let control = format!("vigie{number}");
        ip(&[
            "link", "add", &control, "type", "veth", "peer", "name", "control0", "netns", client,
        ])?;
        ip(&["addr", "add", &format!("10.214.{number}.1/30"), "dev", &control])?;
        ip(&["link", "set", &control, "up"])?;
        ip(&[
            "-n",
            client,
            "addr",
            "add",
            &format!("10.214.{number}.2/30"),
            "dev",
            "control0",
        ])?;
        ip(&["-n", client, "link", "set", "control0", "up"])?;

        ip(&[
            "-n", client, "link", "add", "up0", "type", "veth", "peer", "name", "client0", "netns", router,
        ])?;
        ip(&[
            "-n", server, "link", "add", "up0", "type", "veth", "peer", "name", "server0", "netns", router,
        ])?;
        for (namespace, link, last) in [
            (client, "up0", 1),
            (router, "client0", 2),
            (router, "server0", 129),
            (server, "up0", 130),
        ] {
            ip(&[
                "-n",
                namespace,
                "addr",
                "add",
                &format!("10.213.{number}.{last}/25"),
                "dev",
                link,
            ])?;
            ip(&["-n", namespace, "link", "set", link, "up"])?;
        }
        ip(&[
            "-n",
            client,
            "route",
            "add",
            "default",
            "via",
            &self.router_on_client_side(),
        ])?;
        ip(&[
            "-n",
            server,
            "route",
            "add",
            "default",
            "via",
            &format!("10.213.{number}.129"),
        ])?;
        self.within(
            &self.router,
            &["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
        )?;
        self.within(&self.router, &["nft", "add", "table", "inet", "cut"])?;
        let chain = "{ type filter hook forward priority 0; policy accept; }";
        self.within(
            &self.router,
            &["nft", "add", "chain", "inet", "cut", "forward", chain],
        )
    }

    fn within(&self, namespace: &Namespace, command: &[&str]) -> Result<(), StageError> {
        let mut whole = vec!["netns", "exec", namespace.name()];
        whole.extend(command);
        ip(&whole)
    }

    fn remove(&self) {
        for namespace in [&self.client, &self.router, &self.server] {
            let _ = ip(&["netns", "del", namespace.name()]);
        }
        let _ = ip(&["link", "del", &format!("vigie{}", self.number)]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.remove();
    }
}

fn claim() -> Result<(u8, File), StageError> {
    let folder = PathBuf::from("/run/lock");
    until("a free network number", Duration::from_secs(120), || {
        for number in 1..=250 {
            let path = folder.join(format!("vigie-network-{number}"));
            let file = File::create(&path).map_err(StageError::file("claiming a network number", &path))?;
            if file.try_lock().is_ok() {
                return Ok(Some((number, file)));
            }
        }
        Ok(None)
    })
}

fn ip(arguments: &[&str]) -> Result<(), StageError> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| StageError::NotStarted {
            program: "ip".to_owned(),
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(StageError::Ended {
        command: format!("ip {}", arguments.join(" ")),
        status: output.status.to_string(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
