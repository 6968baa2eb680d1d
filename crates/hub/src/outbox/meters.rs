//! Counts what this process sent, and what is open, for metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::{Delivered, EntryState};
use crate::resolve::instant;
use crate::{Error, Hub};

/// What this process sent to a sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkMeter {
    /// Records that the receiver took.
    pub sent: u64,
    /// Attempts that failed or were refused.
    pub failed: u64,
}

/// A sink as metrics show it: what needs no look at what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkGauge {
    /// Its name.
    pub name: String,
    /// Records that wait.
    pub waiting: u64,
    /// Records that have failed for good.
    pub failed: u64,
    /// When the day of the record that waits longest changed.
    pub oldest: Option<Timestamp>,
    /// Whether nothing is sent to it now.
    pub is_paused: bool,
    /// What this process sent.
    pub meter: SinkMeter,
}

/// Meters by sink.
#[derive(Debug, Default)]
pub(crate) struct SinkMeters {
    by_sink: Mutex<BTreeMap<String, SinkMeter>>,
}

impl SinkMeters {
    pub(super) fn count(&self, sink: &str, done: &Delivered) {
        let mut by_sink = self.by_sink.lock().unwrap_or_else(PoisonError::into_inner);
        let meter = by_sink.entry(sink.to_owned()).or_default();
        meter.sent += done.sent;
        meter.failed += done.failed + done.refused;
    }

    fn of(&self, sink: &str) -> SinkMeter {
        self.by_sink.lock().unwrap_or_else(PoisonError::into_inner).get(sink).copied().unwrap_or_default()
    }
}

impl Hub {
    /// How it stands with each sink, for metrics.
    ///
    /// # Errors
    /// Of the store.
    pub fn sink_gauges(&self) -> Result<Vec<SinkGauge>, Error> {
        self.store.read(|read| {
            let gauge = |sink: store::outbox::Sink| {
                let (waiting, oldest_us) = read.outbox_count(&sink.name, EntryState::Waiting.word())?;
                let (failed, _) = read.outbox_count(&sink.name, EntryState::Failed.word())?;
                Ok(SinkGauge {
                    waiting,
                    failed,
                    oldest: (waiting > 0).then(|| instant(oldest_us)),
                    is_paused: sink.paused.is_some(),
                    meter: self.sent.of(&sink.name),
                    name: sink.name,
                })
            };
            read.sinks()?.into_iter().map(gauge).collect()
        })
    }
}
