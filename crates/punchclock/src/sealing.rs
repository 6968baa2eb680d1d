//! Seals evidence and audit while a hub runs: within a second of a commit, of this process or another. With several hubs on one
//! database each tries; one wins.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hub::Hub;

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
        let digest: String = head.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        tracing::info!(seal = head.number, digest, "head of the chain of evidence and audit");
        *told = (hour, head.number);
    }
    Ok(())
}
