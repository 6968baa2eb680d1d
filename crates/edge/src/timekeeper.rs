//! The edge's own clock: what it shows, and whether that is believed.
//!
//! Invariants:
//! * While the clock is not believed nothing is judged, expires or is removed by it, and what is received is marked.
//! * When it is moved, the times that were noted by it and still matter move along.
//! * What recurs (polls, searches) goes by a steady clock, which nobody sets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use link::EdgeClock;

use crate::Stop;
use crate::plan::clock::{Look, is_believed, moved_us, offset_us};
use crate::spool::Spool;
use crate::terminals::Terminals;
use crate::time::Time;

/// Keeps the time of one edge.
pub(crate) struct Timekeeper {
    source: Time,
    spool: Spool,
    terminals: Arc<Terminals>,
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    last: Look,
    /// Against the hub, since the last jump.
    offset_us: Option<i64>,
    is_believed: bool,
}

impl Timekeeper {
    pub(crate) fn new(source: Time, spool: Spool, terminals: Arc<Terminals>) -> Self {
        let is_believed = source.is_synchronised();
        if !is_believed {
            spool.believe_time_since(None);
            spool.set_ahead_of_hub(None);
        }
        let known = Known { last: look(&source), offset_us: None, is_believed };
        Self { source, spool, terminals, known: Mutex::new(known) }
    }

    /// What the clock shows, microseconds since the epoch, UTC.
    pub(crate) fn now_us(&self) -> i64 {
        self.source.now_us()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now_us()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A clock that only goes on, microseconds.
    pub(crate) fn steady_us(&self) -> i64 {
        self.source.steady_us()
    }

    /// Whether the clock is believed.
    pub(crate) fn is_believed(&self) -> bool {
        self.lock().is_believed
    }

    /// Looks at the clock regularly, until the stop.
    pub(crate) async fn keep(self: Arc<Self>, every: Duration, mut stop: Stop) {
        loop {
            self.look().await;
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// Looks whether the clock was moved, and whether it is believed now.
    pub(crate) async fn look(&self) -> Look {
        let now = look(&self.source);
        let moved_us = {
            let mut known = self.lock();
            let moved_us = moved_us(known.last, now);
            known.last = now;
            if moved_us != 0 {
                known.offset_us = None;
            }
            moved_us
        };
        if moved_us != 0 {
            tracing::warn!(moved_s = moved_us / 1_000_000, now = %self.now(), "the clock of this computer was moved");
            self.terminals.clock_moved(moved_us);
            if let Err(error) = self.spool.clock_moved(moved_us).await {
                tracing::warn!(%error, "times of commands did not move along; those that wait are handed out again");
            }
        }
        self.judge();
        now
    }

    /// The hub told its time between an earlier look and now.
    pub(crate) async fn compared(&self, asked: Look, hub_us: Option<i64>) {
        let answered = self.look().await;
        if let Some(offset_us) = hub_us.and_then(|hub_us| offset_us(asked, answered, hub_us)) {
            self.lock().offset_us = Some(offset_us);
            self.judge();
        }
    }

    /// What the hub is told of the clock.
    pub(crate) fn told(&self) -> EdgeClock {
        let Known { offset_us, is_believed, .. } = *self.lock();
        EdgeClock { is_right: is_believed, is_synchronised: self.source.is_synchronised(), offset_us }
    }

    fn judge(&self) {
        let is_synchronised = self.source.is_synchronised();
        let mut known = self.lock();
        let is_believed = is_believed(is_synchronised, known.offset_us);
        self.spool.set_ahead_of_hub(known.offset_us.or(is_believed.then_some(0)));
        if is_believed == known.is_believed {
            return;
        }
        known.is_believed = is_believed;
        // Under the lock, so that the spool hears of changes in their order.
        self.spool.believe_time_since(is_believed.then_some(known.last.now_us));
        let offset_s = known.offset_us.map(|offset_us| offset_us / 1_000_000);
        match is_believed {
            true => tracing::info!(offset_s, "the clock of this computer is right"),
            false => tracing::warn!(
                offset_s,
                "the clock of this computer is not right: until it is, receive times are marked and nothing expires or is removed; set up time synchronisation"
            ),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(source: &Time) -> Look {
    Look { now_us: source.now_us(), steady_us: source.steady_us() }
}
