//! The refresh token stands in the keychain and nowhere else.

use crate::steps::{Failure, must};
use std::path::Path;
use std::time::Duration;
use vigie_tests::canary::{Canary, Search};
use vigie_tests::{Launch, Stage, until};

/// What the product's entries are found by in the keychain.
const ENTRIES: (&str, &str) = ("service", "org.vigie.desktop");

/// The refresh token in the keychain now.
pub(crate) fn refresh_token(stage: &Stage) -> Result<String, Failure> {
    let entries = stage.keychain().search(ENTRIES)?;
    let tokens: Vec<String> = entries
        .iter()
        .filter_map(|entry| serde_json::from_str::<serde_json::Value>(&entry.secret).ok())
        .filter_map(|record| record.get("refresh_token")?.as_str().map(str::to_owned))
        .collect();
    match tokens.as_slice() {
        [token] if token.len() >= 32 => Ok(token.clone()),
        other => Err(Failure::NotAsExpected(format!(
            "the keychain holds {} entries of the product and {} refresh tokens instead of one: {entries:?}",
            entries.len(),
            other.len()
        ))),
    }
}

/// Looks for the tokens in every file on the stage and the server's folder, except the keychain's own store.
pub(crate) fn in_files(stage: &Stage, tokens: &[String]) -> Result<Search, Failure> {
    let own_store = stage.data_dir().join("keyrings");
    let mut search = Search::default();
    for token in tokens {
        let found = Canary::new(token).in_files(stage.folder(), &|path: &Path| path == own_store)?;
        search.sightings.extend(found.sightings);
        (search.places, search.bytes) = (found.places, found.bytes);
    }
    must(search.sightings.is_empty(), || {
        format!("a refresh token was found in files: {:?}", search.sightings)
    })?;
    Ok(search)
}

/// Looks for the token in the memory of the window's own processes.
pub(crate) fn in_web_memory(stage: &Stage, token: &str) -> Result<Search, Failure> {
    let canary = Canary::new(token);
    let mut search = Search::default();
    for name in ["WebKitWebProcess", "WebKitNetworkProcess"] {
        let processes = stage.processes_named(name);
        must(!processes.is_empty(), || {
            format!("{name} is not among the stage's processes")
        })?;
        for pid in processes {
            search = search.and(canary.in_memory(pid)?);
        }
    }
    must(search.sightings.is_empty(), || {
        format!("the web process holds a refresh token: {:?}", search.sightings)
    })?;
    Ok(search)
}

/// Proves that the search finds what is there: a token planted in a file and in the memory of another program.
pub(crate) fn prove_the_search(stage: &Stage) -> Result<(), Failure> {
    let planted = "planted-0f3c9a77e1d24b5f8a6c0d9e7b1a2c3d4e5f60718293a4b5";
    let canary = Canary::new(planted);
    let folder = stage.home().join("planted");
    let file = folder.join("word");
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, format!("x{planted}y")));
    must(written.is_ok(), || {
        format!("{} could not be written", file.display())
    })?;
    let found = canary.in_files(stage.home(), &|_| false)?;
    must(found.sightings.len() == 1, || {
        format!("a planted word was found {} times", found.sightings.len())
    })?;
    let _ = std::fs::remove_dir_all(&folder);

    let holder: Launch = stage
        .launch("bash")
        .args(["-c", "read word; sleep 60; echo $word"]);
    let holder = holder.start_typing(format!("{planted}\n").as_bytes())?;
    until(
        "the planted word being found in memory",
        Duration::from_secs(5),
        || Ok((!canary.in_memory(holder.pid())?.sightings.is_empty()).then_some(())),
    )?;
    Ok(())
}

/// How much was searched, in mebibytes.
pub(crate) fn mebibytes(search: &Search) -> u64 {
    search.bytes >> 20
}
