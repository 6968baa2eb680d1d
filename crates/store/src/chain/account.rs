//! The account: every row stands in one seal or waits, every blank place is named by one erasure. Two sets, one of what the chain
//! lists and one of what is there, are compared with little memory: as sums of keyed hashes in buckets; where a bucket's sums differ
//! its members are listed.
//!
//! The key is drawn for each verification, so that nobody can make up rows whose sums cancel.

use std::collections::BTreeMap;

use super::entry::{self, Entry};
use super::erase::places;
use super::{Fault, Id, each_row};
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read};

statements! {
    NEXT_ERASURE = "SELECT number, places FROM erasure WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT 1";
}

const BUCKETS: usize = 4_096;

/// A member of either set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Row(Id),
    /// Seal and place, from 0.
    Blank(i64, u32),
}

impl Member {
    /// Its bucket, and what it adds there.
    fn hash(self, key: &[u8; 32]) -> (usize, u128) {
        let mut hasher = blake3::Hasher::new_keyed(key);
        match self {
            Self::Row(id) => hasher.update(&[id.kind as u8]).update(id.key()),
            Self::Blank(seal, place) => hasher.update(&[0]).update(&seal.to_be_bytes()).update(&place.to_be_bytes()),
        };
        let hash = hasher.finalize();
        let (bucket, sum) = hash.as_bytes().split_at(2);
        let bucket = usize::from(u16::from_be_bytes([bucket[0], bucket[1]]));
        (bucket % BUCKETS, u128::from_be_bytes(sum.first_chunk().copied().unwrap_or_default()))
    }
}

/// The first difference between what the chain lists and what is there.
pub(super) fn settle(read: &Read<'_>, key: &[u8; 32]) -> Result<Option<Fault>, Error> {
    let mut sums = vec![(0_i64, 0_u128); BUCKETS];
    members(read, |member, way| {
        let (bucket, sum) = member.hash(key);
        let (count, total) = &mut sums[bucket];
        *count += way;
        *total = if way > 0 { total.wrapping_add(sum) } else { total.wrapping_sub(sum) };
    })?;
    let Some(bad) = sums.iter().position(|sums| *sums != (0, 0)) else { return Ok(None) };
    let mut left: BTreeMap<Member, i64> = BTreeMap::new();
    members(read, |member, way| {
        if member.hash(key).0 == bad {
            let count = left.entry(member).or_default();
            *count += way;
            if *count == 0 {
                left.remove(&member);
            }
        }
    })?;
    Ok(left.into_iter().next().map(|(member, way)| match member {
        Member::Row(row) if way > 0 => Fault::Listed { row },
        Member::Row(row) => Fault::Added { row },
        Member::Blank(seal, place) if way > 0 => Fault::Blank { seal, place: place + 1 },
        Member::Blank(seal, place) => Fault::NotBlank { seal, place: place + 1 },
    }))
}

/// Walks both sets: 1 for what the chain lists, -1 for what is there.
fn members(read: &Read<'_>, mut each: impl FnMut(Member, i64)) -> Result<(), Error> {
    let mut after = 0;
    while let Some(seal) = read.next_seal(after)? {
        for (place, entry) in (0..).zip(entry::sealed(&seal.list)?) {
            match entry {
                Entry::Row { id, .. } => each(Member::Row(id), 1),
                Entry::Blank(_) => each(Member::Blank(seal.number, place), 1),
            }
        }
        after = seal.number;
    }
    read.each_waiting(|_, rows| {
        rows.into_iter().for_each(|id| each(Member::Row(id), 1));
        Ok(true)
    })?;
    each_row(read.session, read.tenant, |id| {
        each(Member::Row(id), -1);
        Ok(())
    })?;
    let mut after = i64::MIN;
    let next = |after: i64| {
        read.one(NEXT_ERASURE, params![read.tenant, after], |row| Ok((row.get::<i64>(0)?, places(row.get(1)?))))
    };
    while let Some((number, places)) = next(after)? {
        places.into_iter().for_each(|(seal, place)| each(Member::Blank(seal, place), -1));
        after = number;
    }
    Ok(())
}
