//! Runs the hub's jobs while a hub runs: plans what is due, claims, works, and holds what it has claimed. What is decided stands in
//! [`hub::jobs`].
//!
//! Invariants:
//! * At most [`WORKERS`] jobs run at a time, each on a thread of its own; a panic of one ends neither the others nor the runner.
//! * A job that runs is renewed well before its lease ends, by this thread, whatever its own does.
//! * Asked to end, the runner claims nothing more, tells those that run, and waits for them. Killed, it leaves them to the end of
//!   their leases.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hub::Hub;
use hub::jobs::{Claimed, LEASE, Schedules, Works};

use crate::chance::{now, part};

/// Jobs at a time: some wait for the network, and the database has one writer.
const WORKERS: usize = 4;
/// How often it looks for jobs that another process asked for, within the second that is promised. What is asked for in this one
/// rings.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How often it looks whether each schedule has its next due time.
const PLAN_EVERY: Duration = Duration::from_secs(2);
/// Well before a lease ends, so that a busy database makes nobody lose it.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// The thread of the runner.
pub(crate) struct Runner {
    hub: Hub,
    is_ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Runner {
    pub(crate) fn start(hub: Hub, works: Works, schedules: Schedules) -> Self {
        let is_ending = Arc::<AtomicBool>::default();
        let (of_hub, ending) = (hub.clone(), is_ending.clone());
        let run = move || {
            let works = Arc::new(works);
            let planned = None;
            let mut desk = Desk { hub: of_hub, works, schedules, worker: worker(), running: Vec::new(), planned };
            while !ending.load(Ordering::Relaxed) || !desk.running.is_empty() {
                let round = || desk.round(ending.load(Ordering::Relaxed));
                match catch_unwind(AssertUnwindSafe(round)) {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) if error.is_temporary() => tracing::debug!("jobs wait: {error}"),
                    Ok(Err(error)) => tracing::error!("jobs can't be looked at: {error}"),
                    Err(_) => tracing::error!("the look at jobs broke off by a defect"),
                }
                desk.hub.wait_for_jobs(LOOK_EVERY);
            }
        };
        Self { hub, is_ending, thread: thread::spawn(run) }
    }

    /// Ends it once what runs is done.
    pub(crate) fn end(self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.hub.ring_for_jobs();
        if self.thread.join().is_err() {
            tracing::error!("the runner of jobs ended by a defect");
        }
    }
}

/// What the runner has at hand.
struct Desk {
    hub: Hub,
    works: Arc<Works>,
    schedules: Schedules,
    /// How it is called in the list of jobs.
    worker: String,
    running: Vec<Running>,
    /// When the schedules were looked at.
    planned: Option<Instant>,
}

/// A job on its thread.
struct Running {
    job: Claimed,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    held_since: Instant,
}

impl Desk {
    fn round(&mut self, is_ending: bool) -> Result<(), hub::Error> {
        self.running.retain(|running| !running.thread.is_finished());
        if is_ending {
            self.running.iter().for_each(|running| running.is_over.store(true, Ordering::Relaxed));
        }
        self.renew()?;
        if is_ending {
            return Ok(());
        }
        if self.planned.is_none_or(|at| at.elapsed() >= PLAN_EVERY) {
            self.hub.plan_jobs(&self.schedules, self.planned.is_none(), now())?;
            self.planned = Some(Instant::now());
        }
        let most = u32::try_from(WORKERS - self.running.len()).unwrap_or(0);
        for job in self.hub.claim_jobs(&self.works, &self.worker, most, now())? {
            self.start(job);
        }
        Ok(())
    }

    fn start(&mut self, job: Claimed) {
        let is_over = Arc::<AtomicBool>::default();
        let (hub, works, at_work, watched) = (self.hub.clone(), self.works.clone(), job.clone(), is_over.clone());
        let thread = thread::spawn(move || {
            if let Err(error) = hub.perform(&works, &at_work, now, part(), &watched) {
                let (job, kind) = (at_work.id, at_work.kind);
                tracing::warn!(job, kind, "what became of a job can't be noted; it comes again: {error}");
            }
            // There is room for another.
            hub.ring_for_jobs();
        });
        self.running.push(Running { job, is_over, thread, held_since: Instant::now() });
    }

    fn renew(&mut self) -> Result<(), hub::Error> {
        for running in &mut self.running {
            if running.held_since.elapsed() >= RENEW_EVERY {
                if !self.hub.renew_job(&running.job, now())? && !running.thread.is_finished() {
                    running.is_over.store(true, Ordering::Relaxed);
                }
                running.held_since = Instant::now();
            }
        }
        Ok(())
    }
}

/// This process among all that work on a database.
pub(crate) fn worker() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}
