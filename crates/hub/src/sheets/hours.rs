//! The hours that are to be kept in a month, as its timetables have them. Pure.

use std::collections::BTreeMap;

use attendance::{Break, ClockTime, Code, Timetable, Timetables};
use jiff::civil::Weekday;

use super::sheet::{OfficialHours, SheetLine};

/// Timetables that are written out; who has more of them works by a roster.
const MOST_WRITTEN: usize = 2;

/// The official hours of the days of a month.
pub(super) fn official_hours(lines: &[SheetLine], timetables: &Timetables) -> OfficialHours {
    let of = |is_meant: fn(Weekday) -> bool| {
        let mut counts: BTreeMap<&Code, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| is_meant(line.date.weekday())) {
            if let Some(shift) = line.record.as_ref().and_then(|record| record.shift.as_ref()) {
                *counts.entry(shift).or_default() += 1;
            }
        }
        if counts.len() > MOST_WRITTEN {
            return "as rostered".to_owned();
        }
        let mut often: Vec<_> = counts.into_iter().collect();
        often.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let texts = often.iter().filter_map(|(code, _)| timetables.get(*code)).map(in_words);
        texts.collect::<Vec<_>>().join("; ")
    };
    OfficialHours {
        regular_days: of(|day| !matches!(day, Weekday::Saturday | Weekday::Sunday)),
        saturdays: of(|day| day == Weekday::Saturday),
    }
}

/// `8:00-12:00, 13:00-17:00`.
fn in_words(timetable: &Timetable) -> String {
    match timetable {
        Timetable::Fixed(fixed) => {
            let stretches = fixed.segments.iter().flat_map(|[from, to]| without_breaks((*from, *to), &fixed.breaks));
            stretches.map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect::<Vec<_>>().join(", ")
        }
        Timetable::Flex(flex) => {
            let (earliest, latest) = (clock(flex.earliest.minutes()), clock(flex.latest.minutes()));
            format!("{} from {earliest} to {latest} on", amount(flex.net_minutes))
        }
        Timetable::Hours(hours) => amount(hours.net_minutes),
    }
}

/// A segment between its unpaid breaks.
fn without_breaks((from, to): (ClockTime, ClockTime), breaks: &[Break]) -> Vec<(i64, i64)> {
    let (mut from, to) = (from.minutes(), to.minutes());
    let mut inside: Vec<_> =
        breaks.iter().filter(|one| !one.paid).map(|one| (one.from.minutes(), one.to.minutes())).collect();
    inside.sort_unstable();
    let mut stretches = Vec::new();
    for (starts, ends) in inside {
        if from < starts && ends < to {
            stretches.push((from, starts));
            from = ends;
        }
    }
    stretches.push((from, to));
    stretches
}

/// A clock time of the date, or of the next one: `6:00`.
fn clock(minutes: i64) -> String {
    let minutes = minutes.rem_euclid(24 * 60);
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn amount(minutes: i64) -> String {
    match minutes % 60 {
        0 => format!("{} hours", minutes / 60),
        rest => format!("{} h {rest} min", minutes / 60),
    }
}
