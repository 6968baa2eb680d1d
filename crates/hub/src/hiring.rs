//! One employee at a time, as programs say it: hired, hired again, gone, at another place, with another user number. What a list of
//! employees would refuse is refused here, too.

use jiff::Timestamp;
use jiff::civil::Date;
use store::places::EmployeePlace;
use store::{Read, Write};

use crate::company::Company;
use crate::employee_change::EmployeeChange;
use crate::numbers::{Number, assign, check_group, during, end, missing, refuse_ended, told_lost};
use crate::places::{There, shown};
use crate::registry::employee;
use crate::resolve::ALWAYS;
use crate::stating::refuse_merged;
use crate::view::NumberSpan;
use crate::{Actor, Cured, Error, Hub};

/// Somebody who is hired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hire {
    /// Name; `None` keeps it.
    pub name: Option<String>,
    /// First date.
    pub from: Date,
    /// Last date; for good, when `None`.
    pub to: Option<Date>,
    /// Where they belong from the first date on.
    pub place: NewPlace,
}

/// Where somebody belongs from a date on. `None` keeps what it was by then, an empty text is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPlace {
    /// Code of the site.
    pub site: Option<String>,
    /// Code of the department.
    pub department: Option<String>,
}

impl Hub {
    /// Hires somebody, who is added where the code is unknown, or hires them again. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty code, dates that are another employment's, or an unknown place; nothing changes then.
    pub fn hire(&self, actor: &Actor, code: &str, hire: &Hire, now: Timestamp) -> Result<(), Error> {
        let code = code.trim();
        if code.is_empty() {
            return Err(Error::invalid("an employee needs a code", "give the one that payroll knows them by"));
        }
        self.store.write(|write| {
            let mut change = EmployeeChange::of(write, code)?;
            refuse_merged(write, &change.employee)?;
            change.employee.is_confirmed = true;
            if let Some(name) = &hire.name {
                change.employee.name = name.trim().to_owned();
            }
            change.employments = change.employments.with_hired(hire.from, hire.to)?;
            place_from(write, &mut change, hire.from, &hire.place)?;
            let detail = format!("name {}, employed {}", change.employee.name, change.employments);
            take(write, actor, "employee.hire", change, detail, now)
        })?;
        self.resume_replays(now).map(drop)
    }

