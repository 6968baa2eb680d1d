//! What must not matter: the order and repetition of what arrives (invariants 4, 5), when it all happened (6), which dates are
//! asked for (11).

use attendance::*;
use proptest::prelude::*;

use crate::company::{Company, DATES, company, config, days_after, midnight};

/// The same company so many seconds later.
fn later(company: &Company, seconds: i64) -> Company {
    let mut later = company.clone();
    later.punches.iter_mut().for_each(|punch| punch.at += seconds);
    later.moment.as_of += seconds;
    let known = |at: &mut Option<i64>| *at = at.map(|at| at + seconds);
    known(&mut later.moment.watermark);
    later.punches.iter_mut().for_each(|one| known(&mut one.recorded_at));
    later.overrides.iter_mut().for_each(|one| known(&mut one.recorded_at));
    later.leaves.iter_mut().for_each(|one| known(&mut one.recorded_at));
    later.offsite.iter_mut().for_each(|one| known(&mut one.recorded_at));
    later.calendar.holidays.iter_mut().for_each(|one| known(&mut one.recorded_at));
    later.calendar.workdays.iter_mut().for_each(|one| known(&mut one.recorded_at));
    for adjustment in &mut later.adjustments {
        known(&mut adjustment.recorded_at);
        if let Change::AddPunch { at, .. } = &mut adjustment.change {
            *at += seconds;
        }
    }
    later
}

/// With every date so many days later.
fn on_later_dates(company: &Company, days: i64) -> Company {
    let mut later = company.clone();
    let shift = |date: &mut jiff::civil::Date| *date = days_after(*date, days);
    shift(&mut later.first);
    later.employment.from.iter_mut().chain(&mut later.employment.to).for_each(shift);
    for assignment in &mut later.assignments {
        let (Assignment::Weekly { from, to, .. } | Assignment::Cycle { from, to, .. }) = assignment;
        from.iter_mut().chain(to).for_each(shift);
        if let Assignment::Cycle { anchor, .. } = assignment {
            shift(anchor);
        }
    }
    later.overrides.iter_mut().for_each(|one| shift(&mut one.date));
    later.modifiers.iter_mut().for_each(|one| [&mut one.from, &mut one.to].into_iter().for_each(shift));
    later.leaves.iter_mut().for_each(|one| shift(&mut one.date));
    later.offsite.iter_mut().for_each(|one| shift(&mut one.date));
    later.calendar.holidays.iter_mut().for_each(|one| shift(&mut one.date));
    later.calendar.workdays.iter_mut().for_each(|one| shift(&mut one.date));
    for adjustment in &mut later.adjustments {
        match &mut adjustment.change {
            Change::AddPunch { work_date, .. } => work_date.iter_mut().for_each(shift),
            Change::Excuse { date, .. }
            | Change::ApproveOvertime { date, .. }
            | Change::WaiveBreak { date }
            | Change::Credit { date, .. } => shift(date),
            Change::VoidPunch { .. } | Change::Revoke { .. } => {}
        }
    }
    later
}

/// A number that has nothing to do with the order of identities or instants.
fn shuffled(punch: &Punch, seed: u64) -> u128 {
    u128::from_be_bytes(punch.id.0).wrapping_mul(u128::from(seed) << 64 | 0x9e37_79b9_7f4a_7c15).rotate_left(61)
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 4: "Permuting the input punches (with stable ids) changes nothing."
    #[test]
    fn the_order_of_punches_does_not_matter(company in company(), seed in any::<u64>()) {
        let mut other = company.clone();
        other.punches.sort_by_key(|punch| shuffled(punch, seed));
        prop_assert_eq!(company.explained(), other.explained());
    }

    /// Invariant 5: "Adding a punch that already exists changes nothing; deriving twice writes once."
    #[test]
    fn what_exists_is_not_added_and_deriving_twice_writes_once(company in company(), seed in any::<u64>()) {
        let once = company.explained();
        let mut again = company.clone();
        again.punches.extend(company.punches.iter().filter(|punch| !shuffled(punch, seed).is_multiple_of(3)));
        again.punches.sort_by_key(|punch| shuffled(punch, seed));
        prop_assert_eq!(&once, &again.explained());
        // A record is written when it differs from the stored one.
        let text = |records: Vec<DayRecord>| serde_json::to_string(&records).unwrap();
        prop_assert_eq!(text(company.all()), text(again.all()));
    }

    /// Invariant 6: "Shifting everything by whole weeks in a zone without DST shifts the output only."
    #[test]
    fn the_same_weeks_later_give_the_same_days(company in company(), weeks in 1..60i64) {
        let zone = "Asia/Kathmandu";
        let mut here = later(&company, midnight(zone, company.first) - midnight(company.zone, company.first));
        here.zone = zone;
        // A month without holiday data does not move by weeks.
        here.calendar.unavailable.clear();
        let seconds = weeks * 7 * 86_400;
        let there = later(&on_later_dates(&here, weeks * 7), seconds);
        for (day, moved) in here.all().into_iter().zip(there.all()) {
            let mut expected = day;
            expected.date = days_after(expected.date, weeks * 7);
            for instant in [&mut expected.plan_start, &mut expected.plan_end, &mut expected.first_in, &mut expected.last_out] {
                *instant = instant.map(|at| at + seconds);
            }
            prop_assert_eq!(expected, moved);
        }
    }

    /// Invariant 11: "Narrowing the range of a derivation never changes a record in the range."
    #[test]
    fn a_narrower_range_gives_the_same_records(company in company(), from in 0..DATES, length in 0..5i64) {
        let to = (from + length).min(DATES);
        let wide = company.all();
        prop_assert_eq!(&wide[(from + 3) as usize..=(to + 3) as usize], &company.records(from, to)[..]);
    }
}
