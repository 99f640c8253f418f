//! The stage does what it says, without any product on it.

use base64::Engine as _;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;
use vigie_tests::canary::{Canary, Form};
use vigie_tests::{KeychainAtStart, Launch, Network, Signal, Stage, StageOptions, until};

const SECOND: Duration = Duration::from_secs(1);

/// Asks from inside the client's side whether a closed port of the server answers at all.
fn answer_from_server(stage: &Stage, network: &Network) -> String {
    let address = network.server_address();
    let script = format!("exec 3<>/dev/tcp/{address}/9");
    let probe: Launch = stage
        .launch("timeout")
        .args(["1", "bash", "-c", &script])
        .inside(network.client_side());
    match probe.run() {
        Ok(_) => "open".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_secret_can_be_stored_and_found_again() {
    let stage = Stage::start().unwrap();

    stage
        .keychain()
        .store("a drawer", ("purpose", "stage"), "key under the mat")
        .unwrap();
    let found = stage.keychain().search(("purpose", "stage")).unwrap();

    let found: Vec<_> = found
        .iter()
        .map(|entry| (entry.label.as_str(), entry.secret.as_str()))
        .collect();
    assert_eq!(found, [("a drawer", "key under the mat")]);
}

#[test]
fn a_locked_keychain_gives_nothing_until_it_is_unlocked() {
    let stage = Stage::start().unwrap();
    stage
        .keychain()
        .store("a drawer", ("purpose", "stage"), "key under the mat")
        .unwrap();

    stage.keychain().lock().unwrap();
    let locked = stage
        .launch("timeout")
        .args(["3", "secret-tool", "lookup", "purpose", "stage"])
        .run();
    stage.keychain().unlock().unwrap();
    let unlocked = stage
        .launch("secret-tool")
        .args(["lookup", "purpose", "stage"])
        .run();

    assert!(locked.is_err(), "a locked keychain answered {locked:?}");
    assert_eq!(unlocked.unwrap(), "key under the mat");
}

#[test]
fn an_absent_keychain_stays_absent_and_a_frozen_one_hangs() {
    let mut stage = Stage::set(StageOptions {
        keychain: KeychainAtStart::Absent,
        ..StageOptions::default()
    })
    .unwrap();
    let look = |stage: &Stage| {
        stage
            .launch("timeout")
            .args(["2", "secret-tool", "lookup", "a", "b"])
            .run()
    };

    let absent = look(&stage).unwrap_err().to_string();
    stage.keychain_mut().start().unwrap();
    stage.keychain().freeze().unwrap();
    let frozen = look(&stage).unwrap_err().to_string();
    stage.keychain().thaw().unwrap();
    stage.keychain().store("x", ("a", "b"), "c").unwrap();

    assert!(absent.contains("org.freedesktop.secrets"), "{absent}");
    assert!(frozen.contains("124"), "{frozen}");
    assert_eq!(look(&stage).unwrap(), "c");
}

#[test]
fn notices_are_recorded_with_their_replacements_and_shown_once() {
    let stage = Stage::start().unwrap();
    let send = |id: &str, body: &str| {
        stage
            .launch("dunstify")
            .args([
                "-a",
                "Vigie",
                "-u",
                "critical",
                "-r",
                id,
                "Connexion perdue",
                body,
            ])
            .run()
    };

    send("7", "Première ligne\net une autre").unwrap();
    send("7", "La suite").unwrap();
    stage
        .notices()
        .wait_for("the second notice", 5 * SECOND, |notice| {
            notice.body == "La suite"
        })
        .unwrap();

    let arrived = stage.notices().arrived().unwrap();
    let bodies: Vec<_> = arrived.iter().map(|notice| notice.body.as_str()).collect();
    assert_eq!(bodies, ["Première ligne\net une autre", "La suite"]);
    assert!(
        arrived
            .iter()
            .all(|notice| notice.application == "Vigie" && notice.urgency == "CRITICAL")
    );
    assert_eq!(
        arrived.iter().map(|notice| notice.id).collect::<BTreeSet<_>>(),
        BTreeSet::from([7])
    );
    assert_eq!(stage.notices().on_screen().unwrap(), 1);
    stage.notices().close_all().unwrap();
    until("the notice leaving the screen", 5 * SECOND, || {
        Ok((stage.notices().on_screen()? == 0).then_some(()))
    })
    .unwrap();
    let history = stage.notices().history().unwrap();
    assert_eq!(
        history.first().map(|(summary, _)| summary.as_str()),
        Some("Connexion perdue")
    );
}

#[test]
fn a_picture_shows_what_is_on_the_screen() {
    let stage = Stage::start().unwrap();
    let picture = |name: &str| {
        let path = stage.folder().join(name);
        stage.picture(&path).unwrap();
        let colours = stage
            .launch("identify")
            .args(["-format", "%k %w %h"])
            .arg(&path)
            .run()
            .unwrap();
        let numbers: Vec<u32> = colours
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        (numbers[0], numbers[1], numbers[2])
    };

    let (before, width, height) = picture("before.png");
    stage
        .launch("dunstify")
        .args(["-u", "critical", "Bonjour"])
        .run()
        .unwrap();
    until("the notice on the screen", 5 * SECOND, || {
        Ok((stage.notices().on_screen()? == 1 && picture("after.png").0 > before).then_some(()))
    })
    .unwrap();

    assert_eq!((width, height), (1280, 800));
}

#[test]
fn nothing_on_the_stage_outlives_it() {
    let stage = Stage::start().unwrap();
    let _runaway = stage
        .launch("sh")
        .args(["-c", "setsid sleep 3600 & setsid sleep 3600"])
        .start()
        .unwrap();
    until("the runaways starting", 5 * SECOND, || {
        Ok((stage.processes_named("sleep").len() == 3).then_some(()))
    })
    .unwrap();
    let all: Vec<u32> = stage.processes().into_iter().map(|(pid, _)| pid).collect();
    let folder = stage.folder().to_owned();

    drop(stage);

    let alive: Vec<u32> = all.into_iter().filter(|pid| is_alive(*pid)).collect();
    assert_eq!(alive, Vec::<u32>::new());
    assert!(!folder.exists());
}

fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim_start().starts_with('Z'))
    })
}

