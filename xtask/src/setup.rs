//! Makes a bare machine ready: system packages, Node.js, the interface's packages.

use crate::failure::Failure;
use crate::packages::{Need, Package, Probe, packages};
use crate::place::Place;
use crate::{interface, program};
use clap::{Args, ValueEnum};
use std::process::Command;

/// Options of `cargo xtask setup`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to make this machine ready for
    #[arg(value_enum, default_value_t = Purpose::Everything)]
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// Compile and start the app
    Run,
    /// Also test it
    Everything,
}

/// `cargo xtask setup`.
pub(crate) fn command(place: &Place, options: &Options) -> Result<(), Failure> {
    match options.purpose {
        Purpose::Run => system(&[Need::Build, Need::Run])?,
        Purpose::Everything => system(&[Need::Build, Need::Run, Need::Desktop, Need::Test])?,
    }
    interface::install(place)?;
    println!("Everything is in place.");
    Ok(())
}

/// Installs the missing system packages, or says how to.
pub(crate) fn system(needs: &[Need]) -> Result<(), Failure> {
    match family() {
        Family::Debian => install_on_debian(needs),
        Family::Fedora => name_what_is_missing(needs, |package| package.fedora, "sudo dnf install"),
        Family::OtherLinux => name_what_is_missing(needs, |package| package.debian, "your package tool, for"),
        Family::Other => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Debian,
    Fedora,
    OtherLinux,
    Other,
}

fn family() -> Family {
    if !cfg!(target_os = "linux") {
        return Family::Other;
    }
    family_of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn family_of(os_release: &str) -> Family {
    let names: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| *key == "ID" || *key == "ID_LIKE")
        .flat_map(|(_, value)| value.trim_matches('"').split(' '))
        .collect();
    if names.iter().any(|name| ["debian", "ubuntu"].contains(name)) {
        Family::Debian
    } else if names
        .iter()
        .any(|name| ["fedora", "rhel", "centos"].contains(name))
    {
        Family::Fedora
    } else {
        Family::OtherLinux
    }
}

fn install_on_debian(needs: &[Need]) -> Result<(), Failure> {
    let wanted: Vec<&Package> = packages(needs).collect();
    let present = installed(wanted.iter().map(|package| package.debian))?;
    let missing: Vec<&Package> = wanted
        .into_iter()
        .filter(|package| !present.iter().any(|name| name == package.debian))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("installing {}: {}", package.debian, package.why);
    }
    println!("this takes a few minutes");
    apt(missing.iter().map(|package| package.debian))?;
    for service in missing.iter().filter_map(|package| package.unwanted_service) {
        quieten(service);
    }
    Ok(())
}

/// Stops a service that was installed just now, for good: whoever had it before keeps it as it is.
fn quieten(service: &str) {
    if !std::path::Path::new("/run/systemd/system").is_dir() {
        return;
    }
    let stopped = program::run(as_root("systemctl").args(["--quiet", "disable", "--now", service]));
    if let Err(failure) = stopped {
        println!("the service {service} runs and need not ({failure})");
    }
}

/// Which of these Debian packages are installed.
fn installed<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Failure> {
    let mut query = Command::new("dpkg-query");
    query
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(names);
    let answer = program::output(query.stderr(std::process::Stdio::null()))?;
    Ok(answer
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .map(str::to_owned)
        .collect())
}

/// Installs Debian packages, as root or with sudo.
pub(crate) fn apt<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let names: Vec<&str> = names.collect();
    if !is_root() && program::find("sudo").is_none() {
        return Err(Failure::Missing {
            missing: names.iter().map(|name| (*name).to_owned()).collect(),
            how: format!("Ask an administrator to run: apt-get install {}", names.join(" ")),
        });
    }
    let update = program::run_quietly(apt_get().args(["update", "-qq"]));
    if let Err(failure) = update {
        println!("the package lists could not be renewed ({failure}); trying with the ones at hand");
    }
    program::run_quietly(
        apt_get()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(names),
    )
}

fn apt_get() -> Command {
    let mut command = as_root("env");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    command
}

fn as_root(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn is_root() -> bool {
    program::output(Command::new("id").arg("-u")).is_ok_and(|answer| answer.trim() == "0")
}

fn name_what_is_missing(
    needs: &[Need],
    name: impl Fn(&Package) -> &'static str,
    how: &str,
) -> Result<(), Failure> {
    let missing: Vec<&Package> = packages(needs)
        .filter(|package| !is_there(package.probe))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| name(package)).collect();
    Err(Failure::Missing {
        missing: missing
            .iter()
            .map(|package| format!("{} ({})", name(package), package.why))
            .collect(),
        how: format!("Install it with {how} {}", names.join(" ")),
    })
}

fn is_there(probe: Probe) -> bool {
    match probe {
        Probe::Program(name) => program::find(name).is_some(),
        Probe::Library(name) => {
            let found = Command::new("pkg-config").args(["--exists", name]).status();
            found.is_ok_and(|status| status.success())
        }
        Probe::AnyFile(paths) => paths.iter().any(|path| std::path::Path::new(path).exists()),
        Probe::Unseen => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, family_of};

    #[test]
    fn a_system_is_known_by_its_name_or_by_what_it_is_like() {
        let cases = [
            ("ID=debian\nVERSION_ID=\"12\"\n", Family::Debian),
            (
                "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                Family::Debian,
            ),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", Family::Fedora),
            ("ID=arch\n", Family::OtherLinux),
            ("", Family::OtherLinux),
        ];
        for (text, expected) in cases {
            assert_eq!(family_of(text), expected, "{text}");
        }
    }
}
