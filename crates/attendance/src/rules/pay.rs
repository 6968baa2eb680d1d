//! Step 17: pay tiers, overtime controls and premiums of one date (rules 14.1 to 14.4).
//!
//! Worked time is cut wherever a condition can change (plan, trimmed minutes, windows of the day, counts of the day and
//! the week, offset of the zone, midnight), so that each stretch has one answer. No minute is looked at alone.

use smallvec::SmallVec;

use super::calendar_day::weekday;
use super::pay_book::{DayFacts, PayBook, Rule, Test};
use super::trace::{PaidFinding, Sink};
use super::zone::LocalClock;
use crate::spans::{Span, Spans};
use crate::vocabulary::{CodeMinutes, DayKind, Overtime, WeekBasis};

/// What accumulates over a workweek, in minutes and dates.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Week {
    all: i64,
    straight: i64,
    run: i64,
}

impl Week {
    /// Notes whether a date was worked; a deferred date ends the run.
    pub(crate) fn note(&mut self, was_worked: bool) {
        self.run = if was_worked { self.run + 1 } else { 0 };
    }
}

/// The worked minutes of a date, sorted out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sorted {
    /// W and positional offsite credit.
    pub(crate) worked: Spans,
    /// Of these, outside of the plan: X.
    pub(crate) extension: Spans,
    /// Of these, not paid.
    pub(crate) trimmed: Spans,
    /// Approval would have let more through.
    pub(crate) unapproved: bool,
}

/// Sorts worked minutes into plan and extension, and trims the extension (rules 14.2). `deficit` counts only if the policy
/// offsets it.
pub(crate) fn sort_out(
    overtime: &Overtime,
    worked: Spans,
    in_plan: &Spans,
    deficit: i64,
    approved: i64,
    has_plan: bool,
) -> Sorted {
    let mut extension = worked.without(in_plan);
    if overtime.offset_deficit && deficit > 0 {
        extension = extension.last((extension.total() - deficit).max(0));
    }
    let raw = extension.total();
    let limited = |approved: Option<i64>| {
        let mut allowed = raw;
        if has_plan {
            allowed = if raw < overtime.min { 0 } else { overtime.cap.map_or(raw, |cap| cap.min(raw)) };
        }
        allowed = approved.map_or(allowed, |minutes| minutes.clamp(0, allowed));
        if has_plan { allowed - allowed % overtime.unit } else { allowed }
    };
    let allowed = limited(overtime.requires_approval.then_some(approved));
    let unapproved = overtime.requires_approval && limited(None) > allowed;
    let trimmed = if allowed < raw { extension.last(raw - allowed) } else { Spans::default() };
    Sorted { worked, extension, trimmed, unapproved }
}

/// Minutes per tier and per premium key of one date, by position in the pay book.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    tiers: SmallVec<[i64; 8]>,
    premiums: SmallVec<[i64; 8]>,
}

impl Ledger {
    fn new(book: &PayBook) -> Self {
        Self { tiers: SmallVec::from_elem(0, book.tiers.len()), premiums: SmallVec::from_elem(0, book.keys.len()) }
    }

    /// Offsite credit without a position: regular, after the day's other minutes.
    pub(crate) fn add_regular(&mut self, book: &PayBook, minutes: i64, week: &mut Week) {
        week.all += minutes;
        week.straight += minutes;
        if let Some(tier) = self.tiers.get_mut(book.regular) {
            *tier += minutes;
        }
    }

    /// As minutes per code, without zeros.
    pub(crate) fn post(&self, book: &PayBook) -> (CodeMinutes, CodeMinutes) {
        let named = |codes: &[crate::vocabulary::Code], minutes: &[i64]| {
            let mut all = CodeMinutes::default();
            codes
                .iter()
                .zip(minutes)
                .filter(|(_, minutes)| **minutes > 0)
                .for_each(|(code, minutes)| all.add(code, *minutes));
            all
        };
        (named(&book.tiers, &self.tiers), named(&book.keys, &self.premiums))
    }
}

/// A date as the pay rules see it.
pub(crate) struct PayDay<'a> {
    pub(crate) book: &'a PayBook,
    pub(crate) clock: &'a LocalClock,
    pub(crate) number: i64,
    pub(crate) kind: DayKind,
    /// The kind of a civil date by its number, if conditions look at the minute's civil date.
    pub(crate) civil_kind: Option<&'a dyn Fn(i64) -> DayKind>,
}

/// A stretch in which every condition but those over the week has one answer.
struct Stretch {
    span: Span,
    in_plan: bool,
    /// Number of its first minute among the date's worked ones.
    number: i64,
    /// Minute of the local day at its start.
    clock: i64,
}

