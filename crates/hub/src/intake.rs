//! Intake: what edges, terminals and files said becomes stored punches.

use std::collections::{BTreeMap, HashMap};

use attendance::punch::{Channel, Fingerprint, RawPunch, attlog};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use link::closeout::{Closeouts, printed_date};
use link::{Ack, Batch, Clock, Closeout, Heartbeat, Item, Orders, Outcome, Reading, What};
use store::Write;
use store::terminals::Contact;

use crate::company::{Company, zone};
use crate::completeness::{Taking, take_readings, zone_of};
use crate::registry::NewTerminal;
use crate::resolve::{Resolution, Resolver, instant};
use crate::view::HeldReason;
use crate::{Actor, Error, Hub, watch};

/// Rows of one write transaction: others get their turn in between.
const ROWS_PER_WRITE: usize = 2000;
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
    fn add(&mut self, outcome: Outcome) {
        self.read += 1;
        match outcome {
            Outcome::Stored => self.stored += 1,
            Outcome::Known => self.known += 1,
            Outcome::Held => self.held += 1,
        }
    }
}

/// How a terminal's exported file is taken.
#[derive(Clone, Debug)]
pub struct FileImport<'a> {
    /// Serial of the terminal that wrote the file. Importing approves it.
    pub serial: &'a str,
    /// IANA zone of its clock.
    pub zone: &'a str,
    /// Make each unknown user number a provisional employee.
    pub create_employees: bool,
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
            for item in &batch.items {
                let (outcome, why) = intake.item(item)?;
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
        if is_fresh && beat.terminals.is_empty() && beat.commands.is_empty() && beat.readings.is_empty() {
            return self.orders(beat, now);
        }
        let beat = &watch::by_right_clock(beat, ahead_us);
        let doubts = self.store.write(|write| {
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
            take_readings(write, &Company::load(write)?, beat, now)
        })?;
        Ok(Orders { doubts, ..self.orders(beat, now)? })
    }

    /// Imports a terminal's exported log. `progress` hears the counts so far.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad serial or zone. What was stored before an error stays; importing again is safe.
    pub fn import_attlog(
        &self,
        actor: &Actor,
        file: &[u8],
        how: &FileImport<'_>,
        now: Timestamp,
        mut progress: impl FnMut(&Counts),
    ) -> Result<Counts, Error> {
        zone(how.zone)?;
        let people = |hub: &Self| Ok::<_, Error>(hub.store.read(|read| read.employees())?.len());
        let people_before = people(self)?;
        self.add_terminal(actor, &NewTerminal::of_file(how.serial, how.zone), now)?;
        let mut counts = Counts::default();
        let mut rows = attlog::punches(how.serial, file).peekable();
        while rows.peek().is_some() {
            self.store.write(|write| {
                let company = Company::load(write)?;
                let mut intake = Intake::new(write, &company, now, how.create_employees)?;
                for said in rows.by_ref().take(ROWS_PER_WRITE) {
                    counts.add(intake.punch(Channel::File, &said, Received::at(now))?.0);
                }
                intake.finish()
            })?;
            progress(&counts);
        }
        let made = people(self)?.saturating_sub(people_before);
        let detail = format!("{counts}; {made} provisional employees made; file {}", blake3::hash(file).to_hex());
        self.store.write(|write| write.audit(&actor.entry(now, "import.attlog", how.serial, detail)))?;
        Ok(counts)
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
                for said in rows {
                    let is_held = poll.names_slots && write.holds_record(said)?;
                    counts.add(if is_held {
                        Outcome::Known
                    } else {
                        intake.punch(Channel::Poll, said, Received::at(now))?.0
                    });
                }
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
        self.store.read(|read| {
            let holds = |said: &RawPunch| match said.user.is_empty() {
                true => read.holds_record(said),
                false => read.holds(said.fingerprint()),
            };
            Ok(punches.iter().map(holds).collect::<Result<_, _>>()?)
        })
    }

    /// Takes the users that a terminal lists, number and name each: what unknown numbers are matched by.
    ///
    /// # Errors
    /// Of the store; nothing is taken then.
    pub fn take_users(&self, serial: &str, users: &[(String, String)], now: Timestamp) -> Result<(), Error> {
        Ok(self.store.write(|write| put_users(write, serial, users, now))?)
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
    let zone = zone_of(&terminal, &Company::load(write)?)?;
    let taking = Taking { write, actor: &Actor::new("console"), read: now, now, zone };
    taking.reading(&reading).map(drop)
}

fn put_users(write: &Write<'_>, serial: &str, users: &[(String, String)], now: Timestamp) -> Result<(), store::Error> {
    users.iter().try_for_each(|(number, name)| write.put_terminal_user(serial, number, name, now.as_microsecond()))
}

