//! Imports of tables of punches: a note of each, the file as its envelope, and what became of each row.
//!
//! Invariants:
//! * The same bytes are one envelope, however often they come; each import of them is a note of its own.
//! * A file is kept in parts (`parts`). One whose parts are not all there counts as not kept, and what is kept whole is not written again.
//! * Notes stay. Envelopes and reports go by their age, noted or not, or because a person is erased whose rows they hold.

use crate::engine::{Row, params};
use crate::parts::{Parted, Room};
use crate::statement::statements;
use crate::{Error, Read, Write};

macro_rules! columns {
    () => {
        "i.id, i.at_us, i.actor, i.name, i.size_bytes, i.digest, i.mapping, i.source, i.asked, i.is_trial, i.stored, i.known, i.held, i.refused, \
         i.is_finished, (SELECT COUNT(*) FROM envelope e WHERE e.tenant = i.tenant AND e.digest = i.digest AND e.parts > 0)"
    };
}
pub(crate) use columns;

statements! {
    NEXT_ID = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'import', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    ADD = "INSERT INTO punch_import (tenant, id, at_us, actor, name, size_bytes, digest, mapping, source, asked, is_trial, stored, known, held, refused, is_finished)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    FINISH = "UPDATE punch_import SET stored = $1, known = $2, held = $3, refused = $4, is_finished = 1 WHERE tenant = $5 AND id = $6";
    GET = concat!("SELECT ", columns!(), " FROM punch_import i WHERE i.tenant = $1 AND i.id = $2");
    KEEP = "INSERT INTO envelope (tenant, digest, last_us, parts) VALUES ($1, $2, $3, 0)
        ON CONFLICT (tenant, digest) DO UPDATE SET last_us = excluded.last_us";
    TOUCH = "UPDATE envelope SET last_us = $1 WHERE tenant = $2 AND digest = $3 AND parts > 0";
    ENVELOPE = "SELECT parts FROM envelope WHERE tenant = $1 AND digest = $2 AND parts > 0";
    ENVELOPES = "SELECT digest FROM envelope WHERE tenant = $1 ORDER BY digest";
    SET_PARTS = "UPDATE envelope SET parts = $1 WHERE tenant = $2 AND digest = $3";
    FORGET = "DELETE FROM envelope WHERE tenant = $1 AND digest = $2";
    KEEP_REPORT = "INSERT INTO import_report (tenant, import, at_us, parts) VALUES ($1, $2, $3, $4)";
    REPORT = "SELECT parts FROM import_report WHERE tenant = $1 AND import = $2 AND parts > 0";
    EMPTY_REPORT = "UPDATE import_report SET parts = 0 WHERE tenant = $1 AND import = $2";
    FORGET_REPORT = "DELETE FROM import_report WHERE tenant = $1 AND import = $2";
    REPORTED = "SELECT i.id, i.digest, r.parts FROM import_report r JOIN punch_import i ON i.tenant = r.tenant AND i.id = r.import
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
    /// Whether all of its rows were taken, or tried; until then its counts are 0.
    pub is_finished: bool,
    /// Whether the file is still there.
    pub is_kept: bool,
}

