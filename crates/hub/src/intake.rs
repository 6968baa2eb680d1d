//! Intake: what edges, terminals and rows from outside said becomes stored punches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attendance::punch::{Channel, Fingerprint, RawPunch};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::closeout::{Closeouts, printed_date};
use link::{Ack, Batch, Clock, Closeout, Heartbeat, Item, Orders, Outcome, Reading, What};
use store::Write;
use store::closeouts::StoredDay;
use store::punches::{NewPunch, StoredPunch};
use store::terminals::Contact;
use store::users::TerminalUser;

use crate::company::Company;
use crate::completeness::{Taking, take_readings};
use crate::resolve::{Resolution, Resolver, Unresolved, instant};
use crate::view::HeldReason;
use crate::zones::terminal_zones;
use crate::{Actor, Error, Hub, watch};

/// Rows of one write transaction: others get their turn in between.
pub(crate) const ROWS_PER_WRITE: usize = 2000;
/// Punches that are stored by one statement.
const PUNCHES_PER_INSERT: usize = 500;
/// An edge's sign of life is written down this often when it tells nothing new.
const NEWS_AFTER_US: i64 = 60_000_000;

/// What became of the rows of an import. Every row is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read.
    pub read: u64,
    /// New, and matched to an employee.
    pub stored: u64,
    /// Known already; nothing changed.
    pub known: u64,
    /// New, kept, and held until its cause is cured.
    pub held: u64,
    /// Not taken.
    pub refused: u64,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { read, stored, known, held, refused } = self;
        write!(f, "read {read}, stored {stored}, known {known}, held {held}, refused {refused}")
    }
}

impl Counts {
    /// With those of another part.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            stored: self.stored + other.stored,
            known: self.known + other.known,
            held: self.held + other.held,
            refused: self.refused + other.refused,
        }
    }

    /// Counts a row; `None` for one that was not taken.
    pub(crate) fn add(&mut self, outcome: Option<Outcome>) {
        self.read += 1;
        match outcome {
            Some(Outcome::Stored) => self.stored += 1,
            Some(Outcome::Known) => self.known += 1,
            Some(Outcome::Held) => self.held += 1,
            None => self.refused += 1,
        }
    }
}

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
            ack.high_seq = write.edge_high_seq(&batch.edge, &batch.spool)?;
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
        let tells_nothing =
            beat.terminals.is_empty() && beat.commands.is_empty() && beat.readings.is_empty() && beat.polls.is_empty();
        if is_fresh && tells_nothing {
            return self.orders(beat, now);
        }
        let off_us = watch::off_us(beat, ahead_us);
        let beat = &watch::by_right_clock(beat, off_us);
        let (doubts, polls) = self.store.write(|write| {
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
            Ok::<_, Error>((take_readings(write, &Company::load(write)?, beat, now)?, polls))
        })?;
        self.polls.count(&polls);
        Ok(Orders { doubts, ..self.orders(beat, now)? })
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
            put_users(write, serial, &poll.users, now)?;
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

    /// Takes all the users that a terminal lists, number and name each: what unknown numbers are matched by. Whom it listed before and
    /// no longer does is forgotten.
    ///
    /// # Errors
    /// Of the store; nothing is taken then.
    pub fn take_users(&self, serial: &str, users: &[(String, String)], now: Timestamp) -> Result<(), Error> {
        Ok(self.store.write(|write| {
            let listed: HashSet<&str> = users.iter().map(|(number, _)| number.as_str()).collect();
            for gone in write.users_of(serial)?.iter().filter(|known| !listed.contains(known.user.as_str())) {
                write.drop_terminal_user(serial, &gone.user)?;
            }
            put_users(write, serial, users, now)
        })?)
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

fn put_users(write: &Write<'_>, serial: &str, users: &[(String, String)], now: Timestamp) -> Result<(), store::Error> {
    let seen_us = now.as_microsecond();
    let user = |(user, name): &(String, String)| TerminalUser {
        origin: serial.to_owned(),
        user: user.clone(),
        name: name.clone(),
        seen_us,
    };
    write.put_terminal_users(&users.iter().map(user).collect::<Vec<_>>())
}

/// Fewer are not worth a thread.
const MANY: usize = 500;

/// What each becomes, in their order. Of many, half are done on another thread: there are batches all the time, and one at a time is
/// written.
fn map_in_two<T: Sync, R: Send>(of: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let map_all = |of: &[T]| of.iter().map(&map).collect::<Vec<R>>();
    if of.len() < MANY {
        return map_all(of);
    }
    let (first, second) = of.split_at(of.len() / 2);
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, || map_all(second));
        let mut mapped = map_all(first);
        mapped.extend(match other {
            Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // Where no more threads may be, this one does it.
            Err(_) => map_all(second),
        });
        mapped
    })
}

/// What became of an item, and why it is held if it is.
pub(crate) type Taken = (Outcome, Option<HeldReason>);

fn damaged(item: &Item, error: impl std::fmt::Display) -> Error {
    Error::invalid(format!("item {} of the batch is damaged: {error}", item.seq), "send it again")
}

