//! Jobs as people see them, and what they ask for.

use std::time::Duration;

use jiff::Timestamp;
use store::jobs::{Job, JobOrder, JobQuery};

use super::{KINDS, Kind, Meter, enqueue};
use crate::resolve::instant;
use crate::{Actor, Error, Hub};

/// Dead jobs that one transaction revives.
const RETRIES_PER_WRITE: u32 = 500;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// It may be claimed once it is due; an attempt may have failed.
    Waiting,
    /// Somebody holds it.
    Running,
    /// It is done.
    Done,
    /// Its last attempt failed. It stays until somebody lets it be tried again.
    Dead,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Dead];

    /// The word for it in tables and addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A job as pages, tables and programs show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number.
    pub id: i64,
    /// Name of its kind.
    pub kind: String,
    /// Where it is.
    pub state: JobState,
    /// The due time of its schedule; otherwise when it was asked for.
    pub due: Timestamp,
    /// When a waiting one may be claimed.
    pub next: Option<Timestamp>,
    /// Until when whoever runs a running one holds it without another word.
    pub lease: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// Who did it last; empty for nobody.
    pub worker: String,
    /// When the last attempt began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What it did; or why the last attempt failed.
    pub outcome: String,
}

impl JobRow {
    /// How long the last attempt took, of a job that has ended.
    pub fn took(&self) -> Option<Duration> {
        Duration::try_from(self.ended?.duration_since(self.started?)).ok()
    }
}

impl TryFrom<Job> for JobRow {
    type Error = Error;

    fn try_from(job: Job) -> Result<Self, Error> {
        let state = JobState::of(&job.state)
            .ok_or_else(|| Error::Damaged { what: "job", detail: format!("{} is {}", job.id, job.state) })?;
        Ok(Self {
            id: job.id,
            kind: job.kind,
            state,
            due: instant(job.slot_us.unwrap_or(job.created_us)),
            next: (state == JobState::Waiting).then(|| instant(job.due_us)),
            lease: (state == JobState::Running).then(|| instant(job.due_us)),
            attempts: job.attempts,
            worker: job.owner,
            started: job.started_us.map(instant),
            ended: job.ended_us.map(instant),
            outcome: job.outcome,
        })
    }
}

/// The orders of a list of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobSort {
    /// As they were asked for.
    #[default]
    Number,
    /// By the time at which they are or were due last.
    Due,
    /// By kind.
    Kind,
    /// By how long they took.
    Duration,
}

/// Which jobs to list. Empty fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of a state.
    pub state: Option<JobState>,
    /// Of a kind, by name.
    pub kind: Option<String>,
    /// Order.
    pub sort: JobSort,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// Jobs of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobList {
    /// The rows.
    pub rows: Vec<JobRow>,
    /// How many there are without offset and limit.
    pub total: u64,
}

/// How it stands with a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRow {
    /// Its name.
    pub kind: &'static str,
    /// What it does.
    pub says: &'static str,
    /// Its next due time, or that of the longest due.
    pub next_due: Option<Timestamp>,
    /// Those that wait though they are due.
    pub overdue: u64,
    /// Those that run.
    pub running: u64,
    /// Those that are dead.
    pub dead: u64,
    /// The last that ended well or not.
    pub last: Option<JobRow>,
    /// When the last that is done ended.
    pub last_done: Option<Timestamp>,
    /// What this process ran of it.
    pub meter: Meter,
}