/// An import of which it is kept, in parts, what became of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Its number.
    pub import: i64,
    /// BLAKE3 of the file.
    pub digest: String,
    /// Parts of the report; 0 when it is going, and not all of them are there.
    pub parts: u32,
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
        is_finished: row.get::<i64>(14)? != 0,
        is_kept: row.get::<i64>(15)? != 0,
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

    /// In how many parts a file is kept; `None` when not all of it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn envelope_parts(&self, digest: &str) -> Result<Option<u32>, Error> {
        self.one(ENVELOPE, params![self.tenant, digest], |row| row.get(0))
    }

    /// A part of a file, packed as it was handed in.
    ///
    /// # Errors
    /// Of the store.
    pub fn envelope_part(&self, digest: &str, part: u32) -> Result<Option<Vec<u8>>, Error> {
        self.part_of(Parted::File, &digest, part)
    }

    /// The digest of every file of which anything is kept.
    ///
    /// # Errors
    /// Of the store.
    pub fn envelopes(&self) -> Result<Vec<String>, Error> {
        self.all(ENVELOPES, params![self.tenant], |row| row.get(0))
    }

    /// In how many parts it is kept what became of the rows of an import; `None` when not all of it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn import_report_parts(&self, id: i64) -> Result<Option<u32>, Error> {
        self.one(REPORT, params![self.tenant, id], |row| row.get(0))
    }

    /// A part of what became of the rows of an import, packed as it was handed in.
    ///
    /// # Errors
    /// Of the store.
    pub fn import_report_part(&self, id: i64, part: u32) -> Result<Option<Vec<u8>>, Error> {
        self.part_of(Parted::Report, &id, part)
    }

    /// The imports of which there is a report, or a rest of one.
    ///
    /// # Errors
    /// Of the store.
    pub fn reported_imports(&self) -> Result<Vec<Reported>, Error> {
        self.all(REPORTED, params![self.tenant], |row| {
            Ok(Reported { import: row.get(0)?, digest: row.get(1)?, parts: row.get(2)? })
        })
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
            refused,
            i64::from(new.is_finished)
        ];
        self.run(ADD, values)?;
        Ok(id)
    }

    /// Says what became of the rows of an import, all of which were taken.
    ///
    /// # Errors
    /// Of the store.
    pub fn finish_import(&self, id: i64, counted: &Import) -> Result<(), Error> {
        let Import { stored, known, held, refused, .. } = counted;
        self.run(FINISH, params![stored, known, held, refused, self.tenant, id]).map(drop)
    }

    /// Makes a file that is kept whole as young as this import of it; whether it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn touch_envelope(&self, digest: &str, now_us: i64) -> Result<bool, Error> {
        Ok(self.run(TOUCH, params![now_us, self.tenant, digest])? > 0)
    }

    /// Keeps parts of a file, from one on. Of a file that is kept whole nothing is written.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_envelope_parts(&self, digest: &str, first: u32, parts: &[Vec<u8>], now_us: i64) -> Result<(), Error> {
        if self.touch_envelope(digest, now_us)? {
            return Ok(());
        }
        self.run(KEEP, params![self.tenant, digest, now_us])?;
        self.put_parts(Parted::File, &digest, first, parts)
    }

    /// Says that a file has so many parts, and is whole; false when one of them is not there.
    ///
    /// # Errors
    /// Of the store.
    pub fn finish_envelope(&self, digest: &str, parts: u32) -> Result<bool, Error> {
        if self.envelope_parts(digest)?.is_some() {
            return Ok(true);
        }
        if !self.has_parts(Parted::File, &digest, parts)? {
            return Ok(false);
        }
        Ok(self.run(SET_PARTS, params![parts, self.tenant, digest])? > 0)
    }

    /// Keeps what became of the rows of an import.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_import_report(&self, id: i64, parts: &[Vec<u8>], now_us: i64) -> Result<(), Error> {
        self.run(KEEP_REPORT, params![self.tenant, id, now_us, parts.len() as u64])?;
        self.put_parts(Parted::Report, &id, 0, parts)
    }

    /// Removes a file, or so many parts of it as one transaction may: from then on it counts as not kept. Whether it has gone.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_envelope(&self, digest: &str) -> Result<bool, Error> {
        self.run(SET_PARTS, params![0_i64, self.tenant, digest])?;
        let is_empty = self.drop_parts(Parted::File, &digest, &mut Room::of_a_transaction())?;
        if is_empty {
            self.run(FORGET, params![self.tenant, digest])?;
        }
        Ok(is_empty)
    }

    /// Removes what became of the rows of an import, as [`Write::forget_envelope`].
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_import_report(&self, id: i64) -> Result<bool, Error> {
        self.run(EMPTY_REPORT, params![self.tenant, id])?;
        let is_empty = self.drop_parts(Parted::Report, &id, &mut Room::of_a_transaction())?;
        if is_empty {
            self.run(FORGET_REPORT, params![self.tenant, id])?;
        }
        Ok(is_empty)
    }
}