fn why_held(seq: i64, reason: HeldReason) -> link::Held {
    link::Held { seq, reason: reason.word().to_owned(), says: reason.says().to_owned() }
}

/// The intake of one write transaction.
pub(crate) struct Intake<'a, 'tx> {
    write: &'a Write<'tx>,
    resolver: Resolver<'a, 'tx>,
    now: Timestamp,
    earliest: Timestamp,
    create_employees: bool,
    stored_from: HashMap<String, Arrived>,
}

/// A punch as it came in.
pub(crate) struct Arrival<'p> {
    channel: Channel,
    said: &'p RawPunch,
    fingerprint: Fingerprint,
    received: Received,
}

impl<'p> Arrival<'p> {
    fn new(received: Received, channel: Channel, said: &'p RawPunch) -> Self {
        Self { channel, said, fingerprint: said.fingerprint(), received }
    }

    pub(crate) fn at(now: Timestamp, channel: Channel, said: &'p RawPunch) -> Self {
        Self::new(Received::at(now), channel, said)
    }

    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn as_new(&self) -> NewPunch<'p> {
        let Self { channel, said, fingerprint, received } = *self;
        NewPunch { fingerprint, said, channel, received_us: received.at.as_microsecond() }
    }

    fn as_unresolved(&self) -> Unresolved<'p> {
        let Self { fingerprint, said, received, .. } = *self;
        Unresolved { fingerprint, said, received: received.at, stated: None }
    }
}

/// When something was received.
#[derive(Clone, Copy)]
struct Received {
    at: Timestamp,
    /// The terminal was heard then.
    is_contact: bool,
}

impl Received {
    const fn at(at: Timestamp) -> Self {
        Self { at, is_contact: true }
    }
}

/// What a terminal brought in one transaction.
#[derive(Default)]
struct Arrived {
    punches: i64,
    /// By printed date.
    days: BTreeMap<Date, Closeout>,
    /// None for a row from outside: it is no contact with the terminal.
    last_contact: Option<Timestamp>,
}

