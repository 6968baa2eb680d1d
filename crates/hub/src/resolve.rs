//! Resolves punches: looks up what [`whose`](crate::whose) needs, and writes whose each is. What fails is held with its reason.
//!
//! A resolver lives as long as one write transaction. It takes punches by the set, as each look-up and each write may be a
//! journey to a server, remembers what it looked up, and at the end marks the weeks that its punches touch.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use attendance::punch::Fingerprint;
use attendance::{DateRange, Zones};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::Write;
use store::held::HeldPunch;
use store::people::Employee;
use store::punches::{ResolvedPunch, StoredPunch};

use crate::Error;
use crate::company::Company;
use crate::numbers::{Number, assign};
use crate::view::HeldReason;
use crate::whose::{Clock, Findings, Found, Known, Unresolved};
use crate::zones::ZoneBook;

/// Dates on which a user number without stated validity belongs to somebody.
pub(crate) const ALWAYS: (Date, Date) = (Date::constant(1, 1, 1), Date::constant(9999, 12, 31));

pub(crate) struct Resolver<'a, 'tx> {
    write: &'a Write<'tx>,
    company: &'a Company,
    zones: ZoneBook,
    now: Timestamp,
    /// Makes an unknown user number a provisional employee.
    create_employees: bool,
    /// Employees that were made of unknown user numbers.
    made: u64,
    known: Known,
    /// By employee what changed in this transaction.
    touched: BTreeMap<i64, Touched>,
}

