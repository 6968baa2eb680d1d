//! Verification: the chain is walked from its beginning, seal by seal, whatever the size of the database.

use std::fmt;

use super::entry::{self, Entry};
use super::sealing::Digest;
use super::{HASH_BYTES, Hash, Head, Id, account, hashes};
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read};

statements! {
    LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM seal WHERE tenant = $1";
    NEXT_SEAL = "SELECT number, sealed_us, digest, entries FROM seal WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT 1";
}

/// What was found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Seals.
    pub seals: u64,
    /// Rows that are as they were sealed.
    pub rows: u64,
    /// Rows that were erased, each accounted for.
    pub erased: u64,
    /// Rows that wait for the sealer, and are not protected yet.
    pub waiting: u64,
    /// The end of the chain; of what was looked at, while it is walked.
    pub head: Option<Head>,
    /// Number of the seal whose digest was asked for.
    pub asked: Option<i64>,
}

/// The first thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A row is not there any more.
    Gone {
        /// Which.
        row: Id,
        /// The seal that covers it.
        seal: i64,
    },
    /// A row, or what the seal keeps of it, is not as it was sealed.
    Changed {
        /// Which.
        row: Id,
        /// The seal that covers it.
        seal: i64,
    },
    /// A seal's digest is not that of its rows in their order after the seal before.
    Seal {
        /// Which.
        number: i64,
    },
    /// A seal's list of rows can't be read.
    List {
        /// Which seal.
        number: i64,
    },
    /// A seal is not there.
    NoSeal {
        /// Which.
        number: i64,
    },
    /// A row that stands in no seal and waits for none.
    Added {
        /// Which.
        row: Id,
    },
    /// A row waits for the sealer and is not there, or is listed more than once.
    Listed {
        /// Which.
        row: Id,
    },
    /// What waits for the sealer can't be read.
    Waiting,
    /// A place is blank, and no erasure names it.
    Blank {
        /// The seal.
        seal: i64,
        /// The place in it, from 1.
        place: u32,
    },
    /// An erasure names a place that is not blank.
    NotBlank {
        /// The seal.
        seal: i64,
        /// The place in it, from 1.
        place: u32,
    },
    /// The head that was kept elsewhere is not that of any seal.
    OtherHead,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { row, seal } => write!(f, "the {row} is gone: seal {seal} covers it, and no erasure names it"),
            Self::Changed { row, seal } => write!(f, "the {row} was changed: it is not as seal {seal} has it"),
            Self::Seal { number } => write!(
                f,
                "seal {number} does not hold: its time, its order, an erased place, or what it follows was changed"
            ),
            Self::List { number } => write!(f, "seal {number} does not hold: its list of rows can't be read"),
            Self::NoSeal { number } => write!(f, "seal {number} is missing"),
            Self::Added { row } => write!(f, "the {row} was added: it stands in no seal, and waits for none"),
            Self::Listed { row } => write!(f, "the {row} is listed for sealing once too often, or is not there"),
            Self::Waiting => f.write_str("the list of rows that wait for the sealer can't be read: it was changed"),
            Self::Blank { seal, place } => write!(f, "place {place} of seal {seal} is blank, and no erasure names it"),
            Self::NotBlank { seal, place } => {
                write!(
                    f,
                    "an erasure names place {place} of seal {seal}, which is not blank, or another one names it too"
                )
            }
            Self::OtherHead => {
                f.write_str("no seal has the head that was given: the chain was computed anew, or its end was cut off")
            }
        }
    }
}

/// A stored seal.
pub(super) struct Seal {
    pub(super) number: i64,
    pub(super) sealed_us: i64,
    pub(super) digest: Vec<u8>,
    pub(super) list: Vec<u8>,
}

impl Read<'_> {
    /// Verifies the whole chain, on one snapshot, with little memory. `chance` are random bytes, which nobody could know ahead who
    /// wanted to hide something. `head` is the digest of a seal that was kept elsewhere. `progress` hears after each seal, with the
    /// number of the last one.
    ///
    /// # Errors
    /// Of the store; that something does not hold is no error.
    pub fn verify_chain(
        &self,
        chance: &[u8; 32],
        head: Option<[u8; HASH_BYTES]>,
        mut progress: impl FnMut(&Verified, i64),
    ) -> Result<(Verified, Option<Fault>), Error> {
        let last = self.one(LAST_NUMBER, params![self.tenant], |row| row.get(0))?.unwrap_or(0);
        let mut verified = Verified::default();
        while let Some(seal) = self.next_seal(verified.head.map_or(0, |head| head.number))? {
            if let Some(fault) = self.verify_seal(&seal, &mut verified)? {
                return Ok((verified, Some(fault)));
            }
            if verified.head.map(|head| head.digest) == head {
                verified.asked = Some(seal.number);
            }
            progress(&verified, last);
        }
        let waiting = self.each_waiting(|_, rows| {
            verified.waiting += rows.len() as u64;
            Ok(true)
        });
        match waiting {
            Err(Error::Damaged { .. }) => return Ok((verified, Some(Fault::Waiting))),
            waiting => waiting?,
        }
        let mut fault = account::settle(self, chance)?;
        if fault.is_none() && head.is_some() && verified.asked.is_none() {
            fault = Some(Fault::OtherHead);
        }
        Ok((verified, fault))
    }

    /// The seal after a number.
    pub(super) fn next_seal(&self, after: i64) -> Result<Option<Seal>, Error> {
        self.one(NEXT_SEAL, params![self.tenant, after], |row| {
            Ok(Seal { number: row.get(0)?, sealed_us: row.get(1)?, digest: row.get(2)?, list: row.get(3)? })
        })
    }

    fn verify_seal(&self, seal: &Seal, verified: &mut Verified) -> Result<Option<Fault>, Error> {
        let number = verified.head.map_or(0, |head| head.number) + 1;
        if seal.number != number {
            return Ok(Some(Fault::NoSeal { number }));
        }
        let Ok(entries) = entry::sealed(&seal.list) else { return Ok(Some(Fault::List { number })) };
        let rows = entries.iter().filter_map(|entry| match entry {
            Entry::Row { id, salt, .. } => Some((*id, *salt)),
            Entry::Blank(_) => None,
        });
        let rows: Vec<_> = rows.collect();
        let mut found = hashes(self.session, self.tenant, &rows)?.into_iter();
        let mut digest = Digest::begin(verified.head.as_ref(), number, seal.sealed_us, entries.len());
        for entry in &entries {
            match entry {
                Entry::Blank(hash) => {
                    digest.add(hash);
                    verified.erased += 1;
                }
                Entry::Row { id, check, .. } => {
                    let Some(hash) = found.next().flatten() else {
                        return Ok(Some(Fault::Gone { row: *id, seal: number }));
                    };
                    if entry::check(&hash) != *check {
                        return Ok(Some(Fault::Changed { row: *id, seal: number }));
                    }
                    digest.add(&hash);
                    verified.rows += 1;
                }
            }
        }
        let digest: Hash = digest.end();
        if digest[..] != seal.digest[..] {
            return Ok(Some(Fault::Seal { number }));
        }
        verified.seals += 1;
        verified.head = Some(Head { number, sealed_us: seal.sealed_us, digest });
        Ok(None)
    }
}
