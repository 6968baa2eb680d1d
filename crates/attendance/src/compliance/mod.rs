//! Compliance: how plans were kept, from the records (`shift`), and checks, the limits of law or contract on when and how long
//! somebody works (rules 16).
//!
//! The checks look at judged records and at their worked intervals, W and offsite credit. They never change minutes.
//!
//! * A deferred date is nobody's finding: it has no worked minutes yet, it ends a run of worked dates, and a week or an
//!   average that contains one is not checked.
//! * Records before the range are derived for `avg_week` only. Rest and runs begin anew with the range, so a caller who
//!   checks month by month sees a run across the border only in a range that holds all of it.
//! * Rest and breaks are seen only between minutes that have a position. Manual credits and the offsite credit of `hours`
//!   timetables have none; they count in the sums (`max_day`, `max_week`, `avg_week`, `consecutive_days`).
//! * A workweek that a policy with another first weekday cuts short is not checked: it has no seven dates.

mod checks;
mod daily;
mod finding;
mod shift;
#[cfg(test)]
mod stories;
mod weekly;

pub use checks::{AtLeast, AtMost, AverageWeek, BreakCheck, Checks};
pub use finding::{CheckCode, Finding};
pub use shift::{Coverage, ShiftClass, ShiftDay, ShiftPeriod};

use jiff::civil::Date;

use crate::rules::{WorkedDay, worked_days};
use crate::{DateRange, Moment, Person, Policies, PolicyVersion, Rulebook};

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
    check(checks, book.policies(), range.from, &days)
}

/// As [`findings`], by the checks of the policies: on each date those of the version in force.
pub fn findings_in_force(book: &Rulebook, person: &Person<'_>, range: DateRange, moment: Moment) -> Vec<Finding> {
    if range.to < range.from {
        return Vec::new();
    }
    let policies = book.policies();
    let days = worked_days(book, person, lookback_in_force(policies, range), moment);
    let of_version = |version: &PolicyVersion| check(&version.checks, policies, range.from, &days);
    let mut found: Vec<Finding> = policies
        .iter()
        .flat_map(|version| {
            of_version(version).into_iter().filter(move |one| policies.on(one.date).from == version.from)
        })
        .collect();
    found.sort_unstable();
    found
}

/// The dates that are derived for [`findings_in_force`]: as far back as any check of the policies looks.
pub fn lookback_in_force(policies: &Policies, range: DateRange) -> DateRange {
    let firsts = policies.iter().map(|version| version.checks.lookback(range).from);
    DateRange { from: firsts.min().unwrap_or(range.from), to: range.to }
}

/// The checks over days without a gap, one per date, that end with the range and may begin before it.
fn check(checks: &Checks, policies: &Policies, from: Date, days: &[WorkedDay]) -> Vec<Finding> {
    let mut found = Vec::new();
    let before = days.partition_point(|day| day.record.date < from);
    let in_range = days.get(before..).unwrap_or_default();
    daily::check(checks, in_range, &mut found);
    weekly::check(checks, policies, in_range, &mut found);
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
