//! What the hub is told of terminals with a heartbeat, and what it answers. What did not arrive is told again.

use std::sync::atomic::Ordering;

use link::{Contact, Poll, Reading};

use super::{Known, Terminals};
use crate::closing::Doubts;
use crate::plan::clock::Look;
use crate::plan::{Told, is_contact_due};

/// Readings of one terminal that are kept for a hub that is away; of more the latest.
const MOST_UNTOLD_POLLS: usize = 32;

impl Terminals {
    /// The contacts that go with the heartbeat at `now_us`. [`Terminals::still_news`] gives them back when they did not
    /// arrive.
    pub(crate) fn take_news(&self, now_us: i64) -> Vec<Contact> {
        let mut known = self.lock();
        let due =
            known.values_mut().filter(|one| one.is_news && is_contact_due(one.told.as_ref(), &one.contact, now_us));
        due.map(|one| {
            one.is_news = false;
            one.told = Some(Told { contact: one.contact.clone(), at_us: now_us });
            one.contact.clone()
        })
        .collect()
    }

    pub(crate) fn still_news(&self, contacts: &[Contact]) {
        for contact in contacts {
            self.with(&contact.serial, |one| (one.is_news, one.told) = (true, None));
        }
    }

    /// The readings that go with a heartbeat that is made `now`, at most `limit`: of those terminals for which the hub holds everything
    /// up to `acked`. Each is told as old as it is by the steady clock, whatever the other has shown meanwhile.
    /// [`Terminals::reading_told`] takes them off when they have arrived.
    pub(crate) fn readings(&self, acked: i64, limit: usize, now: Look) -> Vec<Reading> {
        let known = self.lock();
        let delivered = known.values().filter_map(|one| one.untold.as_ref()).filter(|one| one.up_to <= acked);
        delivered.take(limit).map(|one| one.told(now)).collect()
    }

    /// Readings that were told `then` have arrived at the hub, which has these doubts about them.
    pub(crate) fn reading_told(&self, readings: &[Reading], doubts: &[link::Doubt], then: Look) {
        let mut hurries = false;
        for told in readings {
            let of_it = doubts.iter().filter(|doubt| doubt.serial == told.serial);
            let doubts: Doubts = of_it.map(|doubt| (doubt.date, doubt.send_again)).collect();
            self.with(&told.serial, |one| {
                if one.untold.as_ref().is_some_and(|untold| untold.told(then) == *told) {
                    one.untold = None;
                }
                // Doubts that stay wait for the usual time: a gap that can't be filled must not keep the terminal busy.
                one.is_hurried |= !doubts.is_empty() && doubts != one.doubts;
                hurries |= one.is_hurried;
                one.doubts = doubts;
            });
        }
        if hurries {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// A reading has ended so; it is told until it has arrived.
    pub(crate) fn poll_ended(&self, poll: Poll) {
        let serial = poll.serial.clone();
        let number = self.ended.fetch_add(1, Ordering::Relaxed);
        self.with(&serial, |one| {
            one.polls.push_back((number, poll));
            let over = one.polls.len().saturating_sub(MOST_UNTOLD_POLLS);
            one.polls.drain(..over);
        });
    }

    /// The ends of readings that go with a heartbeat, at most `limit`, with their numbers: by these [`Terminals::polls_told`] takes them off
    /// when they have arrived, though the clock was set meanwhile and their times have moved along.
    pub(crate) fn polls(&self, limit: usize) -> Vec<(u64, Poll)> {
        self.lock().values().flat_map(|one| &one.polls).take(limit).cloned().collect()
    }

    /// The hub has heard of these.
    pub(crate) fn polls_told(&self, told: &[u64]) {
        for one in self.lock().values_mut() {
            one.polls.retain(|(number, _)| !told.contains(number));
        }
    }

    /// What the hub has doubts about, for the reading that begins now.
    pub(crate) fn doubts(&self, serial: &str) -> Doubts {
        self.with(serial, |one| one.doubts.clone()).unwrap_or_default()
    }

    /// An order for a terminal came: one that is done on a visit shall not wait until it is read in its turn.
    pub(crate) fn is_ordered(&self, order: &link::CommandOrder) {
        let via = |one: &Known| one.registered.as_ref().map(|terminal| terminal.via);
        let hurries = self.with(&order.serial, |one| {
            let hurries = via(one).is_some_and(|via| order.command.is_done_on_visit(via));
            one.is_hurried |= hurries;
            one.has_commands |= !hurries;
            hurries
        });
        if hurries == Some(true) {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// The polled terminals whose next reading should not wait; each is told once.
    pub(crate) fn take_hurried(&self) -> Vec<String> {
        let mut known = self.lock();
        let polled = known.iter_mut().filter(|(_, one)| !one.only_pushes());
        let hurried = polled.filter_map(|(serial, one)| std::mem::take(&mut one.is_hurried).then_some(serial));
        hurried.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use link::PollOutcome;

    use super::*;
    use crate::spool::terminals::{Memory, Remembered};

    #[test]
    fn what_was_told_is_taken_off_though_the_clock_was_set_before_the_answer() {
        let serial = "A1".to_owned();
        let one = Remembered { serial: serial.clone(), registered: None, owes_upload: false, sample_lines: 0 };
        let terminals = Terminals::new(Memory { terminals: vec![one], ..Memory::default() });
        let outcome = PollOutcome::Failed;
        let ended = |began_us| {
            let (serial, says) = (serial.clone(), String::new());
            terminals.poll_ended(Poll { serial, began_us, took_ms: 1, outcome, says, records: None, new: None });
        };
        ended(1);
        ended(2);
        let (told, _): (Vec<u64>, Vec<Poll>) = terminals.polls(100).into_iter().unzip();
        ended(3);
        terminals.clock_moved(1000);
        terminals.polls_told(&told);
        let left: Vec<i64> = terminals.polls(100).iter().map(|(_, poll)| poll.began_us).collect();
        assert_eq!(left, [1003], "what ended meanwhile is still to be told");
    }
}
