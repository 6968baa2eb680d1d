//! Doing jobs: claim, work, and what became of it.

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use store::Write;
use store::jobs::{Claimant, Job};

use super::plan::{AfterFailure, after_failure, lease_until};
use super::{JobState, Kind};
use crate::steps::Steps;
use crate::{Error, Hub};

/// Longest reason that is kept, in characters.
const REASON_CHARS: usize = 500;

/// Does the jobs of a kind.
pub trait Work: Send + Sync {
    /// Which.
    fn kind(&self) -> &'static Kind;

    /// Does one. It is done when [`Run::finish`] or [`Run::done`] has said so; on an error, or a panic, it is tried again later.
    ///
    /// # Errors
    /// Whatever was in the way, in words for the list of jobs.
    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>>;
}

/// What a runner can do, by kind.
#[derive(Default)]
pub struct Works {
    by_kind: BTreeMap<&'static str, Box<dyn Work>>,
    /// Their names, each between commas.
    names: String,
}

impl Works {
    /// With one more.
    #[must_use]
    pub fn with(mut self, work: impl Work + 'static) -> Self {
        self.by_kind.insert(work.kind().name, Box::new(work));
        self.named()
    }

    /// With those of one kind only.
    #[must_use]
    pub fn only(mut self, kind: &str) -> Self {
        self.by_kind.retain(|name, _| *name == kind);
        self.named()
    }

    fn named(mut self) -> Self {
        self.names = self.by_kind.keys().fold(String::from(","), |names, name| names + name + ",");
        self
    }

    fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.by_kind.get(name).map(|work| work.kind())
    }
}

impl fmt::Debug for Works {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Works").field(&self.names).finish()
    }
}

/// A job that this worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its number.
    pub id: i64,
    /// Name of its kind.
    pub kind: String,
    body: String,
    attempts: u32,
    fence: i64,
}

/// What a claim brought.
struct Claims {
    claimed: Vec<Claimed>,
    /// How many there were, with those whose attempts are used up.
    found: usize,
}

/// A job while it is being done.
pub struct Run<'a> {
    hub: &'a Hub,
    job: &'a Claimed,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    is_over: &'a AtomicBool,
}

/// A job was done: its end stands in the store.
#[derive(Debug)]
pub struct Finished(());

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done,
    /// It failed for a reason, and comes again at an instant.
    Failed(String, Timestamp),
    /// It failed for a reason, and was the last attempt.
    Dead(String),
    /// Somebody else had claimed the job meanwhile: nothing came of it here.
    TakenOver,
}

impl<'a> Run<'a> {
    /// The hub whose work it is.
    pub const fn hub(&self) -> &'a Hub {
        self.hub
    }

    /// Its number.
    pub const fn id(&self) -> i64 {
        self.job.id
    }

    /// What it was asked for with; empty for most kinds.
    pub fn body(&self) -> &'a str {
        &self.job.body
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether nobody waits for it any more: somebody else has taken it over, or the process is about to end. Long work looks
    /// between its steps, and may give up with any error.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Writes a part of the job, which stays when a later part fails.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when somebody else has claimed the job, or what `work` reports; nothing is written then.
    pub fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.hub.store.write(|write| {
            if !write.is_job_held(self.job.id, self.job.fence)? {
                return Err(Error::LeaseLost);
            }
            work(write)
        })
    }

    /// Says how far it is, for the list of jobs, until it says more or ends.
    ///
    /// # Errors
    /// As [`Run::step`].
    pub fn say(&self, words: &str) -> Result<(), Error> {
        self.step(|write| Ok(write.say_job(self.job.id, self.job.fence, words).map(drop)?))
    }

    /// Writes the last part, or all, and ends the job in the same transaction. `work` returns what was done, in words.
    ///
    /// # Errors
    /// As [`Run::step`].
    pub fn finish(self, work: impl FnOnce(&Write<'_>) -> Result<String, Error>) -> Result<Finished, Error> {
        let (id, fence, now_us) = (self.job.id, self.job.fence, self.now().as_microsecond());
        self.step(|write| {
            let outcome = work(write)?;
            write.end_job(id, fence, JobState::Done.word(), &outcome, now_us)?;
            Ok(Finished(()))
        })
    }

    /// Ends the job; what was done, in words.
    ///
    /// # Errors
    /// As [`Run::step`].
    pub fn done(self, outcome: impl Into<String>) -> Result<Finished, Error> {
        self.finish(|_| Ok(outcome.into()))
    }
}

