//! Whose a punch is, and when it was: terminal to approval and zone, user number to employee by date, wall time to
//! instant. What fails is held with its reason.
//!
//! A resolver lives as long as one write transaction. It remembers what it looked up, and at the end marks the weeks
//! that its punches touch.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use attendance::DateRange;
use attendance::punch::{Fingerprint, PrintedTime, RawPunch};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use store::Write;
use store::people::Employee;
use store::punches::{PunchWriter, ResolvedPunch};

use crate::Error;
use crate::clock_shift::ClockShift;
use crate::company::{Company, zone};
use crate::view::HeldReason;

/// Dates on which a user number without stated validity belongs to somebody.
pub(crate) const ALWAYS: (Date, Date) = (Date::constant(1, 1, 1), Date::constant(9999, 12, 31));
/// A printed time further ahead than this of its receipt is a clock fault.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

pub(crate) struct Resolver<'a, 'tx> {
    write: &'a Write<'tx>,
    pub(crate) punches: PunchWriter<'tx>,
    company: &'a Company,
    company_zone: TimeZone,
    now: Timestamp,
    /// Makes an unknown user number a provisional employee.
    create_employees: bool,
    terminals: HashMap<String, Clock>,
    /// First and last date on which a number is an employee's.
    numbers: HashMap<String, Vec<(Date, Date, i64)>>,
    people: HashMap<i64, Person>,
}

/// A terminal as resolving needs it.
struct Clock {
    is_approved: bool,
    zone: TimeZone,
    shifts: Vec<ClockShift>,
}

impl Clock {
    /// What it should have shown when it printed this.
    fn true_time(&self, printed: DateTime) -> DateTime {
        self.shifts.iter().find_map(|shift| shift.true_time(printed)).unwrap_or(printed)
    }
}

/// An employee, and which of their dates changed in this transaction.
struct Person {
    /// As stored before.
    known: Employee,
    zone: TimeZone,
    dates: BTreeSet<Date>,
    /// A punch was taken away, so that the first and the last have to be looked up.
    has_lost: bool,
}

impl Person {
    fn new(known: Employee, company_zone: &TimeZone) -> Result<Self, Error> {
        let own_zone = known.zone.as_deref().map(zone).transpose()?;
        let zone = own_zone.unwrap_or_else(|| company_zone.clone());
        Ok(Self { known, zone, dates: BTreeSet::new(), has_lost: false })
    }
}

/// What became of a punch that was resolved again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) was_held: bool,
    pub(crate) now: Resolution,
}

/// What became of a punch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Employee,
    Held(HeldReason),
    Dismissed,
}

enum Found {
    Employee { employee: i64, at: Timestamp },
    Held { reason: HeldReason, user: String },
    Dismissed,
}

