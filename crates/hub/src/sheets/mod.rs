//! Time sheets: a month of an employee from the stored days, as pages print it, files and programs take it.

mod document;
pub(crate) mod feed;
mod form48;
mod hours;
mod month;
mod sheet;

use std::collections::{BTreeMap, HashMap, HashSet};

use attendance::{DayRecord, Person, Rulebook, totals};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Read;
use store::people::Employee;
use store::places::{Department, EmployeePlace};

use crate::company::Company;
use crate::derive::is_kept;
use crate::facts::Facts;
use crate::keep::record;
use crate::registry::employee;
use crate::zones::ZoneBook;
use crate::{Error, Hub};

pub use document::SheetDocument;
pub use feed::CalendarFeed;
pub use form48::Form48Line;
pub use month::Month;
pub use sheet::{Mark, OfficialHours, SheetLine, SheetLock, TimeSheet, Visit};

/// Sheets of one page: a department. More of them nobody prints in one go.
pub const MOST_SHEETS: usize = 300;

/// Whose time sheets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetsOf {
    /// Everybody.
    All,
    /// Who belongs to a site, by its code, on the last date of the month.
    Site(String),
    /// Who belongs to a department or a part of it, by its code, on that date.
    Department(String),
}

impl Hub {
    /// The time sheet of an employee for a month.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee.
    pub fn time_sheet(&self, code: &str, month: Month, now: Timestamp) -> Result<TimeSheet, Error> {
        self.store.read(|read| {
            let known = employee(read, code.trim())?;
            let places = read.employee_places_of(known.id)?;
            Desk::open(read, now)?.sheet(&known, &places, month)
        })
    }

    /// The time sheets of several employees for a month, by code: of all who have a day in it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown site or department, [`Error::Invalid`] for more than [`MOST_SHEETS`].
    pub fn time_sheets(&self, of: &SheetsOf, month: Month, now: Timestamp) -> Result<Vec<TimeSheet>, Error> {
        self.store.read(|read| {
            let mut places: HashMap<i64, Vec<EmployeePlace>> = HashMap::new();
            for place in read.places()? {
                places.entry(place.employee).or_default().push(place);
            }
            let meant = Meant::of(read, of)?;
            let desk = Desk::open(read, now)?;
            let mut sheets = Vec::new();
            for person in read.employees()? {
                let stays = places.remove(&person.id).unwrap_or_default();
                if !meant.takes(at(&stays, month.last()))
                    || read.days_of(person.id, month.first(), month.last())?.is_empty()
                {
                    continue;
                }
                if sheets.len() == MOST_SHEETS {
                    let what = format!("more than {MOST_SHEETS} employees have days in {month}");
                    return Err(Error::invalid(what, "choose a site or a department"));
                }
                sheets.push(desk.sheet(&person, &stays, month)?);
            }
            Ok(sheets)
        })
    }
}

/// What all sheets of a reading share.
struct Desk<'a, 'tx> {
    read: &'a Read<'tx>,
    company: Company,
    zones: ZoneBook,
    book: Rulebook,
    sites: HashMap<String, String>,
    departments: HashMap<String, String>,
    locks: Vec<(Date, Date)>,
    now: Timestamp,
}

impl<'a, 'tx> Desk<'a, 'tx> {
    fn open(read: &'a Read<'tx>, now: Timestamp) -> Result<Self, Error> {
        let company = Company::load(read)?;
        let (book, _) = company.rulebook(read, now)?;
        let sites = read.sites()?.into_iter().map(|site| (site.code, site.name));
        let departments = read.departments()?.into_iter().map(|one| (one.code, one.name));
        Ok(Self {
            zones: ZoneBook::load(read, &company)?,
            sites: sites.collect(),
            departments: departments.collect(),
            locks: read.locks()?.into_iter().map(|lock| (lock.first, lock.last)).collect(),
            company,
            book,
            read,
            now,
        })
    }

