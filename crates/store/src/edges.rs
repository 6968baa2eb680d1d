//! What edges told of themselves, and how far the hub holds what they sent.

use rusqlite::params;

use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    EDGE_SEQ = "SELECT high_seq FROM edge WHERE tenant = $1 AND name = $2";
    EDGE_ADVANCE = "INSERT INTO edge (tenant, name, high_seq, version, last_seen_us, clock_ahead_us, queued) VALUES ($1, $2, $3, '', $4, 0, 0)
        ON CONFLICT (tenant, name) DO UPDATE SET last_seen_us = excluded.last_seen_us,
        high_seq = CASE WHEN edge.high_seq > excluded.high_seq THEN edge.high_seq ELSE excluded.high_seq END";
    EDGE_SEEN = "INSERT INTO edge (tenant, name, high_seq, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us)
        VALUES ($1, $2, 0, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant, name) DO UPDATE SET version = excluded.version, last_seen_us = excluded.last_seen_us,
        clock_ahead_us = excluded.clock_ahead_us, queued = excluded.queued, oldest_unsent_us = excluded.oldest_unsent_us";
    EDGES = "SELECT name, high_seq, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us FROM edge WHERE tenant = $1 ORDER BY name";
}

/// What an edge last told of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its name.
    pub name: String,
    /// Highest sequence that the hub holds.
    pub high_seq: i64,
    /// Its version.
    pub version: String,
    /// Last contact, microseconds UTC.
    pub last_seen_us: i64,
    /// Its clock minus the hub's, microseconds.
    pub clock_ahead_us: i64,
    /// Items that it has not sent.
    pub queued: i64,
    /// Receive time of the oldest of them, microseconds UTC.
    pub oldest_unsent_us: Option<i64>,
}

impl Read<'_> {
    /// Highest sequence of an edge that the hub holds; 0 for an unknown edge.
    ///
    /// # Errors
    /// Of the store.
    pub fn edge_high_seq(&self, edge: &str) -> Result<i64, Error> {
        Ok(self.one(EDGE_SEQ, params![self.tenant, edge], |row| row.get(0))?.unwrap_or(0))
    }

    /// All edges by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn edges(&self) -> Result<Vec<Edge>, Error> {
        self.all(EDGES, params![self.tenant], |row| {
            Ok(Edge {
                name: row.get(0)?,
                high_seq: row.get(1)?,
                version: row.get(2)?,
                last_seen_us: row.get(3)?,
                clock_ahead_us: row.get(4)?,
                queued: row.get(5)?,
                oldest_unsent_us: row.get(6)?,
            })
        })
    }
}

impl Write<'_> {
    /// Notes that the hub holds everything of an edge up to a sequence. It never goes down.
    ///
    /// # Errors
    /// Of the store.
    pub fn advance_edge(&self, edge: &str, high_seq: i64, now_us: i64) -> Result<(), Error> {
        self.run(EDGE_ADVANCE, params![self.tenant, edge, high_seq, now_us]).map(drop)
    }

    /// Notes what an edge told of itself; its sequence stays.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_edge(&self, edge: &Edge) -> Result<(), Error> {
        let Edge { name, high_seq: _, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us } = edge;
        let values = params![self.tenant, name, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us];
        self.run(EDGE_SEEN, values).map(drop)
    }
}
