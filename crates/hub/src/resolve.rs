//! Whose a punch is, and when it was: terminal to approval and zone, user number to employee by date, wall time to
//! instant. What fails is held with its reason.
//!
//! A resolver lives as long as one write transaction. It takes punches by the set, as each look-up and each write may be a
//! journey to a server, remembers what it looked up, and at the end marks the weeks that its punches touch.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use attendance::punch::{Fingerprint, PrintedTime, RawPunch};
use attendance::{DateRange, Zones};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use store::Write;
use store::held::{HeldPunch, Statement};
use store::people::Employee;
use store::punches::{ResolvedPunch, StoredPunch};

use crate::Error;
use crate::clock_shift::ClockShift;
use crate::company::Company;
use crate::numbers::{Number, assign};
use crate::view::HeldReason;
use crate::zones::ZoneBook;

/// Dates on which a user number without stated validity belongs to somebody.
pub(crate) const ALWAYS: (Date, Date) = (Date::constant(1, 1, 1), Date::constant(9999, 12, 31));
/// A printed time further ahead than this of its receipt is a clock fault.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

pub(crate) struct Resolver<'a, 'tx> {
    write: &'a Write<'tx>,
    company: &'a Company,
    zones: ZoneBook,
    now: Timestamp,
    /// Makes an unknown user number a provisional employee.
    create_employees: bool,
    /// Employees that were made of unknown user numbers.
    made: u64,
    terminals: HashMap<String, Clock>,
    /// Whose each number is, by group of terminals.
    numbers: HashMap<Rc<str>, HashMap<String, Vec<Owner>>>,
    people: HashMap<i64, Person>,
}

/// First and last date on which a number is an employee's.
type Owner = (Date, Date, i64);

/// A terminal as resolving needs it.
struct Clock {
    is_approved: bool,
    zones: Zones,
    shifts: Vec<ClockShift>,
    /// Whose numbers it says.
    group: Rc<str>,
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
    zones: Zones,
    dates: BTreeSet<Date>,
    /// A punch was taken away, so that the first and the last have to be looked up.
    has_lost: bool,
}

/// A stored punch that is in none of the three tables of interpretation.
#[derive(Clone, Debug)]
pub(crate) struct Unresolved<'p> {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) said: &'p RawPunch,
    pub(crate) received: Timestamp,
    /// What somebody stated about it.
    pub(crate) stated: Option<&'p Statement>,
}

