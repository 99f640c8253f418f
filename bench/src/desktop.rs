//! A desktop of its own on which contenders are started in turn, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use vigie_tests::{Running, Stage, Stopwatch, pause};

use crate::contender::Contender;
use crate::failure::{Doing as _, Failure};
use crate::measurement::out;
use crate::pages::serve_pages;
use crate::pixels::{Middle, Pixels};

/// Where `cargo xtask bench` puts the interface that a browser can show.
const PAGES: &str = "bench-interface";
const LOOK: Duration = Duration::from_millis(4);
const PAINTED_WITHIN: Duration = Duration::from_secs(60);
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// The desktop.
pub(crate) struct Desktop {
    stage: Stage,
    pixels: Pixels,
    address: String,
}

/// A contender that shows its first screen.
pub(crate) struct Shown {
    running: Running,
    /// From the start of the program to something to read on the screen.
    pub(crate) first_screen: Duration,
    /// From the start of the program to its own word that it has painted, where it gives one.
    pub(crate) says_painted: Option<Duration>,
}

impl Desktop {
    /// Sets it up, and serves the interface for the browser.
    pub(crate) fn set_up() -> Result<Self, Failure> {
        let pages = serve_pages(&out().join(PAGES))?;
        let stage = Stage::start().doing("setting a desktop up")?;
        let pixels = Pixels::of(stage.display().name())?;
        Ok(Self {
            stage,
            pixels,
            address: format!("http://{pages}/?state=signed_out"),
        })
    }

    /// Starts a contender and waits for its first screen.
    pub(crate) fn show(&self, contender: Contender) -> Result<Shown, Failure> {
        if self.pixels.middle()? != Middle::Blank {
            return Err(Failure::found(
                "starting on a blank screen",
                "something is there already",
            ));
        }
        let launch = contender.launch(&self.stage, &self.address)?;
        let watch = Stopwatch::start();
        let running = launch.start().doing("starting a contender")?;
        let said_before = words_of_paint(&running);
        let (mut first_screen, mut says_painted) = (None, None);
        while first_screen.is_none() {
            if watch.elapsed() > PAINTED_WITHIN {
                let said = running.said();
                return Err(Failure::found(
                    format!("waiting for the first screen of {contender}"),
                    said,
                ));
            }
            if self.pixels.middle()? == Middle::Page {
                first_screen = Some(watch.elapsed());
            }
            if contender == Contender::Vigie
                && says_painted.is_none()
                && words_of_paint(&running) > said_before
            {
                says_painted = Some(watch.elapsed());
            }
            pause(LOOK);
        }
        Ok(Shown {
            running,
            first_screen: first_screen.unwrap_or_default(),
            says_painted,
        })
    }

    /// Takes a picture of the screen, for people to see what was measured.
    pub(crate) fn picture(&self, contender: Contender) -> Result<(), Failure> {
        let path = out().join(format!("bench-{contender}.png"));
        self.stage.picture(&path).doing("taking a picture of the screen")
    }

    /// Ends a contender and waits until the screen is blank.
    pub(crate) fn end(&self, mut shown: Shown) -> Result<(), Failure> {
        let processes = shown.processes();
        shown.running.stop().doing("ending a contender")?;
        let watch = Stopwatch::start();
        loop {
            let left: Vec<u32> = processes.iter().copied().filter(|pid| is_alive(*pid)).collect();
            if left.is_empty() && self.pixels.middle()? == Middle::Blank {
                return Ok(());
            }
            if watch.elapsed() > GONE_WITHIN {
                return Err(Failure::found(
                    "waiting for a contender to leave",
                    format!("{left:?} are there"),
                ));
            }
            if watch.elapsed() > GONE_WITHIN / 4 {
                for pid in left {
                    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                        let _ = kill_process(pid, Signal::KILL);
                    }
                }
            }
            pause(LOOK);
        }
    }
}

impl Shown {
    /// The process that was started and all that it started in turn.
    pub(crate) fn processes(&self) -> BTreeSet<u32> {
        descendants(self.running.pid(), &parents())
    }
}

fn words_of_paint(running: &Running) -> usize {
    running.said().matches("first paint").count()
}

fn is_alive(pid: u32) -> bool {
    parent_and_state(pid).is_some_and(|(_, state)| state != 'Z')
}

/// Every process with its parent.
fn parents() -> BTreeMap<u32, u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_and_state(pid)?.0)))
        .collect()
}

fn parent_and_state(pid: u32) -> Option<(u32, char)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut words = after_name.split(' ');
    let state = words.next()?.chars().next()?;
    Some((words.next()?.parse().ok()?, state))
}

fn descendants(of: u32, parents: &BTreeMap<u32, u32>) -> BTreeSet<u32> {
    let mut family = BTreeSet::from([of]);
    loop {
        let before = family.len();
        family.extend(
            parents
                .iter()
                .filter(|(_, parent)| family.contains(parent))
                .map(|(pid, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if family.len() == before {
            return family;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{descendants, is_alive, parents};

    #[test]
    fn a_family_is_all_generations_and_nobody_else() {
        let parents = BTreeMap::from([(1, 0), (10, 1), (11, 10), (12, 11), (9, 12), (20, 1), (21, 20)]);
        assert_eq!(descendants(10, &parents), BTreeSet::from([9, 10, 11, 12]));
    }

    #[test]
    fn this_process_lives_and_has_a_parent() {
        let own = std::process::id();
        assert!(is_alive(own) && parents().contains_key(&own));
    }
}
