//! The daily clean-up: removes what is over its time, and looks for twins.

use std::error::Error as StdError;
use std::fmt::Write as _;

use store::retention::Aged;
use store::{Read, Write};

use super::twins::Look;
use super::{Keeps, ROWS_PER_WRITE, Verdict, before, old_month, old_months};
use crate::jobs::{CLEAN_UP, Finished, Kind, Run, Work};
use crate::steps::Steps;
use crate::{Actor, Error};

/// Who erases closed months, and why: so it stands in the chain.
const ACTOR: &str = "retention";
/// Punches between two words about how far the look for twins is.
const PUNCHES_PER_WORD: u64 = 500_000;

/// Does the clean-up by some settings.
#[derive(Clone, Copy, Debug)]
pub struct CleanUp {
    keeps: Keeps,
}

impl CleanUp {
    /// By these.
    pub const fn by(keeps: Keeps) -> Self {
        Self { keeps }
    }
}

impl Work for CleanUp {
    fn kind(&self) -> &'static Kind {
        &CLEAN_UP
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let mut gone = self.forget_old(&run)?;
        gone.push_str(&self.erase_months(&run)?);
        let gone = if gone.is_empty() { String::from("nothing to remove") } else { format!("removed{gone}") };
        let mut look = Look::begin(run.now());
        let mut told = 0;
        while look.go_on(run.hub())? {
            give_way(&run)?;
            if look.punches() >= told + PUNCHES_PER_WORD {
                told = look.punches();
                run.say(&format!("{gone}; {told} punches were looked at for twins"))?;
            }
        }
        let census = look.end(run.hub())?;
        census.tell_log();
        Ok(run.finish(|write| {
            census.keep(write)?;
            Ok(format!("{gone}; {census}"))
        })?)
    }
}

impl CleanUp {
    /// Removes what goes by its age; what that was, in words.
    fn forget_old(&self, run: &Run<'_>) -> Result<String, Error> {
        let mut words = String::new();
        for aged in Aged::ALL {
            let store = &run.hub().store;
            let Some(before) = store.read(|read| before(read, &self.keeps, aged, run.now()))? else { continue };
            let mut rows = 0;
            loop {
                give_way(run)?;
                let old = store.read(|read| read.old(aged, before, ROWS_PER_WRITE))?;
                if old.is_empty() {
                    break;
                }
                let gone = run.step(|write| Ok(write.forget_old(&old)?))?;
                rows += gone.rows;
                if gone.is_all && old.len() < ROWS_PER_WRITE as usize {
                    break;
                }
            }
            if rows > 0 {
                let _ = write!(words, " {rows} {},", noun(aged));
                run.say(&format!("removed{words}"))?;
            }
        }
        Ok(words.trim_end_matches(',').to_owned())
    }

    /// Erases the punches of closed months that are over their time; which these were, in words.
    fn erase_months(&self, run: &Run<'_>) -> Result<String, Error> {
        let mut words = String::new();
        let months = run.hub().store.read(|read| old_months(read, self.keeps.punches, run.now()))?;
        for old in months.into_iter().filter(|old| old.verdict == Verdict::Goes) {
            // While the months before it went, somebody may have unlocked it.
            let is_still =
                |read: &Read<'_>| Ok::<_, Error>(old_month(read, old.month, &read.locks()?)?.verdict == Verdict::Goes);
            if !run.hub().store.read(is_still)? {
                continue;
            }
            let why = format!("kept for {}", self.keeps.punches);
            let say = |rows, of| drop(run.say(&format!("{} {rows} of {of} rows", old.month.strftime("%Y-%m"))));
            let done =
                run.hub().erase_closed_month(&Paced(run), &Actor::new(ACTOR), old.month, &why, run.now(), say)?;
            let _ = write!(words, " {} of {},", done.rows, done.object);
        }
        Ok(words.trim_end_matches(',').to_owned())
    }
}

/// What was removed, as it is counted.
const fn noun(aged: Aged) -> &'static str {
    match aged {
        Aged::DoneJobs => "old jobs",
        Aged::DeadJobs => "dead jobs",
        Aged::Commands => "commands",
        Aged::Readings => "days of terminals",
        Aged::Polls => "readings",
        Aged::Plans => "plans",
        Aged::Sessions => "sessions",
        Aged::Invitations => "codes",
        Aged::Answers => "answers",
        Aged::Envelopes => "imported files",
        Aged::Reports => "reports of imports",
    }
}

/// Erases in steps of a job.
struct Paced<'r, 'a>(&'r Run<'a>);

impl Steps for Paced<'_, '_> {
    fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error> {
        give_way(self.0)?;
        self.0.step(work)
    }
}

/// Gives up when nobody waits for it any more: what is left goes with the next attempt.
fn give_way(run: &Run<'_>) -> Result<(), Error> {
    if run.is_over() {
        return Err(Error::invalid("the clean-up was broken off", "the next attempt goes on where it stopped"));
    }
    Ok(())
}
