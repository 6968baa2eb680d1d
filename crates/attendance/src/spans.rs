//! Arithmetic on sets of minutes, held as sorted half-open intervals.
//!
//! Invariant of every [`Spans`]: intervals are non-empty, sorted, and neither overlap nor touch. Time is minutes since the
//! epoch; an interval `[start, end)` holds the minutes `start` to `end - 1` (rules 1).

use smallvec::SmallVec;

/// A half-open interval of minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Span {
    pub(crate) const fn new(start: i64, end: i64) -> Self {
        Self { start, end }
    }

    pub(crate) fn len(self) -> i64 {
        (self.end - self.start).max(0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.end <= self.start
    }

    pub(crate) fn contains(self, minute: i64) -> bool {
        self.start <= minute && minute < self.end
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub(crate) fn clip(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// A set of minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(SmallVec<[Span; 4]>);

impl std::ops::Deref for Spans {
    type Target = [Span];
    fn deref(&self) -> &[Span] {
        &self.0
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut all = Self::default();
        spans.into_iter().for_each(|span| all.add(span));
        all
    }
}

impl Spans {
    pub(crate) fn one(span: Span) -> Self {
        let mut all = Self::default();
        all.push(span);
        all
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn total(&self) -> i64 {
        self.0.iter().map(|span| span.end - span.start).sum()
    }

    /// From the first minute to the end of the last.
    pub(crate) fn bounds(&self) -> Option<Span> {
        Some(Span::new(self.0.first()?.start, self.0.last()?.end))
    }

    /// Appends a span that starts at or after the end of the last one.
    pub(crate) fn push(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.end >= span.start => last.end = last.end.max(span.end),
            _ => self.0.push(span),
        }
    }

    /// Adds a span anywhere.
    pub(crate) fn add(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        if self.0.last().is_none_or(|last| last.start <= span.start) {
            return self.push(span);
        }
        let mut merged = span;
        self.0.retain(|known| {
            let apart = known.end < merged.start || merged.end < known.start;
            if !apart {
                merged = Span::new(merged.start.min(known.start), merged.end.max(known.end));
            }
            apart
        });
        let at = self.0.partition_point(|known| known.start < merged.start);
        self.0.insert(at, merged);
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|span| self.add(*span));
    }

    /// What lies in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut common = Self::default();
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            common.push(a.clip(*b));
            if a.end < b.end {
                i += 1;
            } else {
                j += 1;
            }
        }
        common
    }

    /// What lies in both, as minutes.
    pub(crate) fn common(&self, other: &Self) -> i64 {
        let (mut i, mut j, mut minutes) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            minutes += a.clip(*b).len();
            if a.end < b.end {
                i += 1;
            } else {
                j += 1;
            }
        }
        minutes
    }

    /// The part within one span.
    pub(crate) fn within(&self, bounds: Span) -> Self {
        let mut part = Self::default();
        self.0.iter().for_each(|span| part.push(span.clip(bounds)));
        part
    }

    /// Removes all minutes of another set.
    pub(crate) fn remove_all(&mut self, other: &Self) {
        if self.0.is_empty() || other.0.is_empty() {
            return;
        }
        *self = self.without(other);
    }

    /// What lies in this set and not in the other.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = Self::default();
        let mut holes = other.0.iter().peekable();
        for span in &self.0 {
            let mut start = span.start;
            while holes.next_if(|hole| hole.end <= start).is_some() {}
            let mut ahead = holes.clone();
            while let Some(hole) = ahead.next_if(|hole| hole.start < span.end) {
                rest.push(Span::new(start, hole.start));
                start = start.max(hole.end);
            }
            rest.push(Span::new(start, span.end));
        }
        rest
    }

    /// Removes one span.
    pub(crate) fn remove(&mut self, hole: Span) {
        if self.0.iter().any(|span| span.overlaps(hole)) {
            *self = self.without(&Self::one(hole));
        }
    }

    /// The minutes numbered `from` to `to - 1`, counted from 0 over the set.
    pub(crate) fn numbered(&self, from: i64, to: i64) -> Self {
        let mut part = Self::default();
        let mut passed = 0;
        for span in &self.0 {
            let shifted = Span::new(span.start + (from - passed), span.start + (to - passed));
            part.push(shifted.clip(*span));
            passed += span.len();
        }
        part
    }

    /// The first `minutes` minutes.
    pub(crate) fn first(&self, minutes: i64) -> Self {
        self.numbered(0, minutes)
    }

    /// The last `minutes` minutes.
    pub(crate) fn last(&self, minutes: i64) -> Self {
        let total = self.total();
        self.numbered(total - minutes, total)
    }

    /// Moves `minutes` forward from `at`, counting only minutes outside the set: right after the last counted one.
    pub(crate) fn walk_around(&self, at: i64, minutes: i64) -> i64 {
        let (mut here, mut left) = (at, minutes);
        if left <= 0 {
            return at;
        }
        for hole in self.0.iter().filter(|hole| hole.end > at) {
            let free = (hole.start - here).max(0);
            if free >= left {
                break;
            }
            left -= free;
            here = here.max(hole.end);
        }
        here + left
    }

    /// `at`, or the end of the interval it lies in.
    pub(crate) fn step_out(&self, at: i64) -> i64 {
        self.0.iter().find(|span| span.contains(at)).map_or(at, |span| span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(spans: &[(i64, i64)]) -> Spans {
        spans.iter().map(|(start, end)| Span::new(*start, *end)).collect()
    }

    fn minutes(spans: &Spans) -> Vec<i64> {
        spans.iter().flat_map(|span| span.start..span.end).collect()
    }

    fn any_set() -> impl Strategy<Value = Spans> {
        proptest::collection::vec((0..60i64, 0..12i64), 0..6)
            .prop_map(|spans| spans.iter().map(|(start, len)| Span::new(*start, start + len)).collect())
    }

    #[test]
    fn walking_steps_around_lunch_and_stops_before_it() {
        let lunch = set(&[(12, 13)]);
        assert_eq!(lunch.walk_around(8, 4), 12);
        assert_eq!(lunch.walk_around(8, 5), 14);
        assert_eq!(lunch.walk_around(12, 1), 14);
        assert_eq!(lunch.walk_around(12, 0), 12);
        assert_eq!(lunch.step_out(12), 13);
    }

    proptest! {
        /// Against sets of single minutes.
        #[test]
        fn arithmetic_agrees_with_sets_of_minutes(a in any_set(), b in any_set(), n in 0..40i64, at in 0..60i64) {
            use std::collections::BTreeSet;
            let (x, y): (BTreeSet<_>, BTreeSet<_>) = (minutes(&a).into_iter().collect(), minutes(&b).into_iter().collect());
            prop_assert!(a.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert_eq!(minutes(&a.and(&b)), x.intersection(&y).copied().collect::<Vec<_>>());
            prop_assert_eq!(a.common(&b), x.intersection(&y).count() as i64);
            prop_assert_eq!(minutes(&a.without(&b)), x.difference(&y).copied().collect::<Vec<_>>());
            let mut both = a.clone();
            both.add_all(&b);
            prop_assert_eq!(minutes(&both), x.union(&y).copied().collect::<Vec<_>>());
            let all = minutes(&a);
            let n = n as usize;
            prop_assert_eq!(minutes(&a.first(n as i64)), all.iter().take(n).copied().collect::<Vec<_>>());
            prop_assert_eq!(minutes(&a.last(n as i64)), all[all.len().saturating_sub(n)..].to_vec());
            let free: Vec<_> = (at..).filter(|minute| !x.contains(minute)).take(n).collect();
            prop_assert_eq!(a.walk_around(at, n as i64), free.last().map_or(at, |last| last + 1));
        }
    }
}
