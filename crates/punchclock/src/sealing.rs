//! Seals evidence and audit while a hub runs: within a second of a commit, of this process or another. With several hubs on one
//! database each tries; one wins. Once an hour a job notes the head in the list of jobs, and seals what waits if no thread did.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hub::Hub;
use hub::jobs::{Finished, Kind, Run, SEAL, Work};

use crate::chance::{bytes, now};

const LOOK_EVERY: Duration = Duration::from_millis(400);
/// The head is told to the log this often, where something was sealed since: there it is out of the reach of whoever has the database.
const TELL_EVERY_S: i64 = 3_600;

/// The thread of the sealer.
pub(crate) struct Sealing {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Sealing {
    pub(crate) fn start(hub: Hub) -> Self {
        let (stop, stopped) = mpsc::channel();
        Self { stop, thread: thread::spawn(move || keep_sealing(&hub, &stopped)) }
    }

    pub(crate) fn end(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the sealer ended by a defect");
        }
    }
}

fn keep_sealing(hub: &Hub, stopped: &mpsc::Receiver<()>) {
    let (mut seen, mut told) = (None, (0, 0));
    // The channel carries nothing: waiting on it is the pause, and its end is the stop.
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
        match std::panic::catch_unwind(AssertUnwindSafe(|| round(hub, &mut seen, &mut told))) {
            Ok(Ok(())) => {}
            // The database was busy, or away.
            Ok(Err(error)) if error.downcast_ref::<hub::Error>().is_some_and(hub::Error::is_temporary) => seen = None,
            Ok(Err(error)) => {
                tracing::warn!("evidence and audit can't be sealed: {error:#}; the next change tries again");
            }
            Err(_) => tracing::error!("the sealer broke off by a defect; the next change tries again"),
        }
    }
}

fn round(hub: &Hub, seen: &mut Option<i64>, told: &mut (i64, i64)) -> anyhow::Result<()> {
    let version = hub.data_version()?;
    if seen.replace(version) == Some(version) || hub.seal(now(), &bytes()?)? == 0 {
        return Ok(());
    }
    let hour = now().as_second().div_euclid(TELL_EVERY_S);
    if let Some(head) = hub.chain_head()?
        && told.0 != hour
        && told.1 != head.number
    {
        tracing::info!(seal = head.number, digest = hex(&head.digest), "head of the chain of evidence and audit");
        *told = (hour, head.number);
    }
    Ok(())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seals what waits, and says how far the chain is.
pub(crate) struct Seals;

impl Work for Seals {
    fn kind(&self) -> &'static Kind {
        &SEAL
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        let late = run.hub().seal(run.now(), &bytes()?)?;
        let head = run.hub().chain_head()?;
        let head = head.map_or_else(
            || String::from("nothing to seal yet"),
            |head| format!("head of the chain: {} (seal {})", hex(&head.digest), head.number),
        );
        let late = if late == 0 { String::new() } else { format!("; {late} rows were sealed now") };
        Ok(run.done(head + &late)?)
    }
}
