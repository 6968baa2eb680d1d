//! The tail: what the hub has acknowledged stays for a while, and goes by the edge's clock as long as that is believed.

use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, OptionalExtension as _};

use super::{Spool, SpoolError};

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
    /// Removes what the hub acknowledged and what was received before `before_us` (microseconds since the epoch, UTC),
    /// in small steps. Returns the number of entries removed: none while the clock is not believed.
    ///
    /// # Errors
    /// When a write fails; the steps before it are done.
    pub async fn trim(&self, before_us: i64) -> Result<usize, SpoolError> {
        if !self.believes_time() {
            return Ok(0);
        }
        let mut removed = 0;
        loop {
            let step = self.change(move |connection| trim_step(connection, before_us)).await?;
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

/// Looks at the oldest rows only, so that a step costs the same however much is held. A row whose time is doubted is as old as the
/// first after it whose time is not; where there is none, only the size makes it go.
pub(super) fn trim_step(connection: &Connection, before_us: i64) -> rusqlite::Result<usize> {
    let oldest = "SELECT seq, fingerprint, received_us, is_time_doubted FROM entry
                  WHERE seq <= (SELECT acked FROM position WHERE id = 1) ORDER BY seq LIMIT ?1";
    let looked_at: Vec<(i64, Vec<u8>, i64, bool)> = connection
        .prepare_cached(oldest)?
        .query_map([TRIM_ROWS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut next_us: Option<i64> = match looked_at.last() {
        Some((seq, _, _, true)) => connection
            .prepare_cached(
                "SELECT received_us FROM entry WHERE seq > ?1 AND is_time_doubted = 0 ORDER BY seq LIMIT 1",
            )?
            .query_row([seq], |row| row.get(0))
            .optional()?,
        _ => None,
    };
    let mut rows = Vec::new();
    for (seq, fingerprint, received_us, is_doubted) in looked_at.into_iter().rev() {
        if !is_doubted {
            next_us = Some(received_us);
        }
        if next_us.map_or(before_us == i64::MAX, |age_us| age_us < before_us) {
            rows.push((seq, fingerprint));
        }
    }
    let mut remove = connection.prepare_cached("DELETE FROM entry WHERE seq = ?1")?;
    let mut remove_copies = connection.prepare_cached("DELETE FROM differing_copy WHERE fingerprint = ?1")?;
    for (seq, fingerprint) in &rows {
        remove.execute([seq])?;
        remove_copies.execute([fingerprint])?;
    }
    Ok(rows.len())
}
