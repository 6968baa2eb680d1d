//! Compliance checks: limits of law or contract on when and how long somebody works (rules 16).
//!
//! The checks look at judged records and at their worked intervals, W and offsite credit. They never change minutes.
//!
//! * A deferred date is nobody's finding: it has no worked minutes yet, it ends a run of worked dates, and a week or an
//!   average that contains one is not checked.
//! * Records before the range are derived for `avg_week` only. Rest and runs begin anew with the range, so a caller who
//!   checks month by month sees a run across the border only in a range that holds all of it.
//! * Rest and breaks are seen only between minutes that have a position. Manual credits and the offsite credit of `hours`
//!   timetables have none; they count in the sums (`max_day`, `max_week`, `avg_week`, `consecutive_days`).

mod checks;
mod daily;
mod finding;
#[cfg(test)]
mod stories;
mod weekly;

pub use checks::{AtLeast, AtMost, AverageWeek, BreakCheck, Checks};
pub use finding::{CheckCode, Finding};

use jiff::civil::Date;

use crate::rules::{WorkedDay, worked_days};
use crate::{DateRange, Moment, Person, Rulebook, Weekday};

/// What the checks find in a range of work dates, by date, then code (rules 16). An inverted range has no findings.
///
/// `checks` should have passed [`Checks::validate`]. The person's punches, leave and so on must reach back as far as
/// [`Checks::lookback`] says, as for a derivation of that range.
pub fn findings(
    book: &Rulebook,
    person: &Person<'_>,
    checks: &Checks,
    range: DateRange,
    moment: Moment,
) -> Vec<Finding> {
    if range.to < range.from {
        return Vec::new();
    }
    let days = worked_days(book, person, checks.lookback(range), moment);
    check(checks, book.policy().week_start, range.from, &days)
}

/// The checks over days without a gap, one per date, that end with the range and may begin before it.
fn check(checks: &Checks, week_start: Weekday, from: Date, days: &[WorkedDay]) -> Vec<Finding> {
    let mut found = Vec::new();
    let before = days.partition_point(|day| day.record.date < from);
    let in_range = days.get(before..).unwrap_or_default();
    daily::check(checks, in_range, &mut found);
    weekly::check(checks, week_start, in_range, &mut found);
    if let Some(average) = &checks.avg_week {
        found.extend(weekly::average(average, days));
    }
    found.sort_unstable();
    found
}

/// Minutes between two instants in seconds.
fn minutes(from: i64, to: i64) -> i64 {
    (to - from).div_euclid(60)
}

/// A judged date on which something was worked.
fn is_worked(day: &WorkedDay) -> bool {
    day.record.is_judged() && day.record.worked_minutes > 0
}
