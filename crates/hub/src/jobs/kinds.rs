//! The kinds of jobs that need nothing but the store.

use std::error::Error as StdError;

use jiff::ToSpan as _;

use super::{CLEAN_UP, DERIVE, Finished, JobState, Kind, Run, Work, Works};
use crate::derive::mark_due;

/// Days that a job which is done is kept.
const DONE_DAYS: i64 = 30;
/// Days that a dead one is.
const DEAD_DAYS: i64 = 365;
/// Most rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 1_000;

/// Those that every hub can do.
pub fn built_in() -> Works {
    Works::default().with(Derive).with(CleanUp)
}

/// Marks what is judged by the time alone: derived at once, as what changed is.
struct Derive;

impl Work for Derive {
    fn kind(&self) -> &'static Kind {
        &DERIVE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let now = run.now();
        let finished = run.finish(|write| {
            mark_due(write, now)?;
            Ok(format!("{} weeks wait to be derived", write.mark_count()?))
        });
        Ok(finished?)
    }
}

struct CleanUp;

impl Work for CleanUp {
    fn kind(&self) -> &'static Kind {
        &CLEAN_UP
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let mut gone = 0;
        for (state, days) in [(JobState::Done, DONE_DAYS), (JobState::Dead, DEAD_DAYS)] {
            let before_us = run.now().checked_sub((days * 24).hours())?.as_microsecond();
            loop {
                let some = run.step(|write| Ok(write.forget_jobs(state.word(), before_us, ROWS_PER_WRITE)?))?;
                gone += some;
                if some < ROWS_PER_WRITE.into() {
                    break;
                }
            }
        }
        Ok(run.done(format!("{gone} old jobs removed"))?)
    }
}
