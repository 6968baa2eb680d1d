//! Checks that look at whole workweeks, `weekly_rest` and `max_week`, and at the average week.

use jiff::civil::Date;

use super::checks::AverageWeek;
use super::finding::{CheckCode, Finding};
use super::{Checks, minutes};
use crate::rules::WorkedDay;
use crate::rules::calendar_day::day_number;
use crate::trace::Stretch;
use crate::{DayRecord, Policies};

/// Adds the findings of the workweeks that lie in the range as a whole and are judged; `days` has no gap.
pub(super) fn check(checks: &Checks, policies: &Policies, days: &[WorkedDay], found: &mut Vec<Finding>) {
    if checks.max_week.is_none() && checks.weekly_rest.is_none() {
        return;
    }
    let start = |day: &WorkedDay| policies.week_start(day_number(day.record.date));
    let weeks = days.chunk_by(|one, next| start(one) == start(next)).filter(|week| week.len() == 7);
    for week in weeks.filter(|week| week.iter().all(|day| day.record.is_judged())) {
        let (Some(start), Some(end)) = (week.first(), week.last()) else { continue };
        let mut find = |code, actual, limit| found.push(Finding { date: start.record.date, code, actual, limit });
        let worked: i64 = week.iter().map(|day| day.record.worked_minutes).sum();
        if let Some(limit) = checks.max_week.filter(|limit| worked > limit.max) {
            find(CheckCode::MaxWeek, worked, limit.max);
        }
        if let Some(limit) = checks.weekly_rest {
            let rest = longest_rest(Stretch { from: start.civil.from, to: end.civil.to }, days);
            if rest < limit.min {
                find(CheckCode::WeeklyRest, rest, limit.min);
            }
        }
    }
}

/// The longest free stretch within a week. The night shift of the date before it reaches into it, so all dates are looked
/// at.
fn longest_rest(week: Stretch, days: &[WorkedDay]) -> i64 {
    let mut free_from = week.from;
    let mut longest = 0;
    let mut worked: Vec<&Stretch> = days.iter().flat_map(|day| &day.worked).collect();
    worked.sort_unstable_by_key(|stretch| stretch.from);
    for stretch in worked {
        longest = longest.max(stretch.from.min(week.to) - free_from);
        free_from = free_from.max(stretch.to);
    }
    minutes(0, longest.max(week.to - free_from))
}

/// The finding of an average over the last weeks of `days`; none if a date is missing, deferred, or all of them are leave.
pub(super) fn average(check: &AverageWeek, days: &[WorkedDay]) -> Option<Finding> {
    let count = usize::try_from(check.weeks.checked_mul(7)?).ok()?;
    let days = days.get(days.len().checked_sub(count)?..)?;
    let records = || days.iter().map(|day| &day.record);
    let last: Date = days.last()?.record.date;
    if !records().all(DayRecord::is_judged) {
        return None;
    }
    let worked: i64 = records().map(|record| record.worked_minutes).sum();
    let counted = records().filter(|record| !is_full_leave(record)).count() as i64;
    let is_exceeded = counted > 0 && worked * 7 > check.max * counted;
    let finding = || Finding { date: last, code: CheckCode::AvgWeek, actual: worked * 7 / counted, limit: check.max };
    is_exceeded.then(finding)
}

/// Whether leave took all of the plan.
fn is_full_leave(record: &DayRecord) -> bool {
    record.leave_minutes > 0 && record.leave_minutes == record.scheduled_minutes
}
