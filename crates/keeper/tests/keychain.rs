//! The real keychain: each test has a session bus and a gnome-keyring of its own, which it locks, freezes, kills and brings
//! back.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keeper::Keeper;
use keeper::vault::{KeychainVault, SERVICE, Vault};
use keeper_core::{Banner, Persistence, SessionPhase, VaultFault};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretSlice};
use support::{Stage, signed_in, until_snapshot};
use tempfile::TempDir;

const BUS_WITHOUT_ACTIVATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

/// A session of one test, away from the user's own: environment variables are the process's, and each test is a process.
struct Desk {
    home: TempDir,
    bus: Child,
    keyring: Option<Child>,
}

impl Desk {
    fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("bus");
        let config = home.path().join("bus.conf");
        std::fs::write(
            &config,
            BUS_WITHOUT_ACTIVATION.replace("SOCKET", socket.to_str().unwrap()),
        )
        .unwrap();
        let bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .spawn();
        let mut bus = bus.unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        set("DBUS_SESSION_BUS_ADDRESS", address.trim());
        set("HOME", home.path());
        set("XDG_DATA_HOME", home.path().join("data"));
        set("XDG_RUNTIME_DIR", home.path().join("run"));
        set("XDG_CONFIG_HOME", home.path().join("config"));
        for folder in ["data", "run", "config"] {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        unset("DISPLAY");
        unset("WAYLAND_DISPLAY");
        Self {
            home,
            bus,
            keyring: None,
        }
    }

    fn unlocked() -> Self {
        let mut desk = Self::open();
        desk.start_keyring(Some("password"));
        desk
    }

    /// Starts the daemon; with a password it unlocks, and at first makes, the login collection.
    fn start_keyring(&mut self, password: Option<&str>) {
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        command.stderr(Stdio::null());
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut daemon = command.spawn().unwrap();
        let mut input = daemon.stdin.take().unwrap();
        input.write_all(password.unwrap_or_default().as_bytes()).unwrap();
        drop(input);
        self.keyring = Some(daemon);
        self.wait_for_owner();
        if password.is_some() {
            self.wait_for_collection();
        }
    }

    fn wait_for_owner(&self) {
        wait("the keyring is on the bus", || {
            self.call(&[
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus.GetNameOwner",
                "string:org.freedesktop.secrets",
            ])
            .is_some()
        });
    }

    fn wait_for_collection(&self) {
        wait("the collection is open", || {
            self.call(&[
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets/aliases/default",
                "org.freedesktop.DBus.Properties.Get",
                "string:org.freedesktop.Secret.Collection",
                "string:Locked",
            ])
            .is_some_and(|answer| answer.contains("boolean false"))
        });
    }

    fn call(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("dbus-send")
            .args(["--session", "--print-reply"])
            .args(arguments)
            .output()
            .unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn lock(&self) {
        self.call(&[
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ])
        .unwrap();
    }

    fn signal(&self, signal: Signal) {
        let id = self.keyring.as_ref().unwrap().id();
        kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
    }

    fn kill_keyring(&mut self) {
        let mut daemon = self.keyring.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    fn files_hold(&self, needle: &str) -> bool {
        fn search(folder: &Path, needle: &[u8]) -> bool {
            std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    search(&entry.path(), needle)
                } else if kind.is_file() {
                    std::fs::read(entry.path())
                        .unwrap()
                        .windows(needle.len())
                        .any(|window| window == needle)
                } else {
                    false
                }
            })
        }
        search(self.home.path(), needle.as_bytes())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.keyring {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

#[expect(
    unsafe_code,
    reason = "nextest runs each test as a process, and this is its first and only thread"
)]
fn set(name: &str, value: impl AsRef<std::ffi::OsStr>) {
    // SAFETY: no other thread exists yet; every test here starts its runtime and its vault after its desk.
    unsafe { std::env::set_var(name, value) }
}

#[expect(
    unsafe_code,
    reason = "nextest runs each test as a process, and this is its first and only thread"
)]
fn unset(name: &str) {
    // SAFETY: as above.
    unsafe { std::env::remove_var(name) }
}

#[track_caller]
fn wait(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < until, "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn secret(text: &str) -> SecretSlice<u8> {
    SecretSlice::from(text.as_bytes().to_vec())
}

async fn read(vault: &KeychainVault, name: &str) -> Result<Option<String>, VaultFault> {
    let found = vault.secret_read(name).await?;
    Ok(found.map(|secret| String::from_utf8(secret.expose_secret().to_vec()).unwrap()))
}

