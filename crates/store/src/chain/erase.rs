//! Erasing sealed rows: the row, its key and its salt go, the bare hash stays, and an erasure says who, when, what and why.
//!
//! Invariant: a row goes with all that belongs to it, in one transaction: a fact with its end, a punch with its copies, its receipt and
//! what was stated about it. Where one of these came since the places were looked up, sealed or not, nothing of it goes: the end of a
//! fact that is gone could not be sealed as what it was, and what belongs to a punch that is gone would be found by nobody.

use std::collections::{BTreeMap, HashSet};

use super::entry::{self, Entry};
use super::{Id, Kind, Salt, hashes};
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    BEGIN = "INSERT INTO erasing (tenant) VALUES ($1)";
    END = "DELETE FROM erasing WHERE tenant = $1";
    LIST_OF = "SELECT entries FROM seal WHERE tenant = $1 AND number = $2";
    PUT_LIST = "UPDATE seal SET entries = $1 WHERE tenant = $2 AND number = $3";
    ADD = "INSERT INTO erasure (tenant, number, at_us, actor, object, reason, places)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM erasure WHERE tenant = $1 RETURNING number";
    ALL = "SELECT at_us, actor, object, reason, length(places) FROM erasure WHERE tenant = $1 ORDER BY number";
    DROP_PUNCH = "DELETE FROM punch WHERE tenant = $1 AND fingerprint = $2";
    COPIES_OF = "SELECT fingerprint, original FROM differing_copy WHERE tenant = $1 AND fingerprint = $2";
    DROP_COPY = "DELETE FROM differing_copy WHERE tenant = $1 AND fingerprint = $2 AND original = $3";
    DROP_RECEIPT = "DELETE FROM doubted_receipt WHERE tenant = $1 AND fingerprint = $2";
    DROP_STATEMENT = "DELETE FROM punch_statement WHERE tenant = $1 AND fingerprint = $2 AND at_us = $3";
    DROP_FACT = "DELETE FROM fact WHERE tenant = $1 AND number = $2";
    DROP_AUDIT = "DELETE FROM audit WHERE tenant = $1 AND number = $2";
    STATED_ABOUT = "SELECT fingerprint, at_us FROM punch_statement WHERE tenant = $1 AND fingerprint = $2";
    DOUBTED = "SELECT fingerprint FROM doubted_receipt WHERE tenant = $1 AND fingerprint = $2";
}

/// What belongs to a punch, by kind, and how it is found.
const OF_PUNCH: [(Kind, &str); 3] =
    [(Kind::Copy, COPIES_OF), (Kind::Receipt, DOUBTED), (Kind::Statement, STATED_ABOUT)];
/// Bytes of a place in an erasure.
const PLACE_BYTES: usize = 12;

/// Why something is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// When, microseconds UTC.
    pub at_us: i64,
    /// By whom.
    pub actor: String,
    /// What: whose, or which month. No name.
    pub object: String,
    /// Why.
    pub reason: String,
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// When, by whom, what, why.
    pub why: Erasing,
    /// How many rows.
    pub rows: u64,
}

/// Where a row is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    seal: i64,
    place: u32,
    /// The row.
    pub id: Id,
}

/// The places that an erasure names.
pub(super) fn places(bytes: &[u8]) -> Vec<(i64, u32)> {
    let place = |bytes: &[u8; PLACE_BYTES]| {
        let (seal, place) = (bytes.first_chunk().copied(), bytes.last_chunk().copied());
        (i64::from_be_bytes(seal.unwrap_or_default()), u32::from_be_bytes(place.unwrap_or_default()))
    };
    bytes.as_chunks().0.iter().map(place).collect()
}

impl Read<'_> {
    /// The rows of the evidence that belong to a punch: itself, its copies and receipt, and what was stated about it.
    ///
    /// # Errors
    /// Of the store.
    pub fn evidence_of(&self, punch: attendance::punch::Fingerprint) -> Result<Vec<Id>, Error> {
        let mut ids = vec![Id::punched(Kind::Punch, punch)];
        for (kind, sql) in OF_PUNCH {
            ids.extend(self.all(sql, params![self.tenant, punch.0], |row| kind.id(row))?);
        }
        Ok(ids)
    }

    /// Where rows are sealed, in the order of the chain. One that waits for the sealer is in no place yet.
    ///
    /// # Errors
    /// Of the store.
    pub fn places_of(&self, rows: &HashSet<Id>) -> Result<Vec<Place>, Error> {
        let (mut after, mut found) = (0, Vec::new());
        while let Some(seal) = self.next_seal(after)? {
            for (place, entry) in (0..).zip(entry::sealed(&seal.list)?) {
                if let Entry::Row { id, .. } = entry
                    && rows.contains(&id)
                {
                    found.push(Place { seal: seal.number, place, id });
                }
            }
            after = seal.number;
        }
        Ok(found)
    }

    /// What was erased, in order.
    ///
    /// # Errors
    /// Of the store.
    pub fn erasures(&self) -> Result<Vec<Erased>, Error> {
        self.all(ALL, params![self.tenant], |row| {
            let why = Erasing { at_us: row.get(0)?, actor: row.get(1)?, object: row.get(2)?, reason: row.get(3)? };
            Ok(Erased { why, rows: row.get::<u64>(4)? / PLACE_BYTES as u64 })
        })
    }
}

