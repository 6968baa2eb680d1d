//! The kinds of jobs that need nothing but the store.

use std::error::Error as StdError;

use super::{DERIVE, Finished, Kind, Run, Work, Works};
use crate::due::{all_marked, mark_due};
use crate::outbox;
use crate::pay_targets::DeliverPayroll;
use crate::retention::{CleanUp, Keeps};
use crate::sources;

/// Those that every hub can do, with the usual settings.
pub fn built_in() -> Works {
    Works::default()
        .with(Derive)
        .with(CleanUp::by(Keeps::default()))
        .with(outbox::Send)
        .with(outbox::Retry)
        .with(DeliverPayroll)
        .with(sources::Pull)
}

/// Marks what is judged by the time alone: derived at once, as what changed is.
struct Derive;

impl Work for Derive {
    fn kind(&self) -> &'static Kind {
        &DERIVE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let now = run.now();
        let until = mark_due(run.hub(), &run, now)?;
        let finished = run.finish(|write| Ok(format!("{} weeks wait to be derived", all_marked(write, until)?)));
        Ok(finished?)
    }
}
