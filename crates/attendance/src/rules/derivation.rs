//! The derivation function: the eighteen steps in order (rules 6).

use super::attribute::{attribute, contested_zone};
use super::book::Rulebook;
use super::calendar::Roster;
use super::calendar_day::day_number;
use super::clean::{Press, clean};
use super::day::{Day, Days};
use super::known::Known;
use super::leave::apply;
use super::pay::Week;
use super::person::{DateRange, Moment, Person};
use super::sheet::Sheet;
use super::trace::{Silent, Sink};
use super::zone::Clocks;
use crate::spans::Span;
use crate::vocabulary::DayRecord;

/// The day records of a range, one per date, in order (rules 6). Pay looks at the whole workweek of every date and
/// attribution at the dates around, but only the range is reported; narrowing it never changes a record.
pub fn derive(book: &Rulebook, person: &Person<'_>, range: DateRange, moment: Moment) -> Vec<DayRecord> {
    run(book, person, range, moment, &mut Silent)
}

/// Derives and reports every step to a sink.
pub(crate) fn run<S: Sink>(
    book: &Rulebook,
    person: &Person<'_>,
    range: DateRange,
    moment: Moment,
    sink: &mut S,
) -> Vec<DayRecord> {
    let (first, last) = (day_number(range.from), day_number(range.to));
    if last < first {
        return Vec::new();
    }
    let known = Known::new(person, moment.as_of);
    let presses = clean(person.punches, &known, &book.turns(person.zones), sink);
    let week_start = book.week_start(first);
    let (clock_from, clock_to) = clock_span(week_start, last, &presses);
    let days = Days {
        book,
        roster: Roster::new(book, person),
        modifiers: person.modifiers,
        clocks: Clocks::new(person.zones, clock_from, clock_to),
    };
    let board = Board::set(&days, &known, presses, week_start, last);
    let mut records = Vec::with_capacity((last - first + 1) as usize);
    let mut week = Week::default();
    for at in board.first..board.days.len().saturating_sub(1) {
        let Some(day) = board.days.get(at) else { break };
        if book.week_start(day.number) == day.number {
            week = Week::default();
        }
        let Some(sheet) = Sheet::open(&days, &known, &board, at, moment) else { break };
        let record = sheet.fill(&mut week, sink);
        if day.number >= first {
            records.push(record);
        }
    }
    records
}

/// What the person's clock must cover: the dates around the range, and the punches that may be looked at. A punch of a
/// terminal whose clock was years off must not make it read a century of the zone.
fn clock_span(week_start: i64, last: i64, presses: &[Press<'_>]) -> (i64, i64) {
    const FAR: i64 = 5 * 366 * 86_400;
    let (from, to) = ((week_start - 3) * 86_400, (last + 4) * 86_400);
    let first_press = presses.first().map_or(from, |press| press.at - 3 * 86_400);
    let last_press = presses.last().map_or(to, |press| press.at + 86_400);
    (first_press.clamp(from - FAR, from), last_press.clamp(to, to + FAR))
}

/// The dates with their punches, after step 5.
pub(crate) struct Board<'a> {
    /// From the quiet boundary before the range's workweeks to the date after the range.
    pub(crate) days: Vec<Day>,
    /// `zones[i]` lies between `days[i - 1]` and `days[i]`; the first one is empty.
    pub(crate) zones: Vec<Span>,
    /// Punches by date.
    pub(crate) presses: Vec<Press<'a>>,
    /// End of each date's punches; a date's start is the end of the date before.
    ends: Vec<usize>,
    /// Position of the first date of the range's workweeks.
    first: usize,
}

impl<'a> Board<'a> {
    /// Steps 3 to 5 for all dates that matter.
    fn set(days: &Days<'_>, known: &Known<'_>, mut presses: Vec<Press<'a>>, week_start: i64, last: i64) -> Self {
        let (book, clocks) = (days.book, &days.clocks);
        let (opening, quiet) = quiet_boundary(days, known, &presses, week_start);
        let mut laid = Vec::with_capacity((last - opening + 3).max(0) as usize);
        let mut zones = Vec::with_capacity(laid.capacity());
        for number in opening - 1..=last + 1 {
            let day = days.day(number, known);
            let empty = Span::new(day.midnight, day.midnight);
            zones.push(laid.last().map_or(empty, |before| contested_zone(book, before, &day, clocks)));
            laid.push(day);
        }
        // Nothing before the quiet boundary and nothing after the last zone matters, forced punches apart.
        let until = zones.last().map_or(i64::MAX, |zone| zone.end);
        presses.retain(|press| press.forced.is_some() || (quiet..until).contains(&press.minute));
        let expected_end = |day: &Day| {
            let policy = book.policy(day.number);
            apply(policy, day, known.leaves.on(day.date), known.offsite.on(day.date), clocks.on(day.number))
                .expected_end()
        };
        let dates = attribute(book, &mut presses, &laid, &zones, expected_end);
        let (presses, ends) = sort_by_date(presses, &dates, laid.len());
        let first = (week_start - (opening - 1)).max(0) as usize;
        Self { days: laid, zones, presses, ends, first }
    }

    /// Positions of the punches of a date.
    pub(crate) fn punches(&self, at: usize) -> std::ops::Range<usize> {
        let end = self.ends.get(at).copied().unwrap_or(0);
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        start..end
    }
}

/// The latest date up to `number` whose contested zone holds no punch, with the end of that zone: nothing before it can
/// influence later dates (rules 8).
fn quiet_boundary(days: &Days<'_>, known: &Known<'_>, presses: &[Press<'_>], number: i64) -> (i64, i64) {
    let mut number = number;
    let mut after = days.day(number, known);
    loop {
        let before = days.day(number - 1, known);
        let zone = contested_zone(days.book, &before, &after, &days.clocks);
        let from = presses.partition_point(|press| press.minute < zone.start);
        if presses.get(from).is_none_or(|press| press.minute >= zone.end) {
            return (number, zone.end);
        }
        number -= 1;
        after = before;
    }
}

/// Punches by date, in order within each; those of no date are left out.
fn sort_by_date<'a>(presses: Vec<Press<'a>>, dates: &[Option<usize>], count: usize) -> (Vec<Press<'a>>, Vec<usize>) {
    let mut ends = vec![0; count];
    for date in dates.iter().flatten() {
        if let Some(end) = ends.get_mut(*date) {
            *end += 1;
        }
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    if dates.iter().all(Option::is_some) && dates.is_sorted() {
        return (presses, ends);
    }
    let mut dated: Vec<_> = dates.iter().zip(presses).filter_map(|(date, press)| Some(((*date)?, press))).collect();
    dated.sort_by_key(|(date, _)| *date);
    (dated.into_iter().map(|(_, press)| press).collect(), ends)
}
