//! Every minute is accounted for once (invariants 1, 2, 3, 8, 10), and only what is proven is held against somebody (16).

use attendance::bank::{Bank, BankPolicy, Expiry, Rate, Unusable};
use attendance::lateness::Lateness;
use attendance::*;
use proptest::prelude::*;

use crate::company::{Company, company, config};
use crate::laid::{Laid, has_offsite, leave_of};
use crate::work_dates::{is_undirected, kept};

proptest! {
    #![proptest_config(config())]

    /// Invariant 1: "`scheduled = leave + offsite + required`."
    #[test]
    fn scheduled_minutes_are_leave_offsite_and_required(company in company()) {
        for day in company.all() {
            prop_assert_eq!(day.scheduled_minutes, day.leave_minutes + day.offsite_minutes + day.required_minutes, "{:?}", day);
            let parts = [day.scheduled_minutes, day.leave_minutes, day.offsite_minutes, day.required_minutes];
            prop_assert!(parts.iter().all(|minutes| *minutes >= 0) && day.paid_leave_minutes <= day.leave_minutes, "{:?}", day);
        }
    }

    /// Invariant 2: "`required = covered + tardy + left_early + away + absent + unverified + grace + excused` on judged dates."
    #[test]
    fn required_minutes_are_spent_once(company in company()) {
        for day in company.all().into_iter().filter(DayRecord::is_judged) {
            let spent = [
                day.covered_minutes, day.tardy_minutes, day.left_early_minutes, day.away_minutes,
                day.absent_minutes, day.unverified_minutes, day.grace_minutes, day.excused_minutes,
            ];
            prop_assert_eq!(day.required_minutes, spent.iter().sum::<i64>(), "{:?}", day);
            prop_assert!(spent.iter().all(|minutes| *minutes >= 0), "{:?}", day);
        }
    }

    /// Invariant 3: "`sum(pay) = worked - unpaid_extra` on judged dates; `paid = sum(pay) + paid_leave + holiday_credit`."
    #[test]
    fn paid_minutes_are_worked_minutes_without_unpaid_extra(company in company()) {
        for day in company.all().into_iter().filter(DayRecord::is_judged) {
            prop_assert_eq!(day.pay.sum(), day.worked_minutes - day.unpaid_extra_minutes, "{:?}", day);
            let paid = day.pay.sum() + day.paid_leave_minutes + day.holiday_credit_minutes;
            prop_assert_eq!(day.paid_minutes, paid, "{:?}", day);
            prop_assert!(day.unpaid_extra_minutes >= 0 && day.pay.iter().all(|(_, minutes)| minutes > 0), "{:?}", day);
        }
    }

    /// Invariant 8: "A deferred record has no exceptions, pay, logs or credit."
    #[test]
    fn a_deferred_record_has_no_exceptions_pay_logs_or_credit(company in company(), now in 0..14 * 1440i64) {
        let mut company = company;
        company.moment.as_of = crate::company::midnight(company.zone, company.first) + now * 60;
        let codes = ["REG", "OT", "OT15", "RD", "HOL", "T0"].iter().map(|code| (*code).into()).collect();
        let bank = Bank::new(BankPolicy {
            rates: vec![Rate { codes, percent: 100 }],
            unit: 1,
            monthly_cap: None,
            balance_cap: None,
            overflow: Unusable::Forfeit,
            expiry: Expiry::None {},
            on_expiry: Unusable::Forfeit,
            use_block: 1,
        }).unwrap();
        for day in company.all().into_iter().filter(|day| !day.is_judged()) {
            prop_assert!(day.exceptions.is_empty() && !day.is_outlier && day.defer_reason.is_some(), "{:?}", day);
            prop_assert!(day.pay.is_empty() && day.premiums.is_empty() && day.paid_minutes == 0, "{:?}", day);
            let judged = [
                day.presence_minutes, day.break_minutes, day.worked_minutes, day.covered_minutes, day.tardy_minutes,
                day.left_early_minutes, day.away_minutes, day.absent_minutes, day.unverified_minutes, day.grace_minutes,
                day.excused_minutes, day.unpaid_extra_minutes, day.holiday_credit_minutes, day.paid_leave_minutes,
            ];
            prop_assert_eq!(judged, [0; 14], "{:?}", day);
            prop_assert!(Lateness::ALL.iter().all(|kind| kind.of(Some(&day)) == 0));
            prop_assert_eq!(bank.earnings(std::slice::from_ref(&day)), []);
        }
    }

    /// Invariant 10: "Premium minutes per code (summed over tiers) never exceed `sum(pay)` of the date; those of `CODE*TIER` never
    /// exceed the minutes of that tier."
    #[test]
    fn premiums_never_exceed_the_minutes_they_are_on(company in company()) {
        for day in company.all() {
            let name = |key: &Code| key.as_str().split('*').next().unwrap().to_owned();
            for (key, minutes) in day.premiums.iter() {
                let sum: i64 = day.premiums.iter().filter(|(other, _)| name(other) == name(key)).map(|(_, minutes)| minutes).sum();
                prop_assert!(sum <= day.pay.sum(), "{}: {:?}", key, day);
                if let Some((_, tier)) = key.as_str().split_once('*') {
                    prop_assert!(minutes <= day.pay.get(tier), "{}: {:?}", key, day);
                }
            }
        }
    }

    /// Invariant 16: "A date with one punch of unknown state between `start + late_in` and `end - early_out` has no tardy,
    /// left-early, away or absent minutes."
    #[test]
    fn one_punch_in_the_middle_accuses_nobody(company in company()) {
        for (day, trace) in company.explained().into_iter().filter(|(day, _)| day.is_judged() && day.required_minutes > 0) {
            let punches = kept(&trace);
            let [punch] = punches[..] else { continue };
            let Some((start, end)) = bounds(&company, &day).filter(|_| is_undirected(&company, punch)) else { continue };
            let minute = punch.at.div_euclid(60);
            let limits = &company.policy.outlier;
            if start + limits.late_in < minute && minute < end - limits.early_out {
                let held_against = [day.tardy_minutes, day.left_early_minutes, day.away_minutes, day.absent_minutes];
                prop_assert_eq!(held_against, [0; 4], "{:?}", day);
                prop_assert_eq!((day.first_in, day.last_out, day.unverified_minutes), (None, None, day.required_minutes));
            }
        }
    }
}

/// The start and the end that section 11.1 compares a lone punch with, in minutes.
fn bounds(company: &Company, day: &DayRecord) -> Option<(i64, i64)> {
    let laid = Laid::of(company, day)?;
    if !laid.is_flex() {
        return Some((day.plan_start? / 60, day.plan_end? / 60));
    }
    let is_whole = leave_of(company, day.date).is_empty() && !has_offsite(company, day.date);
    laid.flexible_bounds(day.required_minutes).filter(|_| is_whole)
}
