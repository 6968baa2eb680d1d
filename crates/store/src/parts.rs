//! What is kept in parts, as a large file is too much for a row and for a statement: files by their digest, and reports by their import.
//!
//! Invariants:
//! * Parts are numbered from 0 on, and each goes through the store as it was handed in.
//! * No part is there without the row that says how many there are, so none is forgotten. That row says 0 before the first of them goes.
//! * One transaction removes [`MOST_DROPPED`] parts at most.

use crate::engine::{Param, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

/// Parts that one transaction removes: of the size that the hub gives them, so many MiB at most.
const MOST_DROPPED: u32 = 64;

statements! {
    PUT_FILE = "INSERT INTO envelope_part (tenant, digest, part, packed) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, digest, part) DO UPDATE SET packed = excluded.packed";
    PUT_REPORT = "INSERT INTO import_report_part (tenant, import, part, packed) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, import, part) DO UPDATE SET packed = excluded.packed";
    OF_FILE = "SELECT packed FROM envelope_part WHERE tenant = $1 AND digest = $2 AND part = $3";
    OF_REPORT = "SELECT packed FROM import_report_part WHERE tenant = $1 AND import = $2 AND part = $3";
    COUNT_OF_FILE = "SELECT COUNT(*) FROM envelope_part WHERE tenant = $1 AND digest = $2 AND part < $3";
    COUNT_OF_REPORT = "SELECT COUNT(*) FROM import_report_part WHERE tenant = $1 AND import = $2 AND part < $3";
    FIRST_OF_FILE = "SELECT part FROM envelope_part WHERE tenant = $1 AND digest = $2 ORDER BY part LIMIT $3";
    FIRST_OF_REPORT = "SELECT part FROM import_report_part WHERE tenant = $1 AND import = $2 ORDER BY part LIMIT $3";
    DROP_OF_FILE = "DELETE FROM envelope_part WHERE tenant = $1 AND digest = $2 AND part <= $3";
    DROP_OF_REPORT = "DELETE FROM import_report_part WHERE tenant = $1 AND import = $2 AND part <= $3";
}

/// What has parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parted {
    /// A file, by its digest.
    File,
    /// What became of the rows of an import, by its number.
    Report,
}

impl Parted {
    const fn of(self, file: &'static str, report: &'static str) -> &'static str {
        match self {
            Self::File => file,
            Self::Report => report,
        }
    }
}

/// How many parts a transaction may still remove.
#[derive(Debug)]
pub(crate) struct Room(u32);

impl Room {
    pub(crate) const fn of_a_transaction() -> Self {
        Self(MOST_DROPPED)
    }
}

impl Read<'_> {
    pub(crate) fn part_of(&self, of: Parted, whose: &dyn Param, part: u32) -> Result<Option<Vec<u8>>, Error> {
        self.one(of.of(OF_FILE, OF_REPORT), &[&self.tenant, whose, &part], |row| row.get(0))
    }

    /// Whether the first so many parts are all there.
    pub(crate) fn has_parts(&self, of: Parted, whose: &dyn Param, parts: u32) -> Result<bool, Error> {
        let there =
            self.one(of.of(COUNT_OF_FILE, COUNT_OF_REPORT), &[&self.tenant, whose, &parts], |row| row.get(0))?;
        Ok(there == Some(parts))
    }
}

impl Write<'_> {
    /// Puts parts in their places, from one on.
    pub(crate) fn put_parts(&self, of: Parted, whose: &dyn Param, first: u32, parts: &[Vec<u8>]) -> Result<(), Error> {
        for (part, packed) in (first..).zip(parts) {
            self.run(of.of(PUT_FILE, PUT_REPORT), &[&self.tenant, whose, &part, packed])?;
        }
        Ok(())
    }

    /// Removes parts, the first ones first, while there is room; whether none is left.
    pub(crate) fn drop_parts(&self, of: Parted, whose: &dyn Param, room: &mut Room) -> Result<bool, Error> {
        // One more than there is room for tells that some are left.
        let first = of.of(FIRST_OF_FILE, FIRST_OF_REPORT);
        let there: Vec<i64> = self.all(first, &[&self.tenant, whose, &(room.0 + 1)], |row| row.get(0))?;
        let going = there.len().min(room.0 as usize);
        if let Some(last) = going.checked_sub(1).and_then(|last| there.get(last)) {
            self.run(of.of(DROP_OF_FILE, DROP_OF_REPORT), params![self.tenant, whose, last])?;
        }
        room.0 = room.0.saturating_sub(u32::try_from(going).unwrap_or(u32::MAX));
        Ok(going == there.len())
    }
}
