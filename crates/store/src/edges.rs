//! What edges told of themselves, and how far the hub holds what they sent.

use attendance::punch::Fingerprint;

use crate::chain::{Id, Kind};
use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    EDGE_SEQ = "SELECT high_seq FROM edge WHERE tenant = $1 AND name = $2 AND spool = $3";
    EDGE_ADVANCE = "INSERT INTO edge (tenant, name, spool, high_seq, version, last_seen_us, clock_ahead_us, queued)
        VALUES ($1, $2, $3, $4, '', $5, 0, 0)
        ON CONFLICT (tenant, name) DO UPDATE SET last_seen_us = excluded.last_seen_us, spool = excluded.spool,
        high_seq = CASE WHEN edge.spool = excluded.spool AND edge.high_seq > excluded.high_seq THEN edge.high_seq ELSE excluded.high_seq END";
    EDGE_HEARD = "INSERT INTO edge (tenant, name, high_seq, version, last_seen_us, clock_ahead_us, queued) VALUES ($1, $2, 0, '', $3, 0, 0)
        ON CONFLICT (tenant, name) DO UPDATE SET last_seen_us = excluded.last_seen_us";
    EDGE_SEEN = "INSERT INTO edge (tenant, name, high_seq, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us,
        health, clock_since_us, clock_since_ahead_us, clock_jump_us) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (tenant, name) DO UPDATE SET version = excluded.version, last_seen_us = excluded.last_seen_us,
        clock_ahead_us = excluded.clock_ahead_us, queued = excluded.queued, oldest_unsent_us = excluded.oldest_unsent_us,
        health = excluded.health, clock_since_us = excluded.clock_since_us,
        clock_since_ahead_us = excluded.clock_since_ahead_us, clock_jump_us = excluded.clock_jump_us";
    EDGE = "SELECT name, high_seq, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us, health, clock_since_us,
        clock_since_ahead_us, clock_jump_us, is_silent FROM edge WHERE tenant = $1 AND name = $2";
    EDGES = "SELECT name, high_seq, version, last_seen_us, clock_ahead_us, queued, oldest_unsent_us, health, clock_since_us,
        clock_since_ahead_us, clock_jump_us, is_silent FROM edge WHERE tenant = $1 ORDER BY name";
    EDGE_SILENT = "UPDATE edge SET is_silent = $1 WHERE tenant = $2 AND name = $3";
    EDGE_GONE = "DELETE FROM edge WHERE tenant = $1 AND name = $2";
    DOUBTED = "INSERT INTO doubted_receipt (tenant, fingerprint, edge_us) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, fingerprint) DO NOTHING";
    DOUBTED_OF = "SELECT edge_us FROM doubted_receipt WHERE tenant = $1 AND fingerprint = $2";
}

/// What an edge last told of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Its name.
    pub name: String,
    /// Highest sequence that the hub holds of the spool that it heard last.
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
    /// `link::Health` as JSON; empty from an edge that tells none.
    pub health: String,
    /// Since when its clock has only drifted, microseconds UTC.
    pub clock_since_us: Option<i64>,
    /// Its clock minus the hub's at that time, microseconds.
    pub clock_since_ahead_us: Option<i64>,
    /// By how much its clock was moved then, microseconds; `None` when that was its first contact.
    pub clock_jump_us: Option<i64>,
    /// It was told to be silent, and not yet to be back.
    pub is_silent: bool,
}

fn edge(row: &Row<'_>) -> Result<Edge, Error> {
    Ok(Edge {
        name: row.get(0)?,
        high_seq: row.get(1)?,
        version: row.get(2)?,
        last_seen_us: row.get(3)?,
        clock_ahead_us: row.get(4)?,
        queued: row.get(5)?,
        oldest_unsent_us: row.get(6)?,
        health: row.get(7)?,
        clock_since_us: row.get(8)?,
        clock_since_ahead_us: row.get(9)?,
        clock_jump_us: row.get(10)?,
        is_silent: row.get(11)?,
    })
}

impl Read<'_> {
    /// Highest sequence that the hub holds of an edge's spool; 0 for another spool than the one that it heard last.
    ///
    /// # Errors
    /// Of the store.
    pub fn edge_high_seq(&self, edge: &str, spool: &str) -> Result<i64, Error> {
        Ok(self.one(EDGE_SEQ, params![self.tenant, edge, spool], |row| row.get(0))?.unwrap_or(0))
    }

    /// One edge.
    ///
    /// # Errors
    /// Of the store.
    pub fn edge(&self, name: &str) -> Result<Option<Edge>, Error> {
        self.one(EDGE, params![self.tenant, name], edge)
    }

    /// All edges by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn edges(&self) -> Result<Vec<Edge>, Error> {
        self.all(EDGES, params![self.tenant], edge)
    }

    /// What the clock of its edge showed when a punch came, where the edge did not believe it; microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn doubted_receipt(&self, of: Fingerprint) -> Result<Option<i64>, Error> {
        self.one(DOUBTED_OF, params![self.tenant, of.0], |row| row.get(0))
    }
}

impl Write<'_> {
    /// Notes that the hub holds everything of an edge's spool up to a sequence, which never goes down; with another spool than
    /// the last it begins anew. A sequence of 0 says nothing of a spool, only that the edge was heard.
    ///
    /// # Errors
    /// Of the store.
    pub fn advance_edge(&self, edge: &str, spool: &str, high_seq: i64, now_us: i64) -> Result<(), Error> {
        match high_seq {
            0 => self.run(EDGE_HEARD, params![self.tenant, edge, now_us]),
            _ => self.run(EDGE_ADVANCE, params![self.tenant, edge, spool, high_seq, now_us]),
        }
        .map(drop)
    }

    /// Notes what an edge told of itself; its sequence stays, and so does whether it is told to be silent.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_edge(&self, edge: &Edge) -> Result<(), Error> {
        let values = params![
            self.tenant,
            edge.name,
            edge.version,
            edge.last_seen_us,
            edge.clock_ahead_us,
            edge.queued,
            edge.oldest_unsent_us,
            edge.health,
            edge.clock_since_us,
            edge.clock_since_ahead_us,
            edge.clock_jump_us
        ];
        self.run(EDGE_SEEN, values).map(drop)
    }

    /// Notes whether an edge is told to be silent.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_edge_silent(&self, edge: &str, is_silent: bool) -> Result<(), Error> {
        self.run(EDGE_SILENT, params![is_silent, self.tenant, edge]).map(drop)
    }

    /// Forgets what an edge told of itself and how far the hub holds what it sent; false when nothing was known of it.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_edge(&self, name: &str) -> Result<bool, Error> {
        Ok(self.run(EDGE_GONE, params![self.tenant, name])? == 1)
    }

    /// Keeps what the clock of its edge showed when each punch came, which the edge did not believe; microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_doubted_receipts(&self, receipts: &[(Fingerprint, i64)]) -> Result<(), Error> {
        let lists = receipts.iter().map(|(of, edge_us)| list![self.tenant, of.0.as_slice(), *edge_us]);
        let is_new = self.session.insert_each(DOUBTED, [("fingerprint", 1)], lists)?;
        let new = receipts.iter().zip(is_new).filter(|(_, is_new)| *is_new);
        new.for_each(|((of, _), _)| self.arrived(Id::punched(Kind::Receipt, *of)));
        Ok(())
    }
}
