//! The oracle: it knows who punched where and when, and holds the hub to that.
//!
//! Whenever it is asked: a day that is called closed lacks no punch that its terminal held when it was read. In the end, when all
//! has been quiet for more than a day:
//!
//! * the hub holds each punch once, and nothing else; it is resolved to whom the number belongs and to when it was, or held
//!   for the reason that it should be;
//! * the days are those of a straight run: a second hub that heard the truth in its order, with every fact stated at once;
//! * deriving everything once more writes nothing;
//! * what the hub counts of each terminal and date is what the terminal holds, and days of terminals that are read are closed;
//! * the edge has nothing left to send, and stands where its sequence ends;
//! * a gap was told only if something had been lost.

use std::collections::{BTreeMap, BTreeSet};

use attendance::punch::{Fingerprint, PrintedTime};
use hub::view::{CloseoutFilter, DayFilter, HeldReason, PunchFilter};
use hub::{CloseoutState, Hub, Scope, Store};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use link::closeout::Closeouts;
use link::{Batch, Contact, Heartbeat, Item, Reading, What};

use crate::centre::{found_company, state};
use crate::disk::Disk;
use crate::plan::{DAY, HOUR};
use crate::story::Violation;
use crate::terminal::{Record, wire};
use crate::world::{Fact, Held, World};

/// Items of a batch of the straight run.
const STRAIGHT_BATCH: usize = 200;
/// A printed time before this year, or further ahead than a day, is a clock fault.
const EARLIEST_YEAR: i16 = 2005;

/// What should be made of a punch.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// Whose it is, and when it was.
    Resolved(String, i64),
    Held(HeldReason),
}

