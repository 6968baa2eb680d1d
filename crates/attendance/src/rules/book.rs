//! The rulebook: what a company's people share, validated and compiled once.
//!
//! The policy has versions; a step asks for the one in force on the work date it is about.

use jiff::civil::Date;
use smallvec::SmallVec;

use super::pay_book::PayBook;
use crate::Zones;
use crate::compliance::Checks;
use crate::policies::Policies;
use crate::vocabulary::{
    Break, Calendar, Code, Deduct, Fixed, Flex, Policy, PolicyError, Timetable, Timetables, Weekday,
};

/// What a company's people share: policies, timetables and calendar, validated and compiled once (rules 6). Cheap to use
/// for many people and from many threads.
#[derive(Debug, Clone)]
pub struct Rulebook {
    policies: Policies,
    /// Compiled pay rules, of the first version and of the later ones.
    pay: (PayBook, Vec<PayBook>),
    timetables: Timetables,
    listed: Calendar,
    pub(crate) templates: Vec<Template>,
    pub(crate) calendar: CompiledCalendar,
}

impl Rulebook {
    /// Compiles a policy or its versions, the timetables and a calendar. Refuses the first setting that is out of range
    /// and names it, its value and what is allowed (rules 18.1); an invalid policy is never half-applied.
    pub fn new(policies: impl Into<Policies>, timetables: Timetables, calendar: Calendar) -> Result<Self, PolicyError> {
        let policies = policies.into();
        policies.validate()?;
        let compiled = timetables.iter().map(|(code, timetable)| Template::new(code, timetable));
        let templates = compiled.collect::<Result<Vec<_>, _>>()?;
        let compiled = CompiledCalendar::new(&calendar)?;
        let mut pay = policies.iter().map(|version| PayBook::new(&version.policy));
        let pay = (pay.next().unwrap_or_else(|| PayBook::new(&Policy::default())), pay.collect());
        Ok(Self { policies, pay, timetables, listed: calendar, templates, calendar: compiled })
    }

    /// The versions of the policy that it was made from.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The timetables it was made from.
    pub fn timetables(&self) -> &Timetables {
        &self.timetables
    }

    /// The calendar it was made from.
    pub fn calendar(&self) -> &Calendar {
        &self.listed
    }

    /// The policy in force on a work date, by its day number.
    pub(crate) fn policy(&self, number: i64) -> &Policy {
        &self.policies.get(self.policies.position(number)).policy
    }

    /// The checks in force on a work date.
    pub(crate) fn checks(&self, number: i64) -> &Checks {
        &self.policies.get(self.policies.position(number)).checks
    }

    /// The compiled pay rules of a work date.
    pub(crate) fn pay(&self, number: i64) -> &PayBook {
        let at = self.policies.position(number).checked_sub(1);
        at.and_then(|at| self.pay.1.get(at)).unwrap_or(&self.pay.0)
    }

    /// The first date of the workweek that holds a date, by day numbers (rules 14.1).
    pub(crate) fn week_start(&self, number: i64) -> i64 {
        self.policies.week_start(number)
    }

    /// The policies by the instants (seconds) at which their first dates begin in a zone.
    pub(crate) fn turns(&self, zones: &Zones) -> Turns<'_> {
        let begins = |from: Option<Date>| {
            from.and_then(|from| zones.midnight(from)).map_or(i64::MIN, |midnight| midnight.as_second())
        };
        Turns(self.policies.iter().map(|version| (begins(version.from), &version.policy)).collect())
    }

    /// Position of a timetable among the compiled ones.
    pub(crate) fn template_at(&self, code: &Code) -> Option<usize> {
        self.templates.binary_search_by(|template| template.code.cmp(code)).ok()
    }
}

/// Which policy holds at an instant, for what has no work date yet.
#[derive(Debug)]
pub(crate) struct Turns<'a>(SmallVec<[(i64, &'a Policy); 1]>);

