//! Rings when there may be a job, so that the workers of this process need not look all the time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
    /// Whether the last claim left more, as far as it saw.
    has_more: AtomicBool,
}

impl Bell {
    /// Notes whether a claim took as many as it might, so that there may be more.
    pub(crate) fn leave(&self, more: bool) {
        self.has_more.store(more, Ordering::Relaxed);
    }

    /// Whether the last claim left more, as far as it saw.
    pub(crate) fn has_more(&self) -> bool {
        self.has_more.load(Ordering::Relaxed)
    }

    /// Rings it. Heard by one wait, now or next.
    pub(crate) fn ring(&self) {
        *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_one();
    }

    /// Waits until it has rung since the last wait, or for so long.
    pub(crate) fn wait(&self, at_most: Duration) {
        let has_rung = self.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rings.wait_timeout_while(has_rung, at_most, |has_rung| !*has_rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