impl Steps for Run<'_> {
    fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error> {
        Run::step(self, work)
    }
}

impl Hub {
    /// Claims jobs that are due, of the kinds that `works` can do, for a worker; `most` at most. Each is held for [`super::LEASE`].
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_jobs(&self, works: &Works, worker: &str, most: u32, now: Timestamp) -> Result<Vec<Claimed>, Error> {
        let now_us = now.as_microsecond();
        let by = Claimant { owner: worker, kinds: &works.names, most, lease_us: lease_until(now).as_microsecond() };
        // This is looked at all the time: writers are spared, but where jobs wait in a row the look would be a second claim.
        let is_worth_it =
            || Ok::<_, Error>(self.bell.has_more() || self.store.read(|read| read.is_job_claimable(&by, now_us))?);
        if most == 0 || !is_worth_it()? {
            return Ok(Vec::new());
        }
        let jobs = self.claim(works, now_us, |write| write.claim_jobs(&by, now_us))?;
        self.bell.leave(jobs.found >= most as usize);
        Ok(jobs.claimed)
    }

    /// Claims the first job of a lane for a worker who has a place in it, by number, unless one of the lane runs.
    pub(crate) fn claim_in_lane(
        &self,
        works: &Works,
        (lane, id): (&str, i64),
        worker: &str,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        let (now_us, lease_us) = (now.as_microsecond(), lease_until(now).as_microsecond());
        let first =
            |write: &Write<'_>| Ok(write.claim_in_lane((lane, id), worker, lease_us, now_us)?.into_iter().collect());
        Ok(self.claim(works, now_us, first)?.claimed.pop())
    }

    /// Claims jobs; those whose attempts are used up are dead.
    fn claim(
        &self,
        works: &Works,
        now_us: i64,
        jobs: impl FnOnce(&Write<'_>) -> Result<Vec<Job>, store::Error>,
    ) -> Result<Claims, Error> {
        let (claimed, dead) = self.store.write(|write| {
            let is_hopeless = |job: &Job| works.kind(&job.kind).is_some_and(|kind| job.attempts > kind.tries);
            let (dead, claimed): (Vec<_>, Vec<_>) = jobs(write)?.into_iter().partition(is_hopeless);
            for job in &dead {
                write.end_job(job.id, job.fence, JobState::Dead.word(), &never_told(job), now_us)?;
            }
            Ok::<_, Error>((claimed, dead))
        })?;
        for job in &dead {
            tracing::error!(job = job.id, kind = job.kind, "a job is dead: {}", never_told(job));
        }
        for job in claimed.iter().chain(&dead).filter(|job| job.is_taken_over) {
            tracing::warn!(job = job.id, kind = job.kind, "a job was taken over from a worker whose lease had ended");
            works.kind(&job.kind).into_iter().for_each(|kind| self.meters.count_takeover(kind.name));
        }
        let found = claimed.len() + dead.len();
        Ok(Claims { claimed: claimed.into_iter().map(Claimed::from).collect(), found })
    }

    /// Keeps the place of a job that somebody asked for by hand for another [`super::LEASE`]; false once it was claimed.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_place(&self, id: i64, now: Timestamp) -> Result<bool, Error> {
        let until_us = lease_until(now).as_microsecond();
        Ok(self.store.write(|write| write.keep_job_place(id, until_us))?)
    }

