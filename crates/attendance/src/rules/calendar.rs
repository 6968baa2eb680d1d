//! Step 3: what a date is, and which timetable applies (rules 7.1).

use jiff::civil::Date;
use smallvec::SmallVec;

use super::book::Rulebook;
use super::calendar_day::{date_of, day_number, weekday};
use super::known::Known;
use super::{Person, PersonError};
use crate::vocabulary::{Assignment, DayKind, Employment, Override, Shift, Weekday};

/// What a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) kind: DayKind,
    /// Position of the timetable that applies.
    pub(crate) template: Option<usize>,
    /// Position of the timetable that a holiday dropped.
    pub(crate) dropped: Option<usize>,
}

/// A value of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Token(DayKind),
    Template(usize),
}

#[derive(Debug)]
struct Pattern {
    from: i64,
    to: i64,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Week([Value; 7]),
    Cycle { anchor: i64, values: Vec<Value> },
}

/// A person's patterns, compiled, with the company's calendar.
#[derive(Debug)]
pub(crate) struct Roster<'a> {
    book: &'a Rulebook,
    employment: (i64, i64),
    /// First and last number of dates between two employments.
    gaps: SmallVec<[(i64, i64); 1]>,
    /// By start, latest first; of equal starts the later entry first.
    patterns: SmallVec<[Pattern; 1]>,
}

impl<'a> Roster<'a> {
    /// Compiles a person's patterns. A timetable that the rulebook does not have counts as unassigned: partial data never
    /// stops the derivation ([`Person::check`](super::Person::check) reports it).
    pub(crate) fn new(book: &'a Rulebook, person: &Person<'_>) -> Self {
        let Employment { from, to } = person.employment;
        let employment = (from.map_or(i64::MIN, day_number), to.map_or(i64::MAX, day_number));
        let mut patterns: SmallVec<[Pattern; 1]> = person.assignments.iter().map(|one| compile(book, one)).collect();
        patterns.reverse();
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.from));
        let gaps = person.gaps.iter().map(|gap| (day_number(gap.from), day_number(gap.to))).collect();
        Self { book, employment, gaps, patterns }
    }

    /// The kind of a date, with what is known of overrides and calendar.
    pub(crate) fn kind(&self, number: i64, date: Date, known: &Known<'_>) -> Kind {
        let plain = |kind| Kind { kind, template: None, dropped: None };
        let is_in_gap = |(from, to): &(i64, i64)| *from <= number && number <= *to;
        if number < self.employment.0 || self.employment.1 < number || self.gaps.iter().any(is_in_gap) {
            return plain(DayKind::Unassigned);
        }
        let calendar = &self.book.calendar;
        let make_up = calendar.make_up(date, known.as_of);
        let explicit = known.overrides.on(date).last();
        let value = match (explicit, make_up) {
            (Some(Override { shift, .. }), _) => value(self.book, shift),
            (None, Some(day)) => self.pattern(number - weekday(number) as i64 + day.from_monday() as i64),
            (None, None) => self.pattern(number),
        };
        let holiday = make_up.is_none() && calendar.is_holiday(date, known.as_of);
        match value {
            Value::Token(_) if holiday => plain(DayKind::PublicHoliday),
            Value::Token(kind) => plain(kind),
            Value::Template(at) if !holiday => Kind { kind: DayKind::Workday, template: Some(at), dropped: None },
            Value::Template(at) => {
                let stands = explicit.is_some() || self.book.templates.get(at).is_some_and(|one| one.works_on_holidays);
                let (template, dropped) = if stands { (Some(at), None) } else { (None, Some(at)) };
                Kind { kind: DayKind::PublicHoliday, template, dropped }
            }
        }
    }

    /// The kind of a date outside the derived range.
    pub(crate) fn kind_of(&self, number: i64, known: &Known<'_>) -> DayKind {
        self.kind(number, date_of(number), known).kind
    }

    fn pattern(&self, number: i64) -> Value {
        let unassigned = Value::Token(DayKind::Unassigned);
        let Some(pattern) = self.patterns.iter().find(|one| one.from <= number && number <= one.to) else {
            return unassigned;
        };
        let value = match &pattern.values {
            Values::Week(days) => days.get(weekday(number)),
            Values::Cycle { values, .. } if values.is_empty() => None,
            Values::Cycle { anchor, values } => values.get((number - anchor).rem_euclid(values.len() as i64) as usize),
        };
        value.copied().unwrap_or(unassigned)
    }
}

fn compile(book: &Rulebook, assignment: &Assignment) -> Pattern {
    let (from, to, values) = match assignment {
        Assignment::Weekly { from, to, days } => {
            use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
            let value = |day| days.get(day).map_or(Value::Token(DayKind::Unassigned), |shift| value(book, shift));
            (from, to, Values::Week([Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(value)))
        }
        Assignment::Cycle { from, to, anchor, cycle } => {
            let values = cycle.iter().map(|shift| value(book, shift)).collect();
            (from, to, Values::Cycle { anchor: day_number(*anchor), values })
        }
    };
    Pattern { from: from.map_or(i64::MIN, day_number), to: to.map_or(i64::MAX, day_number), values }
}

fn value(book: &Rulebook, shift: &Shift) -> Value {
    match shift {
        Shift::Timetable(code) => book.template_at(code).map_or(Value::Token(DayKind::Unassigned), Value::Template),
        Shift::RestDay => Value::Token(DayKind::RestDay),
        Shift::OffDay => Value::Token(DayKind::OffDay),
        Shift::Unassigned => Value::Token(DayKind::Unassigned),
    }
}

/// Names the first timetable of a roster that the rulebook does not have, or a cycle without values.
pub(crate) fn check_roster(book: &Rulebook, person: &Person<'_>) -> Result<(), PersonError> {
    let check = |field: String, shift: &Shift| match shift {
        Shift::Timetable(code) if book.template_at(code).is_none() => {
            let problem = format!("there is no timetable `{code}`");
            Err(PersonError { field, problem })
        }
        _ => Ok(()),
    };
    for (index, assignment) in person.assignments.iter().enumerate() {
        match assignment {
            Assignment::Weekly { days, .. } => {
                let all = [&days.mon, &days.tue, &days.wed, &days.thu, &days.fri, &days.sat, &days.sun];
                all.into_iter().flatten().try_for_each(|shift| check(format!("assignments[{index}].days"), shift))?;
            }
            Assignment::Cycle { cycle, .. } if cycle.is_empty() => {
                let problem = "a cycle needs at least one value".to_owned();
                return Err(PersonError { field: format!("assignments[{index}].cycle"), problem });
            }
            Assignment::Cycle { cycle, .. } => {
                cycle.iter().try_for_each(|shift| check(format!("assignments[{index}].cycle"), shift))?;
            }
        }
    }
    let mut overrides = person.overrides.iter().enumerate();
    overrides.try_for_each(|(index, one)| check(format!("overrides[{index}].shift"), &one.shift))
}
