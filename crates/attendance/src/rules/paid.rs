//! Step 18: holiday credit and paid minutes (rules 14.5), and the sums of a period (rules 14.6).

use super::book::Rulebook;
use super::calendar_day::day_number;
use crate::vocabulary::{DayRecord, HolidayCredit, Status, Totals};

/// Credit for a holiday that dropped a timetable of so many minutes.
pub(crate) fn holiday_credit(policy: HolidayCredit, dropped: i64, paid: i64) -> i64 {
    match policy {
        HolidayCredit::Never => 0,
        HolidayCredit::Always => dropped,
        HolidayCredit::TopUp => (dropped - paid).max(0),
    }
}

/// Sums over a period (rules 14.6). `weighted` is minutes times percent over tiers and premiums; premiums of the tier are
/// rounded down once per period. Each record by the policy of its date; penalties by that of the last one. A pay code that
/// the policy does not know counts 100 percent.
pub fn totals(book: &Rulebook, records: &[DayRecord]) -> Totals {
    let mut sums = Totals::default();
    let mut of_tiers = 0;
    for record in records {
        sums.worked_minutes += record.worked_minutes;
        sums.paid_minutes += record.paid_minutes;
        sums.tardy_count += i64::from(record.tardy_minutes > 0);
        sums.tardy_minutes += record.tardy_minutes;
        sums.left_early_count += i64::from(record.left_early_minutes > 0);
        sums.left_early_minutes += record.left_early_minutes;
        sums.absent_days += i64::from(record.status == Status::Absent);
        sums.incomplete_days += i64::from(record.status == Status::Incomplete);
        record.pay.iter().for_each(|(code, minutes)| sums.pay.add(code, minutes));
        record.premiums.iter().for_each(|(key, minutes)| sums.premiums.add(key, minutes));
        let pay = book.pay(day_number(record.date));
        let base = |(code, minutes): (&crate::vocabulary::Code, i64)| minutes * pay.percent(code.as_str());
        sums.weighted += record.pay.iter().map(base).sum::<i64>();
        for (key, minutes) in record.premiums.iter() {
            match pay.tier_premium(key.as_str()) {
                Some((percent, tier)) => of_tiers += minutes * percent * tier,
                None => sums.weighted += base((key, minutes)),
            }
        }
    }
    sums.weighted += of_tiers.div_euclid(100);
    let last = records.iter().map(|record| day_number(record.date)).max();
    if let Some(penalty) = last.and_then(|last| book.policy(last).tardy_penalty.as_ref()) {
        sums.penalty_units = sums.tardy_count / penalty.every;
    }
    sums
}
