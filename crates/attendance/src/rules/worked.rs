//! Step 11: which minutes are worked (rules 11.4).

use super::leave::Owed;
use crate::spans::{Span, Spans};
use crate::vocabulary::BreakRule;

/// Worked intervals W and the break minutes within the presence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Worked {
    pub(crate) spans: Spans,
    pub(crate) break_minutes: i64,
}

/// Unpaid windows and segment gaps: D.
pub(crate) fn deductions(owed: &Owed, gaps: impl Iterator<Item = Span>) -> Spans {
    let mut all: Spans = owed.windows.iter().map(|window| window.span).collect();
    gaps.for_each(|gap| all.add(gap));
    all
}

/// Takes breaks, leave and offsite credit out of the clipped presence, then applies the break rules. `breaks` are D and
/// the punched breaks; `rules` is empty on a date whose break is waived.
pub(crate) fn worked(owed: &Owed, presence: &Spans, clipped: &Spans, breaks: &Spans, rules: &[BreakRule]) -> Worked {
    let Some(attended) = presence.bounds() else { return Worked::default() };
    let mut spans = clipped.without(breaks);
    spans.remove_all(&owed.leave_spans);
    spans.remove_all(&owed.credit);
    if owed.whole_date {
        spans.clear();
    }
    let mut break_minutes = breaks.within(attended).total();
    if let Some(cut) = rule_cut(&spans, rules) {
        spans.remove_all(&cut);
        // The cut was worked time, so it lies outside of the other breaks.
        break_minutes += cut.within(attended).total();
    }
    Worked { spans, break_minutes }
}

/// The minutes that the largest proposal of a break rule takes.
fn rule_cut(spans: &Spans, rules: &[BreakRule]) -> Option<Spans> {
    let total = spans.total();
    let taken = spans.bounds()?.len() - total;
    let mut largest: Option<(i64, i64)> = None;
    for rule in rules.iter().filter(|rule| total > rule.after) {
        let owed = (rule.deduct - taken).max(0);
        let proposal = if rule.cap { owed.min(total - rule.after) } else { owed };
        if largest.is_none_or(|(minutes, _)| proposal > minutes) {
            largest = Some((proposal, rule.after));
        }
    }
    let (minutes, after) = largest.filter(|(minutes, _)| *minutes > 0)?;
    // Right after the first `after` worked minutes; if fewer remain, the last ones of the day.
    let from = after.min(total - minutes);
    Some(spans.numbered(from, from + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(after: i64, deduct: i64, cap: bool) -> BreakRule {
        BreakRule { after, deduct, cap }
    }

    #[test]
    fn an_uncapped_rule_takes_the_last_minutes_of_a_day_that_barely_exceeds_it() {
        let spans = Spans::one(Span::new(0, 370));
        assert_eq!(rule_cut(&spans, &[rule(360, 30, false)]), Some(Spans::one(Span::new(340, 370))));
        assert_eq!(rule_cut(&spans, &[rule(360, 30, true)]), Some(Spans::one(Span::new(360, 370))));
    }

    #[test]
    fn a_gap_that_was_taken_counts_towards_the_rule() {
        let spans: Spans = [Span::new(0, 240), Span::new(270, 540)].into_iter().collect();
        assert_eq!(rule_cut(&spans, &[rule(360, 30, true)]), None);
        assert_eq!(rule_cut(&spans, &[rule(360, 45, true)]), Some(Spans::one(Span::new(390, 405))));
    }
}
