//! Step 15: outliers and exceptions (rules 13.1, 13.2).

use super::leave::Owed;
use super::pair::{Pairs, Side};
use crate::vocabulary::{DayKind, Exception, Outlier, Policy};

/// What is outside of the pairs and the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) kind: DayKind,
    pub(crate) any_punch: bool,
    pub(crate) holiday_data_missing: bool,
}

/// Findings about punches and plan; those about figures and status are added by `sheet::name_figures`.
pub(crate) fn findings(policy: &Policy, owed: &Owed, pairs: &Pairs, around: Circumstances, found: &mut Vec<Exception>) {
    if !pairs.orphans.is_empty() {
        missing_punches(owed, pairs, found);
    }
    if pairs.open_break {
        found.push(Exception::MissingBreakEnd);
    }
    if owed.has_judged_plan() {
        outliers(&policy.outlier, owed, pairs, found);
    }
    if let (Some(first), Some(last)) = (pairs.first_in, pairs.last_out)
        && last - first > policy.max_session
    {
        found.push(Exception::LongSession);
    }
    if owed.leave > 0 {
        let presence = pairs.presence();
        let overlap = if owed.whole_date { presence.total() } else { presence.common(&owed.half_or_full) };
        if overlap > 0 && overlap >= policy.leave_overlap_min {
            found.push(Exception::WorkedOnLeave);
        }
    }
    if around.any_punch {
        match around.kind {
            DayKind::PublicHoliday => found.push(Exception::WorkedOnHoliday),
            DayKind::RestDay => found.push(Exception::WorkedOnRestDay),
            DayKind::OffDay => found.push(Exception::WorkedOnOffDay),
            DayKind::Unassigned => found.push(Exception::WorkedUnassigned),
            DayKind::Workday => {}
        }
    }
    if around.holiday_data_missing && around.kind == DayKind::Workday {
        found.push(Exception::HolidayDataMissing);
    }
}

fn missing_punches(owed: &Owed, pairs: &Pairs, found: &mut Vec<Exception>) {
    if owed.is_freed() {
        found.push(Exception::StrayPunch);
        return;
    }
    let lacks = |sides: [Side; 2]| pairs.orphans.iter().any(|orphan| sides.contains(&orphan.side));
    if lacks([Side::Departure, Side::Undetermined]) {
        found.push(Exception::MissingIn);
    }
    if lacks([Side::Arrival, Side::Undetermined]) {
        found.push(Exception::MissingOut);
    }
}

/// Clock times that are implausible for the judged plan. An arrival is judged only if it comes before every departure, a
/// departure only if it comes after every arrival: otherwise the real one is unknown.
fn outliers(limits: &Outlier, owed: &Owed, pairs: &Pairs, found: &mut Vec<Exception>) {
    let Some(plan) = owed.plan.bounds() else { return };
    let (early, late) = match &owed.band {
        Some(band) => (band.earliest, band.obstacles.step_out(band.latest)),
        None => (plan.start, plan.start),
    };
    if let Some(first) = pairs.first_in.filter(|first| pairs.first_out.is_none_or(|out| *first < out)) {
        if first < early - limits.early_in {
            found.push(Exception::ClockInTooEarly);
        }
        if first > late + limits.late_in {
            found.push(Exception::ClockInTooLate);
        }
    }
    if let Some(last) = pairs.last_out.filter(|last| pairs.last_in.is_none_or(|arrival| *last > arrival)) {
        if last < plan.end - limits.early_out {
            found.push(Exception::ClockOutTooEarly);
        }
        if last > plan.end + limits.late_out {
            found.push(Exception::ClockOutTooLate);
        }
    }
}
