//! Steps of a check: each with its name and time, and one last line that a machine can read.

use crate::failure::Failure;
use crate::watch::{Watch, spoken};

/// Whether a step still runs after another one failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Cheap enough to run whatever failed before: one run then tells about all of them.
    Cheap,
    /// Long: not worth waiting for once something failed.
    Dear,
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    passed: usize,
    failed: Vec<&'static str>,
    left_out: Vec<&'static str>,
}

impl Steps {
    /// Runs one step and says how it went; gives what it made, for the steps that need it.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        cost: Cost,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        if cost == Cost::Dear && !self.failed.is_empty() {
            println!("\n── {name}: left out, since {} failed", self.failed.join(", "));
            self.left_out.push(name);
            return None;
        }
        println!("\n── {name}");
        let watch = Watch::start();
        let result = work();
        let time = spoken(watch.elapsed());
        match result {
            Ok(made) => {
                println!("── {name}: passed in {time}");
                self.passed += 1;
                Some(made)
            }
            Err(failure) => {
                println!("── {name}: FAILED after {time}: {failure}");
                self.failed.push(name);
                None
            }
        }
    }

    /// Leaves a step out and says why; it counts neither as passed nor as failed.
    pub(crate) fn leave_out(&mut self, name: &'static str, why: &str) {
        println!("\n── {name}: left out, {why}");
        self.left_out.push(name);
    }

    /// Prints the last line; an error when a step failed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        println!();
        if !self.failed.is_empty() {
            println!("failed: {}", self.failed.join(", "));
        }
        if !self.left_out.is_empty() {
            println!("left out: {}", self.left_out.join(", "));
        }
        println!("{}", last_line(self.passed, self.failed.len()));
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Steps {
                failed: self.failed.len(),
            })
        }
    }
}

fn last_line(passed: usize, failed: usize) -> String {
    format!("{passed} passed, {failed} failed")
}

#[cfg(test)]
mod tests {
    use super::{Cost, Steps, last_line};
    use crate::failure::Failure;

    fn broken() -> Result<(), Failure> {
        Err(Failure::Steps { failed: 1 })
    }

    #[test]
    fn a_failure_is_counted_cheap_steps_go_on_and_dear_ones_do_not() {
        let mut steps = Steps::default();
        let mut dear_ran = false;

        let first = steps.step("first", Cost::Cheap, broken);
        let second = steps.step("second", Cost::Cheap, || Ok(7));
        steps.step("third", Cost::Dear, || {
            dear_ran = true;
            Ok(())
        });

        assert_eq!((first, second, dear_ran), (None, Some(7), false));
        assert!(matches!(steps.finish(), Err(Failure::Steps { failed: 1 })));
    }

    #[test]
    fn the_last_line_is_the_one_that_machines_read() {
        assert_eq!(last_line(11, 0), "11 passed, 0 failed");
    }
}
