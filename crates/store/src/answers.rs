//! Answers to writes that named a key, so that the same write, asked for again, is answered and not done again.
//!
//! Invariants:
//! * A key is its caller's: another one may use the same.
//! * Who has claimed a key holds it by the instant at which the answer expires; an answer is stored only for who still holds it.

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    GET = "SELECT asked, expires_us, status, kind, packed FROM answer WHERE tenant = $1 AND caller = $2 AND idempotency_key = $3";
    CLAIM = "INSERT INTO answer (tenant, caller, idempotency_key, asked, expires_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, caller, idempotency_key) DO UPDATE
        SET asked = excluded.asked, expires_us = excluded.expires_us, status = NULL, kind = NULL, packed = NULL";
    KEEP = "UPDATE answer SET status = $1, kind = $2, packed = $3
        WHERE tenant = $4 AND caller = $5 AND idempotency_key = $6 AND expires_us = $7 AND status IS NULL";
    DROP = "DELETE FROM answer WHERE tenant = $1 AND caller = $2 AND idempotency_key = $3 AND expires_us = $4 AND status IS NULL";
    FORGET = "DELETE FROM answer WHERE tenant = $1 AND status IS NOT NULL";
}

/// A write that a caller named.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Whose key it is.
    pub caller: &'a str,
    /// The key.
    pub key: &'a str,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u32,
    /// Content type.
    pub kind: String,
    /// The body, packed as it was handed in.
    pub packed: Vec<u8>,
}

/// A key that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Digest of what was asked.
    pub asked: String,
    /// When the answer expires, microseconds UTC.
    pub expires_us: i64,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
}

impl Read<'_> {
    /// What is known of a key.
    ///
    /// # Errors
    /// Of the store.
    pub fn claimed_answer(&self, of: Named<'_>) -> Result<Option<Claimed>, Error> {
        self.one(GET, params![self.tenant, of.caller, of.key], |row| {
            let status: Option<u32> = row.get(2)?;
            let answer = |status| Ok::<_, Error>(Answer { status, kind: row.get(3)?, packed: row.get(4)? });
            Ok(Claimed { asked: row.get(0)?, expires_us: row.get(1)?, answer: status.map(answer).transpose()? })
        })
    }
}

impl Write<'_> {
    /// Claims a key, over what is known of it.
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_answer(&self, of: Named<'_>, asked: &str, expires_us: i64) -> Result<(), Error> {
        self.run(CLAIM, params![self.tenant, of.caller, of.key, asked, expires_us]).map(drop)
    }

    /// Stores the answer for who holds the key; false when somebody else does.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_answer(&self, of: Named<'_>, expires_us: i64, answer: &Answer) -> Result<bool, Error> {
        let Answer { status, kind, packed } = answer;
        let values = params![status, kind, packed, self.tenant, of.caller, of.key, expires_us];
        Ok(self.run(KEEP, values)? == 1)
    }

    /// Gives a key up that has no answer.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_claim(&self, of: Named<'_>, expires_us: i64) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, of.caller, of.key, expires_us]).map(drop)
    }

    /// Removes every answer, before its time: somebody is erased who may stand in it.
    ///
    /// # Errors
    /// Of the store.
    pub fn forget_answers(&self) -> Result<(), Error> {
        self.run(FORGET, params![self.tenant]).map(drop)
    }
}
