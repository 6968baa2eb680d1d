//! A rate that is kept towards another system.

// A shell: it waits.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior};

/// So many records a second at most.
pub(crate) struct Pace(Option<Mutex<Interval>>);

impl Pace {
    /// On a runtime; 0 is no limit.
    pub(crate) fn new(per_second: u32, runtime: &Runtime) -> Self {
        Self((per_second > 0).then(|| {
            let _within = runtime.enter();
            let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(pace)
        }))
    }

    /// Waits until so many records may be on their way.
    pub(crate) async fn wait(&self, records: usize) {
        if let Some(pace) = &self.0 {
            let mut pace = pace.lock().await;
            for _ in 0..records {
                pace.tick().await;
            }
        }
    }
}
