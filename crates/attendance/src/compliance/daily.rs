//! Checks that look at single dates and at one date after the other: `max_day`, `break`, `consecutive_days`, `daily_rest`.

use super::checks::BreakCheck;
use super::finding::{CheckCode, Finding};
use super::{Checks, is_worked, minutes};
use crate::rules::WorkedDay;

/// Adds the findings of a range; `days` has no gap.
pub(super) fn check(checks: &Checks, days: &[WorkedDay], found: &mut Vec<Finding>) {
    let mut run = 0;
    // End of the last worked minute so far, in seconds.
    let mut last_end: Option<i64> = None;
    for day in days {
        let mut find = |code, actual, limit| found.push(Finding { date: day.record.date, code, actual, limit });
        if let Some(limit) = checks.max_day.filter(|limit| day.record.worked_minutes > limit.max) {
            find(CheckCode::MaxDay, day.record.worked_minutes, limit.max);
        }
        run = if is_worked(day) { run + 1 } else { 0 };
        if let Some(limit) = checks.consecutive_days.filter(|limit| run > limit.max) {
            find(CheckCode::ConsecutiveDays, run, limit.max);
        }
        for limit in &checks.breaks {
            if let Some(taken) = short_break(limit, day) {
                find(CheckCode::Break, taken, limit.min);
            }
        }
        let (Some(first), Some(last)) = (day.worked.first(), day.worked.last()) else { continue };
        // A date that began before the one before it ended leaves no rest at all.
        let rest = last_end.map(|end| minutes(end, first.from).max(0));
        if let Some((limit, rest)) = checks.daily_rest.zip(rest).filter(|(limit, rest)| *rest < limit.min) {
            find(CheckCode::DailyRest, rest, limit.min);
        }
        last_end = Some(last.to);
    }
}

/// The breaks taken on a date that owes more of them.
fn short_break(check: &BreakCheck, day: &WorkedDay) -> Option<i64> {
    let worked: i64 = day.worked.iter().map(|stretch| minutes(stretch.from, stretch.to)).sum();
    let pairs = day.worked.iter().zip(day.worked.iter().skip(1));
    let gaps = pairs.map(|(before, after)| minutes(before.to, after.from));
    let taken: i64 = gaps.filter(|gap| *gap >= check.min_part).sum();
    (worked > check.after && taken < check.min).then_some(taken)
}
