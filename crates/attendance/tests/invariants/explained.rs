//! What follows from the invariants for those who store and show records: the trace tells what the record says, and a changed
//! punch touches no more dates than it is said to (section 17.2).

use attendance::*;
use proptest::prelude::*;

use crate::company::{company, config};

proptest! {
    #![proptest_config(config())]

    /// The trace agrees with the record: its worked stretches are what is paid, and each figure has a reason with its minutes.
    #[test]
    fn the_trace_tells_the_record(company in company()) {
        let explained = company.explained();
        let records: Vec<_> = explained.iter().map(|(day, _)| day.clone()).collect();
        prop_assert_eq!(&company.all(), &records);
        for (day, trace) in &explained {
            let minutes = |paid: bool| -> i64 {
                trace.worked.iter().filter(|one| one.code.is_some() == paid).map(|one| (one.to - one.from) / 60).sum()
            };
            prop_assert_eq!(minutes(false), day.unpaid_extra_minutes);
            prop_assert!(minutes(true) <= day.pay.sum());
            for (figure, minutes) in serde_json::to_value(day).unwrap().as_object().unwrap() {
                if figure.ends_with("_minutes") {
                    let told = trace.reasons.iter().find(|reason| reason.figure == *figure);
                    prop_assert_eq!(told.map(|reason| reason.minutes), minutes.as_i64(), "{}", figure);
                }
            }
        }
    }

    /// Section 17.2: outside of the dates that a punch can affect, voiding it changes nothing but the pay of their weeks. Which dates
    /// those are follows from what is recorded; a fact that is recorded after the moment of the question would widen one side only.
    #[test]
    fn a_voided_punch_changes_only_the_affected_dates(company in company(), index in any::<prop::sample::Index>()) {
        prop_assume!(!company.punches.is_empty());
        let mut company = company;
        let as_of = company.moment.as_of;
        let known = |recorded_at: Option<i64>| recorded_at.is_none_or(|at| at <= as_of);
        company.overrides.retain(|one| known(one.recorded_at));
        company.leaves.retain(|one| known(one.recorded_at));
        company.offsite.retain(|one| known(one.recorded_at));
        company.calendar.holidays.retain(|one| known(one.recorded_at));
        company.calendar.workdays.retain(|one| known(one.recorded_at));
        company.adjustments.retain(|one| known(one.recorded_at));
        let gone = *index.get(&company.punches);
        let mut without = company.clone();
        without.punches.retain(|punch| punch.id != gone.id);
        let dirty = company.ask(|book, person| affected_dates(book, person, gone.at));
        for (before, after) in company.all().into_iter().zip(without.all()) {
            let attendance = |day: &DayRecord| {
                let mut day = day.clone();
                (day.pay, day.premiums, day.paid_minutes, day.holiday_credit_minutes) = Default::default();
                day
            };
            if before.date < dirty.from || before.date > dirty.to {
                prop_assert_eq!(attendance(&before), attendance(&after), "{:?} {:?}", gone, dirty);
            }
        }
    }
}
