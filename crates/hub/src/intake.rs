//! Intake: what edges, terminals and rows from outside said becomes stored punches, within one write transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attendance::punch::{Channel, Fingerprint, RawPunch};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::closeout::printed_date;
use link::{Closeout, Item, Outcome, What};
use store::Write;
use store::closeouts::StoredDay;
use store::punches::{NewPunch, StoredPunch};
use store::users::TerminalUser;

use crate::Error;
use crate::beside::{beside, map_in_two};
use crate::company::Company;
use crate::resolve::{Resolution, Resolver, instant};
use crate::view::HeldReason;
use crate::whose::Unresolved;

/// Rows of one write transaction: others get their turn in between.
pub(crate) const ROWS_PER_WRITE: usize = 2000;
/// Punches that are stored by one statement.
const PUNCHES_PER_INSERT: usize = 500;
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

/// What became of an item, and why it is held if it is.
pub(crate) type Taken = (Outcome, Option<HeldReason>);

fn damaged(item: &Item, error: impl std::fmt::Display) -> Error {
    Error::invalid(format!("item {} of the batch is damaged: {error}", item.seq), "send it again")
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

    /// Takes what an edge sends.
    pub(crate) fn items(&mut self, items: &[Item]) -> Result<Vec<Taken>, Error> {
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
        if !users.is_empty() {
            self.write.no_user_was_seen_later(self.now.as_microsecond())?;
            self.write.put_terminal_users(&users)?;
        }
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

    /// While some are stored, others are made ready, and it is found whose they are.
    pub(crate) fn punches(&mut self, arrived: &[Arrival<'_>]) -> Result<Vec<Taken>, Error> {
        let unresolved: Vec<_> = arrived.iter().map(Arrival::as_unresolved).collect();
        let parts: Vec<Vec<NewPunch<'_>>> =
            arrived.chunks(PUNCHES_PER_INSERT).map(|part| part.iter().map(Arrival::as_new).collect()).collect();
        let (first, others) = parts.split_at(parts.len().min(1));
        let mut inserting = Vec::with_capacity(parts.len());
        for part in first {
            inserting.push(self.write.begin_insert_punches(part)?);
        }
        self.resolver.meet(&unresolved)?;
        let known = self.resolver.known();
        let insert = || {
            for part in others {
                inserting.push(self.write.begin_insert_punches(part)?);
            }
            let mut is_new = Vec::with_capacity(arrived.len());
            for inserting in inserting {
                is_new.extend(self.write.inserted_punches(inserting)?);
            }
            Ok::<_, Error>(is_new)
        };
        let (found, is_new) = beside(arrived.len(), || known.find_all(&unresolved), insert);
        let (found, is_new) = (found?, is_new?);
        let (mut new, mut old) = (Vec::with_capacity(arrived.len()), Vec::new());
        for (arrival, is_new) in arrived.iter().zip(&is_new) {
            if *is_new { &mut new } else { &mut old }.push(arrival);
        }
        self.count(&new);
        let resolved = self.resolver.resolve(&unresolved, found, &is_new)?;
        let taken = resolved.into_iter().map(|resolved| match resolved {
            Some(Resolution::Employee) => (Outcome::Stored, None),
            Some(Resolution::Held(reason)) => (Outcome::Held, Some(reason)),
            Some(Resolution::Dismissed) => (Outcome::Held, None),
            None => (Outcome::Known, None),
        });
        let taken = taken.collect();
        self.keep_what_differs(&old)?;
        self.cure_known(&old)?;
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

    /// The first copy wins; copies that differ in what two roads may report differently are kept beside it. So is what confirms a punch that
    /// an old system alone said: it is evidence of its own.
    fn keep_what_differs(&self, known: &[&Arrival<'_>]) -> Result<(), Error> {
        let firsts = self.write.punches(&known.iter().map(|arrival| arrival.fingerprint).collect::<Vec<_>>())?;
        let differs = |first: &StoredPunch, said: &RawPunch| {
            first.said.state != said.state || first.said.verify != said.verify || first.said.work_code != said.work_code
        };
        let confirms =
            |first: &StoredPunch, channel: Channel| first.channel == Channel::Sql.word() && channel != Channel::Sql;
        let is_kept = |arrival: &Arrival<'_>, first: &StoredPunch| {
            differs(first, arrival.said) || confirms(first, arrival.channel)
        };
        let copies = known
            .iter()
            .zip(&firsts)
            .filter(|(arrival, first)| first.as_ref().is_some_and(|first| is_kept(arrival, first)));
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
