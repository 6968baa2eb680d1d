//! Step 10: presence for paying: snapped, rounded, clipped (rules 11.3).

use jiff::tz::TimeZone;

use super::leave::Owed;
use super::pair::Pairs;
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::{Clipping, Policy, RoundingMode, UnitRounding};

/// Presence as it is paid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    /// Sessions with snapped or rounded ends, merged: P. Assumed ends stay as they are.
    pub(crate) spans: Spans,
    /// What snapping and rounding add to sessions that ended in a punched break: it is the break's, not work (rules 22,
    /// invariant 13).
    pub(crate) on_break: Spans,
}

pub(crate) fn effective_presence(policy: &Policy, owed: &Owed, pairs: &Pairs, clock: &LocalClock) -> Presence {
    let rounding = &policy.rounding;
    let plan = owed.plan.bounds();
    let snap = &rounding.snap;
    let near = |minute: i64, bound: Option<i64>, before: i64, after: i64| {
        bound.filter(|bound| before + after > 0 && bound - before <= minute && minute <= bound + after)
    };
    let mut presence = Presence::default();
    for session in &pairs.sessions {
        let Span { mut start, mut end } = session.span;
        if !session.assumed_start {
            let snapped = near(start, plan.map(|plan| plan.start), snap.in_before, snap.in_after);
            start = snapped.unwrap_or_else(|| round_minute(start, &rounding.arrival, clock));
        }
        if !session.assumed_end {
            let snapped = near(end, plan.map(|plan| plan.end), snap.out_before, snap.out_after);
            end = snapped.unwrap_or_else(|| round_minute(end, &rounding.departure, clock));
        }
        presence.spans.add(Span::new(start, end));
        if pairs.breaks.iter().any(|pause| pause.end == session.span.end) {
            presence.on_break.add(Span::new(session.span.end, end));
        }
    }
    presence.on_break.remove_all(&pairs.presence());
    presence
}

fn round_minute(minute: i64, rounding: &UnitRounding, clock: &LocalClock) -> i64 {
    if rounding.mode == RoundingMode::None {
        return minute;
    }
    minute + shift(clock.local(minute).rem_euclid(60), rounding.unit, rounding.mode)
}

/// How far a minute of the hour moves to its grid.
fn shift(minute_of_hour: i64, unit: i64, mode: RoundingMode) -> i64 {
    let over = minute_of_hour.rem_euclid(unit.max(1));
    match mode {
        RoundingMode::Up if over > 0 => unit - over,
        RoundingMode::Nearest if 2 * over >= unit && over > 0 => unit - over,
        RoundingMode::Down | RoundingMode::Nearest => -over,
        RoundingMode::None | RoundingMode::Up => 0,
    }
}

/// An instant (seconds since the epoch, floored to minutes) on the grid of `unit` minutes of the local clock (rules 11.3).
/// `unit` divides 60.
pub fn round(zone: &TimeZone, at: i64, unit: i64, mode: RoundingMode) -> i64 {
    let clock = LocalClock::new(zone, at - 1, at);
    round_minute(at.div_euclid(60), &UnitRounding { mode, unit }, &clock) * 60
}

/// What remains of the presence inside the plan's bounds; `scheduled` are those before leave. Of what would be worked
/// before the plan, the last `approved` minutes are not cut.
pub(crate) fn clip(
    policy: &Policy,
    owed: &Owed,
    scheduled: Option<Span>,
    presence: &Spans,
    approved: i64,
    breaks: &Spans,
) -> Spans {
    if owed.is_amount {
        return presence.clone();
    }
    let first = [owed.plan.bounds(), owed.credit.bounds()].into_iter().flatten();
    let bounds = first.reduce(|a, b| Span::new(a.start.min(b.start), a.end.max(b.end))).or(scheduled);
    let Some(Span { mut start, mut end }) = bounds else { return presence.clone() };
    if policy.pre_shift == Clipping::Count {
        start = i64::MIN;
    } else if approved > 0 && presence.bounds().is_some_and(|bounds| bounds.start < start) {
        let mut early = presence.within(Span::new(i64::MIN, start)).without(breaks);
        early.remove_all(&owed.leave_spans);
        early.remove_all(&owed.credit);
        if let Some(kept) = early.last(approved).bounds() {
            start = kept.start;
        }
    }
    if policy.post_shift == Clipping::Count {
        end = i64::MAX;
    }
    presence.within(Span::new(start, end))
}
