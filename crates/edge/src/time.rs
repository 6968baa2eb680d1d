//! Where the edge takes the time from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// The edge's clock: the system's, or one that shows what it is set to, for whoever drives an edge through time himself.
#[derive(Debug, Clone, Default)]
pub struct Time(Option<Arc<AtomicI64>>);

impl Time {
    /// The system's clock.
    pub const SYSTEM: Self = Self(None);

    /// A clock that stands still until it is [set](Time::set). Clones show the same. In microseconds since the epoch, UTC.
    pub fn standing(now_us: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now_us))))
    }

    /// Sets a standing clock; the system's is left alone.
    pub fn set(&self, now_us: i64) {
        if let Self(Some(shown)) = self {
            shown.store(now_us, Relaxed);
        }
    }

    /// Microseconds since the epoch, UTC.
    pub(crate) fn now_us(&self) -> i64 {
        match self {
            Self(Some(shown)) => shown.load(Relaxed),
            Self(None) => jiff::Timestamp::now().as_microsecond(),
        }
    }

    /// The same as an instant.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.now_us()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}
