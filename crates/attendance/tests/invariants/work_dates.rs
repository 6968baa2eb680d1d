//! Which date a punch belongs to (invariants 7, 15).

use std::collections::BTreeMap;

use attendance::trace::{Role, TracedPunch};
use attendance::*;
use proptest::prelude::*;

use crate::company::{Company, company, config};
use crate::laid::Laid;

/// The punches of a date that survived cleaning, in order.
pub(crate) fn kept(trace: &DayTrace) -> Vec<&TracedPunch> {
    trace
        .punches
        .iter()
        .filter(|punch| !matches!(punch.role, Role::Repeat | Role::Voided | Role::NotYetKnown))
        .collect()
}

/// Whether the rules know no direction of a punch.
pub(crate) fn is_undirected(company: &Company, punch: &TracedPunch) -> bool {
    !company.policy.punch.use_state || punch.state == PunchState::Unknown
}

/// Whether a correction says which date a punch belongs to.
pub(crate) fn is_forced(company: &Company, punch: &TracedPunch) -> bool {
    let names = |one: &&Adjustment| punch.adjustment.as_deref() == Some(one.id.as_str());
    let added = company.adjustments.iter().find(names);
    added.is_some_and(|one| matches!(one.change, Change::AddPunch { work_date: Some(_), .. }))
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 7: "Every punch that survives cleaning belongs to exactly one work date, at most one day away from its civil date
    /// unless forced."
    #[test]
    fn every_punch_belongs_to_one_date_near_its_own(company in company()) {
        let mut homes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let explained = company.explained();
        for (day, trace) in &explained {
            for punch in kept(trace) {
                prop_assert_eq!(punch.date, day.date);
                homes.entry((punch.id, punch.adjustment.clone())).or_default().push(punch.date);
                let days_away = (company.civil_date(punch.at) - punch.date).get_days().abs();
                prop_assert!(days_away <= 1 || is_forced(&company, punch), "{:?}", punch);
            }
        }
        prop_assert!(homes.values().all(|dates| dates.len() == 1), "{:?}", homes);
        let shown = |id| explained.iter().any(|(_, trace)| trace.punches.iter().any(|punch| punch.id == Some(id)));
        for punch in &company.punches {
            prop_assert!(shown(punch.id), "{:?} is nowhere", punch);
        }
    }

    /// Invariant 15: "A folded punch of unknown state is never later than the fold span after the first punch of its date (if the
    /// date owns an earlier one)."
    #[test]
    fn a_folded_punch_is_within_the_fold_span(company in company()) {
        let Some(longest) = company.policy.attribution.max_fold_span else { return Ok(()) };
        for (day, trace) in company.explained() {
            let punches = kept(&trace);
            let Some(first) = punches.first().map(|punch| punch.at.div_euclid(60)) else { continue };
            let plan = Laid::of(&company, &day).map(|laid| laid.end - laid.start + company.policy.outlier.late_out);
            let [before, after] = trace.contested;
            for punch in punches.iter().skip(1).filter(|punch| is_undirected(&company, punch) && !is_forced(&company, punch)) {
                let minute = punch.at.div_euclid(60);
                let is_folded = before.to <= minute * 60 && after.from <= minute * 60 && minute * 60 < after.to;
                prop_assert!(!is_folded || minute - first <= longest.max(plan.unwrap_or(0)), "{:?}", punch);
            }
        }
    }
}
