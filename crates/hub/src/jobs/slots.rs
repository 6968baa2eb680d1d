//! Schedules become jobs: of each kind one waits for its next due time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::Read;
use store::jobs::{Job, NewJob};

use super::plan::next_slot;
use super::{Schedule, Schedules};
use crate::company::Company;
use crate::resolve::instant;
use crate::{Error, Hub};

/// What is to be done about a kind.
#[derive(Debug)]
enum Step {
    /// It waits for a due time that is none any more, or for one before another that was done.
    Drop(i64),
    /// It waits since a due time that another one followed: of those that nobody took in time, the latest is enough.
    Move(i64, Timestamp),
    Insert(&'static str, Timestamp),
}

impl Hub {
    /// Sees to it that of each kind with a schedule one job waits for a due time: the latest that was missed, due now or next. Every hub
    /// may call this as often as it likes. With `is_start`, what waits for a time to come by another schedule is dropped: it was changed
    /// since.
    ///
    /// # Errors
    /// Of the store, or [`Error::Invalid`] for a zone of the company that is none.
    pub fn plan_jobs(&self, schedules: &Schedules, is_start: bool, now: Timestamp) -> Result<(), Error> {
        // This is looked at all the time: writers are spared.
        if self.store.read(|read| steps(read, schedules, is_start, now))?.is_empty() {
            return Ok(());
        }
        self.store.write(|write| {
            for step in steps(write, schedules, is_start, now)? {
                match step {
                    Step::Drop(id) => drop(write.drop_job(id)?),
                    Step::Move(id, slot) => drop(write.move_job_slot(id, slot.as_microsecond())?),
                    Step::Insert(kind, slot) => {
                        let (due_us, created_us) = (slot.as_microsecond(), now.as_microsecond());
                        let slot_us = Some(due_us);
                        write.add_job(&NewJob { kind, lane: Some(kind), body: "", due_us, slot_us, created_us })?;
                    }
                }
            }
            Ok(())
        })
    }
}

fn steps(read: &Read<'_>, schedules: &Schedules, is_start: bool, now: Timestamp) -> Result<Vec<Step>, Error> {
    let zone = Company::load(read)?.time_zone()?;
    let mut steps = Vec::new();
    for (kind, schedule) in schedules {
        let mut waiting = read.waiting_jobs(kind)?;
        waiting.retain(|job| job.slot_us.is_some());
        if is_start {
            let is_other = |job: &Job| {
                let at = instant(job.due_us);
                job.attempts == 0 && at > now && !schedule.is_some_and(|schedule| is_slot(&schedule, &zone, at))
            };
            steps.extend(waiting.extract_if(.., |job| is_other(job)).map(|job| Step::Drop(job.id)));
        }
        let latest = schedule.and_then(|schedule| schedule.last_by(now, &zone));
        for job in &waiting {
            let is_missed = |latest: &Timestamp| job.attempts == 0 && job.slot_us < Some(latest.as_microsecond());
            let Some(latest) = latest.filter(is_missed) else { continue };
            let is_done = read.last_slot(kind, now.as_microsecond())? >= Some(latest.as_microsecond());
            steps.push(if is_done { Step::Drop(job.id) } else { Step::Move(job.id, latest) });
        }
        if let (Some(schedule), true) = (schedule, waiting.is_empty()) {
            // A due time to come that is dropped was none.
            let last = read.last_slot(kind, now.as_microsecond())?.map(instant);
            steps.extend(next_slot(schedule, &zone, last, now).map(|slot| Step::Insert(kind, slot)));
        }
    }
    Ok(steps)
}

fn is_slot(schedule: &Schedule, zone: &TimeZone, at: Timestamp) -> bool {
    schedule.last_by(at, zone) == Some(at)
}