impl Write<'_> {
    /// Erases the rows at some places; one that is blank already is passed over.
    ///
    /// # Errors
    /// [`Error::NotAsSealed`] when a row is not as it was sealed: nothing may be erased that was edited before. [`Error::LeftBehind`] when
    /// something belongs to a row and has no place among them.
    pub fn erase(&self, why: &Erasing, rows: &[Place]) -> Result<u64, Error> {
        let mut by_seal: BTreeMap<i64, Vec<&Place>> = BTreeMap::new();
        for place in rows {
            by_seal.entry(place.seal).or_default().push(place);
        }
        self.begin_erasing()?;
        let (mut named, mut gone) = (Vec::new(), Vec::new());
        for (seal, places) in by_seal {
            self.blank(seal, &places, &mut named, &mut gone)?;
        }
        if let Some(left) = self.left_behind(&gone)? {
            return Err(Error::LeftBehind(left.to_string()));
        }
        for id in &gone {
            self.remove(id)?;
        }
        if !gone.is_empty() {
            let Erasing { at_us, actor, object, reason } = why;
            let number: Option<i64> =
                self.one(ADD, params![self.tenant, at_us, actor, object, reason, named], |row| row.get(0))?;
            self.arrived(Id::numbered(Kind::Erasure, number.unwrap_or_default()));
        }
        self.run(END, params![self.tenant])?;
        Ok(gone.len() as u64)
    }

    /// Lets this transaction take away what is insert only.
    pub(crate) fn begin_erasing(&self) -> Result<(), Error> {
        self.run(BEGIN, params![self.tenant]).map(drop)
    }

    /// Blanks places of a seal: `named` gets them, `gone` their rows, which are still there.
    fn blank(&self, seal: i64, places: &[&Place], named: &mut Vec<u8>, gone: &mut Vec<Id>) -> Result<(), Error> {
        let list: Option<Vec<u8>> = self.one(LIST_OF, params![self.tenant, seal], |row| row.get(0))?;
        let mut entries = entry::sealed(&list.unwrap_or_default())?;
        let wanted = places.iter().filter_map(|place| match entries.get(place.place as usize) {
            Some(Entry::Row { id, salt, check }) if *id == place.id => Some((place.place, (*id, *salt), *check)),
            _ => None,
        });
        let wanted: Vec<_> = wanted.collect();
        let rows: Vec<_> = wanted.iter().map(|(_, row, _)| *row).collect();
        for ((place, (id, _), check), hash) in wanted.into_iter().zip(hashes(self.session, self.tenant, &rows)?) {
            let hash = hash.filter(|hash| entry::check(hash) == check);
            let hash = hash.ok_or_else(|| Error::NotAsSealed(id.to_string()))?;
            entries[place as usize] = Entry::Blank(hash);
            named.extend_from_slice(&seal.to_be_bytes());
            named.extend_from_slice(&place.to_be_bytes());
            gone.push(id);
        }
        let mut list = Vec::new();
        entries.iter().for_each(|entry| entry.write(&mut list));
        self.run(PUT_LIST, params![list, self.tenant, seal]).map(drop)
    }

    /// The first row that belongs to one of these, and is none of them.
    fn left_behind(&self, rows: &[Id]) -> Result<Option<Id>, Error> {
        let among: HashSet<Id> = rows.iter().copied().collect();
        let ends = rows.iter().filter(|id| id.kind == Kind::Fact);
        let ends = ends.map(|id| (Id::numbered(Kind::Withdrawal, id.number()), Salt::default()));
        let ends: Vec<_> = ends.filter(|(end, _)| !among.contains(end)).collect();
        // There is one to be hashed where the fact was withdrawn.
        let mut ended = ends.iter().zip(hashes(self.session, self.tenant, &ends)?);
        if let Some(((end, _), _)) = ended.find(|(_, hash)| hash.is_some()) {
            return Ok(Some(*end));
        }
        let punches: Vec<_> = rows.iter().filter(|id| id.kind == Kind::Punch).map(Id::fingerprint).collect();
        let mut left = None;
        for (kind, sql) in OF_PUNCH {
            self.session.rows_of_each(sql, self.each_key(&punches), |_, row| {
                let id = kind.id(row)?;
                if !among.contains(&id) {
                    left.get_or_insert(id);
                }
                Ok(())
            })?;
        }
        Ok(left)
    }

    fn remove(&self, id: &Id) -> Result<(), Error> {
        let (of, tenant) = (id.fingerprint().0, self.tenant);
        match id.kind {
            Kind::Punch => self.run(DROP_PUNCH, params![tenant, of]).map(drop),
            Kind::Copy => {
                let copies: Vec<Vec<u8>> = self.all(COPIES_OF, params![tenant, of], |row| row.get(1))?;
                let mut copies = copies.iter().filter(|copy| Id::copy(id.fingerprint(), copy) == *id);
                copies.try_for_each(|copy| self.run(DROP_COPY, params![tenant, of, copy]).map(drop))
            }
            Kind::Receipt => self.run(DROP_RECEIPT, params![tenant, of]).map(drop),
            Kind::Statement => self.run(DROP_STATEMENT, params![tenant, of, id.at_us()]).map(drop),
            Kind::Fact => self.run(DROP_FACT, params![tenant, id.number()]).map(drop),
            Kind::Audit => self.run(DROP_AUDIT, params![tenant, id.number()]).map(drop),
            // The end of a fact goes with its row. What was erased is told for ever.
            Kind::Withdrawal | Kind::Erasure => Ok(()),
        }
    }
}
