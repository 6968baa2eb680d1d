//! What is judged by the time alone: yesterday and today, what was not looked at since the hub was off, and what waited for a terminal.
//!
//! Invariants:
//! * The marks are made [`MARKS_PER_STEP`] at a time, so that nobody who writes waits long, however many people there are.
//! * Up to which date all are marked is noted last: broken off, the marking begins anew, and what is marked already stays marked.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::{Read, Write};

use crate::company::Company;
use crate::marks::dates;
use crate::steps::Steps;
use crate::zones::ZoneBook;
use crate::{Error, Hub};

/// Weeks that one transaction marks.
const MARKS_PER_STEP: usize = 1_000;
/// Setting: the last date that was marked because of the time.
const DERIVED_UNTIL: &str = "derived_until";

/// An employee's week.
type Week = (i64, Date);

impl Hub {
    /// Marks yesterday and today for everybody who may have worked: the hourly derivation (rules 21). After a time
    /// without it, also the dates since then: what was open at that time can be judged now. How many weeks wait to be derived.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_due(&self, now: Timestamp) -> Result<u64, Error> {
        let until = mark_due(self, self, now)?;
        self.store.write(|write| all_marked(write, until))
    }
}

/// Marks what is due in steps; up to which date. It is done when [`all_marked`] has noted that.
pub(crate) fn mark_due(hub: &Hub, steps: &impl Steps, now: Timestamp) -> Result<Date, Error> {
    let (weeks, today) = hub.store.read(|read| {
        let company = Company::load(read)?;
        let today = now.to_zoned(company.time_zone()?).date();
        let yesterday = today.saturating_sub(1.day());
        let until: Option<Date> = read.setting(DERIVED_UNTIL)?.and_then(|text| text.parse().ok());
        let from = until.map_or(yesterday, |until| until.min(yesterday)).saturating_sub(1.day());
        let mut weeks = waiting(read, &company, now)?;
        let zones = ZoneBook::load(read, &company)?;
        for employee in &read.employees()? {
            let of_employee = zones.employee(read, employee)?.date(now);
            let Some(range) = dates(&company, employee, Some(from), Some(today), of_employee) else { continue };
            weeks.extend(company.weeks(range).map(|week| (employee.id, week)));
        }
        Ok::<_, Error>((weeks.into_iter().collect::<Vec<Week>>(), today))
    })?;
    weeks.chunks(MARKS_PER_STEP).try_for_each(|some| steps.step(|write| Ok(write.mark_each(some)?)))?;
    Ok(today)
}

/// Notes up to which date everybody is marked; how many weeks wait to be derived.
pub(crate) fn all_marked(write: &Write<'_>, until: Date) -> Result<u64, Error> {
    write.put_setting(DERIVED_UNTIL, &until.to_string())?;
    Ok(write.mark_count()?)
}

/// Marks the days of the past that waited for a terminal: it may have delivered, or patience has ended.
pub(crate) fn mark_waiting(write: &Write<'_>, company: &Company, now: Timestamp) -> Result<(), Error> {
    let weeks: Vec<Week> = waiting(write, company, now)?.into_iter().collect();
    Ok(write.mark_each(&weeks)?)
}

/// The weeks of days that waited for a terminal.
fn waiting(read: &Read<'_>, company: &Company, now: Timestamp) -> Result<BTreeSet<Week>, Error> {
    let yesterday = now.to_zoned(company.time_zone()?).date().saturating_sub(1.day());
    let first = yesterday.saturating_sub((i64::from(company.wait_for_terminals_days) + 1).days());
    let days = read.days_with_status(attendance::Status::Deferred.as_str(), first, yesterday)?;
    Ok(days.into_iter().map(|(employee, date)| (employee, company.week_of(date))).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;
    use std::fmt::Write as _;

    use store::Store;

    use super::*;
    use crate::Actor;

    /// Runs so many steps, and breaks off.
    struct Few<'h>(&'h Hub, Cell<usize>);

    impl Steps for Few<'_> {
        fn step<T>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, Error>) -> Result<T, Error> {
            let Some(left) = self.1.get().checked_sub(1) else { return Err(Error::LeaseLost) };
            self.1.set(left);
            self.0.store.write(work)
        }
    }

    #[test]
    fn people_are_marked_some_at_a_time_and_what_was_broken_off_is_marked_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::new(Store::open(&folder.path().join("hub.sqlite")).unwrap());
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        let mut list = String::from("code,name,from\n");
        (0..MARKS_PER_STEP + 200).for_each(|number| writeln!(list, "E{number},Ann,2026-03-02").unwrap());
        hub.import_employees(&Actor::new("clerk"), list.as_bytes(), false, now).unwrap();
        hub.store.write(|write| write.put_setting(DERIVED_UNTIL, "2026-03-03")).unwrap();
        let marked = || hub.store.read(|read| read.mark_count()).unwrap();
        hub.derive_all(now, |_| {}).unwrap();
        assert_eq!(marked(), 0);
        let all = (MARKS_PER_STEP + 200) as u64;
        assert!(matches!(mark_due(&hub, &Few(&hub, Cell::new(1)), now), Err(Error::LeaseLost)));
        assert_eq!(marked(), MARKS_PER_STEP as u64, "the first of them stay");
        let two = Few(&hub, Cell::new(2));
        assert_eq!(mark_due(&hub, &two, now).unwrap().to_string(), "2026-03-04");
        assert_eq!((two.1.get(), marked()), (0, all));
    }
}