impl<'a, 'tx> Resolver<'a, 'tx> {
    pub(crate) fn new(
        write: &'a Write<'tx>,
        company: &'a Company,
        now: Timestamp,
        create_employees: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            write,
            punches: write.punch_writer()?,
            company,
            company_zone: company.time_zone()?,
            now,
            create_employees,
            terminals: HashMap::new(),
            numbers: HashMap::new(),
            people: HashMap::new(),
        })
    }

    /// Resolves a punch that is stored, and in none of the three tables of interpretation.
    pub(crate) fn resolve(
        &mut self,
        fingerprint: Fingerprint,
        said: &RawPunch,
        received: Timestamp,
        is_new: bool,
    ) -> Result<Resolution, Error> {
        match self.find(fingerprint, said, received, is_new)? {
            Found::Employee { employee, at } => {
                let (at_us, received_us) = (at.as_microsecond(), received.as_microsecond());
                let punch = ResolvedPunch { at_us, fingerprint, state: said.state, received_us };
                self.punches.resolve(employee, &punch, &said.origin)?;
                self.touch(employee, at, false)?;
                Ok(Resolution::Employee)
            }
            Found::Held { reason, user } => {
                self.write.hold(reason.word(), &said.origin, &user, fingerprint)?;
                Ok(Resolution::Held(reason))
            }
            Found::Dismissed => {
                self.write.dismiss(fingerprint)?;
                Ok(Resolution::Dismissed)
            }
        }
    }

    /// Resolves a stored punch anew, whatever was made of it before.
    pub(crate) fn resolve_again(&mut self, fingerprint: Fingerprint) -> Result<Option<Again>, Error> {
        let Some(stored) = self.write.punch(fingerprint)? else { return Ok(None) };
        if let Some((employee, at_us)) = self.write.resolution(fingerprint)? {
            self.write.unresolve(fingerprint)?;
            self.touch(employee, instant(at_us), true)?;
        }
        let was_held = self.write.release(fingerprint)?;
        let now = self.resolve(fingerprint, &stored.said, instant(stored.received_us), false)?;
        Ok(Some(Again { was_held, now }))
    }

    fn find(
        &mut self,
        fingerprint: Fingerprint,
        said: &RawPunch,
        received: Timestamp,
        is_new: bool,
    ) -> Result<Found, Error> {
        let stated = if is_new { None } else { self.write.statement(fingerprint)? }.unwrap_or_default();
        if stated.is_dismissed {
            return Ok(Found::Dismissed);
        }
        let user = stated.user.as_deref().unwrap_or(&said.user);
        let stated_time = stated.printed_seconds.map(PrintedTime::Seconds);
        Ok(match self.whose(&said.origin, user, (stated_time.as_ref(), &said.time), received)? {
            Ok((employee, at)) => Found::Employee { employee, at },
            Err(reason) => Found::Held { reason, user: user.to_owned() },
        })
    }

    /// Employee and instant, or what is missing for them. A time that somebody stated is the true one.
    fn whose(
        &mut self,
        origin: &str,
        user: &str,
        (stated, said): (Option<&PrintedTime>, &PrintedTime),
        received: Timestamp,
    ) -> Result<Result<(i64, Timestamp), HeldReason>, Error> {
        let earliest = self.company.earliest_date;
        let clock = self.clock(origin)?;
        if !clock.is_approved {
            return Ok(Err(HeldReason::UnapprovedTerminal));
        }
        if user.is_empty() {
            return Ok(Err(HeldReason::UnreadableLine));
        }
        let civil = match stated {
            Some(stated) => stated.civil(),
            None => said.civil().map(|printed| clock.true_time(printed)),
        };
        let Some(civil) = civil else { return Ok(Err(HeldReason::UnreadableTime)) };
        let at = match understood(earliest, civil, &clock.zone, received) {
            Ok(at) => at,
            Err(reason) => return Ok(Err(reason)),
        };
        let owner = self.owner(user, civil.date())?;
        Ok(owner.map(|employee| (employee, at)).ok_or(HeldReason::UnknownUser))
    }

    /// The clock of a terminal; a serial that was never heard of waits for approval from now on.
    fn clock(&mut self, serial: &str) -> Result<&Clock, Error> {
        if !self.terminals.contains_key(serial) {
            let terminal = match self.write.terminal(serial)? {
                Some(terminal) => terminal,
                None => crate::registry::sight(self.write, serial, self.now)?,
            };
            let own_zone = terminal.zone.as_deref().map(zone).transpose()?;
            let zone = own_zone.unwrap_or_else(|| self.company_zone.clone());
            let shifts = crate::clock_shift::in_force(self.write, serial)?;
            let shifts = shifts.into_iter().map(|(_, shift)| shift).collect();
            let clock = Clock { is_approved: terminal.is_approved, zone, shifts };
            self.terminals.insert(serial.to_owned(), clock);
        }
        self.terminals
            .get(serial)
            .ok_or_else(|| Error::Damaged { what: "terminal", detail: format!("{serial} is missing") })
    }

    /// The employee of a user number on a date.
    fn owner(&mut self, number: &str, on: Date) -> Result<Option<i64>, Error> {
        let found = |owners: &[(Date, Date, i64)]| {
            let owner = owners.iter().rev().find(|(from, to, _)| *from <= on && on <= *to);
            (owner.map(|(_, _, employee)| *employee), owners.is_empty())
        };
        let (owner, is_nobodys) = match self.numbers.get(number) {
            Some(owners) => found(owners),
            None => found(self.look_up(number)?),
        };
        if !is_nobodys || !self.create_employees {
            return Ok(owner);
        }
        self.create_provisional(number)?;
        Ok(found(self.look_up(number)?).0)
    }

    /// Reads whose a number is, and remembers it with the employees.
    fn look_up(&mut self, number: &str) -> Result<&[(Date, Date, i64)], Error> {
        let mut owners = Vec::new();
        for (from, to, employee) in self.write.owners(number)? {
            owners.push((from, to, employee.id));
            if let Entry::Vacant(place) = self.people.entry(employee.id) {
                place.insert(Person::new(employee, &self.company_zone)?);
            }
        }
        Ok(self.numbers.entry(number.to_owned()).insert_entry(owners).into_mut())
    }

    /// A provisional employee for a number that never was anybody's: the code is the number.
    fn create_provisional(&mut self, number: &str) -> Result<(), Error> {
        let employee = match self.write.employee_by_code(number)? {
            Some(employee) => employee.id,
            None => self.write.add_employee(&provisional(number))?,
        };
        crate::registry::assign(self.write, number, employee, (None, None))
    }

    fn touch(&mut self, employee: i64, at: Timestamp, is_loss: bool) -> Result<(), Error> {
        let person = match self.people.entry(employee) {
            Entry::Occupied(person) => person.into_mut(),
            Entry::Vacant(place) => {
                let Some(known) = self.write.employee(employee)? else { return Ok(()) };
                place.insert(Person::new(known, &self.company_zone)?)
            }
        };
        person.dates.insert(person.zone.to_datetime(at).date());
        person.has_lost |= is_loss;
        Ok(())
    }

    /// Marks the weeks that the punches of this transaction touch. To be called before the commit.
    pub(crate) fn finish(self) -> Result<(), Error> {
        for (employee, seen) in self.people.iter().filter(|(_, seen)| !seen.dates.is_empty()) {
            let mut weeks = BTreeSet::new();
            for date in &seen.dates {
                // A punch near midnight may belong to the date before, or take a punch from the date after (rules 8).
                for near in [date.saturating_sub(1.day()), *date, date.saturating_add(1.day())] {
                    weeks.insert(self.company.week_of(near));
                }
            }
            weeks.extend(self.employment_moved(seen)?);
            for week in weeks {
                self.write.mark(*employee, week)?;
            }
        }
        Ok(())
    }

    /// Brings first and last punch of an employee up to date. The weeks between the old and the new ends are returned:
    /// a person without employment dates is judged from the week of the first punch to the week of the last.
    fn employment_moved(&self, seen: &Person) -> Result<Vec<Date>, Error> {
        let known = &seen.known;
        let before = known.first_punch.zip(known.last_punch);
        let after =
            if seen.has_lost { refresh_punch_dates(self.write, known, &seen.zone)? } else { self.extend(seen, known)? };
        Ok(match (before, after) {
            (Some((old_first, old_last)), Some((first, last))) => {
                let moved = [(old_first, first), (old_last, last)].into_iter().filter(|(old, new)| old != new);
                moved.flat_map(|(old, new)| self.weeks_between(old, new)).collect()
            }
            (Some((first, last)), None) | (None, Some((first, last))) => self.weeks_between(first, last),
            (None, None) => Vec::new(),
        })
    }

    /// First and last punch with those that came in this transaction.
    fn extend(&self, seen: &Person, known: &Employee) -> Result<Option<(Date, Date)>, Error> {
        let dates = || seen.dates.iter().copied();
        let first = dates().chain(known.first_punch).min();
        let last = dates().chain(known.last_punch).max();
        let after = first.zip(last);
        if known.first_punch.zip(known.last_punch) != after {
            self.write.set_punch_dates(known.id, after)?;
        }
        Ok(after)
    }

    fn weeks_between(&self, a: Date, b: Date) -> Vec<Date> {
        self.company.weeks(DateRange { from: a.min(b), to: a.max(b) }).collect()
    }
}

