//! Threads for hashing passwords alone: as many as configured, and of lower priority than those that answer calls, so that a
//! flood of sign-ins waits for refreshes and never the other way round.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Block;

type Work = Box<dyn FnOnce(&mut Scratch) + Send>;

/// The memory that hashes are worked out in. Each thread keeps its own: taken from the system and given back for every
/// hash, pieces of this size leave the allocator with several times as much as is ever in use.
pub(crate) type Scratch = Vec<Block>;

/// How nice these threads are (0: as the others, 19: the least important); Linux only.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// A fixed number of threads. They end when this is dropped, after what they have begun.
pub(crate) struct PasswordThreads(Sender<Work>);

impl PasswordThreads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// Where the system gives none at all; fewer than wanted are enough.
    pub(crate) fn start(count: usize) -> std::io::Result<Self> {
        let (sender, receiver) = channel::<Work>();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut started = 0_usize;
        for _ in 0..count.max(1) {
            let receiver = Arc::clone(&receiver);
            let spawned = std::thread::Builder::new()
                .name("vigie-password".to_owned())
                .spawn(move || run(&receiver));
            match spawned {
                Ok(_) => started += 1,
                Err(error) if started == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, started, "fewer threads for passwords than configured");
                    break;
                }
            }
        }
        Ok(Self(sender))
    }

    /// Hands over work; whether there is a thread left to do it.
    pub(crate) fn give(&self, work: impl FnOnce(&mut Scratch) + Send + 'static) -> bool {
        self.0.send(Box::new(work)).is_ok()
    }
}

fn run(receiver: &Mutex<Receiver<Work>>) {
    step_back();
    let mut scratch = Scratch::new();
    loop {
        let work = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = work else {
            return;
        };
        // A panic in the library costs one call its answer and not the thread.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut scratch)));
    }
}

/// On Linux a priority is each thread's own. A system that refuses leaves the thread as it is.
#[cfg(target_os = "linux")]
fn step_back() {
    let stepped_back = rustix::process::getpriority_process(None).and_then(|niceness| {
        if niceness < NICENESS {
            rustix::process::setpriority_process(None, NICENESS)
        } else {
            Ok(())
        }
    });
    if let Err(error) = stepped_back {
        tracing::debug!(%error, "the threads for passwords keep their priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::PasswordThreads;

    #[test]
    fn work_is_done_and_a_panic_costs_no_thread() {
        let threads = PasswordThreads::start(1).unwrap();
        assert!(threads.give(|_| panic!("a fault of the library")));
        let (done, hears) = channel();
        assert!(threads.give(move |_| done.send(1).unwrap()));
        assert_eq!(hears.recv(), Ok(1));
    }

    #[test]
    fn work_that_was_given_is_done_before_the_threads_end() {
        let threads = PasswordThreads::start(2).unwrap();
        let (done, hears) = channel();
        for n in 0..20 {
            let done = done.clone();
            threads.give(move |_| done.send(n).unwrap());
        }
        drop((threads, done));
        assert_eq!(hears.iter().count(), 20);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn these_threads_step_back_and_the_others_do_not() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let (done, hears) = channel();
        let threads = PasswordThreads::start(1).unwrap();
        threads.give(move |_| done.send(niceness()).unwrap());
        assert_eq!(
            (hears.recv().unwrap(), niceness()),
            (before.max(super::NICENESS), before)
        );
    }
}
