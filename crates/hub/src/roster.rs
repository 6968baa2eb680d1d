//! Whose pattern counts on a date: the employee's own, else the group's, else the company's (rules 3, 7.1).
//!
//! Invariant: where a nearer pattern covers a date, no farther one does; so the rules' own order (the latest start wins) only decides
//! among patterns of one level.

use attendance::Assignment;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::resolve::ALWAYS;

/// A range of dates, both inclusive; open ends are the ends of time.
type Range = (Date, Date);

/// The patterns of all levels, nearest first, as one list for the rules. Those of a level come by start: where cutting gives two the
/// same start, the later entry counts, and that must still be the one that started later.
pub(crate) fn layered(levels: &[Vec<Assignment>]) -> Vec<Assignment> {
    let mut taken: Vec<Range> = Vec::new();
    let mut patterns = Vec::new();
    for level in levels {
        let mut by_start: Vec<&Assignment> = level.iter().collect();
        by_start.sort_by_key(|pattern| range(pattern).0);
        for pattern in by_start {
            let gaps = taken.iter().fold(vec![range(pattern)], |gaps, taken| without(gaps, *taken));
            patterns.extend(gaps.into_iter().map(|gap| within(pattern, gap)));
        }
        taken.extend(level.iter().map(range));
    }
    patterns
}

/// The dates that a pattern covers.
pub(crate) fn range(pattern: &Assignment) -> Range {
    let (Assignment::Weekly { from, to, .. } | Assignment::Cycle { from, to, .. }) = pattern;
    (from.unwrap_or(ALWAYS.0), to.unwrap_or(ALWAYS.1))
}

fn without(ranges: Vec<Range>, taken: Range) -> Vec<Range> {
    let mut left = Vec::with_capacity(ranges.len() + 1);
    for (from, to) in ranges {
        if taken.1 < from || to < taken.0 {
            left.push((from, to));
            continue;
        }
        if from < taken.0 {
            left.push((from, taken.0.saturating_sub(1.day())));
        }
        if taken.1 < to {
            left.push((taken.1.saturating_add(1.day()), to));
        }
    }
    left
}

/// The same pattern over other dates; a cycle keeps its anchor.
fn within(pattern: &Assignment, (first, last): Range) -> Assignment {
    let mut pattern = pattern.clone();
    let (Assignment::Weekly { from, to, .. } | Assignment::Cycle { from, to, .. }) = &mut pattern;
    *from = (first > ALWAYS.0).then_some(first);
    *to = (last < ALWAYS.1).then_some(last);
    pattern
}

#[cfg(test)]
mod tests {
    use attendance::WeekPattern;

    use super::*;

    fn weekly(from: Option<&str>, to: Option<&str>) -> Assignment {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        Assignment::Weekly { from: date(from), to: date(to), days: WeekPattern::default() }
    }

    #[test]
    fn the_companys_pattern_counts_only_where_nobody_nearer_has_one() {
        let own = vec![weekly(Some("2026-02-01"), Some("2026-02-28"))];
        let group = vec![weekly(Some("2026-02-15"), Some("2026-03-15"))];
        let company = vec![weekly(None, None)];
        let all = layered(&[own.clone(), group, company]);
        assert_eq!(
            all,
            [
                own[0].clone(),
                weekly(Some("2026-03-01"), Some("2026-03-15")),
                weekly(None, Some("2026-01-31")),
                weekly(Some("2026-03-16"), None),
            ]
        );
    }

    #[test]
    fn of_two_patterns_that_are_cut_to_the_same_start_the_later_one_still_counts() {
        let own = vec![weekly(Some("2026-02-01"), Some("2026-02-28"))];
        let (always, since_january) = (weekly(None, Some("2027-01-01")), weekly(Some("2026-01-05"), None));
        let all = layered(&[own, vec![since_january, always]]);
        let since_march: Vec<_> = all.into_iter().filter(|one| range(one).0 == "2026-03-01".parse().unwrap()).collect();
        assert_eq!(since_march.last(), Some(&weekly(Some("2026-03-01"), None)));
    }

    #[test]
    fn patterns_of_one_level_stay_as_they_are() {
        let level = vec![weekly(None, None), weekly(Some("2026-02-01"), None)];
        assert_eq!(layered(&[level.clone(), vec![weekly(None, None)]]), level);
    }
}
