//! Steps 12 to 14: what of the plan was attended, forgiven, excused (rules 12).

use super::leave::Owed;
use super::pair::Pairs;
use super::trace::{SegmentFinding, Sink};
use crate::spans::{Span, Spans};
use crate::vocabulary::{CountFrom, Excusable, Grace};

/// How the required minutes of a date were spent; they add up to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) covered: i64,
    pub(crate) tardy: i64,
    pub(crate) left_early: i64,
    pub(crate) away: i64,
    pub(crate) absent: i64,
    pub(crate) unverified: i64,
    pub(crate) grace: i64,
    pub(crate) excused: i64,
    /// Tardy, left early and away before excuses.
    pub(crate) deficit: i64,
}

/// Judges a plan with clock times, segment by segment. `sessions` are the ones that count as evidence, `breaks` the
/// punched breaks.
pub(crate) fn judge_plan<S: Sink>(
    plan: &Spans,
    segments: &[Span],
    sessions: &Spans,
    pairs: &Pairs,
    grace: &Grace,
    sink: &mut S,
) -> Judgement {
    let mut judged = Judgement::default();
    let attended = sessions.without(&pairs.breaks);
    let mut evidence = sessions.clone();
    evidence.add_all(&pairs.shadows);
    for segment in segments {
        let required = plan.within(*segment);
        let Some(bounds) = required.bounds() else { continue };
        let missed = required.without(&attended);
        let missing = missed.total();
        judged.covered += required.total() - missing;
        if missing == 0 {
            continue;
        }
        let Some(seen) = evidence.within(bounds).bounds() else {
            judged.absent += missing;
            sink.segment(SegmentFinding { bounds, seen: None, missed: &missed });
            continue;
        };
        sink.segment(SegmentFinding { bounds, seen: Some(seen), missed: &missed });
        let late = missed.within(Span::new(bounds.start, seen.start));
        let early = missed.within(Span::new(seen.end, bounds.end));
        let between = missed.within(seen);
        let unverified = between.common(&pairs.shadows);
        judged.unverified += unverified;
        judged.away += between.total() - unverified;
        let forgiven = Span::new(bounds.start, bounds.start + grace.arrival);
        judged.tardy += count(&late, seen.start - bounds.start, forgiven, grace.count_from, &mut judged.grace);
        let forgiven = Span::new(bounds.end - grace.departure, bounds.end);
        judged.left_early += count(&early, bounds.end - seen.end, forgiven, grace.count_from, &mut judged.grace);
    }
    judged.deficit = judged.tardy + judged.left_early + judged.away;
    judged
}

/// The part of missed minutes that counts; what is forgiven goes to grace.
fn count(missed: &Spans, distance: i64, forgiven: Span, from: CountFrom, grace: &mut i64) -> i64 {
    let total = missed.total();
    let spared = if distance <= forgiven.len() {
        total
    } else if from == CountFrom::GraceEnd {
        missed.within(forgiven).total()
    } else {
        0
    };
    *grace += spared;
    total - spared
}

/// Judges an `hours` timetable: only the amount counts.
pub(crate) fn judge_amount(owed: &Owed, worked: i64, any_punch: bool, unresolved: bool) -> Judgement {
    let covered = worked.min(owed.required);
    let short = owed.required - covered;
    let mut judged = Judgement { covered, ..Judgement::default() };
    if !any_punch {
        judged.absent = short;
    } else if unresolved {
        judged.unverified = short;
    } else {
        judged.away = short;
        judged.deficit = short;
    }
    judged
}

/// Step 14: moves excused minutes.
pub(crate) fn excuse(judged: &mut Judgement, what: &[Excusable]) {
    for kind in what {
        let minutes = match kind {
            Excusable::Tardy => &mut judged.tardy,
            Excusable::LeftEarly => &mut judged.left_early,
            Excusable::Away => &mut judged.away,
            Excusable::Absence => &mut judged.absent,
        };
        judged.excused += std::mem::take(minutes);
    }
}
