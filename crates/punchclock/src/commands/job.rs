//! `job list|run|retry`.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use hub::Hub;
use hub::jobs::{BACKUP, DERIVE, JobFilter, JobRow, JobState, Schedules};
use serde_json::json;

use crate::chance::now;
use crate::cli::job::JobCommand;
use crate::commands::derive::derive_with_progress;
use crate::commands::serve::works;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::runner::{Runner, worker};
use crate::show;

/// A server that runs takes a job within a second: where none has taken it by then, none runs.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn run(context: &Context, command: JobCommand) -> anyhow::Result<()> {
    let hub = context.hub()?;
    match command {
        JobCommand::List { state, kind, limit } => {
            let zone = hub.company()?.time_zone()?;
            let filter = JobFilter { state, kind, limit, descending: true, ..JobFilter::default() };
            let header = ["job", "kind", "state", "due", "next", "attempts", "worker", "ended", "seconds", "outcome"];
            let rows = hub.jobs(&filter)?.rows.into_iter().map(|job| {
                let at = |at: Option<jiff::Timestamp>| json!(at.map(|at| show::instant(at, &zone)));
                let took = job.took().map(|took| took.as_millis() as f64 / 1e3);
                let (due, next, ended) = (at(Some(job.due)), at(job.next), at(job.ended));
                let (attempts, worker) = (json!(job.attempts), json!(job.worker));
                let state = json!(job.state.word());
                vec![
                    json!(job.id),
                    json!(job.kind),
                    state,
                    due,
                    next,
                    attempts,
                    worker,
                    ended,
                    json!(took),
                    json!(job.outcome),
                ]
            });
            show::rows(context.is_json, &header, &rows.collect::<Vec<_>>())?;
        }
        JobCommand::Run { kind } => run_now(context, &hub, &kind)?,
        JobCommand::Retry { id: Some(id), .. } => {
            hub.retry_job(&console(), id, now())?;
            show::line(format!("job {id} is tried again"))?;
        }
        JobCommand::Retry { id: None, .. } => {
            show::line(format!("{} dead jobs are tried again", hub.retry_all_jobs(&console(), now())?))?;
        }
    }
    Ok(())
}

/// Asks for a job and sees it through: a server that runs takes it; where there is none it is claimed and done here, as a server
/// would.
fn run_now(context: &Context, hub: &Hub, kind: &str) -> anyhow::Result<()> {
    if kind == BACKUP.name && context.settings.file("backup.folder").is_none() {
        bail!(
            "backup.folder is not set: set it and restart the server, or write one now with `punchclock backup FILE`"
        );
    }
    let works = works(&context.settings)?.only(kind);
    let id = hub.ask_for_job(&console(), kind, now())?;
    let (job, is_here) = {
        let progress = Progress::start(&format!("job {id} waits for a server")).ticking();
        if let Some(job) = attempt(hub, id, Some(TAKEN_WITHIN), &progress)? {
            (job, false)
        } else {
            progress.say(format!("job {id}: no server has taken it, it runs here"));
            let runner = Runner::start(hub.clone(), works, Schedules::new());
            let job = attempt(hub, id, None, &progress);
            runner.end();
            let job = job?.unwrap_or(hub.job(id)?);
            let is_here = job.worker == worker();
            (job, is_here)
        }
    };
    let place = if is_here { "here".to_owned() } else { format!("by the server {}", job.worker) };
    let took = job.took().unwrap_or_default();
    if context.is_json {
        show::json(&json!({
            "job": id, "kind": job.kind, "state": job.state.word(), "is_here": is_here, "worker": job.worker,
            "seconds": took.as_millis() as f64 / 1e3, "outcome": job.outcome,
        }))?;
    }
    match job.next {
        _ if job.state == JobState::Dead => bail!("job {id} is dead, tried {place}: {}", job.outcome),
        Some(next) => {
            let next = show::instant(next, &hub.company()?.time_zone()?);
            bail!("job {id} failed, tried {place}: {}; a server tries it again from {next} on", job.outcome)
        }
        None if !context.is_json => {
            show::line(format!("job {id} was done {place} in {:.1} s: {}", took.as_secs_f64(), job.outcome))?;
        }
        None => {}
    }
    if is_here && kind == DERIVE.name {
        // A server derives at once what is marked.
        derive_with_progress(hub, now())?;
    }
    Ok(())
}

/// Waits until an attempt at a job has ended, well or not; `None` when nobody has taken it within a time.
fn attempt(
    hub: &Hub,
    id: i64,
    taken_within: Option<Duration>,
    progress: &Progress,
) -> Result<Option<JobRow>, hub::Error> {
    let (asked, before) = (Instant::now(), hub.job(id)?.attempts);
    loop {
        let job = hub.job(id)?;
        match job.state {
            JobState::Done | JobState::Dead => return Ok(Some(job)),
            JobState::Waiting if job.attempts > before => return Ok(Some(job)),
            JobState::Waiting if taken_within.is_some_and(|within| asked.elapsed() >= within) => return Ok(None),
            JobState::Waiting => {}
            JobState::Running => progress.say(format!("job {id} runs at {}", job.worker)),
        }
        thread::sleep(LOOK_EVERY);
    }
}
