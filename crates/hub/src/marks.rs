//! Marks: which weeks have to be derived again.

use attendance::DateRange;
use jiff::Timestamp;
use jiff::civil::Date;
use store::Write;
use store::people::Employee;

use crate::Error;
use crate::company::Company;
use crate::derive::Scope;
use crate::facts::employment;
use crate::periods::Dates;
use crate::registry::people;
use crate::resolve::ALWAYS;
use crate::zones::zones_of;

/// Marks the weeks of a scope, within each employee's employment. Returns how many weeks wait now.
pub(crate) fn mark_scope(write: &Write<'_>, scope: &Scope, now: Timestamp) -> Result<u64, Error> {
    let company = Company::load(write)?;
    for employee in &people(write, scope.employee.as_deref())? {
        mark_range(write, &company, employee, scope.from, scope.to, now)?;
    }
    Ok(write.mark_count()?)
}

/// The dates of a range that are judged for an employee, up to today.
pub(crate) fn dates(
    company: &Company,
    employee: &Employee,
    from: Option<Date>,
    to: Option<Date>,
    today: Date,
) -> Option<DateRange> {
    let employed = employment(company, employee)?;
    let from = employed.from.max(from)?;
    let to = [employed.to, to, Some(today)].into_iter().flatten().min().unwrap_or(today);
    (from <= to).then_some(DateRange { from, to })
}

/// Marks the weeks of a range within an employee's employment, up to today.
pub(crate) fn mark_range(
    write: &Write<'_>,
    company: &Company,
    employee: &Employee,
    from: Option<Date>,
    to: Option<Date>,
    now: Timestamp,
) -> Result<(), Error> {
    let today = zones_of(write, company, employee)?.date(now);
    let Some(range) = dates(company, employee, from, to, today) else { return Ok(()) };
    for week in company.weeks(range) {
        write.mark(employee.id, week)?;
    }
    Ok(())
}

/// Marks everything that is known of an employee, up to today.
pub(crate) fn mark_person(
    write: &Write<'_>,
    company: &Company,
    employee: &Employee,
    now: Timestamp,
) -> Result<(), Error> {
    mark_known(write, company, employee, ALWAYS, now)
}

/// Marks what is known of an employee in a range of dates, up to today.
pub(crate) fn mark_known(
    write: &Write<'_>,
    company: &Company,
    employee: &Employee,
    (from, to): Dates,
    now: Timestamp,
) -> Result<(), Error> {
    let today = zones_of(write, company, employee)?.date(now);
    let is_employed = employee.employed_from.is_some() && employee.employed_to.is_none();
    let bounds = [
        employee.first_punch,
        employee.last_punch,
        employee.employed_from,
        employee.employed_to,
        is_employed.then_some(today),
    ];
    let known = || bounds.iter().flatten().copied();
    let (Some(first), Some(last)) = (known().min(), known().max()) else { return Ok(()) };
    let range = DateRange { from: first.max(from), to: last.min(today).min(to) };
    for week in company.weeks(range) {
        write.mark(employee.id, week)?;
    }
    Ok(())
}

/// Marks everybody's dates in a range: the company's rules changed there.
pub(crate) fn mark_all(write: &Write<'_>, company: &Company, dates: Dates, now: Timestamp) -> Result<(), Error> {
    write.employees()?.iter().try_for_each(|employee| mark_known(write, company, employee, dates, now))
}
