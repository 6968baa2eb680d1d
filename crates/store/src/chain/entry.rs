//! Lists of rows as bytes: those that wait, and those of a seal.
//!
//! A row that waits is its kind and key. In a seal its salt follows, and the first bytes of its hash, by which a row that was changed is
//! named; the seal's digest proves it. An erased row is a zero and its whole hash.

use super::sealing::ADD_ARRIVAL;
use super::{HASH_BYTES, Hash, Id, Kind, Salt};
use crate::Error;
use crate::engine::{Session, params};

const BLANK: u8 = 0;
/// First bytes of a hash.
pub(super) type Check = [u8; 4];

/// The rows that a transaction has appended.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    bytes: Vec<u8>,
    rows: usize,
}

/// How far [`Arrivals`] had come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    bytes: usize,
    rows: usize,
}

impl Arrivals {
    pub(crate) fn add(&mut self, id: Id) {
        self.bytes.push(id.kind as u8);
        self.bytes.extend_from_slice(id.key());
        self.rows += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { bytes: self.bytes.len(), rows: self.rows }
    }

    /// Forgets what came after a mark.
    pub(crate) fn go_back(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.rows = mark.rows;
    }

    /// Writes them down for the sealer.
    pub(crate) fn keep(&mut self, session: Session<'_>, tenant: i64) -> Result<(), Error> {
        if self.rows > 0 {
            session.prepare(ADD_ARRIVAL)?.run(params![tenant, self.bytes])?;
        }
        *self = Self::default();
        Ok(())
    }
}

/// The rows of a list of those that wait.
pub(super) fn waiting(mut list: &[u8]) -> Result<Vec<Id>, Error> {
    let mut ids = Vec::new();
    while let Some((kind, rest)) = list.split_first() {
        let kind = Kind::of(*kind).ok_or(DAMAGED)?;
        let (id, rest) = id(kind, rest)?;
        ids.push(id);
        list = rest;
    }
    Ok(ids)
}

/// One place of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Row {
        id: Id,
        salt: Salt,
        check: Check,
    },
    /// Erased: the hash of what was there.
    Blank(Hash),
}

impl Entry {
    pub(super) fn write(&self, list: &mut Vec<u8>) {
        match self {
            Self::Row { id, salt, check } => {
                list.push(id.kind as u8);
                list.extend_from_slice(id.key());
                list.extend_from_slice(salt);
                list.extend_from_slice(check);
            }
            Self::Blank(hash) => {
                list.push(BLANK);
                list.extend_from_slice(hash);
            }
        }
    }
}

pub(super) fn check(hash: &Hash) -> Check {
    hash.first_chunk().copied().unwrap_or_default()
}

/// The places of a seal.
pub(super) fn sealed(mut list: &[u8]) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    while let Some((first, rest)) = list.split_first() {
        let entry;
        (entry, list) = match *first {
            BLANK => {
                let (hash, rest) = rest.split_first_chunk::<HASH_BYTES>().ok_or(DAMAGED)?;
                (Entry::Blank(*hash), rest)
            }
            kind => {
                let (id, rest) = id(Kind::of(kind).ok_or(DAMAGED)?, rest)?;
                let (salt, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
                let (check, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
                (Entry::Row { id, salt: *salt, check: *check }, rest)
            }
        };
        entries.push(entry);
    }
    Ok(entries)
}

const DAMAGED: Error = Error::Damaged { column: 0, wanted: "a list of sealed rows" };

fn id(kind: Kind, bytes: &[u8]) -> Result<(Id, &[u8]), Error> {
    let (key, rest) = bytes.split_at_checked(kind.key_bytes()).ok_or(DAMAGED)?;
    Ok((Id::new(kind, [key, &[]]), rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use attendance::punch::Fingerprint;

    use super::*;

    #[test]
    fn lists_read_back_and_what_is_cut_or_of_no_kind_is_refused() {
        let of = Fingerprint([7; 16]);
        let ids = [
            Id::punched(Kind::Punch, of),
            Id::copy(of, b"1"),
            Id::statement(of, -5),
            Id::numbered(Kind::Audit, i64::MAX),
        ];
        let mut arrivals = Arrivals::default();
        ids.iter().for_each(|id| arrivals.add(*id));
        assert_eq!(waiting(&arrivals.bytes).unwrap(), ids);
        let rows = ids.map(|id| Entry::Row { id, salt: [3; 16], check: [4; 4] });
        let entries = [&rows[..], &[Entry::Blank([5; 32])]].concat();
        let mut list = Vec::new();
        entries.iter().for_each(|entry| entry.write(&mut list));
        assert_eq!(sealed(&list).unwrap(), entries);
        let whole = |list: &[u8]| sealed(list).is_ok_and(|read| read.len() == entries.len());
        assert!((0..list.len()).all(|cut| !whole(&list[..cut])));
        assert!(sealed(&[9]).is_err() && waiting(&[0]).is_err());
    }

    #[test]
    fn what_came_after_a_mark_is_forgotten() {
        let mut arrivals = Arrivals::default();
        arrivals.add(Id::numbered(Kind::Audit, 1));
        let mark = arrivals.mark();
        arrivals.add(Id::numbered(Kind::Audit, 2));
        arrivals.go_back(mark);
        assert_eq!((arrivals.len(), waiting(&arrivals.bytes).unwrap()), (1, vec![Id::numbered(Kind::Audit, 1)]));
    }
}
