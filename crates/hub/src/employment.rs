//! From when until when an employee is employed: one span, or several of somebody who left and was hired again.
//!
//! Invariants:
//! * Spans come by date and share none; each ends on its first date at the earliest.
//! * `employee.employed_from` and `employed_to` are the two ends of all of them, with open ends as they are: what the rules judge lies
//!   between, but for the gaps.
//! * A change marks the weeks of those dates that are employed before or after it and not both.

use std::collections::HashMap;
use std::fmt;

use attendance::DateRange;
use jiff::ToSpan as _;
use jiff::civil::Date;
use store::Read;
use store::people::Employee;

use crate::Error;
use crate::resolve::ALWAYS;

/// The employments of one employee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Employments {
    /// First and last date; open ends are the ends of time.
    spans: Vec<(Date, Date)>,
}

impl Employments {
    /// Those of an employee.
    pub(crate) fn of(read: &Read<'_>, employee: i64) -> Result<Self, Error> {
        let spans = read.employments_of(employee)?.into_iter().map(|span| (span.from, span.to));
        Ok(Self { spans: spans.collect() })
    }

    /// Those of everybody who has any, by the employee's id.
    pub(crate) fn of_all(read: &Read<'_>) -> Result<HashMap<i64, Self>, Error> {
        let mut all: HashMap<i64, Self> = HashMap::new();
        for span in read.employments()? {
            all.entry(span.employee).or_default().spans.push((span.from, span.to));
        }
        Ok(all)
    }

    /// Spans in any order.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one ends before it starts, or two share a date.
    pub(crate) fn new(mut spans: Vec<(Date, Date)>) -> Result<Self, Error> {
        spans.sort();
        if let Some((from, to)) = spans.iter().find(|(from, to)| to < from) {
            return Err(Error::invalid(format!("employment ends {to}, before it starts {from}"), "mend the dates"));
        }
        if let Some([one, two]) = spans.array_windows().find(|[one, two]| two.0 <= one.1) {
            let what = format!("employments {} and {} share dates", shown(*one), shown(*two));
            return Err(Error::invalid(what, "end the first one before the next begins"));
        }
        Ok(Self { spans })
    }

