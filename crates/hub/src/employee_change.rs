//! An employee who is added, or of whom something changes, with all that follows for their days.
//!
//! Invariant: whoever says it (a list, a program), what it means for the weeks that are derived again is decided here.

use jiff::{Timestamp, ToSpan as _};
use store::people::Employee;
use store::places::EmployeePlace;
use store::{Read, Write};

use crate::Error;
use crate::company::Company;
use crate::employment::Employments;
use crate::marks::{mark_known, mark_person};
use crate::resolve::provisional;
use crate::zones::{employee_moved, zones_of};

/// An employee as they are to be, beside as they were.
pub(crate) struct EmployeeChange {
    known: Option<Employee>,
    employments_before: Employments,
    places_before: Vec<EmployeePlace>,
    /// As they are to be, but for the dates of employment.
    pub(crate) employee: Employee,
    /// When they are to be employed.
    pub(crate) employments: Employments,
    /// Where they are to belong, by date.
    pub(crate) places: Vec<EmployeePlace>,
}

impl EmployeeChange {
    /// Nothing is changed yet; of an unknown code, somebody without anything.
    pub(crate) fn of(read: &Read<'_>, code: &str) -> Result<Self, Error> {
        let known = read.employee_by_code(code)?;
        let id = known.as_ref().map_or(0, |known| known.id);
        let (employments, places) = (Employments::of(read, id)?, read.employee_places_of(id)?);
        Ok(Self {
            employee: known.clone().unwrap_or_else(|| provisional(code)),
            known,
            employments_before: employments.clone(),
            places_before: places.clone(),
            employments,
            places,
        })
    }

    /// Whether anything is to change.
    pub(crate) fn is_news(&self) -> bool {
        self.known.as_ref() != Some(&self.employed())
            || self.employments != self.employments_before
            || self.places != self.places_before
    }

    /// As they are to be, with the dates of employment.
    fn employed(&self) -> Employee {
        let mut employee = self.employee.clone();
        self.employments.note(&mut employee);
        employee
    }

    /// Adds or changes them, and marks what that can move. Returns their id.
    pub(crate) fn save(self, write: &Write<'_>, now: Timestamp) -> Result<i64, Error> {
        let company = Company::load(write)?;
        let mut employee = self.employed();
        let zones_before = self.known.as_ref().map(|known| zones_of(write, &company, known)).transpose()?;
        match &self.known {
            Some(known) => self.put(write, &company, &employee, known, now)?,
            None => {
                employee.id = write.add_employee(&employee)?;
                write.set_employments(employee.id, self.employments.spans())?;
                mark_person(write, &company, &employee, now)?;
            }
        }
        if self.places != self.places_before {
            write.set_places(employee.id, &self.places)?;
        }
        if let (Some(known), Some(before)) = (&self.known, &zones_before) {
            employee_moved(write, &company, known, (before, &zones_of(write, &company, &employee)?), now)?;
        }
        Ok(employee.id)
    }

    /// Changes who is known; of other employments, only the dates that differ are marked.
    fn put(
        &self,
        write: &Write<'_>,
        company: &Company,
        employee: &Employee,
        known: &Employee,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (before, after) = (&self.employments_before, &self.employments);
        write.change_employee(employee)?;
        if before != after {
            write.set_employments(employee.id, after.spans())?;
        }
        let is_moved = known.group_name != employee.group_name;
        // Without employments, the dates that are judged come from the punches.
        if is_moved || (before.is_empty() != after.is_empty()) {
            mark_person(write, company, known, now)?;
            return mark_person(write, company, employee, now);
        }
        for range in before.differing(after) {
            // One more on each side, where boundaries of dates may move (rules 17.2).
            let dates = (range.from.saturating_sub(1.day()), range.to.saturating_add(1.day()));
            mark_known(write, company, known, dates, now)?;
            mark_known(write, company, employee, dates, now)?;
        }
        Ok(())
    }
}