#[test]
fn a_secret_comes_back_can_be_seen_by_its_owner_and_can_be_removed() {
    let desk = Desk::unlocked();
    run(async {
        let vault = KeychainVault::new().unwrap();
        assert_eq!(read(&vault, "0123456789abcdef").await, Ok(None));
        vault
            .secret_write("0123456789abcdef", secret("canary-1"))
            .await
            .unwrap();
        vault
            .secret_write("0123456789abcdef", secret("canary-2"))
            .await
            .unwrap();
        assert_eq!(
            read(&vault, "0123456789abcdef").await,
            Ok(Some("canary-2".to_owned()))
        );
        let found = Command::new("secret-tool")
            .args(["search", "--all", "service", SERVICE])
            .output()
            .unwrap();
        let text = String::from_utf8(found.stdout).unwrap() + &String::from_utf8(found.stderr).unwrap();
        assert!(
            text.contains("canary-2") && text.contains("0123456789abcdef"),
            "{text}"
        );
        assert!(!text.contains("canary-1"), "{text}");
        vault.secret_delete("0123456789abcdef").await.unwrap();
        vault.secret_delete("0123456789abcdef").await.unwrap();
        assert_eq!(read(&vault, "0123456789abcdef").await, Ok(None));
    });
    assert!(!desk.files_hold("canary-2"));
}

#[test]
fn a_secret_over_the_limit_is_split_and_leaves_nothing_behind() {
    let _desk = Desk::unlocked();
    let large = "x".repeat(7_000);
    run(async {
        let vault = KeychainVault::new().unwrap();
        vault.secret_write("large", secret(&large)).await.unwrap();
        assert_eq!(read(&vault, "large").await, Ok(Some(large.clone())));
        assert_eq!(entries(), 4);
        vault
            .secret_write("large", secret(&large.replace('x', "y")))
            .await
            .unwrap();
        assert_eq!(read(&vault, "large").await, Ok(Some(large.replace('x', "y"))));
        assert_eq!(entries(), 4);
        vault.secret_write("large", secret("small")).await.unwrap();
        assert_eq!(read(&vault, "large").await, Ok(Some("small".to_owned())));
        assert_eq!(entries(), 1);
        vault.secret_write("large", secret(&large)).await.unwrap();
        vault.secret_delete("large").await.unwrap();
        assert_eq!(entries(), 0);
    });
}

fn entries() -> usize {
    let found = Command::new("secret-tool")
        .args(["search", "--all", "service", SERVICE])
        .output()
        .unwrap();
    String::from_utf8(found.stdout)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("[/"))
        .count()
}

#[test]
fn a_locked_keychain_says_so_at_once_and_serves_again_when_unlocked() {
    let mut desk = Desk::unlocked();
    let vault = KeychainVault::new().unwrap();
    run(async { vault.secret_write("slot", secret("one")).await.unwrap() });
    desk.lock();
    run(async {
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(read(&vault, "slot").await, Err(VaultFault::Locked));
            assert_eq!(
                vault.secret_write("slot", secret("two")).await,
                Err(VaultFault::Locked)
            );
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
    });
    desk.kill_keyring();
    desk.start_keyring(Some("password"));
    run(async {
        assert_eq!(read(&vault, "slot").await, Ok(Some("one".to_owned())));
        vault.secret_write("slot", secret("two")).await.unwrap();
        assert_eq!(read(&vault, "slot").await, Ok(Some("two".to_owned())));
    });
}

#[test]
fn without_a_keychain_the_vault_says_so_and_finds_one_that_comes_later() {
    let mut desk = Desk::open();
    let vault = KeychainVault::new().unwrap();
    run(async {
        assert_eq!(read(&vault, "slot").await, Err(VaultFault::Absent));
        assert_eq!(
            vault.secret_write("slot", secret("one")).await,
            Err(VaultFault::Absent)
        );
    });
    desk.start_keyring(Some("password"));
    run(async {
        vault.secret_write("slot", secret("one")).await.unwrap();
        assert_eq!(read(&vault, "slot").await, Ok(Some("one".to_owned())));
    });
    desk.kill_keyring();
    run(async { assert_eq!(read(&vault, "slot").await, Err(VaultFault::Absent)) });
    desk.start_keyring(Some("password"));
    run(async { assert_eq!(read(&vault, "slot").await, Ok(Some("one".to_owned()))) });
}

#[test]
fn without_a_bus_there_is_no_keychain() {
    let mut desk = Desk::open();
    let _ = desk.bus.kill();
    let _ = desk.bus.wait();
    let vault = KeychainVault::new().unwrap();
    run(async { assert_eq!(read(&vault, "slot").await, Err(VaultFault::Absent)) });
}