    fn sheet(&self, person: &Employee, places: &[EmployeePlace], month: Month) -> Result<TimeSheet, Error> {
        let known = self.known(person, month)?;
        let lines = sheet::lines(month, &known);
        let place = at(places, month.last());
        let named = |names: &HashMap<String, String>, code: Option<&String>| {
            let name = |code: &String| names.get(code).filter(|name| !name.is_empty()).unwrap_or(code).clone();
            code.map(name)
        };
        let into = person.merged_into.map(|into| self.read.employee(into)).transpose()?.flatten();
        Ok(TimeSheet {
            code: person.code.clone(),
            name: person.shown_name().to_owned(),
            counts_as: into.map(|into| into.code),
            site: named(&self.sites, place.and_then(|place| place.site.as_ref())),
            department: named(&self.departments, place.and_then(|place| place.department.as_ref())),
            month,
            totals: totals(&self.book, &known.stored),
            leave_minutes: known.stored.iter().map(|record| record.leave_minutes).sum(),
            lock: SheetLock::of(&lines),
            official_hours: hours::official_hours(&lines, &self.company.timetables),
            lines,
        })
    }

    fn known(&self, person: &Employee, month: Month) -> Result<sheet::Known, Error> {
        let stored = self.read.days_of(person.id, month.first(), month.last())?;
        let stored = stored.iter().map(record).collect::<Result<Vec<DayRecord>, _>>()?;
        let range = month.range();
        let facts = Facts::gather(self.read, (&self.company, &self.zones), &self.book, person, range, self.now)?;
        let (mut explained, mut uncorrected) = (Vec::new(), Vec::new());
        if let Some(facts) = &facts {
            let (person, moment) = (facts.person(), facts.moment(self.now));
            let today = facts.zones.date(self.now);
            explained = attendance::explain(&self.book, &person, range, moment);
            // As a derivation stores them.
            explained.retain(|(record, _)| is_kept(record) && record.date <= today);
            if !person.adjustments.is_empty() {
                let plain = Person { adjustments: &[], ..person };
                uncorrected = attendance::derive(&self.book, &plain, range, moment);
            }
        }
        let holidays = self.book.calendar().holidays.iter();
        let holidays = holidays.filter(|holiday| range.from <= holiday.date && holiday.date <= range.to);
        Ok(sheet::Known {
            zones: self.zones.employee(self.read, person)?,
            stored,
            explained,
            uncorrected,
            holidays: holidays.map(|holiday| (holiday.date, holiday.name.clone())).collect::<BTreeMap<_, _>>(),
            locks: self.locks.clone(),
        })
    }
}

/// Where somebody belongs on a date.
fn at(places: &[EmployeePlace], date: Date) -> Option<&EmployeePlace> {
    places.iter().rev().find(|place| place.from <= date)
}

/// The codes that are asked for.
enum Meant {
    All,
    Site(String),
    Departments(HashSet<String>),
}

impl Meant {
    fn of(read: &Read<'_>, of: &SheetsOf) -> Result<Self, Error> {
        match of {
            SheetsOf::All => Ok(Self::All),
            SheetsOf::Site(code) => {
                let known = read.sites()?.into_iter().find(|site| site.code == *code);
                known.map(|site| Self::Site(site.code)).ok_or_else(|| Error::NotFound(format!("site {code}")))
            }
            SheetsOf::Department(code) => {
                let departments = read.departments()?;
                if !departments.iter().any(|one| one.code == *code) {
                    return Err(Error::NotFound(format!("department {code}")));
                }
                Ok(Self::Departments(parts(&departments, code)))
            }
        }
    }

    fn takes(&self, place: Option<&EmployeePlace>) -> bool {
        match self {
            Self::All => true,
            Self::Site(code) => place.and_then(|place| place.site.as_ref()) == Some(code),
            Self::Departments(codes) => {
                place.and_then(|place| place.department.as_ref()).is_some_and(|code| codes.contains(code))
            }
        }
    }
}

/// A department with all its parts.
fn parts(departments: &[Department], code: &str) -> HashSet<String> {
    let mut found = HashSet::from([code.to_owned()]);
    loop {
        let is_part = |one: &&Department| one.parent.as_ref().is_some_and(|parent| found.contains(parent));
        let more: Vec<String> = departments.iter().filter(is_part).map(|one| one.code.clone()).collect();
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}
