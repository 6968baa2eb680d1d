//! Counts what this process ran, for its metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What this process ran of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Attempts that ended, well or not.
    pub runs: u64,
    /// Those that failed.
    pub failures: u64,
    /// What all of them took together.
    pub took: Duration,
    /// Jobs that it took from a worker whose lease had ended.
    pub takeovers: u64,
}

/// Meters by kind.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    by_kind: Mutex<BTreeMap<&'static str, Meter>>,
}

impl Meters {
    pub(crate) fn count(&self, kind: &'static str, took: Duration, has_failed: bool) {
        self.meter(kind, |meter| {
            meter.runs += 1;
            meter.failures += u64::from(has_failed);
            meter.took += took;
        });
    }

    pub(crate) fn count_takeover(&self, kind: &'static str) {
        self.meter(kind, |meter| meter.takeovers += 1);
    }

    fn meter(&self, kind: &'static str, count: impl FnOnce(&mut Meter)) {
        count(self.by_kind.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default());
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, Meter> {
        self.by_kind.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