#[test]
fn a_frozen_keychain_costs_callers_the_deadline_and_no_old_write_comes_after_a_new_one() {
    let desk = Desk::unlocked();
    let vault = KeychainVault::with(SERVICE, Duration::from_millis(600)).unwrap();
    run(async { vault.secret_write("slot", secret("one")).await.unwrap() });
    desk.signal(Signal::STOP);
    run(async {
        for text in ["two", "three", "four"] {
            let begun = Instant::now();
            assert_eq!(
                vault.secret_write("slot", secret(text)).await,
                Err(VaultFault::Slow)
            );
            assert!(
                begun.elapsed() < Duration::from_millis(1_500),
                "{:?}",
                begun.elapsed()
            );
        }
    });
    desk.signal(Signal::CONT);
    run(async {
        let until = Instant::now() + Duration::from_secs(10);
        while vault.secret_write("slot", secret("five")).await.is_err() {
            assert!(Instant::now() < until, "the keychain never came back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(read(&vault, "slot").await, Ok(Some("five".to_owned())));
    });
}

#[test]
fn writes_take_milliseconds() {
    let _desk = Desk::unlocked();
    run(async {
        let vault = KeychainVault::new().unwrap();
        vault.secret_write("slot", secret("warm")).await.unwrap();
        let mut times: Vec<_> = Vec::new();
        for turn in 0..50 {
            let begun = Instant::now();
            vault
                .secret_write("slot", secret(&format!("turn {turn}")))
                .await
                .unwrap();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        println!(
            "a keychain write: median {:?}, slowest {:?}",
            times[25], times[49]
        );
        assert!(times[25] < Duration::from_millis(60), "{:?}", times[25]);
    });
}

#[test]
fn a_till_whose_keychain_is_locked_at_start_is_signed_in_once_it_is_unlocked() {
    let mut desk = Desk::unlocked();
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let stage = Stage::open(600).await;
        let config = || stage.config(folder.path(), Arc::new(KeychainVault::new().unwrap()));
        let first = Keeper::open(config()).await.unwrap();
        signed_in(&first).await;
        assert_eq!(first.snapshots().borrow().persistence, Persistence::Durable);
        first.shutdown().await;
        desk.lock();

        let second = Keeper::open(config()).await.unwrap();
        second.settled().await;
        let locked = Banner::KeychainUnavailable {
            fault: VaultFault::Locked,
        };
        until_snapshot(&second, "the banner", |snapshot| snapshot.banner == locked).await;
        assert_eq!(second.snapshots().borrow().phase, SessionPhase::Restoring);
        desk.kill_keyring();
        desk.start_keyring(Some("password"));

        until_snapshot(&second, "signed in", |snapshot| snapshot.refreshes == 1).await;
        assert_eq!(second.snapshots().borrow().phase, SessionPhase::SignedIn);
        second.sign_out().await;
        assert_eq!(entries(), 1, "the device's own key stays");
        assert!(!desk.files_hold("00000000-0000-7000-8000"));
    });
}

#[test]
fn a_keychain_that_freezes_during_a_rotation_costs_nobody_the_session() {
    let desk = Desk::unlocked();
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let stage = Stage::open(3).await;
        let vault = Arc::new(KeychainVault::with(SERVICE, Duration::from_millis(500)).unwrap());
        let keeper = Keeper::open(stage.config(folder.path(), vault)).await.unwrap();
        signed_in(&keeper).await;
        desk.signal(Signal::STOP);
        for _ in 0..60 {
            let me = http::Request::builder()
                .uri("/v1/auth/me")
                .body(bytes::Bytes::new())
                .unwrap();
            let answer = keeper.client().send(me).await;
            assert!(answer.is_ok_and(|answer| answer.status() == 200));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let slow = Banner::KeychainUnavailable {
            fault: VaultFault::Slow,
        };
        until_snapshot(&keeper, "the banner", |snapshot| snapshot.banner == slow).await;
        desk.signal(Signal::CONT);
        until_snapshot(&keeper, "durable again", |snapshot| {
            snapshot.banner == Banner::Hidden
        })
        .await;
        keeper.shutdown().await;
        let vault = Arc::new(KeychainVault::new().unwrap());
        let next = Keeper::open(stage.config(folder.path(), vault)).await.unwrap();
        until_snapshot(&next, "back", |snapshot| snapshot.refreshes >= 1).await;
        assert_eq!(stage.inner.logins.load(Ordering::SeqCst), 1);
    });
}
