//! Leave and offsite on a plan with clock times (rules 9.1).

use super::layout::Layout;
use super::leave::{Item, Owed, untouched, waives_windows};
use crate::spans::{Span, Spans};
use crate::vocabulary::{ClockTime, HalfDayMode, Part, Policy};

/// The two halves of a plan, always measured on the original one.
struct Halves {
    /// Kept by pm leave.
    first: Spans,
    /// Kept by am leave.
    second: Spans,
}

impl Halves {
    fn of(policy: &Policy, base: &Spans, scheduled: i64, at: impl Fn(ClockTime) -> i64) -> Self {
        let points = policy.half_day.am_end.zip(policy.half_day.pm_start);
        match (policy.half_day.mode, points) {
            (HalfDayMode::Points, Some((am_end, pm_start))) => Self {
                first: base.within(Span::new(i64::MIN, at(am_end))),
                second: base.within(Span::new(at(pm_start), i64::MAX)),
            },
            _ => {
                let half = scheduled / 2;
                Self { first: base.first(half), second: base.last(scheduled - half) }
            }
        }
    }
}

pub(crate) fn apply_to_fixed(
    policy: &Policy,
    layout: &Layout,
    leave: &[Item],
    offsite: &[Item],
    at: impl Fn(ClockTime) -> i64,
) -> Owed {
    let Some(bounds) = layout.bounds else { return untouched(layout) };
    let waived = waives_windows(policy, leave);
    // With lunch waived the halves come from the uninterrupted shift: its windows do not exist on this date.
    let base =
        if waived { layout.segments.iter().copied().collect::<Spans>().within(bounds) } else { layout.net.clone() };
    let halves = Halves::of(policy, &base, layout.scheduled, at);
    let mut owed = untouched(layout);
    if waived {
        owed.windows.clear();
    }
    owed.plan = base;
    remove_leave(&mut owed, &halves, bounds, leave);
    // An uninterrupted shift is longer than what was scheduled; never owe more than that.
    if owed.plan.total() > owed.scheduled {
        owed.plan = owed.plan.first(owed.scheduled);
    }
    owed.leave = owed.scheduled - owed.plan.total();
    for item in offsite {
        let kept = match item.part {
            Part::Full => Spans::default(),
            Part::Am => owed.plan.and(&halves.second),
            Part::Pm => owed.plan.and(&halves.first),
            Part::Hours => owed.plan.without(&Spans::one(item.span)),
        };
        owed.credit.add_all(&owed.plan.without(&kept));
        owed.plan = kept;
    }
    owed.offsite = owed.credit.total();
    owed.required = owed.plan.total();
    owed
}

/// Each item consumes the net minutes it removes and hides a span of presence.
fn remove_leave(owed: &mut Owed, halves: &Halves, bounds: Span, leave: &[Item]) {
    let has = |part| leave.iter().any(|item| item.part == part);
    let both_halves = has(Part::Am) && has(Part::Pm);
    let mut left = owed.scheduled;
    for item in leave {
        let kept = match item.part {
            Part::Full => Spans::default(),
            Part::Pm if both_halves => Spans::default(),
            Part::Am => owed.plan.and(&halves.second),
            Part::Pm => owed.plan.and(&halves.first),
            Part::Hours => owed.plan.without(&Spans::one(item.span)),
        };
        let hidden = match item.part {
            Part::Full => bounds,
            Part::Am | Part::Pm if both_halves => bounds,
            Part::Am => Span::new(bounds.start, halves.second.bounds().map_or(bounds.end, |half| half.start)),
            Part::Pm => Span::new(halves.first.bounds().map_or(bounds.start, |half| half.end), bounds.end),
            Part::Hours => item.span,
        };
        owed.leave_spans.add(hidden);
        if item.part != Part::Hours {
            owed.half_or_full.add(hidden);
        }
        let remaining = kept.total().min(left);
        if item.paid {
            owed.paid_leave += left - remaining;
        }
        left = remaining;
        owed.plan = kept;
    }
}
