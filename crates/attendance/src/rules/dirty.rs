//! What a caller needs for incremental runs: contested zones, and the dates that a change can touch (rules 8, 17.2).
//!
//! A stored record stays right as long as nothing touches its date. What touches which dates:
//!
//! | change | dates to derive again |
//! |---|---|
//! | a punch, an added or voided one | [`affected_dates`] of its instant; a forced one: also of its work date |
//! | leave, offsite | [`affected_dates`] of an instant of its date: they move the end that section 8 looks at |
//! | another adjustment | its date |
//! | holiday, make-up day, override | the date, one more on each side |
//! | assignment, timetable, policy, modifier | every date it covers, one more on each side |
//! | a settle instant passed by time or watermark | that date |
//!
//! Each of these dates then stands for its whole [`workweek`], because pay accumulates over it.

use jiff::civil::Date;

use super::attribute::contested_zone;
use super::book::{Rulebook, Turns};
use super::calendar::Roster;
use super::calendar_day::{date_of, day_number};
use super::clean::clean;
use super::day::Days;
use super::known::Known;
use super::person::{DateRange, Person};
use super::trace::Silent;
use super::zone::Clocks;
use crate::spans::Span;
use crate::vocabulary::Punch;

/// The contested zone between the date before and `date`, `[start, end)` in seconds since the epoch (rules 8): in it a
/// punch may belong to either. Uses everything that is recorded, whenever it was.
pub fn contested(book: &Rulebook, person: &Person<'_>, date: Date) -> (i64, i64) {
    let known = Known::new(person, i64::MAX);
    let number = day_number(date);
    let days = days_around(book, person, number * 86_400, number * 86_400);
    let zone = zone_before(&days, &known, number);
    (zone.start * 60, zone.end * 60)
}

/// The dates whose records a punch at `at` (seconds since the epoch) can touch when it is added, voided or changed (rules
/// 8, 17.2): from the date before it up to the next date that begins with a contested zone without a punch, once no press is
/// left that the change could make a repeat (rules 5.3). `person.punches` should hold the punches of before and after it.
pub fn affected_dates(book: &Rulebook, person: &Person<'_>, at: i64) -> DateRange {
    let known = Known::new(person, i64::MAX);
    let policies = book.turns(person.zones);
    let presses = clean(person.punches, &known, &policies, &mut Silent);
    // Five years suffice: a terminal whose clock was a century off must not make the zone's rules be read that far.
    let last = presses.last().map_or(at, |press| press.at.clamp(at, at + 5 * 366 * 86_400));
    let days = days_around(book, person, at, last);
    let civil = days.clocks.date(at.div_euclid(60));
    let reach = repeats_until(person.punches, at, &policies).div_euclid(60);
    let mut next = civil + 1;
    loop {
        let zone = zone_before(&days, &known, next);
        let from = presses.partition_point(|press| press.minute < zone.start);
        let quiet = presses.get(from).is_none_or(|press| press.minute >= zone.end);
        if quiet && !zone.contains(at.div_euclid(60)) && (reach < zone.start || reach == at.div_euclid(60)) {
            return DateRange { from: date_of(civil - 1), to: date_of(next) };
        }
        next += 1;
    }
}

/// The last press that may become a repeat, or no longer be one, with a punch at `at`: each within the window of the one before.
fn repeats_until(punches: &[Punch], at: i64, policies: &Turns<'_>) -> i64 {
    let window = |at: i64| policies.at(at).map_or(0, |policy| policy.punch.duplicate_window_seconds);
    let mut later: Vec<i64> = punches.iter().map(|punch| punch.at).filter(|later| *later > at).collect();
    later.sort_unstable();
    later.into_iter().fold(at, |last, next| if next - last <= window(next) { next } else { last })
}

/// The workweek that holds a date (rules 14.1), as [`Policies::workweek`](crate::Policies::workweek) has it.
pub fn workweek(book: &Rulebook, date: Date) -> DateRange {
    book.policies().workweek(date)
}

fn days_around<'a>(book: &'a Rulebook, person: &Person<'a>, from: i64, to: i64) -> Days<'a> {
    let clocks = Clocks::new(person.zones, from - 7 * 86_400, to + 7 * 86_400);
    Days { book, roster: Roster::new(book, person), modifiers: person.modifiers, clocks }
}

fn zone_before(days: &Days<'_>, known: &Known<'_>, number: i64) -> Span {
    let (before, after) = (days.day(number - 1, known), days.day(number, known));
    contested_zone(days.book, &before, &after, &days.clocks)
}