impl World<'_> {
    /// Broken with the punches that it is about.
    fn broken<T>(&self, says: impl Into<String>, about: Vec<Fingerprint>) -> Held<T> {
        let named: Vec<String> = about.iter().take(3).map(|of| self.named(*of)).collect();
        let says = says.into();
        let says = if named.is_empty() { says } else { format!("{says}: {}", named.join("; ")) };
        Err(Violation { says, about })
    }

    /// `101 at T1, printed 2026-03-02 08:00:00`.
    fn named(&self, of: Fingerprint) -> String {
        let Some((terminal, record)) = self.truth.get(&of) else { return of.to_string() };
        let serial = self.terminals.get(*terminal).map_or("?", |terminal| terminal.serial());
        format!("{} at {serial}, printed {}", record.number, record.printed)
    }

    /// No day is closed while a punch is missing that its terminal held when it was read.
    pub(crate) fn what_is_closed_is_complete(&self, serial: Option<&str>) -> Held {
        let Some((hub, store)) = self.centre.hub().zip(self.centre.store()) else { return Ok(()) };
        let today = self.timestamp().to_zoned(self.tz.clone()).date();
        let back = if serial.is_some() { 2 } else { 8 };
        let filter = CloseoutFilter {
            from: Some(today.saturating_sub(back.days())),
            to: Some(today.saturating_add(1.day())),
            terminal: serial.map(str::to_owned),
            state: Some(CloseoutState::Closed),
            order: None,
        };
        for row in hub.closeouts(&filter, self.timestamp())? {
            let Some(read) = row.read.map(Timestamp::as_microsecond) else { continue };
            let Some(terminal) = self.terminals.iter().find(|terminal| terminal.serial() == row.serial) else {
                continue;
            };
            let mut missing = Vec::new();
            for record in terminal.log.iter().filter(|record| record.printed.date() == row.date && record.made < read) {
                if !store.read(|read| read.holds(record.fingerprint))? {
                    missing.push(record.fingerprint);
                }
            }
            if !missing.is_empty() {
                let says = format!(
                    "{} of {} is called closed by a reading of {}, and {} punches are missing",
                    row.date,
                    row.serial,
                    self.shown(read),
                    missing.len()
                );
                return self.broken(says, missing);
            }
        }
        Ok(())
    }

    /// Everything that must be true in the end.
    pub(crate) fn judge(&mut self) -> Held {
        let now = self.timestamp();
        let (Some(hub), Some(store)) = (self.centre.hub().cloned(), self.centre.store().cloned()) else {
            return Err(Violation::new("the hub is not there in the end"));
        };
        self.each_punch_is_there_once(&hub)?;
        self.nothing_waits()?;
        hub.mark_due(now)?;
        hub.derive_all(now, |_| {})?;
        self.days_are_those_of_a_straight_run(&hub)?;
        hub.mark_scope(&Scope::default(), now)?;
        let again = hub.derive_all(now, |_| {})?.written;
        if again > 0 {
            return self
                .broken(format!("{again} days were stale: deriving all of them once more changed them"), Vec::new());
        }
        self.counts_are_true(&hub, &store)?;
        self.what_is_closed_is_complete(None)?;
        self.no_gap_was_made_up(&hub)
    }

    fn each_punch_is_there_once(&self, hub: &Hub) -> Held {
        let rows = hub.punches(&PunchFilter::default())?.rows;
        let mut lacking: BTreeSet<Fingerprint> = self.truth.keys().copied().collect();
        for row in &rows {
            if !lacking.remove(&row.fingerprint) {
                let says =
                    format!("the hub holds a punch that nobody made: {} at {}, {}", row.user, row.origin, row.printed);
                return self.broken(says, Vec::new());
            }
        }
        if !lacking.is_empty() {
            let says = format!("{} of {} punches are not at the hub", lacking.len(), self.truth.len());
            return self.broken(says, lacking.into_iter().collect());
        }
        for row in rows {
            let Some((_, record)) = self.truth.get(&row.fingerprint) else { continue };
            let meant = self.meaning(record);
            let is_right = match &meant {
                Meaning::Resolved(code, at) => {
                    row.employee.as_ref() == Some(code) && row.at.map(Timestamp::as_microsecond) == Some(*at)
                }
                Meaning::Held(reason) => row.held == Some(*reason) && row.employee.is_none(),
            };
            if !is_right {
                let made = format!("employee {:?}, at {:?}, held {:?}", row.employee, row.at, row.held);
                let says = format!("a punch is understood as {made}, and should be {meant:?}");
                return self.broken(says, vec![row.fingerprint]);
            }
        }
        Ok(())
    }

    /// What a punch means, computed from the truth alone.
    fn meaning(&self, record: &Record) -> Meaning {
        let zoned = self.tz.to_ambiguous_timestamp(record.printed).compatible();
        let at = zoned.map_or(0, Timestamp::as_microsecond);
        if record.printed.year() < EARLIEST_YEAR || at > record.made + 30 * DAY {
            return Meaning::Held(HeldReason::ImplausibleTime);
        }
        let person = self.plan.people.iter().find(|person| person.number == record.number);
        match person.filter(|person| person.assigned_at.is_some()) {
            Some(person) => Meaning::Resolved(person.code.clone(), at),
            None => Meaning::Held(HeldReason::UnknownUser),
        }
    }

    fn nothing_waits(&self) -> Held {
        let Some(steps) = self.branch.steps() else { return Err(Violation::new("the edge is not there in the end")) };
        let depth = self.runtime.block_on(steps.spool().depth())?;
        if depth.unsent != 0 || depth.acked > depth.last {
            let says = format!(
                "the edge has {} entries left to send; the hub acknowledged up to {} of {}",
                depth.unsent, depth.acked, depth.last
            );
            return self.broken(says, Vec::new());
        }
        Ok(())
    }

    fn days_are_those_of_a_straight_run(&self, hub: &Hub) -> Held {
        let disk = Disk::new("straight")?;
        let store = Store::open(&disk.file())?;
        let straight = self.straight_run(&store)?;
        // Later ones wait for terminals to be read once more.
        let last = self.timestamp().to_zoned(self.tz.clone()).date().saturating_sub(2.days());
        let (ours, theirs) = (days(hub, last)?, days(&straight, last)?);
        for (key, should) in &theirs {
            match ours.get(key) {
                Some(is) if is == should => {}
                is => {
                    let is = is.map_or("missing", String::as_str);
                    let says = format!("the day {} of {} is\n    {is}\n  and should be\n    {should}", key.1, key.0);
                    return self.broken(says, Vec::new());
                }
            }
        }
        match ours.keys().find(|key| !theirs.contains_key(*key)) {
            Some((code, date)) => self.broken(format!("there should be no day {date} of {code}"), Vec::new()),
            None => Ok(()),
        }
    }

    /// A hub that heard everything in its order.
    fn straight_run(&self, store: &Store) -> Held<Hub> {
        let begin = Timestamp::from_microsecond(self.plan.start)?;
        let hub = found_company(store, self, begin)?;
        for terminal in 0..self.terminals.len() {
            state(&hub, self, &Fact::Register { terminal, zone: self.plan.zone }, begin)?;
        }
        for (person, plan) in self.plan.people.iter().enumerate() {
            if plan.assigned_at.is_some() {
                state(&hub, self, &Fact::Assign { person }, begin)?;
            }
        }
        let mut truth: Vec<&(usize, Record)> = self.truth.values().collect();
        truth.sort_by_key(|(_, record)| record.made);
        let mut follows = 0;
        for part in truth.chunks(STRAIGHT_BATCH) {
            let items = part.iter().zip(follows + 1..).filter_map(|((terminal, record), seq)| {
                let punch = wire(record, self.terminals.get(*terminal)?.serial());
                Some(Item { seq, received_us: record.made, is_time_doubted: false, what: What::Punch(punch) })
            });
            let items: Vec<Item> = items.collect();
            let up_to = follows + items.len() as i64;
            let batch = Batch { edge: "straight".to_owned(), follows, up_to, items, ..Batch::default() };
            hub.ingest(&batch, self.timestamp())?;
            follows = up_to;
        }
        let now_us = self.now;
        let readings: Vec<Reading> = self
            .terminals
            .iter()
            .filter(|terminal| terminal.plan.via.polls())
            .map(|terminal| Reading::of(terminal.serial(), now_us, closeouts(terminal.serial(), &terminal.log)))
            .collect();
        let contact = |serial: String| Contact { serial, last_contact_us: Some(now_us), ..Contact::default() };
        let terminals = self.serials().into_iter().map(contact).collect();
        let beat = Heartbeat { edge: "straight".to_owned(), now_us, terminals, readings, ..Heartbeat::default() };
        hub.heartbeat(&beat, self.timestamp())?;
        hub.mark_scope(&Scope::default(), self.timestamp())?;
        hub.derive_all(self.timestamp(), |_| {})?;
        Ok(hub)
    }

    fn counts_are_true(&self, hub: &Hub, store: &Store) -> Held {
        for (terminal, contact) in store.read(|read| read.terminals())? {
            let Some(truth) = self.terminals.iter().find(|truth| truth.serial() == terminal.serial) else { continue };
            if usize::try_from(contact.punches).ok() != Some(truth.log.len()) {
                let says = format!(
                    "the hub counts {} punches of {}, which holds {}",
                    contact.punches,
                    terminal.serial,
                    truth.log.len()
                );
                return self.broken(says, Vec::new());
            }
        }
        let (first, last) = self.dates();
        let filter = CloseoutFilter { from: Some(first), to: Some(last), ..CloseoutFilter::default() };
        let rows = hub.closeouts(&filter, self.timestamp())?;
        for terminal in &self.terminals {
            let told = closeouts(terminal.serial(), &terminal.log).days;
            for date in first.series(1.day()).take_while(|date| *date <= last) {
                let row = rows.iter().find(|row| row.serial == terminal.serial() && row.date == date);
                let should = told.get(&date).copied().unwrap_or_default();
                let is = row.map(|row| row.at_hub).unwrap_or_default();
                if is != should {
                    let says = format!(
                        "of {date} the hub counts {} punches of {}, which holds {}; or they are others",
                        is.punches,
                        terminal.serial(),
                        should.punches
                    );
                    return self.broken(says, Vec::new());
                }
                let is_closed = row.is_some_and(|row| row.standing.state() == CloseoutState::Closed);
                if should.punches > 0 && terminal.plan.via.polls() && !is_closed {
                    let why = row.map_or_else(String::new, |row| row.standing.to_string());
                    return self.broken(format!("{date} of {} is not closed: {why}", terminal.serial()), Vec::new());
                }
            }
        }
        Ok(())
    }

    /// The dates on which people were at work.
    fn dates(&self) -> (Date, Date) {
        let date = |at: i64| Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(self.tz.clone()).date();
        (date(self.plan.start - 2 * DAY), date(self.plan.quiet + 12 * HOUR))
    }

    fn no_gap_was_made_up(&self, hub: &Hub) -> Held {
        let gap = hub.audit(10_000)?.into_iter().find(|entry| entry.action == "terminal.gap");
        match gap {
            Some(gap) if self.centre.restores == 0 => self
                .broken(format!("a gap was told although nothing was lost: {} {}", gap.object, gap.detail), Vec::new()),
            _ => Ok(()),
        }
    }
}

/// A terminal's own closeouts.
fn closeouts(serial: &str, log: &[Record]) -> Closeouts {
    let mut closeouts = Closeouts::default();
    for record in log {
        debug_assert_eq!(PrintedTime::from_civil(record.printed), record.raw(serial).time);
        closeouts.add(&record.raw(serial));
    }
    closeouts
}

/// Each day's record by employee and date, up to a date.
fn days(hub: &Hub, last: Date) -> Held<BTreeMap<(String, Date), String>> {
    let rows = hub.days(&DayFilter { to: Some(last), ..DayFilter::default() })?.rows;
    Ok(rows.into_iter().map(|row| ((row.code, row.record.date), format!("{:?}", row.record))).collect())
}