#[test]
fn a_silent_cut_loses_packets_while_the_link_stays_up() {
    let stage = Stage::start().unwrap();
    let network = Network::build().unwrap();
    let carrier = || {
        let read = stage
            .launch("cat")
            .arg("/sys/class/net/up0/carrier")
            .inside(network.client_side());
        read.run().unwrap().trim().to_owned()
    };
    let whole = answer_from_server(&stage, &network);

    network.cut_silently().unwrap();
    let cut = answer_from_server(&stage, &network);
    let carrier_while_cut = carrier();
    network.refuse().unwrap();
    let refused = answer_from_server(&stage, &network);
    network.lose(100).unwrap();
    let lost = answer_from_server(&stage, &network);
    network.restore().unwrap();
    let restored = answer_from_server(&stage, &network);
    network.link_down().unwrap();
    let unplugged = answer_from_server(&stage, &network);
    network.restore().unwrap();
    let plugged = answer_from_server(&stage, &network);

    assert!(whole.contains("Connection refused"), "{whole}");
    assert!(cut.contains("124"), "a silent cut must time out: {cut}");
    assert_eq!(carrier_while_cut, "1");
    assert!(refused.contains("Connection refused"), "{refused}");
    assert!(lost.contains("124"), "{lost}");
    assert!(restored.contains("Connection refused"), "{restored}");
    assert!(unplugged.contains("Network is unreachable"), "{unplugged}");
    assert!(plugged.contains("Connection refused"), "{plugged}");
}

#[test]
fn the_test_reaches_the_client_side_whatever_is_cut_and_nothing_is_left() {
    let network = Network::build().unwrap();
    network.cut_silently().unwrap();
    let address = SocketAddr::from((network.control_address(), 9));
    let name = network.client_side().name().to_owned();

    let reached = TcpStream::connect_timeout(&address, SECOND).map_err(|error| error.kind());
    drop(network);

    assert_eq!(reached.err(), Some(ErrorKind::ConnectionRefused));
    let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let left = String::from_utf8(left.stdout).unwrap();
    assert!(!left.lines().any(|line| line.starts_with(&name)), "{left}");
}

#[test]
fn a_canary_is_found_in_every_form_and_in_memory() {
    let stage = Stage::start().unwrap();
    let secret = "vigie-canary-0123456789abcdefghijklmnopqrstuvwxyz";
    let folder = stage.home().join("planted");
    std::fs::create_dir_all(&folder).unwrap();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    let sixty_four = base64::engine::general_purpose::STANDARD.encode(format!("{{\"token\":\"{secret}\"}}"));
    let mut far = vec![b'x'; (4 << 20) - 20];
    far.extend_from_slice(secret.as_bytes());
    for (name, bytes) in [
        ("raw", far),
        ("utf16", utf16),
        ("hex", hex.into_bytes()),
        ("base64", sixty_four.into_bytes()),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    std::fs::write(folder.join("innocent"), "vigie-canary-").unwrap();
    let script = "read word; sleep 60; echo $word";
    let holder = stage
        .launch("bash")
        .args(["-c", script])
        .start_typing(format!("{secret}\n").as_bytes())
        .unwrap();
    let bystander = stage.launch("sleep").arg("60").start().unwrap();
    let canary = Canary::new(secret);

    let files = canary.in_files(stage.home(), &|_| false).unwrap();
    let holder_memory = until("the process reading the word", 5 * SECOND, || {
        let search = canary.in_memory(holder.pid())?;
        Ok((!search.sightings.is_empty()).then_some(search))
    });
    let bystander_memory = canary.in_memory(bystander.pid()).unwrap();
    let skipped = canary.in_files(&folder, &|path| path.ends_with("raw")).unwrap();

    let forms: BTreeSet<String> = files
        .sightings
        .iter()
        .map(|seen| format!("{:?}", seen.form))
        .collect();
    assert_eq!(
        forms.into_iter().collect::<Vec<_>>(),
        ["Base64", "Hex", "Raw", "Utf16"]
    );
    assert!(
        files
            .sightings
            .iter()
            .all(|seen| !seen.place.contains("innocent"))
    );
    assert!(holder_memory.is_ok());
    assert!(bystander_memory.sightings.is_empty() && bystander_memory.bytes > 1 << 16);
    assert!(skipped.sightings.iter().all(|seen| seen.form != Form::Raw));
}

#[test]
fn a_stopped_program_ends_by_itself_and_a_deaf_one_is_killed() {
    let stage = Stage::start().unwrap();
    let mut polite = stage.launch("sleep").arg("60").start().unwrap();
    let mut deaf = stage.launch("sleep").arg("60").log_as("deaf").start().unwrap();
    deaf.signal(Signal::STOP).unwrap();

    let polite = polite.stop().unwrap();
    let deaf = deaf.kill().unwrap();

    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!((polite.signal(), deaf.signal()), (Some(15), Some(9)));
}
