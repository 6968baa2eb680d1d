//! The plan of dates to come: what calendar, roster, timetable, leave and offsite make of them, before anybody punches (rules
//! 7 and 9), and where consecutive plans get in each other's way.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::book::Rulebook;
use super::calendar::Roster;
use super::calendar_day::{date_of, day_number};
use super::day::{Day, Days};
use super::known::Known;
use super::leave::{Owed, apply};
use super::person::{DateRange, Person};
use super::zone::Clocks;
use crate::spans::Span;
use crate::vocabulary::{Code, DayKind};

/// Dates before a range whose plans may get in the way of those in it.
const LOOKBACK: i64 = 8;

/// What a person is to do on a date. Instants are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedDay {
    /// Work date.
    pub date: Date,
    /// What the date is.
    pub kind: DayKind,
    /// The timetable that applies.
    pub shift: Option<Code>,
    /// First instant to be attended; of a flexible timetable the earliest start. None when only the amount counts, or nothing
    /// is to be attended.
    pub start: Option<i64>,
    /// Last instant to be attended; of a flexible timetable the latest end.
    pub end: Option<i64>,
    /// Net planned minutes: leave, offsite and required minutes together.
    pub scheduled_minutes: i64,
    /// Of these, leave.
    pub leave_minutes: i64,
    /// Of these, offsite work.
    pub offsite_minutes: i64,
    /// Of these, to be attended.
    pub required_minutes: i64,
    /// How the plan gets in the way of an earlier one.
    pub conflict: Option<Conflict>,
}

/// Two consecutive plans that do not go together, reported on the later date. Flexible plans conflict only if no choice of the
/// person avoids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Conflict {
    /// It begins before the plan of an earlier date ends, by so many minutes.
    Overlap {
        /// Minutes that both plans claim.
        minutes: i64,
    },
    /// Less rest since the plan of an earlier date than `daily_rest` of the policy asks for (rules 16).
    ShortRest {
        /// Minutes between the two plans.
        minutes: i64,
        /// The least that is allowed.
        min: i64,
    },
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Overlap { minutes } => write!(f, "overlaps the plan before by {minutes} minutes"),
            Self::ShortRest { minutes, min } => {
                write!(f, "{minutes} minutes of rest since the plan before, {min} are asked for")
            }
        }
    }
}

/// What a plan says of a date, for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Planned {
    /// There is something to attend.
    Shift,
    /// Leave or offsite work takes the whole shift.
    Away,
    /// A rest day or another day off.
    Off,
    /// A public holiday without a shift.
    Holiday,
    /// Nobody said what the date is.
    Missing,
}

impl PlannedDay {
    /// What the date is, in one word.
    pub fn planned(&self) -> Planned {
        match (self.kind, &self.shift) {
            (_, Some(_)) if self.required_minutes > 0 || self.scheduled_minutes == 0 => Planned::Shift,
            (_, Some(_)) => Planned::Away,
            (DayKind::PublicHoliday, None) => Planned::Holiday,
            (DayKind::RestDay | DayKind::OffDay, None) => Planned::Off,
            (DayKind::Workday | DayKind::Unassigned, None) => Planned::Missing,
        }
    }

    /// Whether nobody said what the date is.
    pub fn is_missing(&self) -> bool {
        self.planned() == Planned::Missing
    }
}

/// The plans of a range, one per date of the employment, in order (rules 7, 9). Uses what was recorded at `as_of` (seconds);
/// looks at no punch. Entries of the eight dates before the range matter for conflicts. An inverted range has none.
pub fn plan_ahead(book: &Rulebook, person: &Person<'_>, range: DateRange, as_of: i64) -> Vec<PlannedDay> {
    let (first, last) = (day_number(range.from), day_number(range.to));
    if last < first {
        return Vec::new();
    }
    let known = Known::new(person, as_of);
    let clocks = Clocks::new(person.zones, (first - LOOKBACK - 2) * 86_400, (last + 4) * 86_400);
    let days = Days { book, roster: Roster::new(book, person), modifiers: person.modifiers, clocks };
    let employed = |number: i64| person.is_employed(date_of(number));
    let mut planned = Vec::with_capacity((last - first + 1) as usize);
    let mut busy_until: Option<i64> = None;
    // A rest of a week is the longest that a check can ask for, and a plan may end on the date after its own.
    for number in (first - LOOKBACK..=last).filter(|number| employed(*number)) {
        let day = days.day(number, &known);
        let policy = book.policy(number);
        let owed = apply(policy, &day, known.leaves.on(day.date), known.offsite.on(day.date), days.clocks.on(number));
        let place = Place::of(&owed);
        let conflict = place.zip(busy_until).and_then(|(place, until)| clash(book, number, until, place.last_start));
        busy_until = busy_until.max(place.map(|place| place.first_end));
        if number >= first {
            planned.push(told(book, &day, &owed, place, conflict));
        }
    }
    planned
}

/// When a plan is to be attended. Minutes.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// From the earliest start to the latest end.
    span: Span,
    last_start: i64,
    first_end: i64,
}

impl Place {
    fn of(owed: &Owed) -> Option<Self> {
        if !owed.has_judged_plan() {
            return None;
        }
        let Some(band) = &owed.band else {
            let span = owed.plan.bounds()?;
            return Some(Self { span, last_start: span.start, first_end: span.end });
        };
        let ends = |start| band.obstacles.walk_around(start, owed.required);
        let span = Span::new(band.earliest, ends(band.latest));
        Some(Self { span, last_start: band.latest, first_end: ends(band.earliest) })
    }
}

fn clash(book: &Rulebook, number: i64, until: i64, start: i64) -> Option<Conflict> {
    if start < until {
        return Some(Conflict::Overlap { minutes: until - start });
    }
    let min = book.checks(number).daily_rest?.min;
    (start - until < min).then_some(Conflict::ShortRest { minutes: start - until, min })
}

fn told(book: &Rulebook, day: &Day, owed: &Owed, place: Option<Place>, conflict: Option<Conflict>) -> PlannedDay {
    PlannedDay {
        date: day.date,
        kind: day.kind.kind,
        shift: day.kind.template.and_then(|at| book.templates.get(at)).map(|template| template.code.clone()),
        start: place.map(|place| place.span.start * 60),
        end: place.map(|place| place.span.end * 60),
        scheduled_minutes: owed.scheduled,
        leave_minutes: owed.leave,
        offsite_minutes: owed.offsite,
        required_minutes: owed.required,
        conflict,
    }
}