impl<'a> Turns<'a> {
    /// The policy in force at an instant (seconds).
    pub(crate) fn at(&self, second: i64) -> Option<&'a Policy> {
        let held = self.0.partition_point(|(from, _)| *from <= second);
        self.0.get(held.checked_sub(1)?).map(|(_, policy)| *policy)
    }
}

/// A compiled timetable; times are minutes after 00:00 of the work date, on the local clock.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) code: Code,
    pub(crate) shape: Shape,
    /// Unpaid windows.
    pub(crate) windows: SmallVec<[Window; 2]>,
    pub(crate) works_on_holidays: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Fixed { segments: SmallVec<[(i64, i64); 2]> },
    Flex { earliest: i64, latest: i64, net: i64 },
    Hours { net: i64 },
}

/// An unpaid window: its start and its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) length: i64,
    pub(crate) movable: bool,
}

impl Template {
    fn new(code: &Code, timetable: &Timetable) -> Result<Self, PolicyError> {
        let path = format!("timetables.{code}");
        if code.as_str().is_empty() || matches!(code.as_str(), "rest_day" | "off_day" | "unassigned") {
            let allowed = "another name; `rest_day`, `off_day` and `unassigned` are kinds of day";
            return Err(PolicyError::new("timetables", format!("`{code}`"), allowed));
        }
        let shape = match timetable {
            Timetable::Fixed(fixed) => fixed_shape(&path, fixed)?,
            Timetable::Flex(flex) => flex_shape(&path, flex)?,
            Timetable::Hours(hours) => Shape::Hours { net: net_minutes(&path, hours.net_minutes)? },
        };
        let mut windows: SmallVec<[Window; 2]> = SmallVec::new();
        for (index, planned) in timetable.breaks().iter().enumerate() {
            check_break(&format!("{path}.breaks[{index}]"), planned, &shape)?;
            if !planned.paid {
                let (from, length) = (planned.from.minutes(), planned.to.minutes() - planned.from.minutes());
                windows.push(Window { from, length, movable: planned.deduct == Deduct::Movable });
            }
        }
        windows.sort_by_key(|window| window.from);
        let works_on_holidays = matches!(timetable, Timetable::Fixed(fixed) if fixed.works_on_holidays);
        Ok(Self { code: code.clone(), shape, windows, works_on_holidays })
    }
}

fn fixed_shape(path: &str, fixed: &Fixed) -> Result<Shape, PolicyError> {
    let mut segments: SmallVec<[(i64, i64); 2]> = SmallVec::new();
    for (index, [from, to]) in fixed.segments.iter().enumerate() {
        let knob = || format!("{path}.segments[{index}]");
        let value = format!("{from} to {to}");
        if to <= from {
            return Err(PolicyError::new(
                knob(),
                value,
                "an end after its start; write HH:MM+1 for the following date",
            ));
        }
        if segments.last().is_some_and(|(_, end)| from.minutes() < *end) {
            return Err(PolicyError::new(knob(), value, "segments in order that do not overlap"));
        }
        segments.push((from.minutes(), to.minutes()));
    }
    if segments.is_empty() {
        return Err(PolicyError::new(format!("{path}.segments"), "empty", "at least one segment"));
    }
    Ok(Shape::Fixed { segments })
}

fn flex_shape(path: &str, flex: &Flex) -> Result<Shape, PolicyError> {
    if flex.latest < flex.earliest {
        let allowed = format!("not before earliest, {}", flex.earliest);
        return Err(PolicyError::new(format!("{path}.latest"), flex.latest, allowed));
    }
    let net = net_minutes(path, flex.net_minutes)?;
    Ok(Shape::Flex { earliest: flex.earliest.minutes(), latest: flex.latest.minutes(), net })
}

fn net_minutes(path: &str, minutes: i64) -> Result<i64, PolicyError> {
    if (1..=1440).contains(&minutes) {
        return Ok(minutes);
    }
    Err(PolicyError::new(format!("{path}.net_minutes"), minutes, "1 to 1440"))
}

