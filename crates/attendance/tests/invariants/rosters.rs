//! Timetables of every kind, and who has which on which date.

use attendance::{
    Assignment, Break, ClockTime, Deduct, Employment, Fixed, Flex, Hours, Modifier, Override, Shift, Timetable,
    Timetables, WeekPattern,
};
use proptest::prelude::*;

use crate::company::{Company, DATES, midnight};

/// Every company has timetables A to D; what they are is random.
const CODES: [&str; 4] = ["A", "B", "C", "D"];

fn clock(minutes: i64) -> ClockTime {
    ClockTime::from_minutes(minutes.clamp(0, 2879) as i32).unwrap()
}

pub(crate) fn timetables() -> impl Strategy<Value = Timetables> {
    [timetable(), timetable(), timetable(), timetable()]
        .prop_map(|all| CODES.iter().map(|code| (*code).into()).zip(all).collect())
}

fn timetable() -> impl Strategy<Value = Timetable> {
    let grid = |range: std::ops::Range<i64>| range.prop_map(|quarter| quarter * 15);
    let lunch = || prop::collection::vec(planned_break(), 0..3);
    prop_oneof![
        // By day, by night.
        4 => (grid(20..44), grid(12..42), lunch(), any::<bool>()).prop_map(fixed),
        2 => (grid(72..94), grid(16..40), lunch(), any::<bool>()).prop_map(fixed),
        // Whatever a plan may be: any start, up to two days.
        1 => (0..2800i64, 1..2880i64, lunch(), any::<bool>()).prop_map(fixed),
        2 => split(),
        2 => flex(grid(20..48), 0..200i64, 60..600i64),
        1 => flex(0..2800i64, 0..1400i64, 1..1441i64),
        1 => (prop_oneof![60..600i64, 1..1441i64], lunch()).prop_map(|(net_minutes, breaks)| {
            let breaks = breaks.iter().filter_map(|one| one.within(600, 900)).map(settled).collect();
            Timetable::Hours(Hours { net_minutes, breaks })
        }),
    ]
}

/// A break somewhere in a segment: where (in thousandths of it), how long, and of which kind.
#[derive(Debug, Clone, Copy)]
struct PlannedBreak {
    place: i64,
    minutes: i64,
    paid: bool,
    movable: bool,
}

fn planned_break() -> impl Strategy<Value = PlannedBreak> {
    (0..1000i64, prop_oneof![Just(60i64), 5..90i64], prop::bool::weighted(0.15), any::<bool>())
        .prop_map(|(place, minutes, paid, movable)| PlannedBreak { place, minutes, paid, movable })
}

impl PlannedBreak {
    fn within(self, start: i64, end: i64) -> Option<Break> {
        let from = start + (end - start) * self.place / 1000;
        let to = (from + self.minutes).min(end);
        let deduct = if self.movable { Deduct::Movable } else { Deduct::Auto };
        (from < to).then(|| Break { from: clock(from), to: clock(to), paid: self.paid, deduct })
    }
}

/// Only fixed timetables move breaks.
fn settled(planned: Break) -> Break {
    Break { deduct: Deduct::Auto, ..planned }
}

fn fixed((start, minutes, breaks, works_on_holidays): (i64, i64, Vec<PlannedBreak>, bool)) -> Timetable {
    let end = (start + minutes).min(2879);
    let breaks = breaks.iter().filter_map(|one| one.within(start, end)).collect();
    Timetable::Fixed(Fixed { segments: vec![[clock(start), clock(end)]], breaks, works_on_holidays })
}

fn split() -> impl Strategy<Value = Timetable> {
    let part = (60..300i64, 15..240i64, prop::option::weighted(0.3, planned_break()));
    (300..1000i64, prop::collection::vec(part, 2..4), any::<bool>()).prop_map(|(start, parts, works_on_holidays)| {
        let mut plan = Fixed { works_on_holidays, ..Fixed::default() };
        let mut from = start;
        for (minutes, gap, planned) in parts {
            let to = from + minutes;
            plan.segments.push([clock(from), clock(to)]);
            plan.breaks.extend(planned.and_then(|planned| planned.within(from, to)));
            from = to + gap;
        }
        Timetable::Fixed(plan)
    })
}

