//! A delivery to a sink that is asked for here and done here, in the turn of the sink: beside a server that delivers to it, this waits,
//! and so does the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use hub::jobs::{Claimed, Ended, JobRow, JobState, Works};
use hub::{Deliver, Delivered, Hub, Which};

use crate::chance::{now, part};
use crate::commands::console;
use crate::progress::Progress;
use crate::runner::{RENEW_EVERY, worker};
use crate::{show, sinks};

/// How often it looks whether it is its turn.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Who delivered.
pub(super) enum Seen {
    /// This process, and what it did.
    Here(Delivered),
    /// Another one, which had to go on with it.
    Elsewhere(JobRow),
}

/// Delivers to a sink what waits, once it is its turn, and waits for the end of it.
pub(super) fn deliver(hub: &Hub, name: &str, which: Which, limit: u32) -> anyhow::Result<Seen> {
    let (tell, told) = mpsc::channel();
    let works = Works::default().with(Deliver::by(sinks::open).heard_by(tell));
    let id = hub.ask_for_delivery(&console(), name, which, limit, now())?;
    let progress = Progress::start(&format!("job {id} sends to {name}")).ticking();
    let mut kept = Instant::now();
    let mut keep_place = || {
        if kept.elapsed() >= RENEW_EVERY {
            kept = Instant::now();
            hub.keep_place(id, now())?;
        }
        Ok(())
    };
    loop {
        // What waited before is done here as well: there may be no server.
        if let Some(job) = hub.claim_of_sink((name, id), &works, &worker(), now())? {
            let ended = perform(hub, &works, &job, &mut keep_place)?;
            match ended {
                Ended::Failed(why, next) if job.id == id => {
                    let next = show::instant(next, &hub.company()?.time_zone()?);
                    bail!("{why}; a server tries it again from {next} on, as job {id}")
                }
                Ended::Dead(why) if job.id == id => bail!("{why}; look at job {id}"),
                _ => {}
            }
            if let Some((_, done)) = told.try_iter().find(|(heard, _)| *heard == id) {
                return Ok(Seen::Here(done));
            }
            continue;
        }
        let job = hub.job(id)?;
        match job.state {
            JobState::Done | JobState::Dead => return Ok(Seen::Elsewhere(job)),
            JobState::Running => progress.say(format!("job {id} runs at {}", job.worker)),
            JobState::Waiting => progress.say(format!("job {id} waits for what is sent to {name} now")),
        }
        keep_place()?;
        thread::sleep(LOOK_EVERY);
    }
}

/// Does a claimed job, and holds it meanwhile.
fn perform(
    hub: &Hub,
    works: &Works,
    job: &Claimed,
    keep_place: &mut impl FnMut() -> Result<(), hub::Error>,
) -> Result<Ended, hub::Error> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let work = scope.spawn(|| hub.perform(works, job, now, part(), &is_over));
        let mut held = Instant::now();
        while !work.is_finished() {
            thread::park_timeout(LOOK_EVERY);
            if held.elapsed() >= RENEW_EVERY {
                held = Instant::now();
                if !hub.renew_job(job, now())? {
                    is_over.store(true, Ordering::Relaxed);
                }
            }
            keep_place()?;
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
