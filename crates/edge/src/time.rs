//! Where the edge takes the time from.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::Instant;

/// There once systemd has synchronised the clock since the start of the system.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// The edge's clocks: the system's, or ones that show what they are set to, for whoever drives an edge through time himself.
#[derive(Debug, Clone)]
pub struct Time(Source);

#[derive(Debug, Clone)]
enum Source {
    System { started: Instant },
    Standing(Arc<Standing>),
}

#[derive(Debug)]
struct Standing {
    now_us: AtomicI64,
    steady_us: AtomicI64,
    is_synchronised: AtomicBool,
}

impl Time {
    /// The system's clocks.
    pub fn system() -> Self {
        Self(Source::System { started: Instant::now() })
    }

    /// A clock that stands still until time [passes](Time::set) or somebody [moves](Time::move_to) it. Clones show the same. In
    /// microseconds since the epoch, UTC. It counts as synchronised until [somebody says otherwise](Time::set_synchronised).
    pub fn standing(now_us: i64) -> Self {
        let (steady_us, is_synchronised) = (now_us.into(), AtomicBool::new(true));
        Self(Source::Standing(Arc::new(Standing { now_us: now_us.into(), steady_us, is_synchronised })))
    }

    /// Time passes until a standing clock shows this; the system's is left alone.
    pub fn set(&self, now_us: i64) {
        if let Source::Standing(standing) = &self.0 {
            let before_us = standing.now_us.swap(now_us, SeqCst);
            standing.steady_us.fetch_add(now_us.saturating_sub(before_us), SeqCst);
        }
    }

    /// Somebody sets a standing clock to this, in no time; the system's is left alone.
    pub fn move_to(&self, now_us: i64) {
        if let Source::Standing(standing) = &self.0 {
            standing.now_us.store(now_us, SeqCst);
        }
    }

    /// Whether the system of a standing clock says that it is synchronised.
    pub fn set_synchronised(&self, is_synchronised: bool) {
        if let Source::Standing(standing) = &self.0 {
            standing.is_synchronised.store(is_synchronised, SeqCst);
        }
    }

    /// Microseconds since the epoch, UTC, as far as anybody has set the clock.
    pub(crate) fn now_us(&self) -> i64 {
        match &self.0 {
            Source::System { .. } => crate::now_us(),
            Source::Standing(standing) => standing.now_us.load(SeqCst),
        }
    }

    /// Microseconds of a clock that only goes on, from any beginning.
    pub(crate) fn steady_us(&self) -> i64 {
        match &self.0 {
            Source::System { started } => i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX),
            Source::Standing(standing) => standing.steady_us.load(SeqCst),
        }
    }

    /// Whether the system says that its clock is synchronised. False when it can't tell.
    pub(crate) fn is_synchronised(&self) -> bool {
        match &self.0 {
            Source::System { .. } => Path::new(SYNCHRONISED).exists(),
            Source::Standing(standing) => standing.is_synchronised.load(SeqCst),
        }
    }
}
