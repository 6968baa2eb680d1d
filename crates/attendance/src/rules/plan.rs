//! Step 9: the plan is finished once the punches are paired (rules 9.2, 11.2).

use super::leave::Owed;
use super::leave_flex::walked;
use super::pair::Pairs;
use crate::spans::{Span, Spans};
use crate::vocabulary::MovableBreak;

/// Places the plan of a flexible date after its arrival, or moves the movable breaks of a fixed one.
pub(crate) fn finish(owed: &mut Owed, pairs: &Pairs, movable: &MovableBreak) {
    if owed.band.is_some() {
        finish_flex(owed, pairs.first_in);
    } else if owed.windows.iter().any(|window| window.movable) {
        move_breaks(owed, pairs, movable);
    }
}

/// The personal plan starts with the arrival, within the band, and lasts for what is required.
fn finish_flex(owed: &mut Owed, arrival: Option<i64>) {
    let Some(band) = &owed.band else { return };
    let start = arrival.unwrap_or(band.earliest).max(band.earliest).min(band.latest);
    owed.plan = walked(&band.obstacles, start, owed.required);
    let end = owed.plan.bounds().map_or(band.earliest, |plan| plan.end);
    owed.credit.add_all(&walked(&band.obstacles, end, band.pm_offsite));
    let mut hidden = Spans::default();
    if band.am_leave {
        hidden.add(Span::new(band.opening, start));
    }
    hidden.add(Span::new(end, band.obstacles.walk_around(end, band.pm_leave)));
    owed.leave_spans.add_all(&hidden);
    owed.half_or_full.add_all(&hidden);
}

/// The first fitting gap takes over a movable break, in the plan and as deduction; a gap serves one break at most.
fn move_breaks(owed: &mut Owed, pairs: &Pairs, movable: &MovableBreak) {
    let mut gaps = pairs.gaps();
    for at in 0..owed.windows.len() {
        let Some(bounds) = owed.plan.bounds() else { return };
        let Some(window) = owed.windows.get(at).copied().filter(|window| window.movable) else { continue };
        let span = window.span;
        let inside = bounds.start <= span.start && span.end <= bounds.end;
        let touched = owed.leave_spans.iter().chain(owed.credit.iter()).any(|taken| taken.overlaps(span));
        if !inside || touched {
            continue;
        }
        let mut room = owed.plan.clone();
        room.add(span);
        let fits = |gap: &Span| {
            let taken = Span::new(gap.start, gap.start + span.len());
            gap.len() >= movable.min_len
                && (span.start - movable.margin..=span.end + movable.margin).contains(&gap.start)
                && room.within(taken).total() == taken.len()
        };
        let Some(found) = gaps.iter().position(fits) else { continue };
        let gap = gaps.remove(found);
        let taken = Span::new(gap.start, gap.start + span.len());
        room.remove(taken);
        owed.plan = room;
        if let Some(window) = owed.windows.get_mut(at) {
            window.span = taken;
        }
    }
}
