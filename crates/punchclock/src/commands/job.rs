//! `job list|run|retry`.

use anyhow::bail;
use hub::jobs::{BACKUP, JobFilter};
use serde_json::json;

use crate::chance::now;
use crate::cli::job::JobCommand;
use crate::commands::{Context, console};
use crate::show;

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
        JobCommand::Run { kind } => {
            if kind == BACKUP.name && context.settings.file("backup.folder").is_none() {
                bail!(
                    "backup.folder is not set: set it and restart the server, or write one now with `punchclock backup FILE`"
                );
            }
            let id = hub.ask_for_job(&console(), &kind, now())?;
            show::line(format!(
                "job {id} waits for a running server, which takes it within a second; `punchclock job list` shows it"
            ))?;
        }
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