/// Sets the civil dates of an employee's first and last punch, and returns them.
pub(crate) fn refresh_punch_dates(
    write: &Write<'_>,
    employee: &Employee,
    zone: &TimeZone,
) -> Result<Option<(Date, Date)>, Error> {
    let date = |at_us| instant(at_us).to_zoned(zone.clone()).date();
    let dates = write.punch_bounds(employee.id)?.map(|(first, last)| (date(first), date(last)));
    if employee.first_punch.zip(employee.last_punch) != dates {
        write.set_punch_dates(employee.id, dates)?;
    }
    Ok(dates)
}

/// A provisional employee: the code is the user number, unconfirmed.
pub(crate) fn provisional(code: &str) -> Employee {
    Employee {
        id: 0,
        code: code.to_owned(),
        name: String::new(),
        is_confirmed: false,
        zone: None,
        employed_from: None,
        employed_to: None,
        first_punch: None,
        last_punch: None,
        group_name: None,
    }
}

/// The instant of a time on a terminal's face; one that only a wrong clock shows is held.
pub(crate) fn understood(
    earliest: Date,
    civil: DateTime,
    zone: &TimeZone,
    received: Timestamp,
) -> Result<Timestamp, HeldReason> {
    let at = instant_of(civil, zone).ok_or(HeldReason::ImplausibleTime)?;
    let is_plausible = civil.date() >= earliest && at.duration_since(received) <= AHEAD;
    if is_plausible { Ok(at) } else { Err(HeldReason::ImplausibleTime) }
}

/// The instant of a printed time (rules 4.2). The road keeps no record order, so that a repeated hour is read as its
/// first pass; a time that the clock skipped moves forward by the gap.
fn instant_of(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

/// An instant of the store.
pub(crate) fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}