    /// Reads spans as a person writes them: `2020-01-01..2022-05-31`, `2024-02-01..`.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, Error> {
        Self::new(texts.iter().map(|text| span(text, "employment")).collect::<Result<_, _>>()?)
    }

    /// With the ends of the last one changed, or one more that starts after it has ended: somebody is hired again.
    pub(crate) fn with(&self, from: Option<Date>, to: Option<Date>) -> Result<Self, Error> {
        let mut spans = self.spans.clone();
        let last = spans.last().copied();
        let is_again = matches!((last, from), (Some((_, ended)), Some(from)) if ended < from);
        let (known_from, known_to) = if is_again { ALWAYS } else { last.unwrap_or(ALWAYS) };
        if !is_again {
            spans.pop();
        }
        if from.is_some() || to.is_some() || last.is_some() {
            spans.push((from.unwrap_or(known_from), to.unwrap_or(known_to)));
        }
        Self::new(spans)
    }

    /// With one more; the same again is none. Who has always been employed is so from its first date on.
    pub(crate) fn with_hired(&self, from: Date, to: Option<Date>) -> Result<Self, Error> {
        if self.spans.iter().any(|span| span.0 == from && to.is_none_or(|to| span.1 == to)) {
            return Ok(self.clone());
        }
        Self::new(self.spans.iter().copied().chain([(from, to.unwrap_or(ALWAYS.1))]).collect())
    }

    /// With the last date of the employment that had begun by then.
    pub(crate) fn with_left(&self, last: Date) -> Result<Self, Error> {
        if self.spans.is_empty() {
            return Self::new(vec![(ALWAYS.0, last)]);
        }
        let mut spans = self.spans.clone();
        let Some(span) = spans.iter_mut().rfind(|span| span.0 <= last) else {
            let what = format!("no employment has begun by {last}: {self}");
            return Err(Error::invalid(what, "name a date of the employment that ends"));
        };
        span.1 = last;
        Self::new(spans)
    }

    /// First and last date of all of them; `None` for an open end.
    pub(crate) fn ends(&self) -> (Option<Date>, Option<Date>) {
        let from = self.spans.first().map(|(from, _)| *from).filter(|from| *from > ALWAYS.0);
        let to = self.spans.last().map(|(_, to)| *to).filter(|to| *to < ALWAYS.1);
        (from, to)
    }

    /// The dates between them.
    pub(crate) fn gaps(&self) -> Vec<DateRange> {
        let between = |[one, two]: &[(Date, Date); 2]| DateRange {
            from: one.1.saturating_add(1.day()),
            to: two.0.saturating_sub(1.day()),
        };
        self.spans.array_windows().map(between).filter(|gap| gap.from <= gap.to).collect()
    }

    /// Whether somebody is employed on a date; always, without any span.
    pub(crate) fn covers(&self, date: Date) -> bool {
        self.spans.is_empty() || self.spans.iter().any(|(from, to)| *from <= date && date <= *to)
    }

    /// Whether somebody is employed on any date of a range; always, without any span.
    pub(crate) fn touches(&self, (first, last): (Date, Date)) -> bool {
        self.spans.is_empty() || self.spans.iter().any(|(from, to)| *from <= last && first <= *to)
    }

    /// The last date before which somebody had left who is not employed on a date.
    pub(crate) fn left_before(&self, date: Date) -> Option<Date> {
        self.spans.iter().map(|(_, to)| *to).filter(|to| *to < date).max()
    }

    /// The dates that are employed in one of two and not in the other.
    pub(crate) fn differing(&self, other: &Self) -> Vec<DateRange> {
        // Each end of a span is where something may change.
        let mut edges: Vec<Date> = Vec::new();
        for (from, to) in self.spans.iter().chain(&other.spans) {
            edges.push(*from);
            edges.extend(to.checked_add(1.day()));
        }
        edges.push(ALWAYS.0);
        edges.sort();
        edges.dedup();
        let ends = edges.iter().skip(1).map(|next| next.saturating_sub(1.day())).chain([ALWAYS.1]);
        let ranges = edges.iter().zip(ends).map(|(from, to)| DateRange { from: *from, to });
        ranges.filter(|range| self.covers(range.from) != other.covers(range.from)).collect()
    }

    /// First and last date of each; `None` for an open end.
    pub(crate) fn told(&self) -> Vec<(Option<Date>, Option<Date>)> {
        let one =
            |(from, to): &(Date, Date)| (Some(*from).filter(|f| *f > ALWAYS.0), Some(*to).filter(|t| *t < ALWAYS.1));
        self.spans.iter().map(one).collect()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// First and last date of each.
    pub(crate) fn spans(&self) -> &[(Date, Date)] {
        &self.spans
    }

    /// Puts the ends of all of them into an employee.
    pub(crate) fn note(&self, employee: &mut Employee) {
        (employee.employed_from, employee.employed_to) = self.ends();
    }
}

impl fmt::Display for Employments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spans.iter().map(|span| shown(*span)).collect::<Vec<_>>().join(" "))
    }
}

/// A range of dates as a person writes it: `2020-01-01..2022-05-31`, with open ends left out.
pub(crate) fn shown((from, to): (Date, Date)) -> String {
    let end = |date: Date, is_open: bool| if is_open { String::new() } else { date.to_string() };
    format!("{}..{}", end(from, from <= ALWAYS.0), end(to, to >= ALWAYS.1))
}