impl PayDay<'_> {
    /// Pays the worked minutes of the date and accumulates them.
    pub(crate) fn pay<S: Sink>(&self, sorted: &Sorted, week: &mut Week, sink: &mut S) -> Ledger {
        let mut ledger = Ledger::new(self.book);
        let run = week.run;
        let facts = |number: i64, kind| DayFacts { kind, weekday: weekday(number), run };
        let mut civil = self.number;
        let mut candidates = Candidates::on(self.book, facts(civil, self.kind));
        let mut number = 0;
        for span in sorted.worked.iter() {
            let mut start = span.start;
            while start < span.end {
                let local = self.clock.local(start);
                let clock = local.rem_euclid(1440);
                if let Some(kind) = self.civil_kind
                    && civil != local.div_euclid(1440)
                {
                    civil = local.div_euclid(1440);
                    candidates = Candidates::on(self.book, facts(civil, kind(civil)));
                }
                let end = self.cut(start, span.end, number, clock, sorted);
                let in_plan = !covers(&sorted.extension, start);
                let stretch = Stretch { span: Span::new(start, end), in_plan, number, clock };
                if covers(&sorted.trimmed, start) {
                    let (book, span) = (self.book, stretch.span);
                    sink.paid(PaidFinding { book, span, in_plan, rule: None, trimmed: true, premiums: &[] });
                } else {
                    candidates.pay(self.book, &stretch, week, &mut ledger, sink);
                }
                number += end - start;
                start = end;
            }
        }
        ledger
    }

    /// Where the stretch that starts here must end.
    fn cut(&self, start: i64, end: i64, number: i64, clock: i64, sorted: &Sorted) -> i64 {
        let mut cut = end;
        let mut at = |edge: i64| {
            if edge > start && edge < cut {
                cut = edge;
            }
        };
        for edges in sorted.extension.iter().chain(sorted.trimmed.iter()) {
            at(edges.start);
            at(edges.end);
        }
        if let Some(next) = self.book.daily_cuts.iter().find(|next| **next > number) {
            at(start + next - number);
        }
        let cuts = &self.book.clock_cuts;
        let next = cuts.iter().find(|next| **next > clock).copied().or(cuts.first().map(|first| first + 1440));
        if let Some(next) = next {
            at(start + next - clock);
        }
        if self.civil_kind.is_some() {
            at(start + 1440 - clock);
        }
        if let Some(change) = self.clock.next_change(start) {
            at(change);
        }
        cut
    }
}

fn covers(spans: &Spans, minute: i64) -> bool {
    spans.iter().any(|span| span.contains(minute))
}

/// The rules and premiums that can apply on a date.
struct Candidates {
    rules: SmallVec<[usize; 8]>,
    premiums: SmallVec<[usize; 4]>,
}

impl Candidates {
    fn on(book: &PayBook, day: DayFacts) -> Self {
        let rules = book.rules.iter().enumerate().filter(|(_, rule)| rule.test.holds_on(day)).map(|(at, _)| at);
        let premiums = book.premiums.iter().enumerate().filter(|(_, one)| one.test.holds_on(day)).map(|(at, _)| at);
        Self { rules: rules.collect(), premiums: premiums.collect() }
    }

    /// Pays one stretch, split where a threshold of the week is crossed.
    fn pay<S: Sink>(&self, book: &PayBook, stretch: &Stretch, week: &mut Week, ledger: &mut Ledger, sink: &mut S) {
        let holds = |test: &Test| test.holds_at(stretch.in_plan, stretch.number, stretch.clock);
        let rules = || self.rules.iter().filter_map(|at| book.rules.get(*at).map(|rule| (*at, rule)));
        let premiums = || self.premiums.iter().filter_map(|at| book.premiums.get(*at));
        let mut fixed: Option<(usize, &Rule)> = None;
        let mut straight = true;
        let mut over_week: SmallVec<[(usize, &Rule); 2]> = SmallVec::new();
        for (at, rule) in rules().filter(|(_, rule)| holds(&rule.test)) {
            if rule.test.week.is_some() {
                over_week.push((at, rule));
                continue;
            }
            straight &= rule.percent <= 100;
            if fixed.is_none_or(|(_, best)| rule.percent > best.percent) {
                fixed = Some((at, rule));
            }
        }
        let mut start = stretch.span.start;
        while start < stretch.span.end {
            let mut step = stretch.span.end - start;
            // Whether a threshold is reached; if not, the step must not pass it.
            let mut reached = |test: &Test| match test.week {
                None => true,
                Some((_, WeekBasis::Straight)) if !straight => false,
                Some((threshold, basis)) => {
                    let passed = if basis == WeekBasis::All { week.all } else { week.straight };
                    if passed < threshold {
                        step = step.min(threshold - passed);
                    }
                    passed >= threshold
                }
            };
            let mut winner = fixed;
            for (at, rule) in &over_week {
                let better = winner.is_none_or(|(best_at, best)| {
                    rule.percent > best.percent || rule.percent == best.percent && *at < best_at
                });
                if reached(&rule.test) && better {
                    winner = Some((*at, rule));
                }
            }
            let tier = winner.map_or(book.regular, |(_, rule)| rule.tier);
            let mut keys: SmallVec<[usize; 4]> = SmallVec::new();
            let mut codes: SmallVec<[usize; 4]> = SmallVec::new();
            for premium in premiums().filter(|premium| holds(&premium.test)) {
                // A code counts a minute once, however many premiums have it (rules 22, invariant 10).
                if reached(&premium.test) && !codes.contains(&premium.code) {
                    codes.push(premium.code);
                    keys.extend(premium.key_by_tier.get(tier).copied());
                }
            }
            if let Some(minutes) = ledger.tiers.get_mut(tier) {
                *minutes += step;
            }
            for key in &keys {
                if let Some(minutes) = ledger.premiums.get_mut(*key) {
                    *minutes += step;
                }
            }
            week.all += step;
            if straight {
                week.straight += step;
            }
            let span = Span::new(start, start + step);
            let rule = winner.map(|(at, _)| at);
            sink.paid(PaidFinding { book, span, in_plan: stretch.in_plan, rule, trimmed: false, premiums: &keys });
            start += step;
        }
    }
}
