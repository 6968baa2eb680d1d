//! Imports of tables of punches: a note of each, the file as its envelope, and what became of each row.
//!
//! Invariants:
//! * The same bytes are one envelope, however often they come; each import of them is a note of its own.
//! * A file is kept together with the report of that import, and never longer than its last report.
//! * Notes stay. Envelopes and reports go by their age, or because a person is erased whose rows they hold.

use crate::engine::{Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

macro_rules! columns {
    () => {
        "i.id, i.at_us, i.actor, i.name, i.size_bytes, i.digest, i.mapping, i.source, i.asked, i.is_trial, i.stored, i.known, i.held, i.refused, \
         (SELECT COUNT(*) FROM envelope e WHERE e.tenant = i.tenant AND e.digest = i.digest)"
    };
}
pub(crate) use columns;

statements! {
    NEXT_ID = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'import', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    ADD = "INSERT INTO punch_import (tenant, id, at_us, actor, name, size_bytes, digest, mapping, source, asked, is_trial, stored, known, held, refused)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    GET = concat!("SELECT ", columns!(), " FROM punch_import i WHERE i.tenant = $1 AND i.id = $2");
    KEEP = "INSERT INTO envelope (tenant, digest, last_us, packed) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, digest) DO UPDATE SET last_us = excluded.last_us";
    ENVELOPE = "SELECT packed FROM envelope WHERE tenant = $1 AND digest = $2";
    FORGET = "DELETE FROM envelope WHERE tenant = $1 AND digest = $2";
    KEEP_REPORT = "INSERT INTO import_report (tenant, import, at_us, packed) VALUES ($1, $2, $3, $4)";
    REPORT = "SELECT packed FROM import_report WHERE tenant = $1 AND import = $2";
    FORGET_REPORT = "DELETE FROM import_report WHERE tenant = $1 AND import = $2";
    REPORTED = "SELECT i.id, i.digest FROM import_report r JOIN punch_import i ON i.tenant = r.tenant AND i.id = r.import
        WHERE r.tenant = $1 ORDER BY r.import";
}

/// The note of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Its number; that of a new one is given by the store.
    pub id: i64,
    /// When, microseconds UTC.
    pub at_us: i64,
    /// Who brought it.
    pub actor: String,
    /// The file's name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal digits.
    pub digest: String,
    /// Name of the mapping by which it was read.
    pub mapping: String,
    /// As whose it was taken: name of a source, or serial of a terminal.
    pub source: String,
    /// How it was to be taken, as JSON.
    pub asked: String,
    /// A dry run, whose file was kept.
    pub is_trial: bool,
    /// Rows that were new, and matched to an employee.
    pub stored: u64,
    /// Rows that were known already.
    pub known: u64,
    /// Rows that were new and are held.
    pub held: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Whether the file is still there.
    pub is_kept: bool,
}

pub(crate) fn import(row: &Row<'_>) -> Result<Import, Error> {
    Ok(Import {
        id: row.get(0)?,
        at_us: row.get(1)?,
        actor: row.get(2)?,
        name: row.get(3)?,
        size_bytes: row.get(4)?,
        digest: row.get(5)?,
        mapping: row.get(6)?,
        source: row.get(7)?,
        asked: row.get(8)?,
        is_trial: row.get::<i64>(9)? != 0,
        stored: row.get(10)?,
        known: row.get(11)?,
        held: row.get(12)?,
        refused: row.get(13)?,
        is_kept: row.get::<i64>(14)? != 0,
    })
}

impl Read<'_> {
    /// The note of an import.
    ///
    /// # Errors
    /// Of the store.
    pub fn import(&self, id: i64) -> Result<Option<Import>, Error> {
        self.one(GET, params![self.tenant, id], import)
    }

    /// A file that is kept, packed as it was handed in.
    ///
    /// # Errors
    /// Of the store.
    pub fn envelope(&self, digest: &str) -> Result<Option<Vec<u8>>, Error> {
        self.one(ENVELOPE, params![self.tenant, digest], |row| row.get(0))
    }

    /// What became of the rows of an import, packed as it was handed in.
    ///
    /// # Errors
    /// Of the store.
    pub fn import_report(&self, id: i64) -> Result<Option<Vec<u8>>, Error> {
        self.one(REPORT, params![self.tenant, id], |row| row.get(0))
    }

    /// The imports of which there is a report: number, and digest of the file.
    ///
    /// # Errors
    /// Of the store.
    pub fn reported_imports(&self) -> Result<Vec<(i64, String)>, Error> {
        self.all(REPORTED, params![self.tenant], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Write<'_> {
    /// Notes an import; its number.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_import(&self, new: &Import) -> Result<i64, Error> {
        let id: i64 = self.one(NEXT_ID, params![self.tenant], |row| row.get(0))?.unwrap_or_default();
        let Import { at_us, actor, name, size_bytes, digest, mapping, source, asked, .. } = new;
        let Import { stored, known, held, refused, .. } = new;
        let is_trial = i64::from(new.is_trial);
        let values = params![
            self.tenant,
            id,
            at_us,
            actor,
            name,
            size_bytes,
            digest,
            mapping,
            source,
            asked,
            is_trial,
            stored,
            known,
            held,
            refused
        ];
        self.run(ADD, values)?;
        Ok(id)
    }

    /// Keeps a file; one that is there already is as young as this one.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_envelope(&self, digest: &str, packed: &[u8], now_us: i64) -> Result<(), Error> {
        self.run(KEEP, params![self.tenant, digest, now_us, packed]).map(drop)
    }

    /// Keeps what became of the rows of an import.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_import_report(&self, id: i64, packed: &[u8], now_us: i64) -> Result<(), Error> {
        self.run(KEEP_REPORT, params![self.tenant, id, now_us, packed]).map(drop)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_envelope(&self, digest: &str) -> Result<(), Error> {
        self.run(FORGET, params![self.tenant, digest]).map(drop)
    }

    /// Removes what became of the rows of an import.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_import_report(&self, id: i64) -> Result<(), Error> {
        self.run(FORGET_REPORT, params![self.tenant, id]).map(drop)
    }
}