/// Reads such a range.
pub(crate) fn span(text: &str, column: &str) -> Result<(Date, Date), Error> {
    let wrong = || {
        let cure = "write 2026-01-01..2026-03-31, or 2026-01-01.. without an end";
        Error::invalid(format!("`{text}` in column {column} is no range of dates"), cure)
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let end = |text: &str, open: Date| if text.is_empty() { Ok(open) } else { text.parse().map_err(|_| wrong()) };
    Ok((end(from, ALWAYS.0)?, end(to, ALWAYS.1)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Employments {
        Employments::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    fn date(text: &str) -> Option<Date> {
        text.parse().ok()
    }

    #[test]
    fn somebody_who_was_hired_again_has_a_gap() {
        let twice = of("2024-02-01.. 2020-01-01..2022-05-31");
        assert_eq!(twice.to_string(), "2020-01-01..2022-05-31 2024-02-01..");
        assert_eq!(twice.ends(), (date("2020-01-01"), None));
        let gap = twice.gaps();
        assert_eq!(gap.len(), 1);
        assert_eq!((Some(gap[0].from), Some(gap[0].to)), (date("2022-06-01"), date("2024-01-31")));
        assert_eq!(twice.left_before(date("2023-01-01").unwrap()), date("2022-05-31"));
        assert!(of("2020-01-01..2020-12-31 2021-01-01..").gaps().is_empty(), "the next day is no gap");
    }

    #[test]
    fn a_start_after_the_end_is_another_employment_and_other_dates_change_the_last() {
        let once = of("2020-01-01..2022-05-31");
        let with = |from: &str, to: &str| once.with(date(from), date(to)).unwrap().to_string();
        assert_eq!(with("2024-02-01", ""), "2020-01-01..2022-05-31 2024-02-01..");
        assert_eq!(with("2020-03-01", ""), "2020-03-01..2022-05-31");
        assert_eq!(with("", "2022-06-30"), "2020-01-01..2022-06-30");
        assert_eq!(with("", ""), "2020-01-01..2022-05-31");
        assert_eq!(Employments::default().with(None, date("2022-06-30")).unwrap().to_string(), "..2022-06-30");
        assert!(Employments::default().with(None, None).unwrap().is_empty());
    }

    #[test]
    fn spans_that_share_dates_or_end_too_early_are_refused() {
        let refused = |text: &str| {
            let texts: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Employments::parse(&texts).unwrap_err().to_string()
        };
        assert!(refused("2020-01-01.. 2021-01-01..").contains("2020-01-01.. and 2021-01-01.. share dates"));
        assert!(refused("2020-01-02..2020-01-01").contains("ends 2020-01-01, before it starts 2020-01-02"));
        assert!(refused("since 2020").contains("`since` in column employment is no range of dates"));
    }

    fn some() -> impl Strategy<Value = Employments> {
        // Ends of spans, in order, with at least a day between.
        proptest::collection::btree_set(0_i32..60, 0..6).prop_map(|days| {
            let first = Date::constant(2026, 1, 1);
            let days: Vec<Date> = days.into_iter().map(|day| first.saturating_add((day * 2).days())).collect();
            Employments::new(days.chunks_exact(2).map(|pair| (pair[0], pair[1].saturating_sub(1.day()))).collect())
                .unwrap()
        })
    }

    proptest! {
        /// What is written reads back, and what differs is exactly what one covers and the other does not.
        #[test]
        fn the_dates_that_differ_are_those_that_one_covers(one in some(), two in some()) {
            prop_assert_eq!(&of(&one.to_string()), &one);
            let differing = one.differing(&two);
            for day in -5_i32..130 {
                let date = Date::constant(2026, 1, 1).saturating_add(day.days());
                let is_listed = differing.iter().any(|range| range.from <= date && date <= range.to);
                prop_assert_eq!(is_listed, one.covers(date) != two.covers(date), "{}", date);
            }
            prop_assert!(one.differing(&one).is_empty());
            for gap in one.gaps() {
                prop_assert!(!one.covers(gap.from) && !one.covers(gap.to));
            }
        }
    }
}