impl Hub {
    /// The jobs that a filter asks for.
    ///
    /// # Errors
    /// Of the store.
    pub fn jobs(&self, filter: &JobFilter) -> Result<JobList, Error> {
        let query = JobQuery {
            state: filter.state.map(|state| state.word().to_owned()),
            kind: filter.kind.clone(),
            order: match filter.sort {
                JobSort::Number => JobOrder::Number,
                JobSort::Due => JobOrder::Due,
                JobSort::Kind => JobOrder::Kind,
                JobSort::Duration => JobOrder::Duration,
            },
            descending: filter.descending,
            offset: filter.offset,
            limit: filter.limit,
        };
        let (jobs, total) = self.store.read(|read| read.list_jobs(&query))?;
        Ok(JobList { rows: jobs.into_iter().map(JobRow::try_from).collect::<Result<_, _>>()?, total })
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn job(&self, id: i64) -> Result<JobRow, Error> {
        self.store.read(|read| read.job(id))?.ok_or_else(|| no_job(id))?.try_into()
    }

    /// How it stands with each kind.
    ///
    /// # Errors
    /// Of the store.
    pub fn job_kinds(&self, now: Timestamp) -> Result<Vec<KindRow>, Error> {
        let now_us = now.as_microsecond();
        let meters = self.meters.all();
        self.store.read(|read| {
            let counts = read.job_counts(now_us)?;
            let of = |kind: &Kind, state: JobState| {
                counts.iter().find(|count| count.kind == kind.name && count.state == state.word())
            };
            let row = |kind: &&'static Kind| {
                let number = |state| of(kind, state).map_or(0, |count| count.count);
                let waiting = of(kind, JobState::Waiting);
                Ok(KindRow {
                    kind: kind.name,
                    says: kind.says,
                    next_due: waiting.map(|count| instant(count.first_due_us)),
                    overdue: waiting.map_or(0, |count| count.due),
                    running: number(JobState::Running),
                    dead: number(JobState::Dead),
                    last: read.last_ended_job(kind.name)?.map(JobRow::try_from).transpose()?,
                    last_done: read.last_done_job_us(kind.name)?.map(instant),
                    meter: meters.get(kind.name).copied().unwrap_or_default(),
                })
            };
            KINDS.iter().map(row).collect()
        })
    }

    /// Asks for a job of a kind, to be done at once, by whichever hub takes it; its number. One that waits and is due is it already, and
    /// one that waits after an attempt that failed waits no longer.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a kind that can't be asked for.
    pub fn ask_for_job(&self, actor: &Actor, kind: &str, now: Timestamp) -> Result<i64, Error> {
        let known = KINDS.iter().find(|known| known.name == kind && known.schedule.is_some());
        let Some(kind) = known else {
            let names: Vec<_> = KINDS.iter().filter(|kind| kind.schedule.is_some()).map(|kind| kind.name).collect();
            return Err(Error::NotFound(format!(
                "kind of job {kind} that can be asked for; there is {}",
                names.join(", ")
            )));
        };
        let id = self.store.write(|write| {
            let now_us = now.as_microsecond();
            let is_it = |job: &Job| job.due_us <= now_us || job.attempts > 0;
            if let Some(job) = write.waiting_jobs(kind.name)?.into_iter().find(is_it) {
                if job.due_us > now_us {
                    write.hasten_job(job.id, now_us)?;
                    write.audit(&actor.entry(now, "job.run", kind.name, format!("job {} at once", job.id)))?;
                }
                return Ok(job.id);
            }
            let id = enqueue(write, kind, Some(kind.name), "", now)?;
            write.audit(&actor.entry(now, "job.run", kind.name, format!("job {id}")))?;
            Ok::<_, Error>(id)
        })?;
        self.bell.ring();
        Ok(id)
    }

    /// Lets a dead job be tried again, at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Invalid`] when it is not dead.
    pub fn retry_job(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            if write.retry_job(id, now.as_microsecond())? {
                return Ok(write.audit(&actor.entry(now, "job.retry", &id.to_string(), ""))?);
            }
            let job = write.job(id)?.ok_or_else(|| no_job(id))?;
            Err(Error::invalid(
                format!("job {id} is {}, not dead", job.state),
                "only a dead job is tried again by hand",
            ))
        })?;
        self.bell.ring();
        Ok(())
    }

    /// Lets every job that is dead now be tried again; how many there were.
    ///
    /// # Errors
    /// Of the store.
    pub fn retry_all_jobs(&self, actor: &Actor, now: Timestamp) -> Result<u64, Error> {
        let mut revived = 0;
        loop {
            let some = self.store.write(|write| {
                let dead = write.dead_jobs(RETRIES_PER_WRITE)?;
                for id in &dead {
                    write.retry_job(*id, now.as_microsecond())?;
                    write.audit(&actor.entry(now, "job.retry", &id.to_string(), ""))?;
                }
                Ok::<_, Error>(dead.len())
            })?;
            self.bell.ring();
            revived += some as u64;
            if some < RETRIES_PER_WRITE as usize {
                return Ok(revived);
            }
        }
    }

    /// Waits until somebody in this process has asked for a job, or for so long.
    pub fn wait_for_jobs(&self, at_most: Duration) {
        self.bell.wait(at_most);
    }

    /// Ends a wait for jobs.
    pub fn ring_for_jobs(&self) {
        self.bell.ring();
    }
}

fn no_job(id: i64) -> Error {
    Error::NotFound(format!("job {id}"))
}