fn check_break(path: &str, planned: &Break, shape: &Shape) -> Result<(), PolicyError> {
    let value = format!("{} to {}", planned.from, planned.to);
    let (from, to) = (planned.from.minutes(), planned.to.minutes());
    if to <= from {
        return Err(PolicyError::new(path, value, "an end after its start; write HH:MM+1 for the following date"));
    }
    match shape {
        Shape::Fixed { segments } => {
            if !segments.iter().any(|(start, end)| *start <= from && to <= *end) {
                return Err(PolicyError::new(path, value, "a time inside one segment"));
            }
        }
        Shape::Flex { .. } | Shape::Hours { .. } => {
            if planned.deduct == Deduct::Movable {
                return Err(PolicyError::new(
                    format!("{path}.deduct"),
                    "movable",
                    "auto; only fixed timetables move breaks",
                ));
            }
        }
    }
    Ok(())
}

/// Holidays and make-up days by date; each with the instant (seconds) from which it was known.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompiledCalendar {
    holidays: Vec<(Date, i64)>,
    workdays: Vec<(Date, i64, Weekday)>,
    unavailable: Vec<(i16, Option<i8>)>,
}

impl CompiledCalendar {
    fn new(calendar: &Calendar) -> Result<Self, PolicyError> {
        let known = |recorded_at: Option<i64>| recorded_at.unwrap_or(i64::MIN);
        let mut holidays: Vec<_> = calendar.holidays.iter().map(|day| (day.date, known(day.recorded_at))).collect();
        holidays.sort_unstable();
        let days = calendar.workdays.iter();
        let mut workdays: Vec<_> = days.map(|day| (day.date, known(day.recorded_at), day.use_day)).collect();
        workdays.sort_by_key(|(date, known, _)| (*date, *known));
        let unavailable = calendar.unavailable.iter().enumerate().map(|(index, prefix)| {
            parse_prefix(prefix).ok_or_else(|| {
                PolicyError::new(format!("calendar.unavailable[{index}]"), format!("`{prefix}`"), "YYYY or YYYY-MM")
            })
        });
        let unavailable = unavailable.collect::<Result<_, _>>()?;
        Ok(Self { holidays, workdays, unavailable })
    }

    /// Whether a date is a known holiday.
    pub(crate) fn is_holiday(&self, date: Date, as_of: i64) -> bool {
        // Sorted by date and then by knowledge: the first entry of a date was known first.
        let first = self.holidays.partition_point(|(day, _)| *day < date);
        self.holidays.get(first).is_some_and(|(day, known)| *day == date && *known <= as_of)
    }

    /// The weekday whose pattern a known make-up day uses; of several entries the one known last.
    pub(crate) fn make_up(&self, date: Date, as_of: i64) -> Option<Weekday> {
        let end = self.workdays.partition_point(|(day, known, _)| (*day, *known) <= (date, as_of));
        let last = self.workdays.get(end.checked_sub(1)?)?;
        (last.0 == date).then_some(last.2)
    }

    /// Whether holiday data of a date could not be obtained.
    pub(crate) fn is_unavailable(&self, date: Date) -> bool {
        let covers =
            |(year, month): &(i16, Option<i8>)| *year == date.year() && month.is_none_or(|month| month == date.month());
        self.unavailable.iter().any(covers)
    }
}

fn parse_prefix(prefix: &str) -> Option<(i16, Option<i8>)> {
    let (year, month) = match prefix.split_once('-') {
        Some((year, month)) => (year, Some(month)),
        None => (prefix, None),
    };
    let number = |text: &str, digits: usize| (text.len() == digits).then(|| text.parse::<u16>().ok()).flatten();
    let year = i16::try_from(number(year, 4)?).ok()?;
    match month {
        None => Some((year, None)),
        Some(month) => {
            let month = i8::try_from(number(month, 2)?).ok().filter(|month| (1..=12).contains(month))?;
            Some((year, Some(month)))
        }
    }
}
