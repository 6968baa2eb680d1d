//! What edges and terminals tell: batches of punches, signs of life, whole logs.

use attendance::punch::{Channel, Fingerprint, RawPunch};
use jiff::Timestamp;
use link::closeout::Closeouts;
use link::{Ack, Batch, Clock, Heartbeat, Orders, Outcome, Reading};
use store::Write;
use store::terminals::Contact;

use crate::company::Company;
use crate::completeness::{Taking, take_readings};
use crate::intake::{Arrival, Counts, Intake, ROWS_PER_WRITE};
use crate::user_lists::{put_users, take_lists};
use crate::view::HeldReason;
use crate::zones::terminal_zones;
use crate::{Actor, Error, Hub, watch};

/// An edge's sign of life is written down this often when it tells nothing new.
const NEWS_AFTER_US: i64 = 60_000_000;

/// What was read from a terminal over the network.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    /// The punches of its log.
    pub punches: Vec<RawPunch>,
    /// Its records name slots of the user table, which may have had other owners when they were made: a record that the
    /// hub holds already keeps the number that it has there.
    pub names_slots: bool,
    /// Number and name of the users that it lists.
    pub users: Vec<(String, String)>,
    /// What its clock showed.
    pub clock: Option<Clock>,
    /// Nothing of the log was left out.
    pub is_whole: bool,
}

impl Hub {
    /// Takes a batch of an edge. The answer is given after the commit.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a damaged batch (nothing of it is stored), or of the store.
    pub fn ingest(&self, batch: &Batch, now: Timestamp) -> Result<Ack, Error> {
        if batch.items.len() > link::MAX_ITEMS {
            let what = format!("a batch has {} items, the limit is {}", batch.items.len(), link::MAX_ITEMS);
            return Err(Error::invalid(what, "send smaller batches"));
        }
        self.store.write(|write| {
            let held = write.edge_high_seq(&batch.edge, &batch.spool)?;
            if batch.follows > held {
                // This hub has lost what it once acknowledged of that spool: the edge has to go back first.
                return Ok(Ack { high_seq: held, ..Ack::default() });
            }
            let company = Company::load(write)?;
            let mut intake = Intake::new(write, &company, now, false)?;
            let mut ack = Ack::default();
            for (item, (outcome, why)) in batch.items.iter().zip(intake.items(&batch.items)?) {
                ack.outcomes.push(outcome);
                ack.held.extend(why.map(|reason| why_held(item.seq, reason)));
            }
            intake.finish()?;
            let last = batch.items.iter().map(|item| item.seq).max();
            let up_to = batch.up_to.max(last.unwrap_or(0));
            write.advance_edge(&batch.edge, &batch.spool, up_to, now.as_microsecond())?;
            // It never goes back.
            ack.high_seq = up_to.max(held);
            Ok(ack)
        })
    }

    /// Takes the sign of life of an edge, with what became of commands, and answers with the terminals that it serves and
    /// the commands that it shall bring them. The answer is given after the commit.
    ///
    /// # Errors
    /// Of the store.
    pub fn heartbeat(&self, beat: &Heartbeat, now: Timestamp) -> Result<Orders, Error> {
        let now_us = now.as_microsecond();
        let ahead_us = watch::ahead_us(beat, now);
        let known = self.store.read(|read| read.edge(&beat.edge))?;
        let is_fresh = known.is_some_and(|known| {
            now_us - known.last_seen_us < NEWS_AFTER_US && !watch::is_news(&known, beat, ahead_us, now)
        });
        // Beats come every second; the disk is spared those that tell nothing new.
        let tells_nothing = beat.terminals.is_empty()
            && beat.commands.is_empty()
            && beat.readings.is_empty()
            && beat.users.is_empty()
            && beat.polls.is_empty();
        if is_fresh && tells_nothing {
            return self.orders(beat, now);
        }
        let off_us = watch::off_us(beat, ahead_us);
        let beat = &watch::by_right_clock(beat, off_us);
        let (doubts, polls, wants_users) = self.store.write(|write| {
            let before = write.edge(&beat.edge)?;
            write.put_edge(&watch::after_beat(before.as_ref(), beat, ahead_us, now))?;
            for seen in &beat.terminals {
                if write.terminal(&seen.serial)?.is_none() {
                    crate::registry::sight(write, &seen.serial, now)?;
                }
                let contact = Contact {
                    punches: 0,
                    last_contact_us: seen.last_contact_us,
                    last_complete_read_us: seen.last_complete_read_us,
                    records_on_terminal: seen.records_on_terminal,
                    trouble: seen.trouble.clone(),
                    edge: seen.last_contact_us.map(|_| beat.edge.clone()),
                    clock: seen.clock,
                };
                write.put_contact(&seen.serial, &contact)?;
                if let Some(moved) = &seen.moved {
                    crate::registry::follow(
                        write,
                        &Actor::new(format!("edge:{}", beat.edge)),
                        &seen.serial,
                        moved,
                        now,
                    )?;
                }
            }
            crate::commands::take_reports(write, &beat.commands, now)?;
            let polls = crate::polls::note(write, &beat.polls, off_us, Some(&beat.edge), now)?;
            // After the reports: of whom a command has changed, a list that was read before says nothing.
            let wants_users = take_lists(write, beat, now)?;
            Ok::<_, Error>((take_readings(write, &Company::load(write)?, beat, now)?, polls, wants_users))
        })?;
        self.polls.count(&polls);
        Ok(Orders { doubts, wants_users, ..self.orders(beat, now)? })
    }