/// What changed of an employee's punches.
#[derive(Default)]
struct Touched {
    /// The dates that got a punch, or lost one.
    dates: BTreeSet<Date>,
    /// A punch was taken away, so that the first and the last have to be looked up.
    has_lost: bool,
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
            known: Known::new(company.earliest_date),
            touched: BTreeMap::new(),
        })
    }

    /// What was looked up so far.
    pub(crate) const fn known(&self) -> &Known {
        &self.known
    }

    /// Writes down what was found of punches, but for those of a place that is not new; what became of each other one.
    pub(crate) fn resolve(
        &mut self,
        punches: &[Unresolved<'_>],
        findings: Findings,
        is_new: &[bool],
    ) -> Result<Vec<Option<Resolution>>, Error> {
        let Findings { each, by_employee } = self.provide(punches, findings, is_new)?;
        let is_new = |place: usize| is_new.get(place) == Some(&true);
        let mut resolved = Vec::with_capacity(by_employee.len());
        for place in by_employee.into_iter().filter(|place| is_new(*place)) {
            let (Some(Found::Employee { employee, at, date }), Some(punch)) = (each.get(place), punches.get(place))
            else {
                continue;
            };
            let (at_us, received_us) = (at.as_microsecond(), punch.received.as_microsecond());
            let whose = ResolvedPunch { at_us, fingerprint: punch.fingerprint, state: punch.said.state, received_us };
            resolved.push((*employee, whose, punch.said.origin.as_str()));
            self.touched.entry(*employee).or_default().dates.insert(*date);
        }
        let (mut held, mut dismissed) = (Vec::new(), Vec::new());
        let became = punches.iter().zip(each).enumerate().map(|(place, (punch, found))| {
            is_new(place).then(|| match found {
                Found::Employee { .. } => Resolution::Employee,
                Found::Held(reason) => {
                    let (origin, user) = (punch.said.origin.as_str(), punch.user());
                    held.push(HeldPunch { reason: reason.word(), origin, user, fingerprint: punch.fingerprint });
                    Resolution::Held(reason)
                }
                Found::Dismissed => {
                    dismissed.push(punch.fingerprint);
                    Resolution::Dismissed
                }
            })
        });
        let became = became.collect();
        self.write.resolve_punches(&resolved)?;
        self.write.hold(&held)?;
        self.write.dismiss(&dismissed)?;
        Ok(became)
    }

    /// Makes employees of the unknown numbers of new punches, where that is wanted; what is found then.
    fn provide(&mut self, punches: &[Unresolved<'_>], findings: Findings, is_new: &[bool]) -> Result<Findings, Error> {
        if !self.create_employees {
            return Ok(findings);
        }
        let mut has_made = false;
        for ((punch, found), _) in punches.iter().zip(&findings.each).zip(is_new).filter(|(_, is_new)| **is_new) {
            let group = Arc::clone(&self.known.clock(&punch.said.origin)?.group);
            // A number that was somebody's on other dates is not made anybody's.
            let is_nobodys = self.known.owners(&group, punch.user()).is_none_or(<[_]>::is_empty);
            if *found == Found::Held(HeldReason::UnknownUser) && is_nobodys {
                self.create_provisional(&group, punch.user())?;
                self.meet_numbers(&[(group, punch.user())])?;
                has_made = true;
            }
        }
        if has_made { self.known.find_all(punches) } else { Ok(findings) }
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
            let date = self.known.date(*employee, instant(*at_us));
            let touched = self.touched.entry(*employee).or_default();
            touched.dates.insert(date);
            touched.has_lost = true;
        }
        let unresolved = punches.iter().zip(&stored).zip(&stated).filter_map(|((fingerprint, stored), stated)| {
            let StoredPunch { said, received_us, .. } = stored.as_ref()?;
            let (fingerprint, stated) = (*fingerprint, stated.as_ref());
            Some(Unresolved { fingerprint, said, received: instant(*received_us), stated })
        });
        let unresolved: Vec<_> = unresolved.collect();
        self.meet(&unresolved)?;
        let findings = self.known.find_all(&unresolved)?;
        let mut now = self.resolve(&unresolved, findings, &vec![true; unresolved.len()])?.into_iter().flatten();
        let again = stored.iter().zip(&held).map(|(stored, held)| {
            let now = stored.as_ref().and_then(|_| now.next())?;
            Some(Again { was_held: held.is_some(), now })
        });
        Ok(again.collect())
    }

    /// The group of the employee whose a punch that was met will be, empty for one without; `None` where it is nobody's yet, or of somebody
    /// who was made from punches and was not given a group.
    pub(crate) fn group(&self, punch: &Unresolved<'_>) -> Option<String> {
        group_of(self.known.employee(punch)?)
    }

    /// Looks up the terminals and user numbers of punches that were not met before, as each must be before it is resolved.
    pub(crate) fn meet(&mut self, punches: &[Unresolved<'_>]) -> Result<(), Error> {
        let said: HashSet<(&str, &str)> =
            punches.iter().map(|punch| (punch.said.origin.as_str(), punch.user())).collect();
        let serials =
            said.iter().map(|(origin, _)| *origin).filter(|origin| !self.known.terminals.contains_key(*origin));
        let serials: BTreeSet<&str> = serials.collect();
        self.meet_terminals(&serials.into_iter().collect::<Vec<_>>())?;
        // Whose a number is depends on the group of the terminal that said it.
        let mut numbers = BTreeSet::new();
        for (origin, user) in said {
            let group = Arc::clone(&self.known.clock(origin)?.group);
            if self.known.owners(&group, user).is_none() {
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
            self.known.terminals.insert(terminal.serial.clone(), clock);
        }
        Ok(())
    }

    /// Reads whose numbers are, and remembers them with the employees.
    fn meet_numbers(&mut self, numbers: &[(Arc<str>, &str)]) -> Result<(), Error> {
        let asked: Vec<(&str, &str)> = numbers.iter().map(|(group, number)| (&**group, *number)).collect();
        let mut people = Vec::new();
        for ((group, number), owners) in numbers.iter().zip(self.write.owners(&asked)?) {
            let whose = owners.iter().map(|(from, to, employee)| (*from, *to, employee.id)).collect();
            people.extend(owners.into_iter().map(|(_, _, employee)| employee));
            self.known.numbers.entry(Arc::clone(group)).or_default().insert((*number).to_owned(), whose);
        }
        self.remember(people)
    }

    fn meet_employees(&mut self, ids: &BTreeSet<i64>) -> Result<(), Error> {
        let unknown: Vec<i64> = ids.iter().copied().filter(|id| !self.known.people.contains_key(id)).collect();
        let known = self.write.employees_of(&unknown)?;
        self.remember(known.into_iter().flatten().collect())
    }

    fn remember(&mut self, mut people: Vec<Employee>) -> Result<(), Error> {
        people.retain(|employee| !self.known.people.contains_key(&employee.id));
        let named: Vec<_> = people.iter().map(|one| (one.id, one.zone.as_deref())).collect();
        let zones = self.zones.employees(self.write, &named)?;
        self.known.people.extend(people.into_iter().zip(zones).map(|(known, zones)| (known.id, (known, zones))));
        Ok(())
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

    /// How many employees were made of unknown user numbers.
    pub(crate) const fn made(&self) -> u64 {
        self.made
    }

    /// Marks the weeks that the punches of this transaction touch. To be called before the commit.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let (mut marks, mut moved) = (BTreeSet::new(), Vec::new());
        for (employee, touched) in &self.touched {
            let Some((known, zones)) = self.known.people.get(employee) else { continue };
            let mut marked: Option<DateRange> = None;
            for date in &touched.dates {
                // A punch near midnight may belong to the date before, or take a punch from the date after (rules 8).
                for near in [date.saturating_sub(1.day()), *date, date.saturating_add(1.day())] {
                    if marked.is_none_or(|week| near < week.from || week.to < near) {
                        let week = self.company.policies.workweek(near);
                        marks.insert((*employee, week.from));
                        marked = Some(week);
                    }
                }
            }
            let before = known.first_punch.zip(known.last_punch);
            let after = self.employment(known, zones, touched)?;
            if before != after {
                moved.push((*employee, after));
                marks.extend(self.weeks_moved(before, after).into_iter().map(|week| (*employee, week)));
            }
        }
        self.write.set_punch_dates(&moved)?;
        Ok(self.write.mark_each(&marks.into_iter().collect::<Vec<_>>())?)
    }

    /// Dates of an employee's first and last punch with what came and went in this transaction.
    fn employment(&self, known: &Employee, zones: &Zones, touched: &Touched) -> Result<Option<(Date, Date)>, Error> {
        if touched.has_lost {
            return punch_dates(self.write, known, zones);
        }
        let first = touched.dates.first().copied().into_iter().chain(known.first_punch).min();
        let last = touched.dates.last().copied().into_iter().chain(known.last_punch).max();
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

/// An instant of the store.
pub(crate) fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}
