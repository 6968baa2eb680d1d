//! Leave and work are never paid twice (invariant 17), and breaks move nothing but themselves (19).

use std::collections::BTreeSet;

use attendance::*;
use proptest::prelude::*;

use crate::company::{company, config};
use crate::laid::{Laid, has_offsite, leave_of};

proptest! {
    #![proptest_config(config())]

    /// Invariant 17: "On any date, minutes inside a leave span are never worked minutes. Full paid leave on an `hours` timetable pays
    /// exactly the leave."
    #[test]
    fn leave_is_never_worked(company in company()) {
        for (day, trace) in company.explained().into_iter().filter(|(day, _)| day.is_judged()) {
            let leaves = leave_of(&company, day.date);
            // Offsite credit has places of its own (docs/rules-notes.md); here the worked minutes are those that were punched.
            if leaves.is_empty() || day.scheduled_minutes == 0 || has_offsite(&company, day.date) {
                continue;
            }
            let worked: BTreeSet<i64> = trace.worked.iter().flat_map(|one| one.from / 60..one.to / 60).collect();
            if let Some(laid) = Laid::of(&company, &day) {
                let hidden = laid.hidden(&company, &day, &leaves);
                prop_assert!(worked.is_disjoint(&hidden), "{:?}\n{:?}", day, leaves);
                continue;
            }
            let has = |part| leaves.iter().any(|leave| leave.part == part);
            if has(Part::Full) || has(Part::Am) && has(Part::Pm) {
                let credited: i64 = day.pay.sum();
                prop_assert!(worked.is_empty(), "{:?}", day);
                prop_assert_eq!(day.leave_minutes, day.scheduled_minutes);
                let paid_leave = if leaves.iter().all(|leave| leave.paid) { day.scheduled_minutes } else { 0 };
                prop_assert_eq!(day.paid_minutes - credited, paid_leave, "{:?}", day);
                let has_credit = company.adjustments.iter().any(|one| matches!(one.change, Change::Credit { .. }));
                prop_assert!(has_credit || credited == 0, "{:?}", day);
            }
        }
    }

    /// Invariant 19: "Moving a break never changes `required`, leave or offsite minutes."
    #[test]
    fn a_moved_break_changes_no_plan(company in company()) {
        let with = |deduct: Deduct| {
            let mut company = company.clone();
            for timetable in company.timetables.values_mut() {
                if let Timetable::Fixed(fixed) = timetable {
                    fixed.breaks.iter_mut().for_each(|planned| planned.deduct = deduct);
                }
            }
            company.all()
        };
        for (fixed, moved) in with(Deduct::Auto).into_iter().zip(with(Deduct::Movable)) {
            let owed = |day: &DayRecord| [day.scheduled_minutes, day.required_minutes, day.leave_minutes, day.paid_leave_minutes, day.offsite_minutes];
            prop_assert_eq!(owed(&fixed), owed(&moved), "{:?}\n{:?}", fixed, moved);
        }
    }
}