impl<'p> Unresolved<'p> {
    fn user(&self) -> &'p str {
        self.stated.and_then(|stated| stated.user.as_deref()).unwrap_or(&self.said.user)
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
    Held(HeldReason),
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
            company,
            zones: ZoneBook::load(write, company)?,
            now,
            create_employees,
            made: 0,
            terminals: HashMap::new(),
            numbers: HashMap::new(),
            people: HashMap::new(),
        })
    }

    /// Resolves punches that were met, and tells what became of each.
    pub(crate) fn resolve(&mut self, punches: &[Unresolved<'_>]) -> Result<Vec<Resolution>, Error> {
        let (mut became, mut resolved) = (Vec::with_capacity(punches.len()), Vec::with_capacity(punches.len()));
        let (mut held, mut dismissed) = (Vec::new(), Vec::new());
        for punch in punches {
            let Unresolved { fingerprint, said, received, .. } = *punch;
            became.push(match self.find(punch)? {
                Found::Employee { employee, at } => {
                    let (at_us, received_us) = (at.as_microsecond(), received.as_microsecond());
                    let whose = ResolvedPunch { at_us, fingerprint, state: said.state, received_us };
                    resolved.push((employee, whose, said.origin.as_str()));
                    self.touch(employee, at, false);
                    Resolution::Employee
                }
                Found::Held(reason) => {
                    let (origin, user) = (said.origin.as_str(), punch.user());
                    held.push(HeldPunch { reason: reason.word(), origin, user, fingerprint });
                    Resolution::Held(reason)
                }
                Found::Dismissed => {
                    dismissed.push(fingerprint);
                    Resolution::Dismissed
                }
            });
        }
        self.write.resolve_punches(&resolved)?;
        self.write.hold(&held)?;
        self.write.dismiss(&dismissed)?;
        Ok(became)
    }

    /// Resolves punches anew, whatever was made of them before; `None` for one that is not stored. None may come twice.
    pub(crate) fn resolve_again(&mut self, punches: &[Fingerprint]) -> Result<Vec<Option<Again>>, Error> {
        let stored = self.write.punches(punches)?;
        let stated = self.write.statements(punches)?;
        let before = self.write.resolutions(punches)?;
        let held = self.write.held_reasons(punches)?;
        self.write.unresolve(punches)?;
        self.write.release(punches)?;
        self.meet_employees(&before.iter().flatten().map(|(employee, _)| *employee).collect())?;
        for (employee, at_us) in before.iter().flatten() {
            self.touch(*employee, instant(*at_us), true);
        }
        let unresolved = punches.iter().zip(&stored).zip(&stated).filter_map(|((fingerprint, stored), stated)| {
            let StoredPunch { said, received_us, .. } = stored.as_ref()?;
            let (fingerprint, stated) = (*fingerprint, stated.as_ref());
            Some(Unresolved { fingerprint, said, received: instant(*received_us), stated })
        });
        let unresolved: Vec<_> = unresolved.collect();
        self.meet(&unresolved)?;
        let mut now = self.resolve(&unresolved)?.into_iter();
        let again = stored.iter().zip(&held).map(|(stored, held)| {
            let now = stored.as_ref().and_then(|_| now.next())?;
            Some(Again { was_held: held.is_some(), now })
        });
        Ok(again.collect())
    }

    fn find(&mut self, punch: &Unresolved<'_>) -> Result<Found, Error> {
        let stated = punch.stated;
        if stated.is_some_and(|stated| stated.is_dismissed) {
            return Ok(Found::Dismissed);
        }
        let stated_time = stated.and_then(|stated| stated.printed_seconds).map(PrintedTime::Seconds);
        let time = (stated_time.as_ref(), &punch.said.time);
        Ok(match self.whose(&punch.said.origin, punch.user(), time, punch.received)? {
            Ok((employee, at)) => Found::Employee { employee, at },
            Err(reason) => Found::Held(reason),
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
        let at = match understood(earliest, civil, clock.zones.on(civil.date()), received) {
            Ok(at) => at,
            Err(reason) => return Ok(Err(reason)),
        };
        let group = Rc::clone(&clock.group);
        let owner = self.owner(&group, user, civil.date())?;
        Ok(owner.map(|employee| (employee, at)).ok_or(HeldReason::UnknownUser))
    }

    /// The group of the employee whose a punch that was met will be, empty for one without; `None` where it is nobody's yet, or of somebody
    /// who was made from punches and was not given a group.
    pub(crate) fn group(&self, punch: &Unresolved<'_>) -> Option<String> {
        let clock = self.clock(&punch.said.origin).ok()?;
        let on = clock.true_time(punch.said.time.civil()?).date();
        let employee = owner_on(self.owners(&clock.group, punch.user())?, on)?;
        group_of(&self.people.get(&employee)?.known)
    }

    /// The clock of a terminal that was met.
    fn clock(&self, serial: &str) -> Result<&Clock, Error> {
        self.terminals
            .get(serial)
            .ok_or_else(|| Error::Damaged { what: "terminal", detail: format!("{serial} is missing") })
    }

    /// Looks up the terminals and user numbers of punches that were not met before, as each must be before it is resolved.
    pub(crate) fn meet(&mut self, punches: &[Unresolved<'_>]) -> Result<(), Error> {
        let said: HashSet<(&str, &str)> =
            punches.iter().map(|punch| (punch.said.origin.as_str(), punch.user())).collect();
        let serials = said.iter().map(|(origin, _)| *origin).filter(|origin| !self.terminals.contains_key(*origin));
        let serials: BTreeSet<&str> = serials.collect();
        self.meet_terminals(&serials.into_iter().collect::<Vec<_>>())?;
        // Whose a number is depends on the group of the terminal that said it.
        let mut numbers = BTreeSet::new();
        for (origin, user) in said {
            let group = Rc::clone(&self.clock(origin)?.group);
            if self.owners(&group, user).is_none() {
                numbers.insert((group, user));
            }
        }
        self.meet_numbers(&numbers.into_iter().collect::<Vec<_>>())
    }

    /// A serial that was never heard of waits for approval from now on.
    fn meet_terminals(&mut self, serials: &[&str]) -> Result<(), Error> {
        let known = self.write.terminals_of(serials)?;
        let shifts = crate::clock_shift::in_force_of(self.write, serials)?;
        let mut terminals = Vec::with_capacity(serials.len());
        for (serial, terminal) in serials.iter().zip(known) {
            terminals.push(match terminal {
                Some(terminal) => terminal,
                None => crate::registry::sight(self.write, serial, self.now)?,
            });
        }
        let named: Vec<_> = terminals.iter().map(|one| (one.serial.as_str(), one.zone.as_deref())).collect();
        let zones = self.zones.terminals(self.write, &named)?;
        for ((terminal, zones), shifts) in terminals.iter().zip(zones).zip(shifts) {
            let shifts = shifts.into_iter().map(|(_, shift)| shift).collect();
            let group = terminal.number_group.as_str().into();
            let clock = Clock { is_approved: terminal.is_approved, zones, shifts, group };
            self.terminals.insert(terminal.serial.clone(), clock);
        }
        Ok(())
    }

    /// Reads whose numbers are, and remembers them with the employees.
    fn meet_numbers(&mut self, numbers: &[(Rc<str>, &str)]) -> Result<(), Error> {
        let asked: Vec<(&str, &str)> = numbers.iter().map(|(group, number)| (&**group, *number)).collect();
        let mut people = Vec::new();
        for ((group, number), owners) in numbers.iter().zip(self.write.owners(&asked)?) {
            let whose = owners.iter().map(|(from, to, employee)| (*from, *to, employee.id)).collect();
            people.extend(owners.into_iter().map(|(_, _, employee)| employee));
            self.numbers.entry(Rc::clone(group)).or_default().insert((*number).to_owned(), whose);
        }
        self.remember(people)
    }

    fn meet_employees(&mut self, ids: &BTreeSet<i64>) -> Result<(), Error> {
        let unknown: Vec<i64> = ids.iter().copied().filter(|id| !self.people.contains_key(id)).collect();
        let known = self.write.employees_of(&unknown)?;
        self.remember(known.into_iter().flatten().collect())
    }

    fn remember(&mut self, mut people: Vec<Employee>) -> Result<(), Error> {
        people.retain(|employee| !self.people.contains_key(&employee.id));
        let named: Vec<_> = people.iter().map(|one| (one.id, one.zone.as_deref())).collect();
        let zones = self.zones.employees(self.write, &named)?;
        for (known, zones) in people.into_iter().zip(zones) {
            let person = Person { known, zones, dates: BTreeSet::new(), has_lost: false };
            self.people.insert(person.known.id, person);
        }
        Ok(())
    }

    /// Whose a number of a group is; `None` for one that was not met.
    fn owners(&self, group: &str, number: &str) -> Option<&[Owner]> {
        self.numbers.get(group)?.get(number).map(Vec::as_slice)
    }

    /// The employee of a user number at a group of terminals on a date.
    fn owner(&mut self, group: &Rc<str>, number: &str, on: Date) -> Result<Option<i64>, Error> {
        let owners = self.owners(group, number).unwrap_or_default();
        if !owners.is_empty() || !self.create_employees {
            return Ok(owner_on(owners, on));
        }
        self.create_provisional(group, number)?;
        self.meet_numbers(&[(Rc::clone(group), number)])?;
        Ok(self.owners(group, number).and_then(|owners| owner_on(owners, on)))
    }

    /// A provisional employee for a number that never was anybody's: the code is the number, with the name of its group.
    fn create_provisional(&mut self, group: &str, number: &str) -> Result<(), Error> {
        let number = Number::at(group, number);
        let code = number.to_string();
        let employee = match self.write.employee_by_code(&code)? {
            Some(employee) => employee.id,
            None => {
                self.made += 1;
                self.write.add_employee(&provisional(&code))?
            }
        };
        assign(self.write, &number, employee, (None, None)).map(drop)
    }

    /// A date of an employee who was met has got a punch, or lost one.
    fn touch(&mut self, employee: i64, at: Timestamp, is_loss: bool) {
        if let Some(person) = self.people.get_mut(&employee) {
            person.dates.insert(person.zones.date(at));
            person.has_lost |= is_loss;
        }
    }

    /// How many employees were made of unknown user numbers.
    pub(crate) const fn made(&self) -> u64 {
        self.made
    }

    /// Marks the weeks that the punches of this transaction touch. To be called before the commit.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let (mut marks, mut moved) = (BTreeSet::new(), Vec::new());
        for (employee, seen) in self.people.iter().filter(|(_, seen)| !seen.dates.is_empty()) {
            let mut marked: Option<DateRange> = None;
            for date in &seen.dates {
                // A punch near midnight may belong to the date before, or take a punch from the date after (rules 8).
                for near in [date.saturating_sub(1.day()), *date, date.saturating_add(1.day())] {
                    if marked.is_none_or(|week| near < week.from || week.to < near) {
                        let week = self.company.policies.workweek(near);
                        marks.insert((*employee, week.from));
                        marked = Some(week);
                    }
                }
            }
            let before = seen.known.first_punch.zip(seen.known.last_punch);
            let after = self.employment(seen)?;
            if before != after {
                moved.push((*employee, after));
                marks.extend(self.weeks_moved(before, after).into_iter().map(|week| (*employee, week)));
            }
        }
        self.write.set_punch_dates(&moved)?;
        Ok(self.write.mark_each(&marks.into_iter().collect::<Vec<_>>())?)
    }

    /// Dates of an employee's first and last punch with what came and went in this transaction.
    fn employment(&self, seen: &Person) -> Result<Option<(Date, Date)>, Error> {
        if seen.has_lost {
            return punch_dates(self.write, &seen.known, &seen.zones);
        }
        let dates = || seen.dates.iter().copied();
        let first = dates().chain(seen.known.first_punch).min();
        let last = dates().chain(seen.known.last_punch).max();
        Ok(first.zip(last))
    }

    /// The weeks between the old and the new dates of the first and the last punch: a person without employment dates is judged
    /// from the week of the first punch to the week of the last.
    fn weeks_moved(&self, before: Option<(Date, Date)>, after: Option<(Date, Date)>) -> Vec<Date> {
        match (before, after) {
            (Some((old_first, old_last)), Some((first, last))) => {
                let moved = [(old_first, first), (old_last, last)].into_iter().filter(|(old, new)| old != new);
                moved.flat_map(|(old, new)| self.weeks_between(old, new)).collect()
            }
            (Some((first, last)), None) | (None, Some((first, last))) => self.weeks_between(first, last),
            (None, None) => Vec::new(),
        }
    }

    fn weeks_between(&self, a: Date, b: Date) -> Vec<Date> {
        self.company.weeks(DateRange { from: a.min(b), to: a.max(b) }).collect()
    }
}

/// The group of an employee, empty for one without; `None` for somebody who was made from punches and was not given one.
pub(crate) fn group_of(employee: &Employee) -> Option<String> {
    employee.group_name.clone().or_else(|| employee.is_confirmed.then(String::new))
}

/// The employee to whom a number belongs on a date.
fn owner_on(owners: &[Owner], on: Date) -> Option<i64> {
    let owner = owners.iter().rev().find(|(from, to, _)| *from <= on && on <= *to);
    owner.map(|(_, _, employee)| *employee)
}

/// The civil dates of an employee's first and last punch, as they are stored.
fn punch_dates(write: &Write<'_>, employee: &Employee, zones: &Zones) -> Result<Option<(Date, Date)>, Error> {
    let date = |at_us| zones.date(instant(at_us));
    Ok(write.punch_bounds(employee.id)?.map(|(first, last)| (date(first), date(last))))
}

/// Brings the civil dates of an employee's first and last punch up to date.
pub(crate) fn refresh_punch_dates(write: &Write<'_>, employee: &Employee, zones: &Zones) -> Result<(), Error> {
    let dates = punch_dates(write, employee, zones)?;
    if employee.first_punch.zip(employee.last_punch) != dates {
        write.set_punch_dates(&[(employee.id, dates)])?;
    }
    Ok(())
}

/// A provisional employee: the code is the user number, unconfirmed.
pub(crate) fn provisional(code: &str) -> Employee {
    Employee { code: code.to_owned(), ..Employee::default() }
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