impl<'a, 'tx> Intake<'a, 'tx> {
    pub(crate) fn new(
        write: &'a Write<'tx>,
        company: &'a Company,
        now: Timestamp,
        create_employees: bool,
    ) -> Result<Self, Error> {
        let resolver = Resolver::new(write, company, now, create_employees)?;
        let earliest = company.earliest_date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp());
        Ok(Self { write, resolver, now, earliest, create_employees, stored_from: HashMap::new() })
    }

    fn items(&mut self, items: &[Item]) -> Result<Vec<Taken>, Error> {
        let (mut punches, mut users) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            match &item.what {
                What::Punch(punch) => punches.push((item, punch)),
                What::User(link::TerminalUser { origin, user, name }) => {
                    let seen_us = self.received(item).at.as_microsecond();
                    let (origin, user, name) = (origin.clone(), user.clone(), name.clone());
                    users.push(TerminalUser { origin, user, name, seen_us });
                }
            }
        }
        self.write.put_terminal_users(&users)?;
        let identified = map_in_two(&punches, |(item, punch)| {
            let said = punch.raw().map_err(|error| damaged(item, error))?;
            Ok::<_, Error>((said.fingerprint(), said))
        });
        let identified = identified.into_iter().collect::<Result<Vec<_>, Error>>()?;
        let arrived = punches.iter().zip(&identified).map(|((item, punch), (fingerprint, said))| Arrival {
            channel: punch.channel,
            said,
            fingerprint: *fingerprint,
            received: self.received(item),
        });
        let arrived: Vec<_> = arrived.collect();
        let taken = self.punches(&arrived)?;
        let doubted =
            punches.iter().zip(&arrived).zip(&taken).filter(|((_, _), (outcome, _))| *outcome != Outcome::Known);
        let doubted = doubted.map(|(((item, _), arrival), _)| (item, arrival)).filter(|(item, _)| item.is_time_doubted);
        let doubted: Vec<_> = doubted.map(|(item, arrival)| (arrival.fingerprint, item.received_us)).collect();
        self.write.put_doubted_receipts(&doubted)?;
        let mut taken = taken.into_iter();
        let of_item = |item: &Item| match item.what {
            What::Punch(_) => taken.next(),
            What::User(_) => None,
        };
        Ok(items.iter().map(of_item).map(|taken| taken.unwrap_or((Outcome::Known, None))).collect())
    }

    /// When an edge received something, as far as its clock can be believed: never later than now, and never before the
    /// company's first date (a Pi that has just started is in 1970). Where the edge itself does not believe it, it is now.
    fn received(&self, item: &Item) -> Received {
        let at = instant(item.received_us);
        match item.is_time_doubted {
            true => Received { at: self.now, is_contact: false },
            false if at > self.now || at < self.earliest => Received::at(self.now),
            false => Received::at(at),
        }
    }

    /// The group of the employee whose each punch will be, as far as it can be known before it is stored; empty for one without.
    pub(crate) fn groups(&mut self, arrived: &[Arrival<'_>]) -> Result<Vec<Option<String>>, Error> {
        let punches: Vec<_> = arrived.iter().map(Arrival::as_unresolved).collect();
        self.resolver.meet(&punches)?;
        Ok(punches.iter().map(|punch| self.resolver.group(punch)).collect())
    }

    /// While a server stores one part, the next is made ready for it.
    pub(crate) fn punches(&mut self, arrived: &[Arrival<'_>]) -> Result<Vec<Taken>, Error> {
        let parts: Vec<Vec<NewPunch<'_>>> =
            arrived.chunks(PUNCHES_PER_INSERT).map(|part| part.iter().map(Arrival::as_new).collect()).collect();
        let mut inserting = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            inserting.push(self.write.begin_insert_punches(part)?);
            if place == 0 {
                self.resolver.meet(&arrived.iter().map(Arrival::as_unresolved).collect::<Vec<_>>())?;
            }
        }
        let mut is_new = Vec::with_capacity(arrived.len());
        for inserting in inserting {
            is_new.extend(self.write.inserted_punches(inserting)?);
        }
        let (mut new, mut known) = (Vec::with_capacity(arrived.len()), Vec::new());
        for (arrival, is_new) in arrived.iter().zip(&is_new) {
            if *is_new { &mut new } else { &mut known }.push(arrival);
        }
        self.count(&new);
        let new: Vec<_> = new.into_iter().map(Arrival::as_unresolved).collect();
        // All at once: those of one employee are written one after another.
        let mut resolved = self.resolver.resolve(&new)?.into_iter();
        let taken = is_new.into_iter().map(|is_new| match is_new.then(|| resolved.next()).flatten() {
            Some(Resolution::Employee) => (Outcome::Stored, None),
            Some(Resolution::Held(reason)) => (Outcome::Held, Some(reason)),
            Some(Resolution::Dismissed) => (Outcome::Held, None),
            None => (Outcome::Known, None),
        });
        let taken = taken.collect();
        self.keep_what_differs(&known)?;
        self.cure_known(&known)?;
        Ok(taken)
    }

    fn count(&mut self, new: &[&Arrival<'_>]) {
        for of_origin in new.chunk_by(|one, next| one.said.origin == next.said.origin) {
            let Some(Arrival { said, .. }) = of_origin.first() else { continue };
            let arrived = self.stored_from.entry(said.origin.clone()).or_default();
            for Arrival { channel, said, fingerprint, received } in of_origin {
                arrived.punches += 1;
                if let Some(date) = printed_date(said) {
                    arrived.days.entry(date).or_default().add(*fingerprint);
                }
                if received.is_contact && channel.is_contact() {
                    arrived.last_contact = arrived.last_contact.max(Some(received.at));
                }
            }
        }
    }

    /// Importing once more, with leave to make employees, cures what the first import held.
    fn cure_known(&mut self, known: &[&Arrival<'_>]) -> Result<(), Error> {
        if !self.create_employees {
            return Ok(());
        }
        let known: BTreeSet<Fingerprint> = known.iter().map(|arrival| arrival.fingerprint).collect();
        let known: Vec<Fingerprint> = known.into_iter().collect();
        let held = known.iter().zip(self.write.held_reasons(&known)?);
        let unknown = Some(HeldReason::UnknownUser.word());
        let unknown = held.filter(|(_, reason)| reason.as_deref() == unknown).map(|(fingerprint, _)| *fingerprint);
        self.resolver.resolve_again(&unknown.collect::<Vec<_>>()).map(drop)
    }

    /// The first copy wins; copies that differ in what two roads may report differently are kept beside it.
    fn keep_what_differs(&self, known: &[&Arrival<'_>]) -> Result<(), Error> {
        let firsts = self.write.punches(&known.iter().map(|arrival| arrival.fingerprint).collect::<Vec<_>>())?;
        let differs = |first: &StoredPunch, said: &RawPunch| {
            first.said.state != said.state || first.said.verify != said.verify || first.said.work_code != said.work_code
        };
        let copies = known
            .iter()
            .zip(&firsts)
            .filter(|(arrival, first)| first.as_ref().is_some_and(|first| differs(first, arrival.said)));
        self.write.insert_copies(&copies.map(|(arrival, _)| arrival.as_new()).collect::<Vec<_>>()).map_err(Error::from)
    }

    /// How many employees were made of unknown user numbers.
    pub(crate) const fn made(&self) -> u64 {
        self.resolver.made()
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        let counts = self.stored_from.iter().map(|(serial, arrived)| {
            (serial.as_str(), arrived.punches, arrived.last_contact.map(Timestamp::as_microsecond))
        });
        self.write.count_punches(&counts.collect::<Vec<_>>())?;
        let days = self.stored_from.into_iter().flat_map(|(origin, arrived)| {
            let day = move |(date, set)| StoredDay { origin: origin.clone(), date, set };
            arrived.days.into_iter().map(day)
        });
        self.write.add_stored_days(&days.collect::<Vec<_>>())?;
        self.resolver.finish()
    }
}
