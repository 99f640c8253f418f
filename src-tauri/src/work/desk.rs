//! The work journal's own thread: everything is written in the order in which it was asked, and no event loop waits.

use std::path::PathBuf;
use std::sync::mpsc;
use std::{io, thread};

use tokio::sync::oneshot;

use super::fault::JournalFault;
use super::journal::Journal;

type Job = Box<dyn FnOnce(&mut Journal) + Send>;

/// A handle on the work journal. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkDesk {
    jobs: mpsc::Sender<Job>,
}

impl WorkDesk {
    /// Starts the journal's thread on this file. The file itself is opened by the first job.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(path: PathBuf) -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("work-journal".to_owned())
            .spawn(move || {
                let mut journal = Journal::new(path);
                for job in inbox {
                    job(&mut journal);
                }
            })?;
        Ok(Self { jobs })
    }

    /// Does this with the journal, after everything asked before. The job is queued at once; only its answer is waited
    /// for.
    ///
    /// # Errors
    /// What the job answers, or [`JournalFault::Stopped`].
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Journal) -> Result<T, JournalFault> + Send + 'static,
    ) -> impl Future<Output = Result<T, JournalFault>> + Send + 'static {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |journal| {
            let _ = done.send(job(journal));
        });
        let queued = self.jobs.send(job).is_ok();
        async move {
            if queued {
                answer.await.unwrap_or(Err(JournalFault::Stopped))
            } else {
                Err(JournalFault::Stopped)
            }
        }
    }
}
