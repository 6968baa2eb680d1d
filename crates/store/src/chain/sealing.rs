//! The sealer: what waits becomes the next seal.

use super::entry::{self, Entry};
use super::{HASH_BYTES, Hash, ROWS_PER_SEAL, Salt, hash_of_nothing, hashes};
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    pub(super) ADD_ARRIVAL = "INSERT INTO arrival (tenant, number, entries)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2 FROM arrival WHERE tenant = $1";
    ARRIVALS = "SELECT number, entries FROM arrival WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT 32";
    TAKE_ARRIVALS = "DELETE FROM arrival WHERE tenant = $1 AND number <= $2";
    HEAD = "SELECT number, sealed_us, digest FROM seal WHERE tenant = $1 ORDER BY number DESC LIMIT 1";
    APPEND = "INSERT INTO seal (tenant, number, sealed_us, digest, entries) VALUES ($1, $2, $3, $4, $5)";
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last seal.
    pub number: i64,
    /// When it was appended, microseconds UTC.
    pub sealed_us: i64,
    /// Its digest, which stands for all that was sealed until then.
    pub digest: [u8; HASH_BYTES],
}

/// A seal that is ready to be appended.
#[derive(Clone, Debug)]
pub struct Draft {
    follows: Option<Head>,
    head: Head,
    entries: Vec<u8>,
    last_arrival: i64,
    /// Rows that it covers.
    pub rows: usize,
}

/// What a seal's digest is taken over.
pub(super) struct Digest(blake3::Hasher);

impl Digest {
    /// Of a seal with so many places after another one; the first follows nothing.
    pub(super) fn begin(follows: Option<&Head>, number: i64, sealed_us: i64, places: usize) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"punchclock seal 1\x1f");
        hasher.update(&follows.map_or([0; HASH_BYTES], |head| head.digest));
        hasher.update(&number.to_be_bytes()).update(&sealed_us.to_be_bytes());
        hasher.update(&(places as u64).to_be_bytes());
        Self(hasher)
    }

    pub(super) fn add(&mut self, hash: &Hash) {
        self.0.update(hash);
    }

    pub(super) fn end(&self) -> Hash {
        *self.0.finalize().as_bytes()
    }
}

impl Read<'_> {
    /// The end of the chain; `None` while nothing is sealed.
    ///
    /// # Errors
    /// Of the store.
    pub fn chain_head(&self) -> Result<Option<Head>, Error> {
        self.one(HEAD, params![self.tenant], |row| {
            Ok(Head { number: row.get(0)?, sealed_us: row.get(1)?, digest: row.get(2)? })
        })
    }

    /// How many rows wait for the sealer.
    ///
    /// # Errors
    /// Of the store.
    pub fn unsealed_count(&self) -> Result<u64, Error> {
        let mut count = 0;
        self.each_waiting(|_, rows| {
            count += rows.len() as u64;
            Ok(true)
        })?;
        Ok(count)
    }

    /// Walks what waits, by arrival, as long as `each` says so.
    pub(super) fn each_waiting(
        &self,
        mut each: impl FnMut(i64, Vec<super::Id>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut after = i64::MIN;
        loop {
            let page = self.all(ARRIVALS, params![self.tenant, after], |row| {
                Ok((row.get::<i64>(0)?, entry::waiting(row.get(1)?)?))
            })?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.0;
            for (number, rows) in page {
                if !each(number, rows)? {
                    return Ok(());
                }
            }
        }
    }

    /// The next seal over what waits, as much as one takes; `None` when nothing waits. `seed` are random bytes:
    /// the salts come of them and of the seal's number.
    ///
    /// # Errors
    /// Of the store.
    pub fn draft_seal(&self, sealed_us: i64, seed: &[u8; 32]) -> Result<Option<Draft>, Error> {
        let (mut ids, mut last_arrival) = (Vec::new(), None);
        self.each_waiting(|number, rows| {
            let has_room = ids.is_empty() || ids.len() + rows.len() <= ROWS_PER_SEAL;
            if has_room {
                ids.extend(rows);
                last_arrival = Some(number);
            }
            Ok(has_room)
        })?;
        let Some(last_arrival) = last_arrival else { return Ok(None) };
        let follows = self.chain_head()?;
        let number = follows.map_or(0, |head| head.number) + 1;
        let mut salts = blake3::Hasher::new_derive_key("punchclock salts 1")
            .update(seed)
            .update(&number.to_be_bytes())
            .finalize_xof();
        let wanted = ids.into_iter().map(|id| {
            let mut salt = Salt::default();
            salts.fill(&mut salt);
            (id, salt)
        });
        let wanted: Vec<_> = wanted.collect();
        let mut digest = Digest::begin(follows.as_ref(), number, sealed_us, wanted.len());
        let mut entries = Vec::new();
        for ((id, salt), hash) in wanted.iter().zip(hashes(self.session, self.tenant, &wanted)?) {
            let hash = hash.unwrap_or_else(|| hash_of_nothing(id.kind, *salt));
            digest.add(&hash);
            Entry::Row { id: *id, salt: *salt, check: entry::check(&hash) }.write(&mut entries);
        }
        let head = Head { number, sealed_us, digest: digest.end() };
        Ok(Some(Draft { follows, head, entries, last_arrival, rows: wanted.len() }))
    }
}

impl Write<'_> {
    /// Appends a seal; false, and nothing changes, when another one was appended since it was drafted.
    ///
    /// # Errors
    /// Of the store.
    pub fn append_seal(&self, draft: &Draft) -> Result<bool, Error> {
        if self.chain_head()? != draft.follows {
            return Ok(false);
        }
        let Head { number, sealed_us, digest } = &draft.head;
        self.run(TAKE_ARRIVALS, params![self.tenant, draft.last_arrival])?;
        self.run(APPEND, params![self.tenant, number, sealed_us, digest, draft.entries])?;
        Ok(true)
    }
}
