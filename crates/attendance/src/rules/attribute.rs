//! Step 5: the work date that each punch belongs to (rules 8).
//!
//! Between two dates lies a contested zone. Outside of the zones a punch belongs to the date around it; inside, the first
//! matching line of section 8 decides between the date before (A) and the date after (B). Instants are minutes.

use super::book::Rulebook;
use super::calendar_day::day_number;
use super::clean::Press;
use super::day::Day;
use super::trace::Line;
use super::zone::Clocks;
use crate::spans::Span;
use crate::vocabulary::{Policy, PunchState};

/// The contested zone between two neighbouring dates, by the policy of the later one.
pub(crate) fn contested_zone(book: &Rulebook, before: &Day, after: &Day, clocks: &Clocks) -> Span {
    let rules = &book.policy(after.number).attribution;
    let midnight = after.midnight;
    let start = after.bounds().map(|plan| plan.start);
    let early = start.map(|start| start - rules.checkin_before);
    let zone = match before.bounds().map(|plan| plan.end).filter(|end| *end > midnight) {
        Some(end) => {
            let opens = early.map_or(end, |early| early.min(end));
            let tail = start.map_or(rules.overnight_tail, |start| {
                let half = (start - end).div_euclid(2);
                half.max(rules.handover_min).min(rules.overnight_tail)
            });
            Span::new(opens, end + tail)
        }
        None => {
            let opens = early.map_or(midnight, |early| early.min(midnight));
            let cut = clocks.on(after.number).instant(after.number * 1440 + rules.fold_cutoff.minutes());
            Span::new(opens, early.map_or(cut, |early| cut.min(early.max(midnight))))
        }
    };
    // However far the date before reaches: no punch belongs to a date that is more than one away (rules 22, invariant 7).
    let latest = clocks.midnight(after.number + 1);
    Span::new(zone.start.min(latest), zone.end.min(latest))
}

/// The punches that a date owns so far, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Owned {
    count: usize,
    first: i64,
    last: i64,
}

impl Owned {
    fn take(&mut self, minute: i64) {
        if self.count == 0 {
            self.first = minute;
        }
        self.last = minute;
        self.count += 1;
    }
}

/// Assigns each punch to a position in `days`, or to none if it belongs outside, and notes the line that decided.
/// `zones[i]` lies between `days[i - 1]` and `days[i]`; before the end of zone 1 there must be no punch that matters.
/// `expected_end` is E' of section 8, asked only when it decides.
pub(crate) fn attribute(
    book: &Rulebook,
    presses: &mut [Press<'_>],
    days: &[Day],
    zones: &[Span],
    expected_end: impl Fn(&Day) -> Option<i64>,
) -> Vec<Option<usize>> {
    let first_number = days.first().map_or(0, |day| day.number);
    let mut owned = vec![Owned::default(); days.len()];
    let mut at = 1;
    let mut dates = Vec::with_capacity(presses.len());
    for press in presses {
        let date = if let Some(forced) = press.forced {
            press.line = Line::Forced;
            usize::try_from(day_number(forced) - first_number).ok()
        } else {
            while zones.get(at).is_some_and(|zone| press.minute >= zone.end) {
                at += 1;
            }
            match (zones.get(at), days.get(at - 1).zip(owned.get(at - 1)), days.get(at).zip(owned.get(at))) {
                (Some(zone), Some(a), Some(b)) if press.minute >= zone.start => {
                    press.line = decide(book.policy(b.0.number), press, a, b, &expected_end);
                    Some(if press.line.is_earlier_date() { at - 1 } else { at })
                }
                // Before the first zone the date is outside the derived ones.
                (Some(_), ..) if at > 1 => Some(at - 1),
                _ => None,
            }
        };
        let date = date.filter(|date| *date < days.len());
        if let Some(owned) = date.and_then(|date| owned.get_mut(date)) {
            owned.take(press.minute);
        }
        dates.push(date);
    }
    dates
}

fn decide(
    policy: &Policy,
    press: &Press<'_>,
    (a, a_owns): (&Day, &Owned),
    (b, b_owns): (&Day, &Owned),
    expected_end: impl Fn(&Day) -> Option<i64>,
) -> Line {
    if b_owns.count > 0 {
        return Line::LaterDateStarted;
    }
    match press.state {
        PunchState::In | PunchState::OtIn => return Line::DeclaredArrival,
        PunchState::Out | PunchState::OtOut | PunchState::BreakOut | PunchState::BreakIn => {
            return Line::DeclaredDeparture;
        }
        PunchState::Unknown => {}
    }
    let plan = a.bounds();
    if a_owns.count == 0 {
        let overnight = plan.is_some_and(|plan| plan.end > b.midnight);
        let near = |end: i64| {
            let distance = (press.minute - end).abs();
            let nearer = b.bounds().is_none_or(|next| distance < (press.minute - next.start).abs());
            distance <= policy.outlier.early_out && nearer
        };
        let departs = overnight && expected_end(a).is_some_and(near);
        return if departs { Line::NightDeparture } else { Line::Arrival };
    }
    let even = a_owns.count.is_multiple_of(2);
    let lacks_departure = !even || expected_end(a).is_some_and(|end| a_owns.last < end - policy.outlier.early_out);
    let limit = policy
        .attribution
        .max_fold_span
        .map(|limit| plan.map_or(limit, |plan| limit.max(plan.len() + policy.outlier.late_out)));
    let credible = limit.is_none_or(|limit| press.minute - a_owns.first <= limit);
    match (lacks_departure, credible) {
        (true, true) => Line::Fold,
        (true, false) => Line::TooLongForFold,
        (false, _) => Line::Arrival,
    }
}
