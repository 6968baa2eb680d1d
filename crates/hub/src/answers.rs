//! Writes that a program names by a key (`Idempotency-Key`): done once, whichever hub is asked and how often.
//!
//! Invariants:
//! * A key is claimed in one transaction before anything is done; whoever comes meanwhile is told so.
//! * A refusal did nothing and is not kept: the same write may be asked for again once its cause is cured.
//! * A claim without an answer, of a hub that was killed say, is free again after [`PATIENCE`]. Writes converge, so that one which was
//!   done half is done whole by the next.

use jiff::{SignedDuration, Timestamp};
use store::answers::{Answer, Named};

use crate::packing::{opened, pack};
use crate::{Error, Hub};

/// How long an answer is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// No write takes longer.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// A write that a program names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedWrite {
    /// Whose key it is.
    pub caller: String,
    /// The key.
    pub key: String,
    /// Digest of what is asked.
    pub asked: String,
}

impl KeyedWrite {
    fn named(&self) -> Named<'_> {
        Named { caller: &self.caller, key: &self.key }
    }
}

/// What a write was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be done with a write that has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Do it: nobody else does.
    Do(Hold),
    /// It was done, and this was answered.
    Answered(KeptAnswer),
    /// It is being done.
    Running,
    /// The key stands for another write.
    Other,
}

/// The right to do a write and to say what is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    expires_us: i64,
}

impl Hub {
    /// Claims the key of a write.
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_write(&self, write: &KeyedWrite, now: Timestamp) -> Result<Claim, Error> {
        let expires_us = |begun: Timestamp| (begun + KEPT_FOR).as_microsecond();
        self.store.write(|store| {
            let known = store.claimed_answer(write.named())?.filter(|known| known.expires_us > now.as_microsecond());
            let is_given_up = |expires: i64| expires <= expires_us(now - PATIENCE);
            if let Some(known) = known {
                if known.asked != write.asked {
                    return Ok(Claim::Other);
                }
                if let Some(Answer { status, kind, packed }) = known.answer {
                    let status = u16::try_from(status).unwrap_or_default();
                    return Ok(Claim::Answered(KeptAnswer { status, kind, body: opened(&packed)? }));
                }
                if !is_given_up(known.expires_us) {
                    return Ok(Claim::Running);
                }
            }
            let held = Hold { expires_us: expires_us(now) };
            store.claim_answer(write.named(), &write.asked, held.expires_us)?;
            Ok(Claim::Do(held))
        })
    }

    /// Keeps what a write was answered; for a refusal the key is free again.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_answer(&self, write: &KeyedWrite, held: Hold, answer: Option<KeptAnswer>) -> Result<(), Error> {
        let packed = |KeptAnswer { status, kind, body }: KeptAnswer| {
            Ok::<_, Error>(Answer { status: status.into(), kind, packed: pack(&body)? })
        };
        let packed = answer.map(packed).transpose()?;
        self.store.write(|store| match &packed {
            Some(answer) => store.keep_answer(write.named(), held.expires_us, answer).map(drop),
            None => store.drop_claim(write.named(), held.expires_us),
        })?;
        Ok(())
    }
}
