//! How well plans were kept, from the stored days, and the limits of working time that were not (rules 16).
//!
//! The figures are those of the stored days, so that what is locked for payroll is what is told. The checks need to know when somebody
//! worked, which no stored day says: they are made on days that are derived for it, by the policy in force on each date.

use attendance::compliance::{Checks, Finding, ShiftDay, ShiftPeriod, findings_in_force, lookback_in_force};
use attendance::{DateRange, DayRecord, Rulebook};
use jiff::Timestamp;
use store::Read;
use store::people::Employee;

use crate::company::Company;
use crate::facts::Facts;
use crate::keep::record;
use crate::periods::{Dates, checked};
use crate::plan::{Whose, people};
use crate::zones::ZoneBook;
use crate::{Error, Hub};

/// Employees that are looked at in one snapshot of the store; others write in between.
const PER_SNAPSHOT: usize = 100;

/// How one employee kept the plans of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compliance {
    /// Employee code.
    pub code: String,
    /// Employee name; the code when none is known.
    pub name: String,
    /// The dates that are judged and had a plan.
    pub days: Vec<ShiftDay>,
    /// The period as a whole.
    pub period: ShiftPeriod,
    /// The limits that were not kept, by date, then code.
    pub findings: Vec<Finding>,
}

impl Hub {
    /// How employees kept the plans of a range, by code; who has no day in it is left out. `progress` hears how many employees are done
    /// and how many there are.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee or a group without anybody, [`Error::Invalid`] for dates that end before they start.
    pub fn compliance(
        &self,
        whose: &Whose,
        dates: Dates,
        now: Timestamp,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<Compliance>, Error> {
        let (from, to) = checked(dates)?;
        let range = DateRange { from, to };
        let people = self.store.read(|read| people(read, whose))?;
        let mut all = Vec::new();
        for (index, chunk) in people.chunks(PER_SNAPSHOT).enumerate() {
            self.store.read(|read| {
                let company = Company::load(read)?;
                let has_checks = company.policies.iter().any(|version| version.checks != Checks::default());
                let book = has_checks.then(|| company.rulebook(read, now)).transpose()?.map(|(book, _)| book);
                for employee in chunk {
                    all.extend(of_employee(read, &company, book.as_ref(), employee, range, now)?);
                }
                Ok::<_, Error>(())
            })?;
            progress((index * PER_SNAPSHOT + chunk.len()).min(people.len()), people.len());
        }
        Ok(all)
    }
}

fn of_employee(
    read: &Read<'_>,
    company: &Company,
    book: Option<&Rulebook>,
    employee: &Employee,
    range: DateRange,
    now: Timestamp,
) -> Result<Option<Compliance>, Error> {
    let stored = read.days_of(employee.id, range.from, range.to)?;
    let records: Vec<DayRecord> = stored.iter().map(record).collect::<Result<_, _>>()?;
    if records.is_empty() {
        return Ok(None);
    }
    let findings = match book {
        Some(book) => findings(read, company, book, employee, range, now)?,
        None => Vec::new(),
    };
    Ok(Some(Compliance {
        code: employee.code.clone(),
        name: employee.shown_name().to_owned(),
        days: records.iter().filter_map(ShiftDay::of).collect(),
        period: ShiftPeriod::of(&records),
        findings,
    }))
}

fn findings(
    read: &Read<'_>,
    company: &Company,
    book: &Rulebook,
    employee: &Employee,
    range: DateRange,
    now: Timestamp,
) -> Result<Vec<Finding>, Error> {
    let zones = ZoneBook::load(read, company)?;
    let range_before = lookback_in_force(&company.policies, range);
    let facts = Facts::gather(read, (company, &zones), book, employee, range_before, now)?;
    Ok(facts.map_or_else(Vec::new, |facts| findings_in_force(book, &facts.person(), range, facts.moment(now))))
}
