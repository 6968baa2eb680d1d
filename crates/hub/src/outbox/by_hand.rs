//! A delivery that a person asks for and sees through: a job of the sink's lane, as those of servers are, with its place kept for who
//! asked. So it is no run beside theirs, and where its process ends in the middle, a server goes on with it.

use jiff::Timestamp;

use super::{Which, desk, token_place};
use crate::jobs::{Claimed, DELIVER, Works, place};
use crate::{Actor, Error, Hub};

impl Hub {
    /// Asks for a delivery, which is audited, after those that wait for the same sink; its number. No worker takes it for [`crate::jobs::LEASE`], and
    /// longer with [`Hub::keep_place`]: whoever asked does it, with [`Hub::claim_of_sink`]. `limit` is the most records; 0 is no limit.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink.
    pub fn ask_for_delivery(
        &self,
        actor: &Actor,
        name: &str,
        which: Which,
        limit: u32,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.store.write(|write| {
            desk::sink(write, name)?;
            let id = place(write, &DELIVER, &token_place(name), &format!("{} {name} {limit}", which.word()), now)?;
            write.audit(&actor.entry(now, "sink.send", name, format!("job {id}")))?;
            Ok(id)
        })
    }

    /// Claims the next delivery to a sink for whoever has asked for one, by number, unless one runs: one that waits before it, too, also
    /// where it is to be tried again only later. What somebody else asked for and keeps is left to them.
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_of_sink(
        &self,
        (name, id): (&str, i64),
        works: &Works,
        worker: &str,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        self.claim_in_lane(works, (&token_place(name), id), worker, now)
    }
}