    /// Holds a job for another [`super::LEASE`]; false when somebody else has it.
    ///
    /// # Errors
    /// Of the store.
    pub fn renew_job(&self, job: &Claimed, now: Timestamp) -> Result<bool, Error> {
        let lease_us = lease_until(now).as_microsecond();
        Ok(self.store.write(|write| write.renew_job(job.id, job.fence, lease_us))?)
    }

    /// Does a claimed job, and notes what became of it. A panic is a failure like others. `chance` is a random number from 0 to 1;
    /// `is_over` is set by whoever holds the lease, see [`Run::is_over`].
    ///
    /// # Errors
    /// Of the store: what became of it could not be noted. The job comes again once its lease has ended.
    pub fn perform(
        &self,
        works: &Works,
        job: &Claimed,
        clock: impl Fn() -> Timestamp + Sync,
        chance: f64,
        is_over: &AtomicBool,
    ) -> Result<Ended, Error> {
        let Some(work) = works.by_kind.get(job.kind.as_str()) else {
            return Err(Error::NotFound(format!("way to do a job of kind {}", job.kind)));
        };
        let (kind, began) = (work.kind(), clock());
        let run = Run { hub: self, job, clock: &clock, is_over };
        let failure = match catch_unwind(AssertUnwindSafe(|| work.run(run))) {
            Ok(Ok(Finished(()))) => None,
            Ok(Err(error)) if matches!(error.downcast_ref(), Some(Error::LeaseLost)) => return Ok(taken_over(job)),
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("it broke off by a defect: {}", words_of(panic.as_ref()))),
        };
        let now = clock();
        let took = Duration::try_from(now.duration_since(began)).unwrap_or_default();
        self.meters.count(kind.name, took, failure.is_some());
        match failure {
            None => Ok(Ended::Done),
            Some(reason) => self.note_failure(kind, job, &reason, chance, now),
        }
    }

    fn note_failure(
        &self,
        kind: &Kind,
        job: &Claimed,
        reason: &str,
        chance: f64,
        now: Timestamp,
    ) -> Result<Ended, Error> {
        let reason: String = reason.chars().take(REASON_CHARS).collect();
        let (id, kind_name, attempts) = (job.id, kind.name, job.attempts);
        match after_failure(kind, attempts, chance, now) {
            AfterFailure::Again(due) => {
                let delay = |write: &Write<'_>| write.delay_job(id, job.fence, due.as_microsecond(), &reason);
                if !self.store.write(delay)? {
                    return Ok(taken_over(job));
                }
                let retry_s = due.duration_since(now).as_secs();
                tracing::warn!(job = id, kind = kind_name, attempts, retry_s, "a job failed: {reason}");
                Ok(Ended::Failed(reason, due))
            }
            AfterFailure::Dead => {
                let word = JobState::Dead.word();
                if !self.store.write(|write| write.end_job(id, job.fence, word, &reason, now.as_microsecond()))? {
                    return Ok(taken_over(job));
                }
                tracing::error!(
                    job = id,
                    kind = kind_name,
                    attempts,
                    "a job is dead: {reason}; see `punchclock job list`, and let it be tried again with `punchclock job retry {id}`"
                );
                Ok(Ended::Dead(reason))
            }
        }
    }
}

/// Why a job is dead whose workers said nothing.
fn never_told(job: &Job) -> String {
    format!("its worker ended in the middle of it {} times", job.attempts - 1)
}

fn taken_over(job: &Claimed) -> Ended {
    tracing::warn!(job = job.id, kind = job.kind, "a job took longer than its lease, and another worker has it now");
    Ended::TakenOver
}

impl From<Job> for Claimed {
    fn from(Job { id, kind, body, attempts, fence, .. }: Job) -> Self {
        Self { id, kind, body, attempts, fence }
    }
}

/// What a panic says.
fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason was given")
}