/// What became of an item, and why it is held if it is.
type Taken = (Outcome, Option<HeldReason>);

fn why_held(seq: i64, reason: HeldReason) -> link::Held {
    link::Held { seq, reason: reason.word().to_owned(), says: reason.says().to_owned() }
}

/// The intake of one write transaction.
struct Intake<'a, 'tx> {
    write: &'a Write<'tx>,
    resolver: Resolver<'a, 'tx>,
    now: Timestamp,
    earliest: Timestamp,
    create_employees: bool,
    stored_from: HashMap<String, Arrived>,
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
    punches: u64,
    /// By printed date.
    days: BTreeMap<Date, Closeout>,
    /// None for a file: it is no contact with the terminal.
    last_contact: Option<Timestamp>,
}

impl<'a, 'tx> Intake<'a, 'tx> {
    fn new(write: &'a Write<'tx>, company: &'a Company, now: Timestamp, create_employees: bool) -> Result<Self, Error> {
        let resolver = Resolver::new(write, company, now, create_employees)?;
        let earliest = company.earliest_date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp());
        Ok(Self { write, resolver, now, earliest, create_employees, stored_from: HashMap::new() })
    }

    fn item(&mut self, item: &Item) -> Result<Taken, Error> {
        match &item.what {
            What::Punch(punch) => {
                let said = punch.raw().map_err(|error| {
                    Error::invalid(format!("item {} of the batch is damaged: {error}", item.seq), "send it again")
                })?;
                let taken = self.punch(punch.channel, &said, self.received(item))?;
                if item.is_time_doubted && taken.0 != Outcome::Known {
                    self.write.put_doubted_receipt(said.fingerprint(), item.received_us)?;
                }
                Ok(taken)
            }
            What::User(user) => {
                let seen_us = self.received(item).at.as_microsecond();
                self.write.put_terminal_user(&user.origin, &user.user, &user.name, seen_us)?;
                Ok((Outcome::Known, None))
            }
        }
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

    fn punch(&mut self, channel: Channel, said: &RawPunch, received: Received) -> Result<Taken, Error> {
        let Received { at: received, is_contact } = received;
        let fingerprint = said.fingerprint();
        if !self.resolver.punches.insert(fingerprint, said, channel, received.as_microsecond())? {
            self.keep_if_different(fingerprint, channel, said, received)?;
            self.cure_known(fingerprint)?;
            return Ok((Outcome::Known, None));
        }
        if !self.stored_from.contains_key(&said.origin) {
            self.stored_from.insert(said.origin.clone(), Arrived::default());
        }
        if let Some(arrived) = self.stored_from.get_mut(&said.origin) {
            arrived.punches += 1;
            if let Some(date) = printed_date(said) {
                arrived.days.entry(date).or_default().add(fingerprint);
            }
            if is_contact && channel != Channel::File {
                arrived.last_contact = arrived.last_contact.max(Some(received));
            }
        }
        Ok(match self.resolver.resolve(fingerprint, said, received, true)? {
            Resolution::Employee => (Outcome::Stored, None),
            Resolution::Held(reason) => (Outcome::Held, Some(reason)),
            Resolution::Dismissed => (Outcome::Held, None),
        })
    }

    /// Importing once more, with leave to make employees, cures what the first import held.
    fn cure_known(&mut self, fingerprint: Fingerprint) -> Result<(), Error> {
        let unknown = HeldReason::UnknownUser.word();
        if self.create_employees && self.write.held_reason(fingerprint)?.as_deref() == Some(unknown) {
            self.resolver.resolve_again(fingerprint)?;
        }
        Ok(())
    }

    /// The first copy wins; a copy that differs in what two roads may report differently is kept beside it.
    fn keep_if_different(
        &self,
        fingerprint: Fingerprint,
        channel: Channel,
        said: &RawPunch,
        received: Timestamp,
    ) -> Result<(), Error> {
        let Some(first) = self.write.punch(fingerprint)? else { return Ok(()) };
        let is_same = first.said.state == said.state
            && first.said.verify == said.verify
            && first.said.work_code == said.work_code;
        if !is_same {
            self.write.insert_copy(fingerprint, said, channel, received.as_microsecond())?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        for (serial, arrived) in &self.stored_from {
            let contact = arrived.last_contact.map(Timestamp::as_microsecond);
            self.write.count_punches(serial, arrived.punches, contact)?;
            for (date, more) in &arrived.days {
                self.write.add_stored_day(serial, *date, *more)?;
            }
        }
        self.resolver.finish()
    }
}
