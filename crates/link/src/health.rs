//! How an edge is, beside its queue: its disk, the terminals that it misses, and its clock.

use serde::{Deserialize, Serialize};

/// An edge's clock that is off by no more than this against the hub's is right, in microseconds.
pub const EDGE_CLOCK_TOLERANCE_US: i64 = 60_000_000;
/// Silent terminals that one heartbeat names.
pub const MAX_SILENT: usize = 500;

/// What an edge sees of itself. All of it may be missing: a newer edge may leave something out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Serials of approved terminals that it has not heard of for long, though it runs; at most [`MAX_SILENT`].
    pub silent_terminals: Vec<String>,
    /// Bytes of its spool that hold something.
    pub spool_used_bytes: u64,
    /// Most bytes of its spool.
    pub spool_limit_bytes: u64,
    /// Free bytes of its disk; `None` when the system does not tell.
    pub disk_free_bytes: Option<u64>,
    /// Why it takes nothing more, in words with the cure; `None` while it does.
    pub refuses: Option<String>,
    /// What it knows of its own clock.
    pub clock: Option<EdgeClock>,
}

/// What an edge knows of its own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeClock {
    /// It judges by it: things expire and are removed. Otherwise receive times are marked, and nothing is done by it.
    pub is_right: bool,
    /// Its system says that its time is synchronised.
    pub is_synchronised: bool,
    /// Its clock minus the hub's at the last contact, microseconds; `None` before the first and after a jump.
    pub offset_us: Option<i64>,
}