    /// Notes the last date of an employment: of the one that had begun by then. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] for a date before any employment, or of the next one.
    pub fn leave(&self, actor: &Actor, code: &str, last: Date, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let mut change = known(write, code)?;
            change.employments = change.employments.with_left(last)?;
            let detail = format!("last date {last}, employed {}", change.employments);
            take(write, actor, "employee.leave", change, detail, now)
        })?;
        self.resume_replays(now).map(drop)
    }

    /// Notes where somebody belongs from a date on, until the next date for which it was said. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] for an unknown place.
    pub fn place(
        &self,
        actor: &Actor,
        code: &str,
        from: Option<Date>,
        place: &NewPlace,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.store.write(|write| {
            let mut change = known(write, code)?;
            place_from(write, &mut change, from.unwrap_or(ALWAYS.0), place)?;
            let detail = format!("places {}", shown(&change.places));
            take(write, actor, "employee.place", change, detail, now)
        })?;
        self.resume_replays(now).map(drop)
    }

    /// Gives a user number to an employee. One that is another's since before and without an end changes hands on the first date. The same
    /// again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] for what is no number, or dates that are another's.
    pub fn give_number(
        &self,
        actor: &Actor,
        code: &str,
        number: &str,
        dates: (Option<Date>, Option<Date>),
        now: Timestamp,
    ) -> Result<Cured, Error> {
        let number = read_number(number)?;
        self.store.write(|write| {
            let employee = employee(write, code)?;
            refuse_merged(write, &employee)?;
            let span = match dates {
                (None, None) => None,
                (from, to) => Some((from.unwrap_or(ALWAYS.0), to.unwrap_or(ALWAYS.1))),
            };
            let Some(dates) = missing(write, &number, employee.id, span)? else {
                let today = now.to_zoned(Company::load(write)?.time_zone()?).date();
                return if span.is_none() { refuse_ended(write, &number, today) } else { Ok(()) };
            };
            let lost = assign(write, &number, employee.id, dates)?;
            let (from, to) = span.unwrap_or(ALWAYS);
            let detail = format!("employee {code}, {}{}", during(from, to), told_lost(write, &lost)?);
            write.audit(&actor.entry(now, "number.assign", &number.to_string(), detail))?;
            Ok::<_, Error>(())
        })?;
        self.resume_replays(now)
    }

    /// Ends a user number of an employee after a date; its later punches are held until it is somebody's. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] for a number that is not theirs.
    pub fn end_number(
        &self,
        actor: &Actor,
        code: &str,
        number: &str,
        last: Date,
        now: Timestamp,
    ) -> Result<Cured, Error> {
        let number = read_number(number)?;
        self.store.write(|write| {
            let employee = employee(write, code)?;
            if end(write, &number, employee.id, last)? {
                let detail = format!("employee {code}, until {last}");
                write.audit(&actor.entry(now, "number.end", &number.to_string(), detail))?;
            }
            Ok::<_, Error>(())
        })?;
        self.resume_replays(now)
    }

    /// Whose a user number is, from when until when, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn number_spans(&self, number: &str) -> Result<Vec<NumberSpan>, Error> {
        let number = Number::parse(number);
        self.store.read(|read| {
            let spans = read.validities(&number.group, &number.number)?;
            let ids: Vec<i64> = spans.iter().map(|span| span.employee).collect();
            let owners = read.employees_of(&ids)?.into_iter();
            let span = |(span, owner): (store::people::UserNumber, Option<store::people::Employee>)| NumberSpan {
                employee: owner.map(|owner| owner.code).unwrap_or_default(),
                from: Some(span.valid_from).filter(|from| *from > ALWAYS.0),
                to: Some(span.valid_to).filter(|to| *to < ALWAYS.1),
            };
            Ok(spans.into_iter().zip(owners).map(span).collect())
        })
    }
}

/// What may change of an employee who is known.
fn known(read: &Read<'_>, code: &str) -> Result<EmployeeChange, Error> {
    refuse_merged(read, &employee(read, code)?)?;
    EmployeeChange::of(read, code)
}

/// Notes in a change where somebody belongs from a date on.
fn place_from(read: &Read<'_>, change: &mut EmployeeChange, from: Date, new: &NewPlace) -> Result<(), Error> {
    let begun = change.places.iter().rfind(|place| place.from <= from);
    let said = |new: &Option<String>, was: Option<&String>| match new {
        Some(code) => Some(code.clone()).filter(|code| !code.is_empty()),
        None => was.cloned(),
    };
    let place = EmployeePlace {
        employee: change.employee.id,
        from,
        site: said(&new.site, begun.and_then(|was| was.site.as_ref())),
        department: said(&new.department, begun.and_then(|was| was.department.as_ref())),
    };
    let was = begun.map_or((None, None), |was| (was.site.clone(), was.department.clone()));
    if was == (place.site.clone(), place.department.clone()) {
        return Ok(());
    }
    There::load(read)?.check(&place)?;
    change.places.retain(|known| known.from != from);
    change.places.push(place);
    change.places.sort_by_key(|place| place.from);
    Ok(())
}

/// Saves what is new of somebody.
fn take(
    write: &Write<'_>,
    actor: &Actor,
    action: &str,
    change: EmployeeChange,
    detail: String,
    now: Timestamp,
) -> Result<(), Error> {
    if !change.is_news() {
        return Ok(());
    }
    let code = change.employee.code.clone();
    change.save(write, now)?;
    Ok(write.audit(&actor.entry(now, action, &code, detail))?)
}

/// A number that a program wrote.
fn read_number(text: &str) -> Result<Number, Error> {
    let number = Number::parse(text);
    check_group(&number.group)?;
    if number.number.is_empty() {
        return Err(Error::invalid(format!("`{text}` is no user number"), "write it as in 12 or cebu/12"));
    }
    Ok(number)
}
