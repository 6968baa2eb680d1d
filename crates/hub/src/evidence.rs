//! Evidence and audit are sealed, verified and, on record, erased. How the chain is made and what it proves: [`store::chain`].

use jiff::Timestamp;
use store::chain::{Erased, Fault, Head, Verified};

use crate::{Error, Hub};

/// How far the sealer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// Rows that wait for it.
    pub waiting: u64,
    /// The end of the chain; `None` while nothing is sealed.
    pub head: Option<Head>,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What was in order, up to the fault if there is one.
    pub verified: Verified,
    /// The first thing that does not hold.
    pub fault: Option<Fault>,
    /// What was erased, in order.
    pub erased: Vec<Erased>,
}

impl Hub {
    /// Seals what waits; how many rows. `seed` are random bytes, drawn for this call. Several hubs may call it at the same time: each
    /// row is sealed once.
    ///
    /// # Errors
    /// Of the store; what was sealed before an error stays.
    pub fn seal(&self, now: Timestamp, seed: &[u8; 32]) -> Result<u64, Error> {
        let mut rows = 0;
        while let Some(draft) = self.store.read(|read| read.draft_seal(now.as_microsecond(), seed))? {
            // Somebody else was faster: the next draft follows theirs.
            if self.store.write(|write| write.append_seal(&draft))? {
                rows += draft.rows as u64;
            }
        }
        Ok(rows)
    }

    /// The end of the chain; `None` while nothing is sealed.
    ///
    /// # Errors
    /// Of the store.
    pub fn chain_head(&self) -> Result<Option<Head>, Error> {
        Ok(self.store.read(|read| read.chain_head())?)
    }

    /// How far the sealer is.
    ///
    /// # Errors
    /// Of the store.
    pub fn sealing(&self) -> Result<Sealing, Error> {
        Ok(self.store.read(|read| {
            Ok::<_, store::Error>(Sealing { waiting: read.unsealed_count()?, head: read.chain_head()? })
        })?)
    }

    /// Verifies the chain from its beginning. `chance` are random bytes, drawn for this call; `head` is the digest of a seal that was
    /// kept elsewhere. `progress` hears what was verified so far, and the number of the last seal.
    ///
    /// # Errors
    /// Of the store; that something does not hold is no error.
    pub fn verify(
        &self,
        chance: &[u8; 32],
        head: Option<[u8; 32]>,
        progress: impl FnMut(&Verified, i64),
    ) -> Result<Verification, Error> {
        Ok(self.store.read(|read| {
            let (verified, fault) = read.verify_chain(chance, head, progress)?;
            Ok::<_, store::Error>(Verification { verified, fault, erased: read.erasures()? })
        })?)
    }
}