fn flex(
    starts: impl Strategy<Value = i64>,
    bands: impl Strategy<Value = i64>,
    nets: impl Strategy<Value = i64>,
) -> impl Strategy<Value = Timetable> {
    (starts, bands, nets, prop::collection::vec(planned_break(), 0..3)).prop_map(
        |(earliest, band, net_minutes, breaks)| {
            let breaks =
                breaks.iter().filter_map(|one| one.within(earliest, (earliest + 700).min(2879))).map(settled).collect();
            Timetable::Flex(Flex { earliest: clock(earliest), latest: clock(earliest + band), net_minutes, breaks })
        },
    )
}

fn shift() -> impl Strategy<Value = Shift> {
    let values = ["A", "A", "B", "B", "C", "C", "D", "D", "rest_day", "off_day", "unassigned"];
    prop::sample::select(values.to_vec()).prop_map(Shift::from)
}

/// A pattern with its first and last date by number.
#[derive(Debug, Clone)]
struct Pattern {
    from: Option<i64>,
    to: Option<i64>,
    values: Vec<Shift>,
    /// By weekday if there is none.
    anchor: Option<i64>,
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let bounds = (prop::option::of(-5..DATES), prop::option::weighted(0.3, 0..DATES));
    (bounds, prop::collection::vec(shift(), 1..8), prop::option::of(-9..9i64))
        .prop_map(|((from, to), values, anchor)| Pattern { from, to, values, anchor })
}

/// A person's rosters, by numbers of dates.
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    patterns: Vec<Pattern>,
    overrides: Vec<(i64, Shift, Option<i64>)>,
    modifiers: Vec<(i64, i64, i64, i64)>,
    employed: (Option<i64>, Option<i64>),
}

pub(crate) fn roster() -> impl Strategy<Value = Roster> {
    let known = || prop::option::weighted(0.15, 0..DATES * 1440);
    let trims = || prop_oneof![3 => 0..90i64, 1 => 0..900i64];
    (
        (pattern(), prop::collection::vec(pattern(), 0..2)),
        prop::collection::vec((0..DATES, shift(), known()), 0..3),
        prop::collection::vec((0..DATES, 0..4i64, trims(), trims()), 0..2),
        (prop::option::weighted(0.1, 0..5i64), prop::option::weighted(0.1, 5..DATES)),
    )
        .prop_map(|((base, more), overrides, modifiers, employed)| {
            let mut patterns = vec![Pattern { from: None, to: None, ..base }];
            patterns.extend(more);
            Roster { patterns, overrides, modifiers, employed }
        })
}

impl Roster {
    pub(crate) fn hire(self, company: &mut Company) {
        let date = |number: i64| company.date(number);
        let assignments = self.patterns.into_iter().map(|pattern| {
            let (from, to) = (pattern.from.map(date), pattern.to.map(date));
            match pattern.anchor {
                Some(anchor) => Assignment::Cycle { from, to, anchor: date(anchor), cycle: pattern.values },
                None => {
                    let mut values = pattern.values.into_iter();
                    let mut next = || values.next();
                    let (mon, tue, wed, thu) = (next(), next(), next(), next());
                    let days = WeekPattern { mon, tue, wed, thu, fri: next(), sat: next(), sun: next() };
                    Assignment::Weekly { from, to, days }
                }
            }
        });
        let midnight = midnight(company.zone, company.first);
        let overrides = self.overrides.into_iter().map(|(number, shift, known)| Override {
            date: date(number),
            shift,
            recorded_at: known.map(|minute| midnight + minute * 60),
        });
        let modifiers = self.modifiers.iter().map(|(from, length, trim_start, trim_end)| Modifier {
            from: date(*from),
            to: date(from + length),
            trim_start: *trim_start,
            trim_end: *trim_end,
            tag: String::new(),
        });
        let employment = Employment { from: self.employed.0.map(date), to: self.employed.1.map(date) };
        let (assignments, overrides, modifiers) = (assignments.collect(), overrides.collect(), modifiers.collect());
        (company.assignments, company.overrides, company.modifiers) = (assignments, overrides, modifiers);
        company.employment = employment;
    }
}