    /// Stores what was read from a terminal over the network.
    ///
    /// # Errors
    /// Of the store. What was stored before an error stays; reading again is safe.
    pub fn take_poll(&self, serial: &str, poll: &Poll, now: Timestamp) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for rows in poll.punches.chunks(ROWS_PER_WRITE) {
            self.store.write(|write| {
                let company = Company::load(write)?;
                let mut intake = Intake::new(write, &company, now, false)?;
                let held = match poll.names_slots {
                    true => write.hold_records(&rows.iter().collect::<Vec<_>>())?,
                    false => vec![false; rows.len()],
                };
                held.iter().filter(|is_held| **is_held).for_each(|_| counts.add(Some(Outcome::Known)));
                let new = rows.iter().zip(&held).filter(|(_, is_held)| !**is_held);
                let arrived: Vec<_> = new.map(|(said, _)| Arrival::at(now, Channel::Poll, said)).collect();
                intake.punches(&arrived)?.into_iter().for_each(|(outcome, _)| counts.add(Some(outcome)));
                intake.finish()
            })?;
        }
        self.store.write(|write| {
            let at_us = now.as_microsecond();
            put_users(write, serial, &poll.users, at_us)?;
            let records = i64::try_from(poll.punches.len()).unwrap_or(i64::MAX);
            let contact = Contact {
                last_contact_us: Some(at_us),
                last_complete_read_us: poll.is_whole.then_some(at_us),
                records_on_terminal: poll.is_whole.then_some(records),
                clock: poll.clock,
                ..Contact::default()
            };
            write.put_contact(serial, &contact)?;
            prove_poll(write, serial, poll, now)
        })?;
        Ok(counts)
    }

    /// Whether each of these punches is stored, held ones too: a punch without a user by the bytes of its record. What is
    /// stored is on the disk.
    ///
    /// # Errors
    /// Of the store.
    pub fn holds(&self, punches: &[RawPunch]) -> Result<Vec<bool>, Error> {
        let (nameless, named): (Vec<&RawPunch>, Vec<&RawPunch>) = punches.iter().partition(|said| said.user.is_empty());
        let named: Vec<Fingerprint> = named.into_iter().map(RawPunch::fingerprint).collect();
        self.store.read(|read| {
            let mut nameless = read.hold_records(&nameless)?.into_iter();
            let mut named = read.hold_punches(&named)?.into_iter();
            let holds = |said: &RawPunch| if said.user.is_empty() { nameless.next() } else { named.next() };
            Ok(punches.iter().map(holds).map(|holds| holds == Some(true)).collect())
        })
    }
}

/// A whole log that was read by hand closes days as one that an edge read. Where records name slots, the numbers here may be
/// those of earlier owners, so that such a log proves nothing.
fn prove_poll(write: &Write<'_>, serial: &str, poll: &Poll, now: Timestamp) -> Result<(), Error> {
    let Some(terminal) = write.terminal(serial)?.filter(|_| poll.is_whole && !poll.names_slots) else { return Ok(()) };
    let mut closeouts = Closeouts::default();
    for said in &poll.punches {
        closeouts.add(said);
    }
    let reading = Reading::of(serial, now.as_microsecond(), closeouts);
    let zones = terminal_zones(write, &Company::load(write)?, &terminal)?;
    let taking = Taking { write, actor: &Actor::new("console"), read: now, now, zones };
    taking.reading(&reading).map(drop)
}

fn why_held(seq: i64, reason: HeldReason) -> link::Held {
    link::Held { seq, reason: reason.word().to_owned(), says: reason.says().to_owned() }
}
