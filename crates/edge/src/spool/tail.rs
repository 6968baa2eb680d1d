//! The tail: what the hub has acknowledged stays for a while after that, and goes by the edge's clock as long as that is believed. When
//! the clock is set, nothing gets older by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::{Spool, SpoolError, acked, micros};

/// Rows that one step of a trim removes, so that it never holds up a terminal for long.
const TRIM_ROWS: i64 = 1000;

/// What is known of the edge's clock, microseconds. As long as nobody says otherwise it always was right.
pub(super) struct Believed {
    /// Since it showed this it is believed; what was received before is marked.
    since_us: AtomicI64,
    /// How far it is ahead of the hub's, by which commands expire.
    ahead_us: AtomicI64,
}

/// It is not believed.
const NEVER: i64 = i64::MAX;
/// How far it is ahead is not known.
const UNKNOWN: i64 = i64::MIN;

impl Default for Believed {
    fn default() -> Self {
        Self { since_us: AtomicI64::new(i64::MIN), ahead_us: AtomicI64::new(0) }
    }
}

impl Believed {
    pub(super) fn since_us(&self) -> i64 {
        self.since_us.load(Ordering::Acquire)
    }

    /// How far the clock is ahead of the hub's, if that is known.
    pub(super) fn ahead_us(&self) -> Option<i64> {
        Some(self.ahead_us.load(Ordering::Acquire)).filter(|ahead_us| *ahead_us != UNKNOWN)
    }
}

impl Spool {
    /// Removes, in small steps, what the hub has held for `keep` at `now_us` (microseconds since the epoch, UTC), as far as
    /// earlier calls saw it acknowledged. Returns the number of entries removed: none while the clock is not believed.
    ///
    /// # Errors
    /// When a write fails; the steps before it are done.
    pub async fn trim(&self, now_us: i64, keep: Duration) -> Result<usize, SpoolError> {
        if !self.believes_time() {
            return Ok(0);
        }
        let before_us = now_us.saturating_sub(micros(keep));
        let up_to = self.change(move |connection| held_since(connection, now_us, before_us)).await?;
        let mut removed = 0;
        loop {
            let step = self.change(move |connection| trim_step(connection, up_to)).await?;
            removed += step;
            if step == 0 {
                return Ok(removed);
            }
        }
    }

    /// The edge's clock is believed since it showed this, microseconds since the epoch, UTC; `None` when it is not.
    pub fn believe_time_since(&self, since_us: Option<i64>) {
        self.inner.believed.since_us.store(since_us.unwrap_or(NEVER), Ordering::Release);
    }

    /// How far the edge's clock is ahead of the hub's, microseconds; `None` when that is not known. By the hub's time commands
    /// expire.
    pub fn set_ahead_of_hub(&self, ahead_us: Option<i64>) {
        self.inner.believed.ahead_us.store(ahead_us.unwrap_or(UNKNOWN), Ordering::Release);
    }

    /// Whether the edge's clock is believed. As long as nobody has said otherwise, it is.
    pub(super) fn believes_time(&self) -> bool {
        self.inner.believed.since_us() != NEVER
    }
}

/// Notes what the hub holds at `now_us`; up to where it held everything at `before_us`. What was noted by a clock that was ahead then
/// counts from now.
fn held_since(connection: &Connection, now_us: i64, before_us: i64) -> rusqlite::Result<i64> {
    connection.prepare_cached("UPDATE acknowledged SET at_us = ?1 WHERE at_us > ?1")?.execute([now_us])?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO acknowledged (seq, at_us) SELECT acked, ?1 FROM position WHERE id = 1")?
        .execute([now_us])?;
    let up_to = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM acknowledged WHERE at_us <= ?1")?
        .query_row([before_us], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM acknowledged WHERE seq < ?1")?.execute([up_to])?;
    Ok(up_to)
}

/// Removes the oldest of the entries up to a sequence, but nothing that the hub has not acknowledged. A step costs the same however
/// much is held.
pub(super) fn trim_step(connection: &Connection, up_to: i64) -> rusqlite::Result<usize> {
    let up_to = up_to.min(acked(connection)?);
    let oldest: Vec<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT seq, fingerprint FROM entry WHERE seq <= ?1 ORDER BY seq LIMIT ?2")?
        .query_map([up_to, TRIM_ROWS], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut remove = connection.prepare_cached("DELETE FROM entry WHERE seq = ?1")?;
    let mut remove_copies = connection.prepare_cached("DELETE FROM differing_copy WHERE fingerprint = ?1")?;
    for (seq, fingerprint) in &oldest {
        remove.execute([seq])?;
        remove_copies.execute([fingerprint])?;
    }
    Ok(oldest.len())
}
