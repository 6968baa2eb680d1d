//! More work and more approval never cost anybody (invariants 13, 18).

use std::collections::BTreeMap;

use attendance::trace::Role;
use attendance::*;
use proptest::prelude::*;

use crate::company::{Company, DATES, company, config};

/// The date of every punch, and what became of it where that is not a matter of pairing.
fn homes(
    explained: &[(DayRecord, DayTrace)],
) -> BTreeMap<(Option<Fingerprint>, Option<String>), (jiff::civil::Date, bool)> {
    let punches = explained.iter().flat_map(|(_, trace)| &trace.punches);
    punches.map(|punch| ((punch.id, punch.adjustment.clone()), (punch.date, punch.role == Role::Repeat))).collect()
}

fn capped(company: &mut Company) {
    company.policy.break_rules.iter_mut().for_each(|rule| rule.cap = true);
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 13: "With `first_last` pairing, no overtime controls and capped break rules, a later departure that stays on the
    /// same work date never reduces paid minutes." Two knobs break it by what they say, see docs/rules-notes.md: an assumed end pays
    /// a lone press for the whole plan, and a grid coarser than its snap takes a departure back behind the plan's end.
    #[test]
    fn a_later_departure_never_costs(company in company(), which in any::<prop::sample::Index>(), more in 1..200i64) {
        let mut company = company;
        company.policy.punch.pairing = Pairing::FirstLast;
        company.policy.overtime = Overtime::default();
        company.policy.missing = Missing::default();
        if company.policy.rounding.departure.mode != RoundingMode::None {
            company.policy.rounding.snap = Snap::default();
        }
        capped(&mut company);
        let explained = company.explained();
        // The last punch of each date that has more than one.
        let lasts: Vec<_> = explained.iter().filter_map(|(day, trace)| {
            let kept = crate::work_dates::kept(trace);
            kept.last().filter(|last| day.is_judged() && kept.len() > 1 && last.id.is_some()).map(|last| (day.date, last.id))
        }).collect();
        if lasts.is_empty() {
            return Ok(());
        }
        let (date, id) = *which.get(&lasts);
        let mut stays = company.clone();
        stays.punches.iter_mut().filter(|punch| Some(punch.id) == id).for_each(|punch| punch.at += more * 60);
        let later = stays.explained();
        if homes(&explained) != homes(&later) {
            return Ok(());
        }
        let on = |all: &[(DayRecord, DayTrace)]| all.iter().find(|(day, _)| day.date == date).map(|(day, _)| day.clone()).unwrap();
        let (before, after) = (on(&explained), on(&later));
        prop_assert!(before.paid_minutes <= after.paid_minutes, "{:?}\n{:?}", before, after);
    }

    /// Invariant 18: "Without `overtime.min`, `cap`, `unit` and with capped break rules, adding or raising an approval never reduces
    /// paid minutes."
    #[test]
    fn an_approval_never_costs(company in company(), date in 0..DATES, minutes in 1..300i64, raised in 0..300i64) {
        let mut company = company;
        (company.policy.overtime.min, company.policy.overtime.cap, company.policy.overtime.unit) = (0, None, 1);
        capped(&mut company);
        let date = company.date(date);
        let mut paid = Vec::new();
        for minutes in [0, minutes, minutes + raised] {
            let mut approved = company.clone();
            if minutes > 0 {
                approved.correct("approval", Change::ApproveOvertime { date, minutes });
            }
            paid.push(approved.all());
        }
        for two in paid.windows(2) {
            for (before, after) in two[0].iter().zip(&two[1]) {
                prop_assert!(before.paid_minutes <= after.paid_minutes, "{:?}\n{:?}", before, after);
                prop_assert!(before.date == date || before.paid_minutes == after.paid_minutes, "{:?}\n{:?}", before, after);
            }
        }
    }
}
